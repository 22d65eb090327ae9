# SPDX-License-Identifier: MIT
"""What becomes of heartbeats when a receiver refuses some, or all, or cannot be reached."""

import json
import os
import shutil
import subprocess
import time
import unittest

from harness import AGENT, PATIENCE_SEC, Agent, Receiver, clean_environment, until


class Household(unittest.TestCase):
    def setUp(self):
        self.receiver = Receiver()
        self.agent = Agent(
            sinks=f'cloud: {{ plugin = "http_ingest"; endpoint_url = "{self.receiver.url()}";'
            " sync_interval_sec = 0.3; };")
        self.addCleanup(self.agent.close)
        self.addCleanup(self.receiver.down)
        self.answers = []  # (status, number of heartbeats)

    def up(self, judge):
        def note(heartbeats, headers):
            status = judge([heartbeat["seq"] for heartbeat in heartbeats])
            self.answers.append((status, len(heartbeats)))
            return status

        self.receiver.judge = note
        self.receiver.up()

    def sink(self):
        done = self.agent.run("sinks", "cloud", "--json")
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)

    def quarantine(self, *words, code=0):
        done = self.agent.run("quarantine", *words)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def quarantined(self):
        return [one["seq"] for one in json.loads(self.quarantine("list", "--json"))]

    def assert_complete(self, last, without=()):
        """Each exactly once and in order, but for those that were set aside."""
        until(lambda: last in self.receiver.seqs() or last in without, f"heartbeat {last}")
        seqs = [seq for seq in self.receiver.seqs() if seq <= last]
        self.assertEqual([seq for seq in range(1, last + 1) if seq not in without], seqs)


class Refusals(Household):
    def test_a_poison_record_among_thousands_is_found_by_halving(self):
        self.agent.fill(5000)
        self.up(lambda seqs: 400 if 3333 in seqs else 200)
        self.agent.start()
        self.assert_complete(5000, without=[3333])
        self.assertLess(len(self.answers), 45, self.answers)
        self.assertGreater(sum(status == 400 for status, _ in self.answers), 4)
        self.assertIn((400, 1), self.answers)

        listed = json.loads(self.quarantine("list", "--json"))
        self.assertEqual([("cloud", 3333)], [(one["sink"], one["seq"]) for one in listed])
        self.assertIn("400", listed[0]["reason"])
        self.assertEqual(set(self.receiver.heartbeats[0]), set(listed[0]["heartbeat"]))
        sink = self.sink()
        self.assertEqual((1, 1, "ok"), (sink["quarantined"], sink["gaps"], sink["state"]))
        status = self.agent.status()["sinks"][0]
        self.assertEqual((1, 1), (status["quarantined"], status["gaps"]))
        self.assertIn("heartbeat 3333 is refused, and set aside", self.agent.log.read_text())

    def test_a_sink_that_refuses_all_is_at_fault_itself(self):
        self.agent.fill(1000)
        self.up(lambda seqs: 422)
        self.agent.start()
        until(lambda: self.sink()["state"] == "holding", "hold")
        self.assertEqual([1, 2, 3, 4, 5], self.quarantined())
        self.assertIn("at fault", self.sink()["last_error"])
        self.assertGreater(self.sink()["next_attempt_in_sec"], 200)
        self.assertEqual([], self.receiver.heartbeats)
        self.assertLess(len(self.answers), 80)
        held = len(self.answers)

        # It is mended, and the agent started again: it tries at once, and all is there.
        self.assertEqual(0, self.agent.stop()[0])
        self.assertEqual(held, len(self.answers))
        self.receiver.judge = None
        self.agent.start()
        until(lambda: 1000 in self.receiver.seqs(), "the rest")
        self.assertEqual(list(range(6, 1001)), self.receiver.seqs()[:995])
        self.assertIn("cloud: 5 taken, 0 not", self.quarantine("replay"))
        self.assertEqual([], self.quarantined())
        replayed = [seq for seq in self.receiver.seqs() if seq <= 5]
        self.assertEqual([1, 2, 3, 4, 5], replayed)

    def test_ten_in_an_hour_are_enough(self):
        self.agent.fill(200)
        self.up(lambda seqs: 400 if any(seq % 10 == 0 for seq in seqs) else 200)
        self.agent.start()
        until(lambda: self.sink()["state"] == "holding", "hold")
        self.assertEqual([seq for seq in range(10, 101, 10)], self.quarantined())
        self.assertEqual(109, self.sink()["delivered_seq"])

    def test_what_the_receiver_has_already_counts_as_delivered(self):
        self.agent.fill(300)
        known = {*range(1, 31), 177}
        self.up(lambda seqs: 409 if known & set(seqs) else 200)
        self.agent.start()
        self.assert_complete(300, without=known)
        self.assertEqual([], self.quarantined())
        self.assertEqual("ok", self.sink()["state"])
        self.assertLess(len(self.answers), 90, self.answers)

    def test_a_413_halves_the_batch_and_is_remembered(self):
        self.agent.fill(2000)
        self.up(lambda seqs: 413 if len(seqs) > 30 else 200)
        self.agent.start()
        self.assert_complete(2000)
        self.assertEqual([200, 100, 50], [size for status, size in self.answers if status == 413])
        self.assertEqual(25, max(size for status, size in self.answers if status == 200))
        self.assertEqual([], self.quarantined())

    def test_a_single_record_that_is_too_large_is_set_aside(self):
        self.agent.fill(500)
        self.up(lambda seqs: 413 if 77 in seqs else 200)
        self.agent.start()
        self.assert_complete(500, without=[77])
        self.assertEqual([77], self.quarantined())

    def test_what_needs_a_person_is_kept_and_named(self):
        self.agent.fill(50)
        for code in (401, 404, 301):
            self.receiver.down()
            self.up(lambda seqs: code)
            self.agent.start()
            until(lambda: str(code) in (self.sink()["last_error"] or ""), f"{code} in the answer")
            sink = self.sink()
            self.assertEqual("holding", sink["state"])
            self.assertGreaterEqual(sink["pending"], 50)
            self.agent.stop()
        self.assertEqual([], self.receiver.heartbeats)


