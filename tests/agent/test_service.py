# SPDX-License-Identifier: MIT
"""What a service manager hears of the agent, when its watchdog ends it, and where the log goes."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import threading
import time
import unittest

from harness import BUILD, PATIENCE_SEC, until
from household import Household
from test_disk import Disk

ONE_THREAD = BUILD / "tests" / "agent" / "one_thread"
WATCHDOG_SEC = 3


class Manager:
    """A stand-in for the service manager: a socket that hears what the agent tells."""

    def __init__(self, test, name):
        self.name = name
        self.messages = []  # each as a dict of its words
        self.times = []  # of its pings
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name)
        self.is_open = True
        test.addCleanup(self.close)
        self.thread = threading.Thread(target=self.hear)
        self.thread.start()

    def hear(self):
        self.socket.settimeout(0.2)
        while self.is_open:
            try:
                message = self.socket.recv(4096).decode()
            except TimeoutError:
                continue
            words = dict(line.split("=", 1) for line in message.split("\n"))
            if "WATCHDOG" in words:
                self.times.append(time.monotonic())
            self.messages.append(words)

    def close(self):
        if self.is_open:
            self.is_open = False
            self.thread.join()
            self.socket.close()

    def environment(self, watchdog=True, pid=None):
        variables = {"NOTIFY_SOCKET": self.name.replace("\0", "@")}
        if watchdog:
            variables["WATCHDOG_USEC"] = str(WATCHDOG_SEC * 1000000)
        if pid:
            variables["WATCHDOG_PID"] = str(pid)
        return variables

    def heard(self, word):
        return [message[word] for message in list(self.messages) if word in message]

    def await_word(self, word, pattern=".*", after=0):
        """Waits until it is said for the `after`+1st time or later, and in these words."""
        return until(lambda: [said for said in self.heard(word)[after:] if re.fullmatch(pattern, said)],
                     f"{word}={pattern}: {self.messages}")[-1]

    def await_pings(self, count):
        """So many more than there are."""
        before = len(self.times)
        until(lambda: len(self.times) >= before + count, f"{count} pings: {self.messages}")

    def await_silence(self):
        """Until the watchdog would bite: as long as the agent is fed it does not come."""
        begun = time.monotonic()
        until(lambda: time.monotonic() - max([begun] + self.times) > WATCHDOG_SEC, "silence")


class Serviced(Household):
    def serve(self, agent, name=None, watchdog=True, pid=None):
        """Starts it under a manager, and waits until it says that it is up."""
        manager = Manager(self, name or str(agent.folder / "notify"))
        agent.start(ready=False, environment=manager.environment(watchdog, pid))
        self.await_ready(agent, manager)
        return manager

    def await_ready(self, agent, manager):
        until(lambda: manager.heard("READY") or agent.process.poll() is not None, "READY")
        self.assertIsNone(agent.process.poll(), agent.log.read_text())

    def threads(self, agent):
        tasks = pathlib.Path(f"/proc/{agent.process.pid}/task")
        return [(task / "comm").read_text().strip() for task in tasks.iterdir()]

    def keep_still(self, agent, thread):
        """From now on that thread stands still; what is returned lets it go."""
        until(lambda: thread == "main" or thread in self.threads(agent), thread)
        holder = subprocess.Popen([ONE_THREAD, str(agent.process.pid), thread, "still"], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(holder.communicate)
        if holder.stdout.readline() != "still\n":
            _, reason = holder.communicate()
            if holder.returncode == 77:
                self.skipTest(f"no thread of another process may be held: {reason.strip()}")
            raise AssertionError(reason)
        return holder

    def bite(self, agent, manager):
        """What a service manager does when it hears nothing for too long. The exit status."""
        manager.await_silence()
        agent.process.send_signal(signal.SIGABRT)
        code = agent.process.wait(timeout=PATIENCE_SEC)
        agent.process = None
        return code

    def crashes(self, agent):
        path = agent.database.with_name("clockblock.db.crashes")
        return [line.split(" ", 1)[1] for line in path.read_text().splitlines()] if path.exists() else []


class Told(Serviced):
    def test_a_life(self):
        agent = self.make()
        agent.write_config(agent.config.read_text() + "allowance: { default_min = 120; };\n")
        manager = self.serve(agent, watchdog=False)
        self.assertEqual(200, agent.get("/health")[0])  # it is up at once, not soon
        first = manager.messages.index(next(m for m in manager.messages if "READY" in m))
        self.assertTrue([m for m in manager.messages[:first] if "EXTEND_TIMEOUT_USEC" in m], manager.messages)
        playing = r"Playing Minecraft; today 0 min used, 0 over, 1(20|19) left(; \d+ heartbeats? waits? for 1 sink)?"
        manager.await_word("STATUS", playing)
        before = len(manager.heard("READY"))

        agent.process.send_signal(signal.SIGHUP)
        manager.await_word("READY", after=before)
        reloading = next(m for m in manager.messages if "RELOADING" in m)
        self.assertEqual("1", reloading["RELOADING"])
        self.assertLess(abs(int(reloading["MONOTONIC_USEC"]) / 1e6 - time.monotonic()), PATIENCE_SEC)
        self.assertRegex(manager.heard("STATUS")[-1], playing)

        good = agent.config.read_text()
        agent.write_config("nonsense")
        agent.process.send_signal(signal.SIGHUP)
        manager.await_word("READY", after=before + 1)
        self.assertRegex(manager.heard("STATUS")[-1],
                         "; the old configuration goes on, the log says why the new one is not in force$")
        agent.write_config(good)
        agent.process.send_signal(signal.SIGHUP)
        manager.await_word("READY", after=before + 2)
        self.assertNotIn("configuration", manager.heard("STATUS")[-1])

        self.assertEqual([], manager.times)  # there is no watchdog
        self.assertNotIn("clb-watch", self.threads(agent))
        self.assertEqual(0, agent.stop()[0])
        manager.await_word("STOPPING", "1")

    def test_numbers_are_told_once_a_minute(self):
        agent = self.make(sink='away: { plugin = "http_ingest"; endpoint_url = "http://127.0.0.1:9/"; };')
        manager = self.serve(agent, watchdog=False)
        manager.await_word("STATUS", "Playing Minecraft; .*")
        told = len(manager.messages)
        seq = agent.status()["store"]["durable_seq"]
        until(lambda: agent.status()["store"]["durable_seq"] >= seq + 5, "five heartbeats, that wait")
        self.assertEqual(told, len(manager.messages), manager.messages)

    def test_a_port_that_another_program_has(self):
        agent = self.make()
        with socket.socket() as other:
            other.bind(("127.0.0.1", agent.port))
            other.listen()
            manager = self.serve(agent)
            manager.await_word("STATUS", f".*; the API waits for port {agent.port}, which another program has")
            manager.await_pings(3)  # that is no standstill
        until(agent.answers, "the port")
        manager.await_word("STATUS", "Playing [^;]*; today 0 min used(; [^;]* for 1 sink)?", after=2)

    def test_a_disk_that_is_full(self):
        agent = self.make()
        disk = Disk(self, 4 * 1024 * 1024)
        agent.write_config(agent.config.read_text().replace(str(agent.database.parent), str(disk.folder)))
        agent.database = disk.folder / agent.database.name
        manager = self.serve(agent)
        pattern = ".*; heartbeats cannot be stored, and wait in memory: .*"

        def is_told():
            disk.fill()  # again: what was kept free for this is used first
            return re.fullmatch(pattern, manager.heard("STATUS")[-1])

        until(is_told, f"the trouble: {manager.messages}")
        manager.await_pings(4)  # that is no standstill
        disk.free()
        until(lambda: not re.fullmatch(pattern, manager.heard("STATUS")[-1]), "its end")
        self.assertNotIn("has not come round", agent.log.read_text())
        self.assertEqual(0, agent.stop()[0])

    def test_fed_while_there_is_nothing_to_do(self):
        agent = self.make()
        agent.write_config(agent.config.read_text().replace("poll_interval_sec = 1", "poll_interval_sec = 3600"))
        manager = self.serve(agent, name="\0clockblock-test-" + agent.mark)
        manager.await_pings(5)
        self.assertNotIn("come round", agent.log.read_text())
        agent.process.send_signal(signal.SIGHUP)
        manager.await_word("READY", after=1)
        manager.await_pings(3)
        self.assertEqual(1, agent.status()["store"]["durable_seq"])
        self.assertEqual(0, agent.stop()[0])

    def test_a_watchdog_of_another_process(self):
        manager = self.serve(self.make(), pid=os.getpid())
        self.assertEqual([], manager.times)

    def test_a_manager_that_is_gone(self):
        agent = self.make()
        manager = self.serve(agent)
        manager.close()
        os.unlink(manager.name)
        self.assert_records_on(agent)
        agent.process.send_signal(signal.SIGHUP)
        until(lambda: "is in force" in agent.log.read_text(), "the reload")
        self.assert_records_on(agent)
        self.assertEqual(0, agent.stop()[0])


class Standstill(Serviced):
    def check(self, thread, name):
        """It is noticed and named, and after the restart all is as it was."""
        agent = self.sink("hang_deliver")
        manager = self.serve(agent)
        self.assert_records_on(agent)
        manager.await_pings(1)
        self.keep_still(agent, thread)
        self.assertEqual(-signal.SIGABRT, self.bite(agent, manager))
        log = agent.log.read_text()
        self.assertRegex(log, rf"error agent: {name} has not come round for \d+ s: the service manager ends "
                              r"and starts the agent again, unless it does within \d+ s")
        self.assertIn("clockblock: another process ends this one: abort", log)
        self.assertEqual([], self.crashes(agent))
        before = [line["seq"] for line in self.lines(agent)]
        manager.messages.clear()
        agent.start(ready=False, environment=manager.environment())
        self.await_ready(agent, manager)
        self.assert_records_on(agent)
        manager.await_pings(2)
        self.assertEqual(before, [line["seq"] for line in self.lines(agent)][:len(before)])
        self.assertEqual(0, agent.stop()[0])
        verified = agent.run("verify", "--json")
        self.assertEqual(0, json.loads(verified.stdout)["differences"], verified.stderr)
        return log

    def test_the_sampler(self):
        self.check("main", "the sampler")

    def test_the_store(self):
        self.assertNotIn("the sampler has not", self.check("clb-store", "the store"))

    def test_the_api(self):
        log = self.check("clb-api", "the API")
        self.assertNotIn("the sampler has not", log)
        self.assertNotIn("the store has not", log)

    def test_one_that_ends_in_time(self):
        agent = self.make()
        manager = self.serve(agent)
        holder = self.keep_still(agent, "clb-api")
        until(lambda: "the API has not come round" in agent.log.read_text(), "that it is named")
        holder.communicate()
        until(lambda: "the API comes round again" in agent.log.read_text(), "its return")
        manager.await_pings(2)
        self.assertEqual(1, agent.log.read_text().count("has not come round"))
        self.assertEqual(0, agent.stop()[0])

    def assert_no_matter(self, agent, thread):
        manager = self.serve(agent)
        until(lambda: self.part(agent)["name"], "its part")
        holder = self.keep_still(agent, thread)
        until(lambda: self.part(agent)["state"] in ("wedged", "unavailable"), f"trouble: {self.part(agent)}")
        manager.await_pings(4)
        self.assert_records_on(agent)
        self.assertNotIn("has not come round", agent.log.read_text())
        holder.communicate()

    def test_a_sink_is_no_matter(self):
        self.assert_no_matter(self.sink("hang_deliver"), "clb-bad")

    def test_a_detector_is_no_matter(self):
        self.assert_no_matter(self.detector("hang_poll"), "clb-bad")


class Blame(Serviced):
    def test_who_is_in_a_call_by_chance_has_none(self):
        agent = self.sink("hang_deliver")
        agent.start()
        until(lambda: self.part(agent)["state"] == "wedged", "a call that lasts")
        sent = subprocess.run([ONE_THREAD, str(agent.process.pid), "clb-bad", "abort"], check=False)
        self.assertEqual(0, sent.returncode)
        self.assertEqual(-signal.SIGABRT, agent.process.wait(timeout=PATIENCE_SEC))
        agent.process = None
        self.assertIn("clockblock: another process ends this one: abort", agent.log.read_text())
        self.assertEqual([], self.crashes(agent))

    def test_who_holds_the_agent_up_has(self):
        agent = self.detector("none")
        manager = self.serve(agent)
        agent.write_config(agent.config.read_text().replace('"none"', '"hang_create"'))
        agent.process.send_signal(signal.SIGHUP)
        manager.await_word("RELOADING")
        self.assertEqual(-signal.SIGABRT, self.bite(agent, manager))
        self.assertIn("the sampler has not come round", agent.log.read_text())
        self.assertIn("clockblock: detector bad create holds the agent up, and another process ends it: abort",
                      agent.log.read_text())
        for _ in range(2):  # a start that takes too long is ended the same way
            agent.start(ready=False, environment=manager.environment())
            self.assertEqual(-signal.SIGABRT, self.bite(agent, manager))
        self.assertEqual(["detector bad create abort"] * 3, self.crashes(agent))
        agent.start()
        self.assertEqual("quarantined", self.part(agent)["state"])
        self.assert_records_on(agent)


class Log(Serviced):
    def with_log(self, agent, file, rest=""):
        text = re.sub(r"log: \{ (level|file).*\n", "", agent.config.read_text())
        agent.write_config(text + f'log: {{ file = "{file}"; {rest} }};\n')

    @staticmethod
    def sinks(agent):
        """For which of them heartbeats are kept."""
        with contextlib.closing(sqlite3.connect(f"file:{agent.database}?mode=ro", uri=True)) as database:
            return database.execute("SELECT sink, enabled FROM sink_cursors ORDER BY sink").fetchall()

    def test_the_journal(self):
        agent = self.make()
        agent.log.touch()
        status = agent.log.stat()
        stream = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        agent.start(environment=stream)
        agent.stop()
        lines = agent.log.read_text().splitlines()
        self.assertIn("<6>agent: stopping", lines)
        for line in lines:
            self.assertRegex(line, r"^<[3-7]>[a-z_ ]+: ")

        agent.log.write_text("")
        self.with_log(agent, "", 'format = "json";')
        agent.start(environment=stream)
        agent.stop()
        lines = [line for line in agent.log.read_text().splitlines() if "stopping" in line]
        self.assertEqual("<6>", lines[0][:3])
        self.assertEqual({"timestamp_utc", "level", "part", "message"}, set(json.loads(lines[0][3:])))

        agent.log.write_text("")
        self.with_log(agent, "")
        agent.start(environment={"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino + 1}"})
        agent.stop()
        self.assertRegex(agent.log.read_text().splitlines()[-1], r"^\d{4}-\S+Z info agent: stopping$")

    def test_a_file(self):
        agent = self.make()
        log = agent.folder / "logs" / "agent.log"
        self.with_log(agent, log)
        checked = agent.run("check")
        self.assertEqual(0, checked.returncode, checked.stderr)
        self.assertFalse(log.parent.exists())
        agent.start()
        self.assertEqual(0o600, stat.S_IMODE(log.stat().st_mode))
        self.assertEqual(0o700, stat.S_IMODE(log.parent.stat().st_mode))
        until(lambda: " is up: " in log.read_text(), "the log")
        self.assertIn(f"info agent: the log goes on in {log}\n", agent.log.read_text())
        self.assertNotIn(" is up: ", agent.log.read_text())
        self.assertNotIn("goes on in", agent.run("once", "--dry-run").stderr)

        log.rename(log.with_name("agent.log.1"))  # as logrotate does
        agent.process.send_signal(signal.SIGHUP)
        until(lambda: log.exists() and "is in force" in log.read_text(), "a new file")
        moved = log.with_name("agent.log.1").read_text()
        self.assertNotIn("reloading", moved)

        agent.write_config(agent.config.read_text().replace("agent.log", "another.log"))
        agent.process.send_signal(signal.SIGHUP)
        another = log.with_name("another.log")
        until(lambda: another.exists() and "is in force" in another.read_text(), "another file")

        # What the store keeps for its sinks is as it was, though another sink stood there too.
        self.with_log(agent, agent.folder)
        valid = agent.config.read_text()
        agent.write_config(valid.replace("sinks: {", 'sinks: { other: { plugin = "file"; path = "other"; };'))
        sinks = self.sinks(agent)
        agent.process.send_signal(signal.SIGHUP)
        until(lambda: f"log.file: {agent.folder}: no log can be written there: it is not a file; "
              "the old configuration goes on" in another.read_text(), "a refusal")
        self.assertEqual(sinks, self.sinks(agent))

        self.with_log(agent, "")
        agent.process.send_signal(signal.SIGHUP)
        until(lambda: "is in force" in agent.log.read_text(), "standard error again")
        self.assertEqual(0, agent.stop()[0])
        self.assertTrue(agent.log.read_text().endswith(" info agent: stopping\n"))

    def test_a_relative_one_lies_in_the_state_folder(self):
        agent = self.make()
        self.with_log(agent, "agent.log")
        agent.start(environment={"STATE_DIRECTORY": str(agent.folder / "own")})
        until(lambda: " is up: " in (agent.folder / "own" / "agent.log").read_text(), "the log")

    def test_one_that_cannot_be_opened(self):
        agent = self.make()
        (agent.folder / "file").touch()
        for path, reason in ((agent.folder, "it is not a file"), ("/dev/full", "it is not a file"),
                             (agent.folder / "file" / "agent.log", "Not a directory")):
            self.with_log(agent, path)
            for command in ("check", "run"):
                done = agent.run(command)
                self.assertEqual(78, done.returncode, done.stderr)
                self.assertIn(f"log.file: {path}: no log can be written there: {reason}", done.stderr)
            self.assertIn("clockblock.conf:5: log.file: ", agent.run("check").stderr)
            self.assertEqual(0, agent.run("once", "--dry-run").returncode)  # who only asks needs no log

    def test_a_disk_that_is_full(self):
        agent = self.make()
        disk = Disk(self, 64 * 1024)
        self.with_log(agent, disk.folder / "agent.log")
        disk.fill()
        agent.start()
        self.assert_records_on(agent)
        disk.free()
        agent.process.send_signal(signal.SIGHUP)
        until(lambda: "is in force" in (disk.folder / "agent.log").read_text(), "room for the log")
        self.assertEqual(0, agent.stop()[0])

    def test_a_crash_is_told_there_too(self):
        agent = self.detector("crash_poll")
        self.with_log(agent, agent.folder / "own.log")
        agent.start(ready=False)
        agent.process.wait(timeout=PATIENCE_SEC)
        agent.process = None
        self.assertIn("clockblock: detector bad poll ends the process: SIGSEGV",
                      (agent.folder / "own.log").read_text())


if __name__ == "__main__":
    unittest.main()
