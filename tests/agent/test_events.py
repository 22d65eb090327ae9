# SPDX-License-Identifier: MIT
"""Live events: what a stream brings, resuming, keep-alives, and readers that do not read."""

import datetime
import http.client
import json
import os
import shutil
import signal
import subprocess
import time
import unittest

from harness import Agent, Game, PATIENCE_SEC, Receiver, free_port, until
from listener import Listener, seq_of

SINK = 'cloud: {{ plugin = "http_ingest"; endpoint_url = "{}"; sync_interval_sec = 0.2; }};'


class Listening(unittest.TestCase):
    def make(self, **parts):
        agent = Agent(**parts)
        self.addCleanup(agent.close)
        return agent

    def started(self, **parts):
        agent = self.make(**parts)
        agent.start()
        until(agent.history, "a heartbeat")
        return agent

    def filled(self, count):
        """One with so many heartbeats of before."""
        agent = self.make(sinks='cloud: { plugin = "http_ingest"; enabled = false; };')
        agent.fill(count)
        agent.start()
        until(lambda: agent.history(1)[0]["seq"] > count, "a heartbeat")
        return agent

    def listen(self, agent, **how):
        listener = Listener(agent, **how)
        self.addCleanup(listener.close)
        return listener.begin()


class Events(Listening):
    def test_a_stream_begins_with_the_states_and_brings_each_heartbeat_once_it_is_stored(self):
        agent = self.started()
        newest = agent.history(1)[0]["seq"]
        listener = self.listen(agent)
        self.assertEqual((200, "text/event-stream", "no-store"),
                         (listener.response.status, listener.response.headers["Content-Type"],
                          listener.response.headers["Cache-Control"]))
        first = listener.next()
        self.assertEqual("status", first["event"])
        self.assertLessEqual(newest, seq_of(first))
        states = json.loads(first["data"])
        self.assertEqual([{"name": "games", "state": "ok"}], states["detectors"])
        seqs = []
        for _ in range(3):
            heartbeat, seq = listener.await_event("heartbeat")
            self.assertEqual(seq, heartbeat["seq"])
            self.assertEqual([heartbeat], agent.get(f"/history?limit=1&before={seq + 1}")[1])
            seqs.append(seq)
        self.assertLess(newest, seqs[0])
        self.assertEqual(list(range(seqs[0], seqs[0] + 3)), seqs)

    def test_play_is_told_within_a_poll(self):
        agent = self.started()
        listener = self.listen(agent)
        game = Game(agent)
        self.addCleanup(game.end)
        while not (heartbeat := listener.await_event("heartbeat")[0])["is_playing"]:
            pass
        self.assertEqual("Minecraft", heartbeat["activity"])

    def test_a_state_that_changes_is_told_once(self):
        receiver = Receiver()
        receiver.up()
        self.addCleanup(receiver.down)
        agent = self.started(sinks=SINK.format(receiver.url()),
                             rest="poll_interval_sec = 1; allowance: { default_min = 60; };")
        until(lambda: receiver.heartbeats and agent.status()["sinks"][0]["state"] == "ok", "a delivery")
        listener = self.listen(agent)
        states = listener.await_event("status")[0]
        self.assertEqual((True, "ok", 60, 0), (states["online"], states["health"],
                         states["today"]["minutes_allowance"], states["today"]["minutes_granted"]))
        receiver.down()
        while states["sinks"] != [{"name": "cloud", "state": "retrying"}]:
            before, states = states, listener.await_event("status")[0]
            self.assertNotEqual(before, states)
        self.assertFalse(states["online"])
        self.assertEqual(0, agent.run("grant", "30").returncode)
        self.assertEqual(30, listener.await_event("status")[0]["today"]["minutes_granted"])
        for _ in range(3):
            self.assertEqual("heartbeat", listener.next()["event"])

    def test_four_listen_and_a_place_is_free_when_one_leaves(self):
        agent = self.started()
        listeners = [self.listen(agent) for _ in range(4)]
        for listener in listeners:
            listener.await_event("status")
        for _ in range(2):
            status, headers, body = agent.request("GET", "/events")
            self.assertEqual((503, "application/problem+json"), (status, headers["Content-Type"]))
            self.assertEqual(503, json.loads(body)["status"])
            self.assertLess(0, int(headers["Retry-After"]))
        self.assertEqual(200, agent.request("HEAD", "/events")[0])
        listeners[1].close()
        listeners[1] = self.listen(agent)
        for listener in listeners:
            self.assertEqual(200, listener.response.status)
            listener.await_event("heartbeat")
        self.assertEqual(0, agent.stop()[0])

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_curl_prints_the_events(self):
        agent = self.started()
        with subprocess.Popen(["curl", "-sN", f"http://127.0.0.1:{agent.port}/events"],
                              stdout=subprocess.PIPE, text=True) as curl:
            self.addCleanup(curl.kill)
            for line in curl.stdout:
                if line.startswith("event: heartbeat"):
                    break
            curl.kill()
        self.assertEqual("event: heartbeat\n", line)