class Restarts(Household):
    def keys(self):
        return [request["Idempotency-Key"] for request in self.receiver.requests]

    def test_a_batch_is_the_same_batch_after_a_kill(self):
        self.agent.fill(50)
        self.up(lambda seqs: 503)
        self.agent.start()
        until(lambda: len(self.keys()) >= 3, "retries")
        durable = self.agent.status()["store"]["durable_seq"]
        until(lambda: self.agent.status()["store"]["durable_seq"] > durable, "a new heartbeat")
        self.agent.kill()
        failures = self.agent.sql("SELECT failures FROM sink_cursors")[0][0]
        self.assertGreaterEqual(failures, 2)
        before = len(self.keys())

        self.agent.start()
        self.assertGreaterEqual(self.sink()["failures_in_row"], failures)
        self.assertEqual("retrying", self.sink()["state"])
        self.assertIn("503", self.sink()["last_error"])
        until(lambda: len(self.keys()) > before, "a retry after the restart")
        self.assertEqual(1, len(set(self.keys())), "one batch, one key")
        self.receiver.judge = None
        self.assert_complete(50)

    def test_a_kill_in_the_middle_of_a_request_repeats_that_batch(self):
        self.agent.fill(50)
        held = []

        def hold(seqs):
            held.append(seqs)
            time.sleep(1 if len(held) == 1 else 0)
            return 503

        self.up(hold)
        self.agent.start(ready=False)
        until(lambda: held, "the request")
        self.agent.kill()
        self.agent.start()
        until(lambda: len(held) > 1, "the next one")
        self.assertEqual(held[0], held[1])
        self.assertEqual(1, len(set(self.keys())))

    def test_a_pause_goes_on_after_a_restart(self):
        self.agent.fill(10)
        self.agent.start()  # nobody listens
        until(lambda: self.sink()["failures"] > 0, "a failure")
        self.agent.kill()
        self.up(lambda seqs: 200)
        pause_sec = 5
        self.agent.sql("UPDATE sink_cursors SET failures = 9, last_error = 'it was away',"
                       " retry_at_ms = ?", round((time.time() + pause_sec) * 1000))
        begun = time.monotonic()
        self.agent.start()
        sink = self.sink()
        self.assertEqual((9, "it was away", 0),
                         (sink["failures_in_row"], sink["last_error"], sink["attempts"]))
        self.assert_complete(10)
        self.assertGreater(time.monotonic() - begun, pause_sec - 0.5)

    def test_a_clock_that_was_set_makes_it_wait_an_hour_at_most(self):
        self.agent.fill(10)
        self.agent.start()
        until(lambda: self.sink()["failures"] > 0, "a failure")
        self.agent.kill()
        self.agent.sql("UPDATE sink_cursors SET retry_at_ms = ?", round((time.time() + 10**8) * 1000))
        self.agent.start()
        wait_sec = until(lambda: self.sink()["next_attempt_in_sec"], "the pause")
        self.assertLessEqual(wait_sec, 3600)
        self.assertGreater(wait_sec, 3500)


