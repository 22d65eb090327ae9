# SPDX-License-Identifier: MIT
"""Windows and input on a real Wayland compositor, as the agent sees them."""

import shutil
import signal
import sqlite3
import unittest

from harness import Agent, until
from sway import MISSING, Sway

RULES = """( { activity = "Doom"; title = [ "^Doom" ]; exclude = [ "wiki" ]; },
             { activity = "Quake"; app = [ "^quake$" ]; fullscreen = true; } )"""


@unittest.skipIf(MISSING, f"there is no {', '.join(MISSING)}")
class Base(unittest.TestCase):
    def setUp(self):
        self.sway = Sway()
        self.addCleanup(self.sway.close)

    def start(self, name, settings, display=None, environment=None):
        """An agent with one detector, that looks at our compositor only."""
        self.name = name
        display = display or f'wayland_display = "{self.sway.socket()}";'
        self.agent = Agent(
            rest='poll_interval_sec = 1; playing_when = "not idle";' if name == "idle" else "poll_interval_sec = 1;",
            detectors=f'{name}: {{ {settings} sources = [ "wayland" ]; {display} }};')
        self.addCleanup(self.agent.close)
        self.agent.start(environment=environment)

    def detector(self):
        return next(one for one in self.agent.status()["detectors"] if one["name"] == self.name)

    def until_unavailable(self, why):
        def is_unavailable():
            detector = self.detector()
            return detector["state"] == "unavailable" and why in (detector["reason"] or "")
        until(is_unavailable, why)


class OfWindows(Base):
    def setUp(self):
        super().setUp()
        self.sway.start()

    def watch(self, **where):
        self.start("windows", f'plugin = "window_title"; rules = {RULES};', **where)

    def until_playing(self, activity):
        def is_seen():
            detector = self.detector()
            return (detector["state"], detector["active"], detector["activity"]) == ("ok", bool(activity), activity)
        until(is_seen, f"{activity} is played")


class Windows(OfWindows):
    def test_the_focused_window_counts_by_its_title_of_now(self):
        window = self.sway.window("Doom wiki")
        self.watch()
        self.until_playing(None)
        window.set_title(b"Doom - a secret level")
        self.until_playing("Doom")
        self.sway.window("Editor", "--app-id", "quake")
        self.until_playing(None)
        self.sway.tell("fullscreen enable")
        self.until_playing("Quake")
        self.sway.tell('[title="^Doom"] focus')
        self.until_playing("Doom")
        self.sway.tell("workspace 2")  # which is empty
        self.until_playing(None)
        self.assert_private("secret")

    def assert_private(self, piece):
        """No title was written down, or shown."""
        self.agent.stop()
        self.assertNotIn(piece, self.agent.log.read_text())
        with sqlite3.connect(self.agent.database) as database:
            self.assertNotIn(piece, "".join(database.iterdump()))
        database.close()


class Found(OfWindows):
    def test_by_the_environment_of_a_session(self):
        self.sway.window("Doom")
        self.watch(display='run_root = "/nonexistent";',
                   environment={"WAYLAND_DISPLAY": self.sway.socket().name, "XDG_RUNTIME_DIR": str(self.sway.runtime)})
        self.until_playing("Doom")

    def test_by_the_folder_of_who_is_logged_in(self):
        self.sway.window("Doom")
        self.watch(display=f'run_root = "{self.sway.run_root}";', environment={"WAYLAND_DISPLAY": ""})
        self.until_playing("Doom")


@unittest.skipUnless(shutil.which("swaylock"), "there is no swaylock")
class Locked(OfWindows):
    def test_behind_a_lock_no_window_has_the_focus(self):
        self.sway.window("Doom")
        self.watch()
        self.until_playing("Doom")
        lock = self.sway.spawn("swaylock", "--color", "000000",
                               environment={"WAYLAND_DISPLAY": self.sway.socket().name})
        self.addCleanup(lock.wait)
        self.addCleanup(lock.kill)
        self.until_playing(None)
        self.assertEqual("no window has the focus", self.detector()["subject"])
        lock.send_signal(signal.SIGUSR1)  # the right word
        self.until_playing("Doom")


class Trouble(OfWindows):
    def test_it_is_killed_and_comes_back(self):
        self.sway.window("Doom")
        self.watch()
        self.until_playing("Doom")
        self.sway.kill()
        self.until_unavailable("wayland: ")
        self.assertFalse(self.detector()["active"])
        self.sway.start()
        self.sway.window("Doom")
        self.until_playing("Doom")

    def test_it_hangs_and_goes_on(self):
        self.sway.window("Doom")
        self.watch()
        self.until_playing("Doom")
        self.sway.signal(signal.SIGSTOP)
        self.until_unavailable("the compositor does not answer")
        self.sway.signal(signal.SIGCONT)
        self.until_playing("Doom")
        self.sway.signal(signal.SIGSTOP)
        _, seconds = self.agent.stop()
        self.assertLess(seconds, 20)


class Input(Base):
    def watch(self):
        self.start("idle", 'plugin = "idle"; threshold_sec = 2;')

    def until_idle(self, is_idle):
        until(lambda: (detector := self.detector())["state"] == "ok" and detector["active"] == is_idle,
              f"idle is {is_idle}")

    def test_input_ends_idleness_and_its_end_begins_it(self):
        self.sway.start()
        self.watch()
        self.until_idle(True)
        self.sway.tell("seat - cursor move 10 10")
        self.until_idle(False)
        self.sway.signal(signal.SIGSTOP)
        self.until_unavailable("the compositor does not answer")
        self.sway.signal(signal.SIGCONT)
        self.until_idle(True)
        self.sway.kill()
        self.until_unavailable("wayland: ")

    def test_there_is_no_compositor(self):
        self.watch()
        self.until_unavailable("No such file or directory")


if __name__ == "__main__":
    unittest.main()
