# SPDX-License-Identifier: MIT
"""Games by the window that has the focus, on a real X server with a real window manager."""

import os
import pathlib
import shutil
import signal
import unittest

import sway
from harness import Agent, until
from xserver import MISSING, Window, XServer, Xwayland

RULES = ('{ activity = "Minecraft"; title = [ "^Minecraft" ]; exclude = [ "^firefox$" ]; },'
         '{ activity = "Doom"; app = [ "^doom$" ]; },'
         '{ activity = "Something large"; app = [ "game" ]; fullscreen = true; },'
         '{ activity = "Löwe"; title = [ "^löwe \\\\p{So}$" ]; }')


@unittest.skipIf(MISSING, f"missing: {', '.join(MISSING)}")
class Base(unittest.TestCase):
    def serve(self, *arguments, **more):
        self.server = XServer(*arguments, **more)
        self.addCleanup(self.server.close)

    def make(self, rules=RULES, more="", interval_sec=3600, rest="", sinks="", detectors=""):
        """It looks once an hour: what it sees sooner, the server has told it."""
        self.agent = Agent(
            rest=f"poll_interval_sec = 1; {rest}", sinks=sinks,
            detectors=f'window: {{ plugin = "window_title"; interval_sec = {interval_sec}; sources = [ "x11" ];'
                      f' x11_display = "{self.server.name}"; rules = ( {rules} ); {more} }}; {detectors}')
        self.addCleanup(self.agent.close)

    def window(self, *arguments, **more):
        window = Window(self.server, *arguments, **more)
        window.focus()
        return window

    def sees(self):
        """The activity, what was seen, and why nothing was."""
        try:
            detector = self.agent.status()["detectors"][0]
        except OSError:
            return None, None, None
        return detector["activity"], detector["subject"], detector["reason"]

    def until_sees(self, activity, subject):
        until(lambda: self.sees()[:2] == (activity, subject), f"{activity}, {subject}: it is {self.sees()}")

    def until_reason(self, part):
        until(lambda: part in (self.sees()[2] or ""), f"{part}: it is {self.sees()}")


class Focus(Base):
    def setUp(self):
        self.serve()
        self.make()

    def test_the_focus_moves_between_programs(self):
        self.agent.start()
        self.until_sees(None, "no window has the focus")
        terminal = self.server.xterm("Minecraft 1.20")
        self.until_sees("Minecraft", "window of XTerm, rules[0]")
        doom = self.window("some title", app="doom")
        self.until_sees("Doom", "window of doom, rules[1]")
        self.server.run("xdotool", "windowactivate", "--sync", terminal)
        self.until_sees("Minecraft", "window of XTerm, rules[0]")
        self.server.run("xdotool", "windowminimize", terminal)
        self.until_sees("Doom", "window of doom, rules[1]")
        doom.tell("close")
        self.until_sees(None, "no window has the focus")  # openbox goes on naming it
        until(lambda: not self.agent.status()["is_playing"], "and nobody plays")

    def test_a_game_has_the_number_that_its_launcher_had(self):
        """As the server gives it to the next program, when that comes at once."""
        self.agent.start()
        launcher = self.window("Launcher", app="launcher")
        self.until_sees(None, "window of launcher")
        launcher.end()
        game = self.window("Loading", app="game")
        self.until_sees(None, "window of game")
        game.title("Minecraft")
        self.until_sees("Minecraft", "window of game, rules[0]")
        game.end()
        self.until_sees(None, "no window has the focus")

    def test_fullscreen_comes_and_goes(self):
        self.agent.start()
        window = self.window("-", app="some game")
        self.until_sees(None, "window of some game")
        window.tell("fullscreen")
        self.until_sees("Something large", "window of some game, rules[2]")
        window.tell("fullscreen")
        self.until_sees(None, "window of some game")


class Locked(Base):
    def test_a_lock_is_over_the_window_that_has_the_focus(self):
        self.serve()
        self.make()
        self.agent.start()
        self.window("Minecraft")
        self.until_sees("Minecraft", "window of game, rules[0]")
        menu = Window(self.server, app="menu", way="cover")
        lock = self.lock()
        self.until_sees(None, "no window has the focus")
        menu.tell("close")
        lock()
        self.until_sees("Minecraft", "window of game, rules[0]")
        lock = self.lock()
        self.until_sees(None, "no window has the focus")
        self.agent.stop()
        self.agent.start()  # into a locked screen
        self.until_sees(None, "no window has the focus")
        lock()
        self.until_sees("Minecraft", "window of game, rules[0]")

    def lock(self):
        """With a real one, where that is. Returns what unlocks."""
        if shutil.which("i3lock"):
            process = self.server.spawn("i3lock", "--nofork")
            return lambda: (process.kill(), process.wait())
        lock = Window(self.server, app="XScreenSaver", way="cover")
        return lambda: lock.tell("close")


