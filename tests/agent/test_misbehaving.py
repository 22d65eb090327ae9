# SPDX-License-Identifier: MIT
"""Plugins that do wrong, in a real agent: it names the culprit, and goes on recording with the others.

A stand-in for the service manager starts the agent again when a plugin has ended it.
"""

import json
import pathlib
import shutil
import tempfile
import time
import unittest

from harness import until
from household import FIXTURES, Household


class Crashes(Household):
    """What ends the process: after the third time within ten minutes the agent runs without it."""

    def supervise(self, agent):
        """Starts the agent until it stays up. The exit codes of those that did not."""
        codes = []
        while len(codes) < 10:
            agent.start(ready=False)
            try:
                until(agent.answers, "the agent")
                until(lambda: self.part(agent)["state"] == "quarantined", "quarantine")
                return codes
            except (AssertionError, OSError):
                codes.append(agent.process.wait(timeout=20))
                agent.process = None
        raise AssertionError(f"it never stays up: {agent.log.read_text()}")

    def check(self, agent, kind, phase, cause, name="bad", released="bad"):
        codes = self.supervise(agent)
        self.assertEqual(3, len(codes), codes)
        self.assertNotIn(0, codes)  # a service manager starts again only what failed
        self.assertEqual("quarantined", self.part(agent)["state"])
        reason = self.part(agent).get("reason") or self.part(agent)["last_error"]
        self.assertIn("ended the agent 3 times", reason)
        self.assertIn(f"`clockblock plugins release {released}`", reason)
        self.assert_names(agent, f"clockblock: {kind} {name} {phase} ends the process: {cause}")
        self.assert_records_on(agent)
        crashes = agent.database.with_name("clockblock.db.crashes").read_text().splitlines()
        self.assertEqual([f"{kind} {name} {phase} {cause}"] * 3,
                         [line.split(" ", 1)[1] for line in crashes])

    def test_create(self):
        self.check(self.detector("crash_create"), "detector", "create", "SIGSEGV")

    def test_start(self):
        self.check(self.detector("crash_start"), "detector", "start", "SIGSEGV")

    def test_poll(self):
        self.check(self.detector("crash_poll"), "detector", "poll", "SIGSEGV")

    def test_wait(self):
        self.check(self.detector("crash_wait"), "detector", "wait", "SIGSEGV")

    def test_deliver(self):
        agent = self.sink("crash_deliver")
        self.check(agent, "sink", "deliver", "SIGSEGV")
        self.assertGreater(self.part(agent)["pending"], 0)  # they wait for it

    def test_a_stack_that_overflows(self):
        self.check(self.detector("stack_overflow"), "detector", "poll", "SIGSEGV")

    def test_a_thread_of_the_plugin(self):
        self.check(self.detector("crash_thread"), "thread", "thread", "SIGSEGV", name="clb-bad")

    def test_exit(self):
        self.check(self.detector("exit"), "detector", "poll", "exit()")

    def test_abort(self):
        self.check(self.detector("abort"), "detector", "poll", "abort")

    def test_a_constructor(self):
        agent = self.make(detector='bad: { plugin = "crash_load"; };')
        self.check(agent, "plugin", "load", "SIGSEGV", name="crash_load", released="crash_load")
        checked = agent.run("check")
        self.assertEqual(0, checked.returncode, checked.stderr)
        self.assertIn("detectors.bad", checked.stderr)
        self.assertIn("in quarantine", checked.stderr)

    def test_commands_name_it_too(self):
        agent = self.make(detector='bad: { plugin = "crash_load"; };')
        listed = agent.run("plugins", "list")
        self.assertEqual(0, listed.returncode, listed.stderr)
        self.assertRegex(listed.stdout, r"(?m)^crash_load +UNUSABLE +(crashes|ends the process) when it is loaded \(")
        self.assertRegex(listed.stdout, "(?m)^process_name +detector ")
        for command in (["check"], ["plugins", "describe", "crash_load"]):
            ended = agent.run(*command)
            self.assertNotEqual(0, ended.returncode)
            self.assertIn("clockblock: plugin crash_load load ends the process: SIGSEGV", ended.stderr)
        self.assertFalse(agent.database.with_name("clockblock.db.crashes").exists())

    def test_release_lets_it_run_again(self):
        agent = self.detector("crash_poll")
        self.assertEqual(3, len(self.supervise(agent)))
        self.assertEqual(78, agent.run("plugins", "release", "nobody").returncode)
        released = agent.run("plugins", "release", "bad")
        self.assertEqual(0, released.returncode, released.stderr)
        self.assertIn("runs again now", released.stdout)
        self.assertNotEqual(0, agent.process.wait(timeout=20))  # and does it again
        agent.process = None
        self.assertEqual(2, len(self.supervise(agent)))


