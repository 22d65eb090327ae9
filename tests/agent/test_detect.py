# SPDX-License-Identifier: MIT
"""Why somebody counts as playing, and `clockblock detect`: what whoever writes rules looks at."""

import json
import os
import pty
import signal
import subprocess
import unittest

from harness import AGENT, Agent, clean_environment, until

GONE = 'gpu: { plugin = "gpu_usage"; sys_root = "/nonexistent"; sources = ["sysfs"]; };'


class Base(unittest.TestCase):
    def make(self, when="games and not gpu", more=GONE):
        self.agent = Agent(rest=f'poll_interval_sec = 1; playing_when = "{when}";', detectors=self.games(more))
        self.addCleanup(self.agent.close)

    def games(self, more):
        rules = "".join(f'{comma}{{ activity = "{activity}"; process = [ "sleep" ]; arguments = "{self.mark(activity)}"; }}'
                        for comma, activity in (("", "Minecraft"), (", ", "Doom")))
        return f'games: {{ plugin = "process_name"; rules = ( {rules} ); }}; {more}'

    def mark(self, activity):
        """Games of other tests have the same name."""
        return f"{len(activity)}00.{os.getpid()}{id(self) % 100000}"

    def play(self, activity="Minecraft"):
        process = subprocess.Popen(["sleep", self.mark(activity)])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process


class Why(Base):
    def test_the_heartbeat_and_the_status_say_who_decided_and_why(self):
        self.make()
        game = self.play()
        why = (f"games sees Minecraft by sleep (pid {game.pid}); "
               "gpu is unavailable and counts as not active")
        once = self.agent.run("once")
        self.assertEqual("games", json.loads(once.stdout)["decided_by"])
        self.assertIn(f"why: {why}\n", once.stderr)
        self.agent.start()
        self.assertEqual(why, until(lambda: self.agent.status()["why"], "a heartbeat"))
        self.assertIn(f"why        {why}\n", self.agent.run("status").stdout)
        self.assertEqual({"games"}, {heartbeat["decided_by"] for heartbeat in self.agent.history()})
        game.kill()
        until(lambda: self.agent.status()["why"].startswith("games is not active; "), "the end of the game")
        until(lambda: self.agent.history()[0]["decided_by"] is None, "a heartbeat that nobody decided")

    def test_after_a_reload_only_those_that_are_asked_now(self):
        self.make()
        self.agent.start()
        until(lambda: self.agent.status()["why"], "a heartbeat")
        text = self.agent.config.read_text()
        self.agent.write_config(text.replace(GONE, "").replace("games and not gpu", "not games"))
        self.agent.process.send_signal(signal.SIGHUP)

        def is_over():
            try:
                return self.agent.status()["why"] == "games is not active"
            except OSError:
                return False
        until(is_over, "the words of the new rule")
        self.assertIs(True, until(lambda: self.agent.status()["is_playing"], "nobody names what is played"))
        self.assertIsNone(self.agent.status()["decided_by"])

    def test_a_mistake_in_the_rule_has_a_line_and_a_column(self):
        self.make(when="games and (gpu or nott games)")
        done = self.agent.run("check")
        self.assertEqual(78, done.returncode)
        self.assertIn('clockblock.conf:1: playing_when: column 19: there is no enabled detector "nott"', done.stderr)


class Unavailable(Base):
    def test_it_is_polled_at_its_usual_interval_and_told_of_once(self):
        self.make(when="games", more=GONE.replace("gpu: {", "gpu: { interval_sec = 0.1;"))
        self.agent.start()
        gpu = until(lambda: self.gpu() if self.gpu()["polls"] >= 10 else None, "ten polls")  # 1000 s with pauses
        self.assertEqual("unavailable", gpu["state"])
        self.assertEqual(1, self.agent.log.read_text().count("gpu: is unavailable"))

    def gpu(self):
        return next(part for part in self.agent.status()["detectors"] if part["name"] == "gpu")