class Titles(Base):
    def setUp(self):
        self.serve()
        self.make()

    def test_titles_change(self):
        self.agent.start()
        window = self.window("News", app="firefox")
        self.until_sees(None, "window of firefox")
        window.title("Minecraft Wiki")
        window.app("browser")
        self.until_sees("Minecraft", "window of browser, rules[0]")
        window.app("firefox")
        self.until_sees(None, "window of firefox")
        window.title("Löwe 🎮")
        self.until_sees("Löwe", "window of firefox, rules[3]")
        window.tell("spin 20000")  # as a game that shows its frames there
        window.title("Minecraft")
        window.app("java")
        self.until_sees("Minecraft", "window of java, rules[0]")

    def test_old_programs_have_titles_of_another_kind(self):
        self.agent.start()
        window = self.window(app="old")
        window.set("WM_NAME", "STRING", 8, "Löwe ©".encode("latin1"))
        self.until_sees("Löwe", "window of old, rules[3]")
        window.title("Minecraft")  # the new kind wins
        self.until_sees("Minecraft", "window of old, rules[0]")


class HostileBase(Base):
    """Properties that no program would write."""

    def setUp(self):
        self.serve()
        self.make(interval_sec=1, more="keep_titles = true;")
        self.agent.start()
        self.bad = self.window("begin", app="bad")
        self.until_sees(None, "window of bad: begin")

    def shows(self, title):
        self.until_sees(None, "window of bad" + (f": {title}" if title else ""))


