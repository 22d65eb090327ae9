# SPDX-License-Identifier: MIT
"""The main job on real input: a game is noticed, counted, shown and forwarded; nothing is lost."""

import collections
import http.client
import json
import signal
import socket
import sqlite3
import threading
import unittest

from harness import TOKEN, Agent, Game, Receiver, free_port, until


class Playing(unittest.TestCase):
    def setUp(self):
        self.receiver = Receiver()
        self.agent = Agent(
            sinks=f'cloud: {{ plugin = "http_ingest"; endpoint_url = "{self.receiver.url()}";'
            f' device_token = "{TOKEN}"; sync_interval_sec = 0.3; }};'
        )
        self.addCleanup(self.agent.close)
        self.addCleanup(self.receiver.down)

    def play(self):
        game = Game(self.agent)
        self.addCleanup(game.end)
        return game

    def test_a_game_is_noticed_within_two_polls_and_its_end_too(self):
        self.agent.start()
        until(lambda: self.agent.status()["last_seen"], "the first heartbeat")
        self.assertFalse(self.agent.status()["is_playing"])

        before = self.agent.status()["store"]["durable_seq"]
        game = self.play()
        playing = until(lambda: s if (s := self.agent.status())["is_playing"] else None, "playing")
        self.assertEqual("Minecraft", playing["activity"])
        self.assertEqual("games", playing["decided_by"])
        self.assertIn("Minecraft.exe (pid ", playing["detectors"][0]["subject"])
        first = until(lambda: next((h for h in reversed(self.agent.history()) if h["is_playing"]), None),
                      "its heartbeat to be on the disk")
        self.assertLessEqual(first["seq"] - before, 3, "two polls, and the one in progress")

        game.end()
        until(lambda: not self.agent.status()["is_playing"], "the end of the game")

    def test_daily_equals_the_credit_of_the_heartbeats_exactly(self):
        self.play()
        self.agent.start()
        until(lambda: len(self.agent.history()) >= 6, "six heartbeats")
        self.assertEqual(0, self.agent.stop()[0])
        self.agent.start()  # and what a restart adds is in both, too
        until(lambda: len(self.agent.history()) >= 8, "two more")

        def used_and_credited():
            """Both at one moment: when no heartbeat came while they were asked for."""
            heartbeats = self.agent.history()
            dates = {h["timestamp_utc"][:10] for h in heartbeats}
            used = sum(round(self.agent.get(f"/daily?date={d}")[1]["minutes_used"] * 60000)
                       for d in dates)
            credited = sum(round(h["credited_sec"] * 1000) for h in heartbeats)
            return (used, credited) if self.agent.history() == heartbeats else None

        used, credited = until(used_and_credited, "a moment between two heartbeats")
        self.assertGreater(credited, 3000)
        self.assertEqual(credited, used)
        self.agent.stop()
        verified = self.agent.run("verify", "--json")
        self.assertEqual(0, verified.returncode, verified.stderr)
        self.assertEqual(0, json.loads(verified.stdout)["differences"])

    def test_the_receiver_gets_every_heartbeat_in_order_also_after_it_was_down(self):
        self.agent.start()
        until(lambda: len(self.agent.history()) >= 2, "heartbeats while the receiver is down")
        sink = until(lambda: s if (s := self.agent.status()["sinks"][0])["last_error"] else None,
                     "the failure in /status")
        self.assertEqual("retrying", sink["state"])
        self.assertFalse(self.agent.status()["online"])

        self.receiver.up()
        until(lambda: len(self.receiver.heartbeats) >= 3, "heartbeats at the receiver")
        self.assertTrue(until(lambda: self.agent.status()["online"], "online"))
        self.receiver.down()
        until(lambda: self.agent.status()["sinks"][0]["pending"] >= 2, "a backlog")
        self.agent.kill()  # -9, in the middle of it
        committed = self.committed()
        self.agent.start()
        self.receiver.up()
        until(lambda: len(set(self.receiver.seqs())) >= committed + 2, "all of them")

        seqs = self.receiver.seqs()
        unique = sorted(set(seqs))
        self.assertEqual(list(range(1, unique[-1] + 1)), unique, "nothing is missing")
        first_seen = list(dict.fromkeys(seqs))
        self.assertEqual(sorted(first_seen), first_seen, "in order")
        by_seq = {}
        for heartbeat in self.receiver.heartbeats:
            self.assertEqual(heartbeat, by_seq.setdefault(heartbeat["seq"], heartbeat), "altered")
        for headers in self.receiver.requests:
            self.assertEqual(f"Bearer {TOKEN}", headers["Authorization"])
            self.assertEqual("application/json", headers["Content-Type"])
        for heartbeat in self.agent.history():
            if heartbeat["seq"] in by_seq:
                self.assertEqual(heartbeat, by_seq[heartbeat["seq"]], "history shows what was sent")

    def committed(self):
        with sqlite3.connect(self.agent.database) as database:
            return database.execute("SELECT count(*) FROM heartbeats").fetchone()[0]

    def test_a_new_sink_is_seen_to_work_long_before_its_interval_has_passed(self):
        self.receiver.up()
        self.agent.write_config(self.agent.config.read_text().replace(
            "sync_interval_sec = 0.3", "sync_interval_sec = 3000"))
        self.agent.start()
        until(lambda: self.receiver.heartbeats, "the first delivery")
        self.assertEqual("ok", self.agent.status()["sinks"][0]["state"])

    def test_a_refusal_loses_nothing(self):
        self.receiver.up()
        self.receiver.status = 500
        self.agent.start()
        sink = until(lambda: s if (s := self.agent.status()["sinks"][0])["last_error"] else None,
                     "the refusal in /status")
        self.assertIn("500", sink["last_error"])
        self.receiver.status = 200
        until(lambda: len(self.receiver.heartbeats) >= 3, "delivery after the refusal")
        self.assertEqual(list(range(1, len(self.receiver.seqs()) + 1)), self.receiver.seqs())

    def test_kill_9_loses_nothing_that_was_committed(self):
        seen = 0
        for _ in range(4):
            self.agent.start()
            seen = until(lambda: h[0]["seq"] if (h := self.agent.history()) and h[0]["seq"] > seen
                         else None, "a new heartbeat")
            self.agent.kill()
            self.assertGreaterEqual(self.committed(), seen)
        verified = self.agent.run("verify")
        self.assertEqual(0, verified.returncode, verified.stdout + verified.stderr)

    def test_a_stop_is_clean_and_quick(self):
        self.agent.start()
        until(lambda: self.agent.status()["last_seen"], "the first heartbeat")
        code, seconds = self.agent.stop()
        self.assertEqual(0, code)
        self.assertLess(seconds, 10)  # the promise is 2 s; the sanitizers and a busy machine take theirs
        self.assertFalse(self.agent.database.with_name("clockblock.db.sock").exists())


