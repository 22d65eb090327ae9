# SPDX-License-Identifier: MIT
"""A part of the agent that stands still, under the watchdog of a real systemd."""

import subprocess
import unittest

from harness import BUILD
from machine import MachineTest, until
from service import Service, game, package, quick

ONE_THREAD = BUILD / "tests" / "agent" / "one_thread"
WATCHDOG_SEC = 6  # less could be missed by a machine that is busy
CANNOT_TRACE = 77


class Watchdog(MachineTest):
    @classmethod
    def prepare(cls):
        quick(cls.machine)
        cls.machine.install(package())
        cls.machine.put(ONE_THREAD, "/usr/local/bin/one_thread", mode=0o755)
        cls.machine.put(f"[Service]\nWatchdogSec={WATCHDOG_SEC}\n",
                        "/etc/systemd/system/clockblock.service.d/watchdog.conf")
        config = cls.machine.path("/etc/clockblock/clockblock.conf")
        config.write_text(config.read_text().replace(
            "sinks: {", 'sinks: {\n  own: { plugin = "file"; path = "/var/lib/clockblock/own.jsonl"; };', 1))
        cls.service = Service(cls.machine)
        cls.machine.systemctl("start", "clockblock")
        cls.service.wait_active()

    def still(self, thread):
        """Lets one thread stand still until the test ends."""
        holder = self.machine.start("/usr/local/bin/one_thread", self.service.pid(), thread, "still",
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

        def end():
            holder.communicate(timeout=60)
        self.addCleanup(end)
        said = holder.stdout.readline()
        if not said and holder.wait(60) == CANNOT_TRACE:
            raise unittest.SkipTest("tracing is not permitted here")
        self.assertEqual(said, b"still\n", holder.stderr.read() if not said else "")

    def heartbeats(self):
        return self.service.rows("SELECT count(*) FROM heartbeats")[0][0]

    def test_1_a_sampler_that_stands_still_is_started_anew(self):
        with game(self.machine, "anna"):
            before, pid = self.service.wait_played(), self.service.pid()
            self.still("main")
            until(lambda: self.service.pid() not in (0, pid), "another process")
            self.service.wait_active()
        self.assertGreaterEqual(self.service.played_ms(), before)
        self.service.command("verify")
        self.assertEqual(self.machine.property("NRestarts"), "1")
        journal = self.machine.journal("--unit=clockblock")
        self.assertRegex(journal, r"(?i)watchdog timeout")
        self.assertTrue([text for level, text in self.service.priorities()
                         if level <= 4 and "the sampler has not come round" in text], journal)

    def test_2_a_sink_that_stands_still_is_no_reason(self):
        pid, begun, restarts = self.service.pid(), self.heartbeats(), self.machine.property("NRestarts")
        self.still("clb-own")
        until(lambda: self.heartbeats() > begun + 2 * WATCHDOG_SEC, "heartbeats for twice as long", 120)
        self.assertEqual((self.service.pid(), self.machine.property("NRestarts")), (pid, restarts))
        self.assertEqual(self.service.status()["sinks"][0]["name"], "own")