class Faults(Household):
    """What the process survives."""

    def test_a_poll_that_hangs(self):
        agent = self.detector("hang_poll")
        agent.start()
        until(lambda: self.part(agent)["state"] == "wedged", "wedged")
        self.assertIn("does not return", self.part(agent)["reason"])
        self.assert_records_on(agent)
        code, seconds = agent.stop()
        self.assertEqual(0, code)
        self.assert_names(agent, "detector bad does not come back, and is left behind")

    def test_a_delivery_that_hangs(self):
        agent = self.sink("hang_deliver")
        agent.start()
        until(lambda: self.part(agent)["state"] == "wedged", "wedged")
        self.assert_records_on(agent)
        self.assertEqual(0, self.part(agent)["delivered_seq"])
        self.assertEqual(0, agent.stop()[0])
        self.assert_names(agent, "sink bad does not come back, and is left behind")
        self.assertNotIn("detector games does not come back", agent.log.read_text())

    def test_a_stop_that_hangs(self):
        agent = self.detector("hang_stop")
        agent.start()
        self.assert_records_on(agent)
        self.assertEqual(0, agent.stop()[0])
        self.assert_names(agent, "detector bad does not come back, and is left behind")

    def test_what_was_printed_is_not_lost_with_it(self):
        agent = self.detector("hang_stop")
        done = agent.run("once")
        self.assertEqual(1, json.loads(done.stdout)["seq"])
        self.assertIn("ends without the workers that did not come back", done.stderr)

    def test_a_failing_poll_is_asked_less_and_less_often(self):
        agent = self.detector("fail")
        begun = time.monotonic()
        agent.start()
        until(lambda: self.part(agent)["failures"] >= 3, "three failures")  # after 0, 1 and 3 s
        self.assertGreater(time.monotonic() - begun, 2.9)  # and not at its interval of 0.1 s
        self.assertEqual("failed", self.part(agent)["state"])
        self.assertEqual("it never works", self.part(agent)["reason"])
        self.assertLess(self.part(agent)["polls"], 6)
        self.assert_records_on(agent)

    def assert_rule_broken(self, agent, rule):
        agent.start()
        part = until(lambda: self.part(agent) if self.part(agent)["plugin_stats"]["broken_rules"] else None,
                     "a rule that is broken")
        self.assertIn(rule, part["plugin_stats"]["broken_rule"])
        self.assert_names(agent, f"bad: the plugin breaks a rule of the ABI (1 times): {rule}")
        self.assert_records_on(agent)
        self.assertEqual("Minecraft", agent.status()["activity"])
        self.assertEqual("ok", self.part(agent)["state"])
        return agent

    def test_a_text_of_100_megabytes(self):
        agent = self.assert_rule_broken(self.detector("huge_text"), "a text is longer than 4095 bytes")
        self.assertLess(len(self.part(agent)["subject"]), 128)

    def test_a_text_that_is_not_utf8(self):
        agent = self.assert_rule_broken(self.detector("invalid_utf8"), "a text is not UTF-8")
        self.assertIn("caf\N{REPLACEMENT CHARACTER}", self.part(agent)["subject"])

    def test_emit_after_poll_returned(self):
        agent = self.assert_rule_broken(self.detector("emit_late"), "emit() outside poll()")
        self.assertFalse(self.part(agent)["active"])

    def test_emit_on_another_thread(self):
        agent = self.assert_rule_broken(self.detector("emit_thread"), "emit() on another thread")
        self.assertFalse(self.part(agent)["active"])

    def test_a_sink_that_takes_more_than_it_was_given(self):
        agent = self.assert_rule_broken(self.sink("take_too_many"), "deliver() takes more records than it was given")
        self.assertLessEqual(self.part(agent)["delivered_seq"], agent.status()["store"]["durable_seq"])

    def assert_put_out_of_service(self, trick, what):
        agent = self.detector(trick)
        agent.start(descriptors=256)
        part = until(lambda: self.part(agent) if self.part(agent)["state"] == "quarantined" else None,
                     f"quarantine: {agent.log.read_text()}")
        self.assertIn(f"leaves {what} behind", part["reason"])
        self.assert_names(agent, f"bad: the plugin leaves {what} behind", "out of service")
        self.assert_records_on(agent)
        polls = part["polls"]
        self.assert_records_on(agent)
        self.assertEqual(polls, self.part(agent)["polls"])
        self.assertEqual(200, agent.get("/health")[0])

    def test_descriptors_that_leak(self):
        self.assert_put_out_of_service("leak_descriptors", "open descriptors")

    def test_a_thread_that_is_left_at_the_end_is_not_pulled_the_ground_away(self):
        agent = self.detector("thread_at_exit")
        agent.start()
        self.assert_records_on(agent)
        self.assertEqual(0, agent.stop()[0], agent.log.read_text())
        self.assertNotIn("ends the process", agent.log.read_text())

    def test_threads_that_leak(self):
        self.assert_put_out_of_service("leak_threads", "threads")