class Resume(Listening):
    def test_who_comes_back_gets_what_he_missed(self):
        agent = self.filled(1200)
        first = agent.history(1)[0]["seq"] - 990
        listener = self.listen(agent, last_id=first)
        for seq in range(first + 1, first + 993):
            self.assertEqual(seq, listener.await_event("heartbeat")[1])

    def test_who_missed_too_much_is_told_to_look_elsewhere(self):
        agent = self.filled(1200)
        for last_id in (1, 0, 5000):
            listener = self.listen(agent, last_id=last_id)
            first = listener.next()
            self.assertEqual("reset", first["event"])
            newest = seq_of(first)
            self.assertEqual({"after_seq": last_id, "newest_seq": newest}, json.loads(first["data"]))
            self.assertLess(1200, newest)
            second = listener.next()
            self.assertEqual(("status", first["id"]), (second["event"], second["id"]))
            self.assertEqual(newest + 1, listener.await_event("heartbeat")[1])
            listener.close()

    def test_who_was_cut_before_his_first_heartbeat_misses_none(self):
        agent = self.started()
        listener = self.listen(agent)
        first = listener.next()
        listener.close()
        until(lambda: agent.history(1)[0]["seq"] > seq_of(first) + 1, "heartbeats")
        listener = self.listen(agent, last_id=first["id"])
        self.assertEqual(first["id"], listener.next()["id"])
        self.assertEqual(seq_of(first) + 1, listener.await_event("heartbeat")[1])

    def test_what_was_deleted_meanwhile_is_told(self):
        agent = self.make()
        agent.fill(400)
        agent.sql("DELETE FROM heartbeats WHERE seq <= 300")
        agent.start()
        for last_id in (0, 100, 299):
            listener = self.listen(agent, last_id=last_id)
            begun = {event["event"]: event for event in (listener.next(), listener.next())}
            self.assertEqual({"status", "reset"}, set(begun))
            self.assertEqual({"after_seq": last_id, "newest_seq": seq_of(begun["reset"])},
                             json.loads(begun["reset"]["data"]))
            listener.close()
        self.assertEqual(302, self.listen(agent, last_id=301).await_event("heartbeat")[1])

    def test_an_id_of_another_database_is_not_resumed(self):
        agent = self.filled(20)
        epoch = agent.history(1)[0]["epoch"]
        for known in (f"10-{epoch}", f"10-{epoch.upper()}", "10"):
            self.assertEqual(11, self.listen(agent, last_id=known).await_event("heartbeat")[1])
        other = "7c86204f-53ba-4741-862c-38894485d60a"
        first = self.listen(agent, last_id=f"10-{other}").next()
        self.assertEqual(("reset", 10), (first["event"], json.loads(first["data"])["after_seq"]))
        self.assertEqual(agent.history(1)[0]["epoch"], first["id"].partition("-")[2])

    def test_an_id_that_is_none_is_refused(self):
        agent = self.started()
        for bad in ("x", "-1", "1.5", "1" * 19, "1;2", "1-", "1-x", "7" * 40):
            status, headers, body = agent.request("GET", "/events", headers={"Last-Event-ID": bad})
            self.assertEqual((400, "Last-Event-ID"), (status, json.loads(body)["parameter"]), bad)
            self.assertEqual("application/problem+json", headers["Content-Type"])

    def test_a_reload_brings_the_states_and_misses_nothing_and_a_stop_ends_the_streams(self):
        agent = self.started()
        listener = self.listen(agent)
        listener.await_event("status")
        seqs = [listener.await_event("heartbeat")[1]]
        agent.process.send_signal(signal.SIGHUP)
        while (event := listener.next())["event"] != "status" and len(seqs) < 20:
            seqs.append(seq_of(event))
        self.assertEqual("status", event["event"])
        seqs += [listener.await_event("heartbeat")[1] for _ in range(2)]
        self.assertEqual(list(range(seqs[0], seqs[0] + len(seqs))), seqs)
        code, took_sec = agent.stop()
        self.assertEqual(0, code)
        self.assertGreater(PATIENCE_SEC, took_sec)
        listener.await_end()

    def test_another_token_or_port_ends_the_streams(self):
        agent = self.started()
        config = agent.config.read_text()
        secret = agent.config.with_name("token")
        secret.touch(mode=0o600)
        secret.write_text("a-secret\n")
        for api in (f'port = {agent.port}; token_file = "{secret}";', f"port = {free_port()};"):
            secrets = {"Authorization": "Bearer a-secret"} if "token_file" in agent.config.read_text() else {}
            listener = self.listen(agent, headers=secrets)
            agent.write_config(config.replace(f"port = {agent.port};", api))
            agent.process.send_signal(signal.SIGHUP)
            listener.await_end(most=20)
        self.assertEqual(0, agent.stop()[0])