class FileSink(unittest.TestCase):
    def test_every_heartbeat_is_one_line_over_restarts_and_kills(self):
        agent = Agent(sinks='log: { plugin = "file"; path = "out.jsonl"; sync_interval_sec = 0.2; };')
        self.addCleanup(agent.close)
        path = agent.folder / "out.jsonl"
        for stop in (agent.kill, agent.stop, agent.kill):
            count = len(path.read_text().splitlines()) if path.exists() else 0
            agent.start()
            until(lambda: path.exists() and len(path.read_text().splitlines()) >= count + 2, "lines")
            stop()
        seqs = [json.loads(line)["seq"] for line in path.read_text().splitlines()]
        self.assertEqual(list(range(1, len(seqs) + 1)), seqs)


class Zone(unittest.TestCase):
    def test_who_travels_gets_the_days_of_where_he_is(self):
        """Local time is never on the same date in these two."""
        agent = Agent(rest='poll_interval_sec = 1; day: { timezone = "local"; };')
        self.addCleanup(agent.close)
        local = agent.folder / "localtime"
        local.symlink_to("/usr/share/zoneinfo/Pacific/Kiritimati")
        agent.start(environment={"TZ": f":{local}"})
        before = until(agent.today, "a heartbeat")["date"]
        other = agent.folder / "other"
        other.symlink_to("/usr/share/zoneinfo/Pacific/Pago_Pago")
        other.replace(local)
        until(lambda: (agent.today() or {"date": before})["date"] < before, "the other date")
        self.assertIn("time zone", agent.log.read_text())
        self.assertEqual(1, agent.log.read_text().count("is in force"))