class Gaps(Household):
    def setUp(self):
        super().setUp()
        self.path = self.agent.folder / "lines.jsonl"
        self.agent.write_config(self.agent.config.read_text().replace(
            "sinks: {", f'sinks: {{ lines: {{ plugin = "file"; path = "{self.path}";'
            " sync_interval_sec = 0.2; };"))

    def lines(self):
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def test_a_gap_is_told_between_what_surrounds_it(self):
        self.agent.fill(300)
        uuid = os.urandom(16)
        self.agent.sql("DELETE FROM heartbeats WHERE seq BETWEEN 101 AND 110")
        self.agent.sql("INSERT INTO gaps(uuid, epoch, from_seq, to_seq, count, reason, wall_ms)"
                       " VALUES(?, 1, 101, 110, 10, 'ring_full', 1768564800000)", uuid)
        self.agent.start()
        until(lambda: self.path.exists() and len(self.lines()) > 292, "the file")
        order = [line.get("seq", line.get("type")) for line in self.lines()]
        self.assertEqual([*range(1, 101), "gap", *range(111, 301)], order[:291])
        gap = self.lines()[100]
        self.assertEqual(["type", "id", "epoch", "device_id", "from_seq", "to_seq", "count", "reason",
                          "timestamp_utc"], list(gap))
        self.assertEqual(uuid.hex(), gap["id"].replace("-", ""))
        self.assertEqual((101, 110, 10, "ring_full"),
                         (gap["from_seq"], gap["to_seq"], gap["count"], gap["reason"]))
        self.assertEqual("2026-01-16T12:00:00.000Z", gap["timestamp_utc"])
        self.assertEqual(self.lines()[0]["epoch"], gap["epoch"])

        # Once is enough, also after a kill.
        self.agent.kill()
        known = len(self.lines())
        self.agent.start()
        until(lambda: len(self.lines()) > known + 1, "more lines")
        self.assertEqual(1, sum(line.get("type") == "gap" for line in self.lines()))
        self.assertEqual(1, self.agent.status()["sinks"][0]["gaps"])