class Patience(Listening):
    """What takes its time, at the same time: keep-alives, readers that do not read, and a disk."""

    def setUp(self):
        self.hanging = self.hang()
        self.quiet = self.started(rest="poll_interval_sec = 3600;")
        self.listener = self.listen(self.quiet)
        self.listener.await_event("status")
        self.begun, self.used = time.monotonic(), self.cpu_sec(self.quiet)

    def hang(self):
        """The flag of a disk that does not come back, and one who listens to its agent."""
        shim = os.environ.get("CLB_READ_ONLY_SHIM")
        if not shim:  # a library that is loaded first gets in the way of the sanitizer's
            return None
        agent = self.make(rest="poll_interval_sec = 1;")
        flag = agent.database.with_name("hangs")
        self.addCleanup(flag.unlink, missing_ok=True)
        agent.start(environment={"LD_PRELOAD": shim, "CLB_HANGS": str(flag)})
        until(agent.history, "a heartbeat")
        listener = self.listen(agent)
        flag.touch()
        return flag, listener

    def check_hanging(self, flag, listener):
        """It rings no bell, and is told in place of the first sign of life."""
        while (event := listener.next())["event"] != "status" or '"failing"' not in event["data"]:
            pass
        flag.unlink()
        self.assertEqual("ok", listener.await_event("status")[0]["health"])

    def cpu_sec(self, agent):
        with open(f"/proc/{agent.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def check_quiet(self):
        """A stream with nothing to say is kept alive, and costs next to nothing."""
        self.assertEqual({"comment": ""}, self.listener.next())
        took = time.monotonic() - self.begun
        self.assertTrue(14 < took < 15 + PATIENCE_SEC, took)
        self.assertLess(self.cpu_sec(self.quiet) - self.used, 0.1 * took)

    def test_quiet_streams_are_kept_alive_and_readers_that_take_nothing_cut(self):
        agent = self.filled(1000)
        newest = agent.history(1)[0]["seq"]
        stalled = [self.listen(agent, last_id=newest - 999, room=4096) for _ in range(4)]
        self.assertFalse(self.is_served(agent))
        until(lambda: self.is_served(agent), "the cut")
        self.check_on_time([heartbeat for heartbeat in agent.history(100) if heartbeat["seq"] >= newest])
        for listener in stalled:
            with self.assertRaises((http.client.HTTPException, OSError, AssertionError)):
                for _ in range(999):
                    listener.await_event("heartbeat")
        self.check_quiet()
        if self.hanging:
            self.check_hanging(*self.hanging)

    def check_on_time(self, heartbeats):
        """As long as the stalled readers were there."""
        times = sorted(datetime.datetime.fromisoformat(heartbeat["timestamp_utc"])
                       for heartbeat in heartbeats)
        self.assertLess(5, len(times))
        for before, after in zip(times, times[1:]):
            self.assertLess((after - before).total_seconds(), 4)

    def is_served(self, agent):
        """Is there a place for another one?"""
        listener = Listener(agent)
        listener.response.begin()
        listener.close()
        return listener.response.status == 200


if __name__ == "__main__":
    unittest.main(verbosity=2)