class HostileTitles(HostileBase):
    def test_titles(self):
        self.bad.title(b"\xff\xfe\xc0\xafa\x00b\nc\x1b[31m\xed\xa0\x80")
        self.shows("\ufffd\ufffd\ufffd\ufffda b c [31m\ufffd\ufffd\ufffd")
        self.bad.title("€" * 60000)
        self.shows("€" * ((127 - len("window of bad: ")) // 3))
        self.bad.title(b"")
        self.shows("")
        for kind, bits in (("CARDINAL", 32), ("ATOM", 16)):
            self.bad.set("_NET_WM_NAME", kind, bits, b"Minecraft...")
            self.bad.set("WM_NAME", "STRING", 8, f"as {kind}".encode())
            self.shows(f"as {kind}")


class HostileProperties(HostileBase):
    def test_other_properties(self):
        for value in (b"\0\0\0", b"bad", b"x\0bad", b"bad\0\0more"):
            self.bad.set("WM_CLASS", "STRING", 8, value)
            self.bad.set("_NET_WM_PID", "CARDINAL", 32, b"\xff" * 4)
            self.bad.title(f"{value!r}")
            app = "bad" if b"bad" in value else "an unknown program"
            self.until_sees(None, f"window of {app}: {value!r}")
        self.bad.set("_NET_WM_STATE", "ATOM", 32, b"\xff" * 4000)
        self.bad.set("_NET_WM_STATE", "STRING", 8, b"\xff" * 4001)
        self.bad.set("WM_CLASS", "STRING", 8, b"x" * 100000)
        self.until_sees(None, f"window of {'x' * 59}: {value!r}")


class HostileRoot(HostileBase):
    def test_what_the_root_window_says(self):
        for kind, bits, value in (("WINDOW", 32, b"\xff" * 4), ("STRING", 8, b"w"), ("WINDOW", 32, b"")):
            self.bad.set("_NET_ACTIVE_WINDOW", kind, bits, value, of="root")
            self.until_sees(None, "no window has the focus")
            self.bad.set("_NET_ACTIVE_WINDOW", "WINDOW", 32, self.bad.number.to_bytes(4, "little"), of="root")
            self.shows("begin")


class Killed(Base):
    def test_it_is_killed_and_comes_back(self):
        self.serve()
        self.make(interval_sec=1)
        self.agent.start()
        self.window("Minecraft")
        self.until_sees("Minecraft", "window of game, rules[0]")
        self.server.kill()
        self.until_reason("x11: the X server")
        until(lambda: not self.agent.status()["is_playing"], "nobody plays on no screen")
        before = self.processor_sec()
        self.until_reason("it is not there")
        self.server.start()
        self.window("Minecraft")
        self.until_sees("Minecraft", "window of game, rules[0]")
        self.assertLess(self.processor_sec() - before, 5, "it does not spin")

    def processor_sec(self):
        fields = pathlib.Path(f"/proc/{self.agent.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Stopped(Base):
    def test_it_stands_still(self):
        self.serve()
        self.make(interval_sec=1)
        self.agent.start()
        self.window("Minecraft")
        self.until_sees("Minecraft", "window of game, rules[0]")
        self.server.stop()
        self.until_reason("does not answer")
        until(lambda: not self.agent.status()["is_playing"], "nobody plays on a screen that stands still")
        self.server.go_on()
        self.until_sees("Minecraft", "window of game, rules[0]")
        self.server.stop()
        self.agent.stop()
        self.agent.start()  # now it has to connect
        self.until_reason("does not answer")
        self.assertLess(self.slowest_ms(), 3000, "also on a machine that is busy")
        self.server.go_on()
        self.until_sees("Minecraft", "window of game, rules[0]")

    def slowest_ms(self):
        return self.agent.status()["detectors"][0]["plugin_stats"]["slowest_ms"]


class Refused(Base):
    def test_nobody_manages_its_windows_yet(self):
        self.serve(manager=False)
        self.make()
        self.agent.start()
        self.until_reason("no window manager tells the X server")
        self.server.manage()
        self.until_sees(None, "no window has the focus")

    def test_there_is_none(self):
        self.serve()
        self.make(interval_sec=1)
        self.server.kill()
        done = self.agent.run("detect", "window")
        self.assertIn(f"unavailable   x11: the X server {self.server.name} cannot be used: it is not there",
                      done.stdout)
        done = self.agent.run("detect", "window", "--set", "detectors.window.x11_display=far:0")
        self.assertIn("unavailable   x11: far:0 is no display of this machine", done.stdout)

    def test_it_wants_a_key(self):
        key = os.urandom(16)
        keys = self.keys(key)
        self.serve("-auth", str(keys), manager=False)
        (self.server.folder / "keys").write_bytes(keys.read_bytes())
        self.server.manage()
        self.window("Minecraft")
        self.make(interval_sec=1)
        refused = self.agent.run("detect", "window").stdout
        self.assertIn("it refuses: Authorization required", refused)
        for name, good in (("other", os.urandom(16)), ("good", key)):
            self.agent.start(environment={"XAUTHORITY": str(self.keys(good, name))})
            if good == key:
                self.until_sees("Minecraft", "window of game, rules[0]")
            else:
                self.until_reason("it refuses: ")
            self.agent.stop()
        if os.geteuid() != 0:
            self.skipTest("only root looks for keys of others")
        self.for_a_service(key)

    def keys(self, key, name="keys"):
        """A file with a key for whatever display."""
        path = pathlib.Path(self.folder()) / name
        kind = b"MIT-MAGIC-COOKIE-1"
        path.write_bytes(b"\xff\xff\0\0\0\0" + len(kind).to_bytes(2, "big") + kind +
                         len(key).to_bytes(2, "big") + key)
        return path

    def folder(self):
        if not hasattr(self, "own_folder"):
            self.own_folder = Agent()
            self.addCleanup(self.own_folder.close)
        return self.own_folder.folder

    def for_a_service(self, key):
        """The key is where a display manager leaves it for who is logged in."""
        run = self.folder() / "run"
        person = run / "user" / "1000"
        person.mkdir(parents=True)
        left = self.keys(key, "run/user/1000/xauth_AbCdEf")
        arguments = ("detect", "window", "--set", f"detectors.window.run_root={run}")
        self.assertIn("nobody who is logged in has a key", self.agent.run(*arguments).stdout, "it is root's")
        os.chown(left, 1000, 1000)
        self.assertIn("Minecraft, by window of game", self.agent.run(*arguments).stdout)
        left.rename(person / "elsewhere")
        left.symlink_to(person / "elsewhere")
        self.assertIn("nobody who is logged in has a key", self.agent.run(*arguments).stdout, "a link")


class Idle(Base):
    def test_seconds_since_the_last_input(self):
        self.serve()
        self.agent = Agent(rest='poll_interval_sec = 1; playing_when = "idle";', detectors=(
            'idle: { plugin = "idle"; sources = [ "x11" ]; interval_sec = 1; threshold_sec = 3;'
            f' x11_display = "{self.server.name}"; }};'))
        self.addCleanup(self.agent.close)
        self.agent.start()
        idle = until(lambda: self.value() if (self.value() or 0) >= 3 else None, "three seconds without input")
        self.assertTrue(self.agent.status()["detectors"][0]["active"])
        self.server.run("xdotool", "mousemove_relative", "7", "7")
        until(lambda: self.value() is not None and self.value() < idle, "input")
        until(lambda: not self.agent.status()["detectors"][0]["active"], "it is not idle")
        self.server.stop()
        self.until_reason("does not answer")
        self.server.go_on()
        until(lambda: self.value() is not None, "the server answers")

    def value(self):
        detector = self.agent.status()["detectors"][0]
        return detector["value"] if detector["reason"] is None else None

    def test_a_server_without_the_extension(self):
        self.serve("-extension", "MIT-SCREEN-SAVER", manager=False)
        self.agent = Agent(detectors=(
            'idle: { plugin = "idle"; sources = [ "x11" ];' f' x11_display = "{self.server.name}"; }};'))
        self.addCleanup(self.agent.close)
        self.assertIn("is without the extension MIT-SCREEN-SAVER", self.agent.run("detect", "idle").stdout)


@unittest.skipIf(sway.MISSING or not shutil.which("Xwayland"), "missing: sway or Xwayland")
class OnWayland(Base):
    """An X server that does not see all windows, and not all input."""

    def test_what_it_does_not_see_is_not_known(self):
        compositor = sway.Sway()
        self.addCleanup(compositor.close)
        compositor.start()
        self.server = Xwayland(compositor)
        self.addCleanup(self.server.close)
        self.make(detectors=f'idle: {{ plugin = "idle"; sources = [ "x11" ]; x11_display = "{self.server.name}"; }};')
        self.agent.start()
        self.until_reason("has the focus, and it sees no others")
        until(lambda: self.agent.status()["detectors"][1]["state"] == "unavailable", "nobody knows of all input")
        self.window("Minecraft")
        self.until_sees("Minecraft", "window of game, rules[0]")


class Private(Base):
    """Titles are matched, and leave no trace, unless the user wants to keep them."""

    SECRET = "Geheimnis-7391"
    ROUTES = ("/status", "/daily", "/history?limit=5000", "/days", "/activities", "/sessions", "/health", "/nowhere")

    def play(self, rules, more=""):
        self.serve()
        heard = self.server.folder / "sink.jsonl"
        self.make(rules=rules, more=more, rest='log: { level = "debug"; };',
                  sinks=f'out: {{ plugin = "file"; path = "{heard}"; sync_interval_sec = 1; }};')
        self.agent.start()
        window = self.window(f"Minecraft {self.SECRET}", app="game")
        until(lambda: self.agent.status()["is_playing"], f"somebody plays: {self.sees()}")
        window.title(f"{self.SECRET} is no game")
        until(lambda: not self.agent.status()["is_playing"], "nobody plays")
        window.title(f"Minecraft {self.SECRET}")
        until(lambda: self.agent.status()["is_playing"], "somebody plays again")
        until(lambda: heard.exists() and '"is_playing":true' in heard.read_text(), "the sink has it")
        traces = {"sink": heard.read_bytes()}
        for route in self.ROUTES:
            traces[route] = self.agent.request("GET", route)[2]
        traces["detect"] = self.agent.run("detect", "window").stdout.encode()
        traces["status"] = self.agent.run("status").stdout.encode()
        self.server.kill()
        self.until_reason("x11: ")
        traces["reason"] = str(self.sees()).encode()
        traces["status at the end"] = self.agent.request("GET", "/status")[2]
        self.agent.process.send_signal(signal.SIGABRT)  # what was in use stays in its files
        self.agent.process.wait()
        self.agent.process = None
        for path in (*self.agent.database.parent.rglob("*"), self.agent.log):
            if path.is_file():
                traces[path.name] = path.read_bytes()
        return {name for name, trace in traces.items() if self.SECRET.encode() in trace}, traces.keys()

    def test_no_trace_of_a_title(self):
        found, searched = self.play('{ activity = "Minecraft"; title = [ "^Minecraft" ]; }')
        self.assertLessEqual({"sink", "/status", "/history?limit=5000", "agent.log", "clockblock.db"}, searched)
        self.assertEqual(set(), found)

    def test_with_keep_titles_it_is_what_was_played(self):
        found, _ = self.play('{ activity = "Playing $1"; title = [ "^Minecraft (.*)" ]; }', "keep_titles = true;")
        self.assertLessEqual({"sink", "/status", "/history?limit=5000", "detect"}, found)
        self.assertTrue(any(name.startswith("clockblock.db") for name in found), found)

    def test_a_piece_of_a_title_wants_keep_titles(self):
        self.serve(manager=False)
        self.make(rules='{ activity = "$1"; title = [ "(.*)" ]; }')
        done = self.agent.run("once")
        self.assertEqual(78, done.returncode)
        self.assertIn("rules[0]: its activity takes a piece of the title", done.stderr)
        self.make(rules='{ activity = "M"; title = [ "a", "b(" ]; }')
        self.assertIn('rules[0]: title: the pattern "b(" is none: missing closing parenthesis, at offset 2',
                      self.agent.run("once").stderr)


if __name__ == "__main__":
    unittest.main()
