# SPDX-License-Identifier: MIT
"""Who is away does not play: the detector "idle" in the agent, with a stand-in for logind."""

import os
import time
import unittest

from buses import Bus, Service, missing
from harness import Agent, Game, until

PLACE = "/org/freedesktop/login1"
SESSION = f"{PLACE}/session/_32"


class Logind(Service):
    """Somebody is logged in, who touched something just now."""

    def __init__(self, bus):
        super().__init__(bus, "org.freedesktop.login1")
        owner = f"user/_{os.geteuid()} Display" if os.geteuid() else "seat/seat0 ActiveSession"
        self.tell(f"property {PLACE}/{owner} (so) 2 {SESSION}", f"property {SESSION} Class s user")
        self.lock(False)
        self.idle(None)

    def changed(self):
        self.tell(f"signal {SESSION} org.freedesktop.DBus.Properties PropertiesChanged x")

    def lock(self, is_locked):
        self.tell(f"property {SESSION} LockedHint b {str(is_locked).lower()}")
        self.changed()

    def idle(self, seconds):
        since = time.monotonic_ns() // 1000 - (seconds or 1) * 1000000
        self.tell(f"property {SESSION} IdleSinceHintMonotonic t {since}",
                  f"property {SESSION} IdleHint b {str(seconds is not None).lower()}")
        self.changed()


@unittest.skipIf(missing(), missing())
class Away(unittest.TestCase):
    def setUp(self):
        self.bus = Bus()
        self.addCleanup(self.bus.close)
        self.logind = Logind(self.bus)
        self.addCleanup(lambda: self.logind.close())

    def make(self, interval=1):
        self.agent = Agent(rest='poll_interval_sec = 1; playing_when = "games and not away";')
        self.addCleanup(self.agent.close)
        text = self.agent.config.read_text()
        away = (f'away: {{ plugin = "idle"; interval_sec = {interval}; threshold_sec = 60;'
                f' sources = [ "logind" ]; run_root = "{self.bus.root}"; }};')
        self.agent.write_config(text.replace("detectors: {", f"detectors: {{ {away}"))
        game = Game(self.agent)
        self.addCleanup(game.end)

    def start(self, **options):
        self.make(**options)
        self.agent.start()
        until(self.is_playing, "the game")

    def is_playing(self):
        return self.agent.status()["is_playing"]

    def why(self):
        return self.agent.status()["why"]

    def test_who_went_away_does_not_play(self):
        self.start()
        self.logind.idle(90)
        until(lambda: not self.is_playing(), "nobody is there")
        self.assertRegex(self.agent.run("detect", "away").stdout,
                         r"no input for 9\d s \(logind\)|no input for 1\d\d s \(logind\)")
        self.logind.idle(None)
        until(self.is_playing, "somebody came back")

    def test_a_lock_is_noticed_when_it_happens(self):
        self.start(interval=3600)
        self.logind.lock(True)
        until(lambda: not self.is_playing(), "the lock, long before the next look")
        self.assertIn("the screen is locked (logind)", self.agent.run("detect", "away").stdout)
        self.assertIn("away", self.why())
        self.assertEqual(0, self.agent.stop()[0])

    def test_who_cannot_be_seen_is_there(self):
        self.start()
        self.logind.idle(90)
        until(lambda: not self.is_playing(), "nobody is there")
        self.bus.kill()
        until(self.is_playing, "the bus is gone")
        before = self.switches()
        self.assertIn("away is unavailable", self.why())
        self.logind.close()
        self.bus.start()
        self.logind = Logind(self.bus)
        self.logind.idle(90)
        until(lambda: not self.is_playing(), "a new bus")
        self.assertLess(self.switches() - before, 2000, "nothing spins meanwhile")
        self.assertEqual(0, self.agent.stop()[0])

    def switches(self):
        """How often threads of the agent went to sleep."""
        total = 0
        for task in os.listdir(f"/proc/{self.agent.process.pid}/task"):
            with open(f"/proc/{self.agent.process.pid}/task/{task}/status") as status:
                total += sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)
        return total


if __name__ == "__main__":
    unittest.main()