class Refused(Household):
    """Files that cannot be loaded: the agent says why, and runs without them."""

    def assert_refused(self, name, sentence, plugin_dirs=FIXTURES):
        agent = self.make(detector=f'bad: {{ plugin = "{name}"; }};', plugin_dirs=plugin_dirs)
        agent.start()
        self.assertEqual("refused", self.part(agent)["state"])
        self.assertIn(sentence, self.part(agent)["reason"])
        self.assert_names(agent, "detectors.bad", sentence, "the agent runs without it")
        self.assert_records_on(agent)
        checked = agent.run("check")
        self.assertEqual(78, checked.returncode)
        self.assertIn(f'detectors.bad: plugin "{name}"', checked.stderr)
        self.assertIn(sentence, checked.stderr)
        listed = agent.run("plugins", "list").stdout
        if name != "nowhere":
            self.assertRegex(listed, rf"(?m)^{name} +UNUSABLE ")

    def copy(self, name, text=None):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        file = folder / f"{name}.so"
        if text is None:
            shutil.copy(FIXTURES / "older.so", file)
        else:
            file.write_text(text)
        file.chmod(0o644)
        return folder, file

    def test_an_older_plugin_is_welcome(self):
        agent = self.make(detector='bad: { plugin = "older"; };')
        agent.start()
        until(lambda: self.part(agent)["state"] == "ok", "the older plugin")
        self.assert_records_on(agent)

    def test_a_newer_minor(self):
        self.assert_refused("newer_minor", "needs plugin ABI 1.1, and this agent has 1.0")

    def test_a_newer_major(self):
        self.assert_refused("newer_major", "needs plugin ABI 2.0, and this agent has 1.0")

    def test_a_bad_magic(self):
        self.assert_refused("bad_magic", "is not a ClockBlock plugin (its descriptor begins with DEADBEEF)")

    def test_a_truncated_descriptor(self):
        self.assert_refused("truncated", "its descriptor is cut short: 24 bytes")

    def test_a_null_slot(self):
        self.assert_refused("null_slot", "leaves clb_detector.wait unset")

    def test_no_symbol(self):
        self.assert_refused("no_symbol", "does not export clockblock_plugin_entry")

    def test_an_id_that_is_not_the_files(self):
        self.assert_refused("wrong_id", 'calls itself "another": its file has to be named another.so')

    def test_a_description_that_is_not_utf8(self):
        self.assert_refused("bad_text", "clb_plugin.description is not one line of UTF-8")

    def test_no_elf_file(self):
        folder, _ = self.copy("text", "this is no library\n")
        self.assert_refused("text", "text.so", plugin_dirs=folder)

    def test_a_file_that_everybody_may_write(self):
        folder, file = self.copy("older")
        file.chmod(0o666)
        self.assert_refused("older", "may write", plugin_dirs=folder)

    def test_no_file(self):
        self.assert_refused("nowhere", "there is no file nowhere.so")

    def test_an_agent_that_would_see_nothing_does_not_start(self):
        agent = self.make()
        agent.write_config(agent.config.read_text().replace('"process_name"', '"bad_magic"'))
        ended = agent.run("run")
        self.assertEqual(78, ended.returncode)
        self.assertIn("none of them can be used", ended.stderr)


if __name__ == "__main__":
    unittest.main()