class Network(Household):
    def test_a_change_of_the_network_is_worth_an_attempt(self):
        """The agent lives in a network of its own, that comes up later."""
        for tool in ("unshare", "nsenter", "ip"):
            if shutil.which(tool) is None:
                self.skipTest(f"{tool} is not installed")
        own = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
        if subprocess.run([*own, "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("no network namespace may be made here")

        self.agent.fill(10)
        self.agent.start()
        until(lambda: self.sink()["failures"] > 0, "a failure")
        self.agent.kill()
        self.agent.sql("UPDATE sink_cursors SET failures = 12, retry_at_ms = ?",
                       round((time.time() + 300) * 1000))
        with open(self.agent.log, "a") as log:
            self.agent.process = subprocess.Popen(
                [*own, AGENT, "run", "--config", self.agent.config], stderr=log,
                env=clean_environment())
        until(lambda: self.agent.run("sinks", "cloud", "--json").returncode == 0
              and self.sink()["next_attempt_in_sec"] > 200, "the agent, in its pause")
        self.assertEqual(0, self.sink()["attempts"])

        inside = ["nsenter", "-t", str(self.agent.process.pid), "-n"]
        if os.geteuid() != 0:
            inside.insert(3, "-U")
        subprocess.run([*inside, "ip", "link", "set", "lo", "up"], check=True)
        until(lambda: self.sink()["attempts"] > 0, "an attempt", seconds=10)
        self.assertIn("the network has changed", self.agent.log.read_text())


class Commands(Household):
    def setUp(self):
        super().setUp()
        self.agent.fill(60)
        self.poison = {20, 30, 40}
        self.up(lambda seqs: 400 if self.poison & set(seqs) else 200)

    def set_three_aside(self):
        self.agent.start()
        until(lambda: self.sink()["quarantined"] == 3, "three in quarantine")
        self.assert_complete(60, without=self.poison)

    def test_listed_replayed_and_deleted_while_the_agent_runs(self):
        self.set_three_aside()
        text = self.quarantine("list")
        self.assertEqual(3, len(text.splitlines()))
        self.assertIn("cloud 20, of 20", text)
        self.assertIn("400", text)
        self.assertIn("nothing", self.quarantine("list", "other"))

        # Refused again: it stays. Taken: it is out.
        self.assertIn("0 taken, 1 not: the server answers 400",
                      self.quarantine("replay", "cloud", "20", code=69))
        self.poison -= {20, 40}
        before = len(self.answers)
        self.assertIn("1 taken, 0 not", self.quarantine("replay", "cloud", "20"))
        self.assertIn((200, 1), self.answers[before:])
        self.assertEqual([30, 40], self.quarantined())
        self.assertEqual(1, self.receiver.seqs().count(20))
        self.assertIn("1 taken, 1 not", self.quarantine("replay", "cloud", code=69))
        self.assertEqual([30], self.quarantined())
        self.assertIn("0 taken, 0 not", self.quarantine("replay", "cloud", "20", code=69))

        self.assertIn("1 deleted", self.quarantine("delete", "cloud", "30"))
        self.assertIn("0 deleted", self.quarantine("delete", "cloud", "30", code=78))
        self.assertEqual([], self.quarantined())
        self.assertEqual(0, self.sink()["quarantined"])

    def test_a_replay_does_not_wait_for_a_pause(self):
        self.set_three_aside()
        self.poison.clear()
        self.receiver.judge = lambda heartbeats, headers: 200 if len(heartbeats) == 1 and \
            heartbeats[0]["seq"] in (20, 30, 40) else 401
        until(lambda: self.sink()["state"] == "holding", "hold")
        self.assertIn("3 taken, 0 not", self.quarantine("replay"))
        self.assertEqual("holding", self.sink()["state"])
        self.assertGreater(self.sink()["next_attempt_in_sec"], 100)

    def test_without_an_agent_the_commands_do_it_themselves(self):
        self.set_three_aside()
        self.agent.stop()
        self.assertEqual([20, 30, 40], self.quarantined())
        sink = self.sink()
        self.assertEqual(("stopped", 3, 3), (sink["state"], sink["quarantined"], sink["gaps"]))
        self.poison.clear()
        self.assertIn("1 taken, 0 not", self.quarantine("replay", "cloud", "30"))
        self.assertIn("2 deleted", self.quarantine("delete", "cloud", "all"))
        self.assertEqual([], self.quarantined())
        self.assertEqual(1, self.receiver.seqs().count(30))

    def test_wrong_usage_is_said(self):
        for words in (["nonsense"], ["delete"], ["delete", "cloud"], ["list", "a", "b"]):
            self.quarantine(*words, code=64)
        self.assertEqual(64, self.agent.run("quarantine", "delete", "cloud", "x").returncode)
        nobody = self.agent.run("quarantine", "replay", "nobody")
        self.assertEqual(78, nobody.returncode)
        self.assertIn("no sink", nobody.stderr)
        self.assertEqual(78, self.agent.run("sinks", "nobody").returncode)

    def test_sinks_are_shown_to_people(self):
        self.set_three_aside()
        done = self.agent.run("sinks")
        self.assertEqual(0, done.returncode, done.stderr)
        for word in ("cloud (http_ingest)", "state          ok", "quarantined    3", "gaps           3",
                     "attempts", "next attempt   in"):
            self.assertIn(word, done.stdout)
        self.assertEqual(1, len(json.loads(self.agent.run("sinks", "--json").stdout)))


if __name__ == "__main__":
    unittest.main()