class Look(Base):
    def test_everything_that_is_seen_with_its_reasons(self):
        self.make()
        games = {activity: self.play(activity) for activity in ("Minecraft", "Doom")}
        done = self.agent.run("detect")
        self.assertEqual(0, done.returncode, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual("now           playing Minecraft, decided by games", lines[0])
        self.assertEqual("playing_when  games and not gpu", lines[1])
        for activity, process in games.items():
            self.assertIn(f"{activity}, by sleep (pid {process.pid}) [confidence 90]", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^gpu +unavailable +\S")
        self.assertFalse(self.agent.database.parent.exists(), "nothing was stored")

    def test_one_detector_as_json(self):
        self.make()
        game = self.play()
        done = self.agent.run("once", "--detector", "games", "--json")
        self.assertEqual(0, done.returncode, done.stderr)
        answer = json.loads(done.stdout)
        self.assertEqual(["games"], [detector["name"] for detector in answer["detectors"]])
        self.assertEqual([{"active": True, "activity": "Minecraft", "subject": f"sleep (pid {game.pid})",
                           "confidence": 90, "value": 0.0}], answer["detectors"][0]["sees"])
        done = self.agent.run("detect", "gpu")
        self.assertRegex(done.stdout, r"\Agpu +unavailable ")
        self.assertNotIn("playing_when", done.stdout)

    def test_a_name_that_is_wrong_or_switched_off(self):
        self.make(when="games", more='gpu: { plugin = "gpu_usage"; enabled = false; };')
        done = self.agent.run("detect", "gmaes")
        self.assertEqual(78, done.returncode)
        self.assertIn('there is no detector "gmaes" (did you mean "games"?)', done.stderr)
        done = self.agent.run("detect", "gpu")
        self.assertEqual(78, done.returncode)
        self.assertIn("--set detectors.gpu.enabled=true", done.stderr)
        done = self.agent.run("detect", "gpu", "--set", "detectors.gpu.enabled=true")
        self.assertEqual(0, done.returncode, done.stderr)


class Watch(Base):
    def watch(self, *arguments):
        """The output of `detect --watch` in a terminal, as far as it was read."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen([AGENT, "detect", "--watch", "--config", self.agent.config, *arguments],
                                   stdout=theirs, stderr=subprocess.PIPE,
                                   env=clean_environment() | {"TERM": "xterm", "LC_ALL": "C.UTF-8"})
        os.close(theirs)
        self.addCleanup(os.close, ours)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        os.set_blocking(ours, False)
        return process, ours

    def screen(self, terminal):
        """The newest whole screen."""
        while True:
            try:
                self.seen += os.read(terminal, 65536).decode(errors="replace")
            except (BlockingIOError, OSError):
                break
        screens = self.seen.replace("\r\n", "\n").split("\x1b[H\x1b[J")
        return screens[-2] if len(screens) > 2 else ""

    def test_it_follows_what_is_played_and_what_is_configured(self):
        self.make()
        self.seen = ""
        process, terminal = self.watch()
        until(lambda: "not playing" in self.screen(terminal), "a first look")
        game = self.play()
        until(lambda: f"Minecraft, by sleep (pid {game.pid})" in self.screen(terminal), "the game")
        good = self.agent.config.read_text()
        self.agent.write_config(good.replace('"Minecraft"', '"Another"'))
        until(lambda: "now           playing Another" in self.screen(terminal), "the new rule")
        self.agent.write_config(good.replace("plugin = ", "plugni = "))
        until(lambda: 'the setting "plugin" is missing' in self.screen(terminal), "the mistake")
        self.assertIn("playing Another", self.screen(terminal), "the old rule goes on")
        self.agent.write_config(good)
        until(lambda: "playing Minecraft" in (text := self.screen(terminal)) and "cannot be used" not in text,
              "the good configuration")
        process.send_signal(signal.SIGINT)
        self.assertEqual(0, process.wait())
        self.assertEqual("", process.stderr.read().decode())
        self.assertFalse(self.agent.database.parent.exists(), "nothing was stored")

    def test_a_pipe_gets_what_changed_and_only_that(self):
        self.make()
        process = subprocess.Popen([AGENT, "detect", "games", "--watch", "--json", "--config", self.agent.config],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                   env=clean_environment())
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertFalse(json.loads(process.stdout.readline())["is_playing"])
        game = self.play()
        self.assertTrue(json.loads(process.stdout.readline())["is_playing"])
        game.kill()
        self.assertFalse(json.loads(process.stdout.readline())["is_playing"])
        process.send_signal(signal.SIGTERM)
        self.assertEqual(0, process.wait())
        self.assertEqual("", process.stdout.read())


if __name__ == "__main__":
    unittest.main()