class Reload(unittest.TestCase):
    def test_sighup_takes_a_new_configuration_and_refuses_a_bad_one(self):
        agent = Agent()
        self.addCleanup(agent.close)
        agent.start()
        good = agent.config.read_text()
        agent.write_config(good.replace('"Minecraft"', '"Blocks"') + "\nnonsense = 1;\n")
        agent.process.send_signal(signal.SIGHUP)
        until(lambda: 'unknown setting "nonsense"' in agent.log.read_text(), "the refusal in the log")
        game = Game(agent)
        self.addCleanup(game.end)
        until(lambda: agent.status()["activity"] == "Minecraft", "the old configuration")

        agent.write_config(good.replace('"Minecraft"', '"Blocks"'))
        agent.process.send_signal(signal.SIGHUP)
        until(lambda: "is in force" in agent.log.read_text(), "the new configuration")
        until(lambda: agent.answers() and agent.status()["activity"] == "Blocks", "its activity")
        self.assertEqual(0, agent.stop()[0])

    def test_nobody_is_turned_away_by_a_reload(self):
        agent = Agent()
        self.addCleanup(agent.close)
        agent.start()
        over = threading.Event()
        answered = collections.Counter()
        turned_away = []
        connected = set()

        kept = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=20)
        follower = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=20)
        self.addCleanup(kept.close)
        self.addCleanup(follower.close)
        follower.request("GET", "/events")
        events = follower.getresponse()

        def ask_again():
            kept.sock or kept.connect()
            connected.add(kept.sock.getsockname())
            kept.request("GET", "/status")
            json.load(kept.getresponse())

        def ask(way, call):
            while not over.is_set():
                try:
                    call()
                    answered[way] += 1
                except (OSError, ValueError, http.client.HTTPException) as error:
                    turned_away.append(f"{way}: {error!r}")

        askers = [threading.Thread(target=ask, args=way) for way in
                  (("http", agent.status), ("kept", ask_again), ("control", lambda: agent.ask("status")))]
        for asker in askers:
            asker.start()
        self.addCleanup(over.set)
        for count in range(1, 11):
            agent.process.send_signal(signal.SIGHUP)
            until(lambda: agent.log.read_text().count("is in force") >= count, "a reload")
        over.set()
        for asker in askers:
            asker.join()
        self.assertEqual([], turned_away, answered)
        self.assertGreater(min(answered.values()), 20, answered)
        self.assertEqual(1, len(connected), "connections of who stays connected")
        newest = agent.status()["store"]["durable_seq"]
        for line in iter(events.readline, b""):
            if line.startswith(f"id: {newest}-".encode()):
                break
        else:
            self.fail("the events end")
        self.assertEqual(0, agent.stop()[0])

    def test_a_control_socket_that_was_deleted_comes_back(self):
        agent = Agent()
        self.addCleanup(agent.close)
        agent.start()
        agent.database.with_name(agent.database.name + ".sock").unlink()
        self.assertRaises(FileNotFoundError, agent.ask, "status")
        agent.process.send_signal(signal.SIGHUP)
        until(lambda: "is in force" in agent.log.read_text(), "the reload")
        self.assertIn("today", agent.ask("status"))
        self.assertEqual(0, agent.stop()[0])

    def test_another_port_is_taken_and_the_old_one_closed_by_a_reload(self):
        agent = Agent()
        self.addCleanup(agent.close)
        agent.start()
        old = agent.port
        agent.port = free_port()
        agent.write_config(agent.config.read_text().replace(f"port = {old}", f"port = {agent.port}"))
        agent.process.send_signal(signal.SIGHUP)
        until(agent.answers, "the new port")
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", old))
        self.assertEqual(0, agent.stop()[0])

    def test_reloads_while_heartbeats_are_delivered_lose_and_repeat_nothing(self):
        receiver = Receiver()
        receiver.up()
        self.addCleanup(receiver.down)
        agent = Agent(sinks=f'cloud: {{ plugin = "http_ingest"; endpoint_url = "{receiver.url()}";'
                            " sync_interval_sec = 0.1; batch_limit = 1; };")
        self.addCleanup(agent.close)
        agent.start()
        for count in range(2, 8):
            until(lambda: len(receiver.heartbeats) >= count, "one more heartbeat")
            agent.process.send_signal(signal.SIGHUP)
        until(lambda: agent.log.read_text().count("is in force") >= 3, "reloads")
        until(lambda: len(receiver.heartbeats) >= 9, "delivery after the last reload")
        self.assertEqual(0, agent.stop()[0])
        self.assertEqual(list(range(1, len(receiver.seqs()) + 1)), receiver.seqs())


if __name__ == "__main__":
    unittest.main(verbosity=2)
