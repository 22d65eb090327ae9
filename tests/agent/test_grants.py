# SPDX-License-Identifier: MIT
"""Bonus minutes: with an agent and without one, at once, by whom, and never into what was used."""
import getpass
import json
import os
import pwd
import signal
import subprocess
import time
import unittest

from harness import AGENT, Agent, Game, clean_environment, until

LIMITED = ('poll_interval_sec = 1; day: { timezone = "UTC"; }; allowance: { default_min = 1; };')


class Grants(unittest.TestCase):
    def setUp(self):
        self.agent = Agent(rest=LIMITED)
        self.addCleanup(self.agent.close)

    def grant(self, *arguments):
        answer = self.agent.run("grant", *arguments, "--json")
        self.assertEqual(0, answer.returncode, answer.stderr)
        return json.loads(answer.stdout)

    def listed(self):
        return json.loads(self.agent.run("grants", "--json").stdout)

    def today(self):
        return until(self.agent.today, "an answer with today")

    def test_without_an_agent_under_its_lock(self):
        self.assertEqual(0, self.agent.run("once").returncode)
        given = self.grant("30", "--date", "2026-01-17", "--note", "for the homework")
        self.assertEqual((30, 30, 31), (given["minutes"], given["minutes_granted"], given["minutes_left"]))
        [listed] = self.listed()
        self.assertEqual("2026-01-17", listed["date"])
        self.assertEqual("for the homework", listed["note"])
        self.assertEqual(getpass.getuser(), listed["granted_by"])
        self.agent.start()
        self.grant("5", "--date", "2026-01-17")
        self.assertEqual([30, 5], [one["minutes"] for one in self.listed()])

    def test_it_counts_at_once_and_what_was_used_stays(self):
        game = Game(self.agent)
        self.addCleanup(game.end)
        self.agent.start()
        until(lambda: self.today()["minutes_used"] > 0, "play")
        before = self.today()
        self.assertEqual((1, 0), (before["minutes_allowance"], before["minutes_granted"]))
        given = self.grant("10")
        after = self.today()
        self.assertEqual(10, after["minutes_granted"])
        self.assertAlmostEqual(11, after["minutes_used"] + after["minutes_left"], places=6)
        self.assertGreaterEqual(after["minutes_used"], before["minutes_used"])
        self.assertAlmostEqual(given["minutes_left"], after["minutes_left"], delta=0.1)
        self.assertEqual(1, after["minutes_allowance"])

        # Everything is taken back: from here on it is overdraft, and before it is not.
        self.grant("-11")
        self.assertEqual(0, self.today()["minutes_left"])
        until(lambda: self.today()["minutes_overdraft"] > 0, "overdraft")
        self.grant("60")
        over = self.today()["minutes_overdraft"]
        self.assertGreater(over, 0)
        self.assertLess(over, self.today()["minutes_used"])
        seq = self.agent.history(1)[0]["seq"]
        until(lambda: self.agent.history(1)[0]["seq"] >= seq + 3, "heartbeats after the grant")
        newest = self.agent.history(2)
        self.assertEqual([0, 0], [one["overdraft_sec"] for one in newest])
        self.assertEqual(0, self.agent.run("verify").returncode)
        self.assertIn("granted", self.agent.run("status").stdout)

    def test_an_agent_that_is_slow_is_waited_for_and_grants_once(self):
        self.agent.start()
        self.agent.process.send_signal(signal.SIGSTOP)
        self.addCleanup(lambda: self.agent.process.send_signal(signal.SIGCONT))
        asked = subprocess.Popen([AGENT, "grant", "30", "--json", "--config", self.agent.config],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment())
        time.sleep(1)
        looked = self.agent.run("grants")  # gives up after 5 s
        self.assertEqual(69, looked.returncode)
        self.assertIn("was asked, and has not answered within 5 s", looked.stderr)
        self.assertIn("look before you ask again", looked.stderr)
        self.assertIsNone(asked.poll(), "it waits for longer")
        self.agent.process.send_signal(signal.SIGCONT)
        output, problem = asked.communicate(timeout=60)
        self.assertEqual(0, asked.returncode, problem)
        self.assertEqual(30, json.loads(output)["minutes_granted"])
        self.assertEqual([30], [one["minutes"] for one in self.listed()])

    def test_it_outlives_a_restart_and_a_reload(self):
        self.agent.start()
        self.grant("7")
        self.agent.stop()
        self.agent.start()
        self.assertEqual(7, self.today()["minutes_granted"])
        self.agent.write_config(self.agent.config.read_text().replace("default_min = 1", "default_min = 3"))
        reloaded = self.agent.run("grants")  # any command; the reload is asked for below
        self.assertEqual(0, reloaded.returncode)
        self.agent.process.send_signal(1)
        until(lambda: self.today()["minutes_allowance"] == 3, "the new allowance")
        self.assertEqual(7, self.today()["minutes_granted"])
        self.assertAlmostEqual(10, self.today()["minutes_left"], places=2)

    def test_a_day_that_is_closed_remembers_it(self):
        self.assertEqual(0, self.agent.run("once").returncode)
        self.agent.sql("INSERT INTO local_days VALUES(1, 20469, 1768521600000, 1768608000000, 60000, 0, 0, 0)")
        given = self.grant("2", "--date", "2026-01-16")
        self.assertEqual(3, given["minutes_left"])
        self.assertEqual([(120000,)], self.agent.sql("SELECT granted_ms FROM local_days WHERE date = 20469"))

    def test_what_cannot_be_granted_is_refused_with_a_sentence(self):
        for running in (False, True):
            if running:
                self.agent.start()
            for arguments, words in ((["0"], "would change nothing"), (["soon"], "whole number"),
                                     (["1.5"], "whole number"), (["1441"], "1440"), ([], "how many"),
                                     (["99999999999999999999"], "whole number"),
                                     (["5", "--date", "2026-02-30"], "does not exist"),
                                     (["5", "--date", "tomorrow"], "does not exist")):
                answer = self.agent.run("grant", *arguments)
                self.assertEqual(64, answer.returncode, arguments)
                self.assertIn(words, answer.stderr)
        self.assertEqual([], self.listed())


class Named(unittest.TestCase):
    NOBODY = 65534

    def granted_by(self, agent):
        return agent.ask("grant", "5", "today", "somebody else")["granted_by"]

    def test_only_root_grants_in_the_name_of_somebody_else(self):
        if os.getuid() == 0:
            agent = Agent(rest=LIMITED)
            self.addCleanup(agent.close)
            agent.start()
            self.assertEqual("somebody else", self.granted_by(agent))
            # From here on, and until the end of the test, somebody who is not root.
            self.addCleanup(os.setresuid, 0, 0, 0)
            os.setresuid(self.NOBODY, self.NOBODY, 0)
            if not os.access(AGENT, os.X_OK):
                self.skipTest("what was built is for root only")
        agent = Agent(rest=LIMITED)
        self.addCleanup(agent.close)
        agent.start()
        try:
            user = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            user = str(os.getuid())
        self.assertEqual(user, self.granted_by(agent))


if __name__ == "__main__":
    unittest.main(verbosity=2)
