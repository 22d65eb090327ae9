# SPDX-License-Identifier: MIT
"""The sink "mqtt" in the whole agent, against brokers of the distribution and real subscribers."""

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import time
import unittest

from brokers import Gate, Hole, Mosquitto, Nats, PersistentMosquitto, Watcher, program, seqs
from harness import BUILD, Agent, Game, free_port, until

BACKLOG = 1500


class Case(unittest.TestCase):
    def setUp(self):
        if not (BUILD / "plugins" / "mqtt.so").exists():
            self.skipTest("the plugin mqtt is not built")
        for name in ("mosquitto", "mosquitto_sub"):
            if not program(name):
                self.skipTest(f"{name} is not installed")

    def broker(self, kind=Mosquitto, *arguments):
        broker = kind(*arguments)
        self.addCleanup(broker.close)
        broker.up()
        return broker

    def watcher(self, broker, *arguments):
        watcher = Watcher(broker, *arguments)
        self.addCleanup(watcher.close)
        watcher.wait()
        return watcher

    def agent(self, port, settings="", rest="poll_interval_sec = 1;"):
        agent = Agent(sinks=f'home: {{ plugin = "mqtt"; host = "127.0.0.1"; port = {port};'
                            f" sync_interval_sec = 0.3; {settings} }};", rest=rest)
        self.addCleanup(agent.close)
        return agent

    @staticmethod
    def fill(agent, count):
        """A backlog, as of an agent that could not reach anybody."""
        agent.start("--set", "sinks.home.enabled=false")  # else a stop may be quicker than a PUBACK
        until(lambda: len(agent.history()) >= 1, "the first heartbeat")
        agent.stop()
        with sqlite3.connect(agent.database) as database:
            database.execute(
                "WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < ?)"
                " INSERT INTO heartbeats SELECT seq + n, randomblob(16), wall_ms + n, epoch,"
                " poll_interval_sec, n % 2, 0, 0, 0, NULL, NULL FROM more,"
                " (SELECT * FROM heartbeats ORDER BY seq DESC LIMIT 1)", (count,))
        database.close()

    @staticmethod
    def sink(agent):
        return agent.status()["sinks"][0]

    def assert_all_arrived(self, agent, watcher):
        """Nothing is missing, invented, altered or out of order; more than once may be."""
        last = until(lambda: agent.history(1), "a heartbeat")[0]["seq"]
        until(lambda: last in seqs(watcher.heartbeats()), "the last heartbeat at the subscriber")
        payloads = watcher.heartbeats()
        by_seq = {}
        for seq, payload in zip(seqs(payloads), payloads):
            self.assertEqual(payload, by_seq.setdefault(seq, payload), "altered in a repeat")
        first_seen = list(dict.fromkeys(seqs(payloads)))
        self.assertEqual(list(range(1, first_seen[-1] + 1)), first_seen, "in order, none missing")
        for heartbeat in agent.history():
            if heartbeat["seq"] in by_seq:
                self.assertEqual(heartbeat, json.loads(by_seq[heartbeat["seq"]]))
        return payloads


class Stream:
    """What every broker has to carry. `self.make()` starts one."""

    speaks_for_the_dead = True  # says our will when somebody else takes the session over
    passes_on_first = True  # before it confirms: what was confirmed is on its way to who listens now

    def test_everything_arrives_in_order_exactly_as_stored(self):
        broker = self.make()
        watcher = self.watcher(broker)
        agent = self.agent(broker.port)
        self.fill(agent, BACKLOG)
        agent.start()
        until(lambda: len(watcher.heartbeats()) >= BACKLOG + 3, "the backlog and what is new")
        payloads = self.assert_all_arrived(agent, watcher)
        if self.sink(agent)["failures"] == 0:  # on a busy machine a confirmation may come too late
            self.assertEqual(len(set(payloads)), len(payloads), "nothing failed: nothing came twice")
        self.assertEqual("ok", self.sink(agent)["state"])

    def test_a_broker_killed_in_the_middle_of_a_stream_costs_nothing(self):
        broker = self.make()
        watcher = self.watcher(broker)
        gate = Gate(broker.port)
        self.addCleanup(gate.close)
        agent = self.agent(gate.port)
        self.fill(agent, BACKLOG)
        watcher_before = 0
        agent.start()
        for _ in range(2):
            until(lambda: len(watcher.heartbeats()) > watcher_before + 200, "the middle")
            if not self.passes_on_first:
                self.cut_and_hear_what_was_confirmed(agent, gate, watcher)
            broker.kill()
            gate.cut()  # the agent comes back after the subscriber: it would publish to nobody
            until(lambda: self.sink(agent)["last_error"], "the failure in /status")
            self.assertGreater(self.sink(agent)["pending"], 0, "it was the middle")
            broker.up()
            watcher.wait()
            watcher_before = len(watcher.heartbeats())
            gate.open()
        until(lambda: self.sink(agent)["state"] == "ok" and self.sink(agent)["pending"] <= 1,
              "the end of the backlog")
        self.assert_all_arrived(agent, watcher)

    def cut_and_hear_what_was_confirmed(self, agent, gate, watcher):
        gate.cut()
        until(lambda: self.sink(agent)["last_error"], "the failure in /status")
        with sqlite3.connect(agent.database) as database:
            (cursor,) = database.execute("SELECT delivered_seq FROM sink_cursors WHERE sink = 'home'").fetchone()
        database.close()
        until(lambda: cursor in seqs(watcher.heartbeats()), "what was confirmed at the subscriber")

    def test_a_session_that_is_taken_over_goes_on(self):
        broker = self.make()
        watcher = self.watcher(broker)
        gate = Gate(broker.port)
        self.addCleanup(gate.close)
        agent = self.agent(gate.port)
        self.fill(agent, BACKLOG)
        agent.start()
        until(lambda: len(watcher.heartbeats()) > 200, "the middle")
        self.take_over(broker)
        until(lambda: len(watcher.heartbeats()) > BACKLOG, "the backlog")
        self.take_over(broker)
        until(lambda: watcher.payloads("/availability").count("online") >= 3, "it comes back twice")
        until(lambda: watcher.last("/availability") == "online", "the agent has the last word")
        if self.speaks_for_the_dead:
            self.assertGreaterEqual(watcher.payloads("/availability").count("offline"), 2)
        self.assert_all_arrived(agent, watcher)

    @staticmethod
    def take_over(broker):
        with contextlib.suppress(subprocess.CalledProcessError):  # the agent may be quick to take it back
            broker.publish("test/taken", "over", "-i", "clockblock-pc-test")

    def test_the_agent_is_online_until_it_stops_or_dies(self):
        broker = self.make()
        watcher = self.watcher(broker)
        agent = self.agent(broker.port)
        for end in (agent.stop, agent.kill):
            agent.start()
            until(lambda: watcher.last("/availability") == "online", "online")
            end()
            until(lambda: watcher.last("/availability") == "offline", "offline")
        late = Watcher(broker)
        self.addCleanup(late.close)
        until(lambda: (True, "clockblock/pc-test/availability", "offline") in late.messages(),
              "it is retained")


class OnMosquitto(Stream, Case):
    def make(self):
        return self.broker()


class OnPersistentMosquitto(Stream, Case):
    def make(self):
        return self.broker(PersistentMosquitto)


class OnNats(Stream, Case):
    speaks_for_the_dead = False
    passes_on_first = False

    def setUp(self):
        super().setUp()
        if not program("nats-server"):
            self.skipTest("nats-server is not installed")

    def make(self):
        return self.broker(Nats)


class HomeAssistant(Case):
    TOPIC = re.compile(r"homeassistant/device/[a-zA-Z0-9_-]+/config")
    ROOT = {"dev", "o", "cmps", "state_topic", "qos"}
    DEVICE = {"ids", "name", "mf", "mdl", "sw"}
    COMPONENT = {"p", "name", "unique_id", "value_template", "availability_topic", "icon",
                 "device_class", "unit_of_measurement", "state_class", "suggested_display_precision"}

    def discovery(self, watcher):
        def found():
            return [(topic, payload) for _, topic, payload in watcher.messages()
                    if topic.startswith("homeassistant/device/")]
        return until(found, "the discovery")[-1]

    def test_the_device_form_is_as_home_assistant_wants_it(self):
        broker = self.broker()
        watcher = self.watcher(broker)
        agent = self.agent(broker.port)
        agent.start()
        topic, payload = self.discovery(watcher)
        self.assertRegex(topic, self.TOPIC)
        message = json.loads(payload)
        # Home Assistant refuses a message with a key at its root or in a device that it does not know.
        self.assertEqual(self.ROOT, message.keys())
        self.assertEqual(self.DEVICE, message["dev"].keys())
        self.assertEqual(["clockblock_pc-test"], message["dev"]["ids"])
        self.assertEqual("pc-test", message["dev"]["name"])
        self.assertEqual({"name", "sw"}, message["o"].keys())
        state = json.loads(until(lambda: watcher.last("/state"), "the state"))
        components = message["cmps"]
        for component in components.values():
            self.assertLessEqual(component.keys(), self.COMPONENT)
            self.assertIn(component["p"], ("sensor", "binary_sensor"))
            value, = re.findall(r"value_json\.(\w+)", component["value_template"])
            self.assertIn(value, state)
        self.assertEqual(len(components), len({c["unique_id"] for c in components.values()}))
        self.assertEqual("clockblock/pc-test/state", message["state_topic"])
        for name in ("minutes_used", "minutes_overdraft", "minutes_left"):
            self.assertNotIn("availability_topic", components[name], "survives the PC")
            self.assertEqual("duration", components[name]["device_class"])
            self.assertEqual("min", components[name]["unit_of_measurement"])
        for name in ("playing", "activity"):
            self.assertEqual("clockblock/pc-test/availability", components[name]["availability_topic"])

    def test_ids_stay_over_restarts_and_a_new_database(self):
        broker = self.broker()
        agent = self.agent(broker.port)
        seen = []
        for is_new in (False, False, True):
            if is_new:
                for path in agent.database.parent.glob("clockblock.db*"):
                    path.unlink()
            watcher = self.watcher(broker)
            agent.start()
            until(lambda: watcher.last("/availability") == "online", "online")
            seen.append(self.discovery(watcher))
            agent.stop()
            watcher.close()
        self.assertEqual(seen[0], seen[1])
        self.assertEqual(seen[0], seen[2])

    def test_it_is_published_again_when_home_assistant_is_born(self):
        broker = self.broker()
        watcher = self.watcher(broker)
        agent = self.agent(broker.port)
        agent.write_config(agent.config.read_text().replace(
            "sync_interval_sec = 0.3", "sync_interval_sec = 3000"))
        agent.start()
        self.discovery(watcher)
        until(lambda: watcher.last("/state"), "a rest between deliveries")
        broker.publish("homeassistant/status", "online")
        begun = time.monotonic()
        until(lambda: len(watcher.payloads("/config")) == 2, "the discovery again")
        self.assertLess(time.monotonic() - begun, 5)
        self.assertEqual(*watcher.payloads("/config"))

    def test_it_can_be_told_elsewhere_or_not_at_all(self):
        broker = self.broker()
        watcher = self.watcher(broker)
        agent = self.agent(broker.port, 'discovery_prefix = "ha"; base_topic = "home/play";')
        agent.start()
        until(lambda: watcher.last("home/play/pc-test/heartbeats"), "a heartbeat")
        until(lambda: watcher.last("ha/device/clockblock_pc-test/config"), "the discovery")
        agent.stop()
        watcher.close()

        broker = self.broker()
        watcher = self.watcher(broker)
        agent = self.agent(broker.port, 'discovery_prefix = "";')
        agent.start()
        until(lambda: watcher.last("/state"), "the state")
        self.assertEqual([], watcher.payloads("/config"))

    def test_the_state_is_the_newest_snapshot_also_after_an_outage(self):
        broker = self.broker()
        watcher = self.watcher(broker)
        agent = self.agent(broker.port, rest="poll_interval_sec = 1; allowance: { default_min = 90; };")
        self.fill(agent, BACKLOG)  # every other one of it playing
        agent.start()
        until(lambda: len(watcher.heartbeats()) > BACKLOG and watcher.last("/state"), "the state")
        self.assertNotIn(True, [json.loads(s)["is_playing"] for s in watcher.payloads("/state")],
                         "nothing of the past")
        game = Game(agent)
        self.addCleanup(game.end)
        state = until(lambda: s if (s := json.loads(watcher.last("/state")))["is_playing"]
                      and s["minutes_used"] > 0 else None, "playing")
        self.assertEqual("Minecraft", state["activity"])
        self.assertAlmostEqual(90, state["minutes_used"] + state["minutes_left"], places=2)
        self.assertEqual(0, state["minutes_overdraft"])
        newest = json.loads(watcher.heartbeats()[-1])["timestamp_utc"]
        until(lambda: json.loads(watcher.last("/state"))["timestamp_utc"] >= newest, "in step")
        late = Watcher(broker)
        self.addCleanup(late.close)
        until(lambda: [1 for retained, topic, _ in late.messages()
                       if retained and topic.endswith("/state")], "it is retained")


class Secrets(Case):
    @staticmethod
    def openssl(folder, *arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)

    def certificate(self, folder, name, extension):
        self.openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key",
                     "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (folder / f"{name}.ext").write_text(extension)
        self.openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                     "-CAcreateserial", "-days", "2", "-out", f"{name}.pem", "-extfile", f"{name}.ext")

    def tls_broker(self, name="subjectAltName=IP:127.0.0.1", lines=""):
        if not program("openssl"):
            self.skipTest("openssl is not installed")
        broker = Mosquitto("cafile ca.pem\ncertfile server.pem\nkeyfile server.key\n"
                           f"allow_anonymous true\n{lines}")
        self.addCleanup(broker.close)
        self.openssl(broker.folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key",
                     "-out", "ca.pem", "-days", "2", "-subj", "/CN=test CA")
        self.certificate(broker.folder, "server", name)
        self.certificate(broker.folder, "client", "extendedKeyUsage=clientAuth")
        broker.up()
        return broker

    def delivered(self, agent):
        agent.start()
        until(lambda: self.sink(agent)["delivered_seq"] >= 2, f"delivery: {agent.log.read_text()}")
        self.assertEqual(0, agent.stop()[0])

    def failure(self, agent):
        agent.start()
        sink = until(lambda: s if (s := self.sink(agent))["last_error"] else None, "the failure")
        self.assertEqual(0, sink["delivered_seq"])
        agent.stop()
        return sink

    def test_tls_with_a_ca_of_its_own(self):
        broker = self.tls_broker()
        self.delivered(self.agent(broker.port, f'tls = true; ca_file = "{broker.folder}/ca.pem";'))

    def test_tls_with_those_of_the_system(self):
        broker = self.tls_broker()
        os.environ["SSL_CERT_FILE"] = f"{broker.folder}/ca.pem"
        self.addCleanup(os.environ.pop, "SSL_CERT_FILE")
        self.delivered(self.agent(broker.port, "tls = true;"))

    def test_a_broker_that_is_not_who_it_should_be_gets_nothing(self):
        other = self.tls_broker("subjectAltName=DNS:other.example")
        sink = self.failure(self.agent(other.port, f'tls = true; ca_file = "{other.folder}/ca.pem";'))
        self.assertEqual("retrying", sink["state"])
        self.assertIn("certificate verify failed", sink["last_error"])
        unknown = self.failure(self.agent(other.port, "tls = true;"))
        self.assertIn("certificate verify failed", unknown["last_error"])

    def test_a_client_certificate(self):
        broker = self.tls_broker(lines="require_certificate true")
        ca = f'tls = true; ca_file = "{broker.folder}/ca.pem";'
        self.failure(self.agent(broker.port, ca))
        self.delivered(self.agent(broker.port, f'{ca} client_cert_file = "{broker.folder}/client.pem";'
                                               f' client_key_file = "{broker.folder}/client.key";'))

    def test_a_key_with_a_passphrase_is_a_failure_that_is_shown(self):
        broker = self.tls_broker(lines="require_certificate true")
        self.openssl(broker.folder, "rsa", "-in", "client.key", "-aes256", "-passout", "pass:secret",
                     "-out", "locked.key")
        sink = self.failure(self.agent(
            broker.port, f'tls = true; ca_file = "{broker.folder}/ca.pem";'
            f' client_cert_file = "{broker.folder}/client.pem"; client_key_file = "{broker.folder}/locked.key";'))
        self.assertIn("the broker cannot be reached", sink["last_error"])

    def password_broker(self, lines=""):
        if not program("mosquitto_passwd"):
            self.skipTest("mosquitto_passwd is not installed")
        broker = Mosquitto(f"allow_anonymous false\npassword_file passwords\n{lines}")
        self.addCleanup(broker.close)
        subprocess.run(["mosquitto_passwd", "-b", "-c", "passwords", "pc", "a secret of it"],
                       cwd=broker.folder, check=True, timeout=20)
        (broker.folder / "passwords").chmod(0o644)
        (broker.folder / "right").write_text("a secret of it\n")
        (broker.folder / "right").chmod(0o600)
        return broker

    def test_a_password(self):
        broker = self.password_broker()
        broker.up()
        self.delivered(self.agent(broker.port, 'username = "pc"; password = "a secret of it";'))
        self.delivered(self.agent(broker.port, f'username = "pc"; password_file = "{broker.folder}/right";'))
        for wrong in ('username = "pc"; password = "another secret";', ""):
            agent = self.agent(broker.port, wrong)
            sink = self.failure(agent)
            self.assertEqual("holding", sink["state"])
            self.assertIn("check username and password", sink["last_error"])
            self.assertNotIn("another secret", agent.log.read_text())

    def test_what_the_user_may_not_publish_is_not_taken_for_delivered(self):
        broker = self.password_broker("acl_file acl")
        (broker.folder / "acl").write_text("user pc\ntopic read #\n")
        (broker.folder / "acl").chmod(0o644)
        broker.up()
        agent = self.agent(broker.port, f'username = "pc"; password_file = "{broker.folder}/right";')
        sink = self.failure(agent)
        self.assertEqual("holding", sink["state"])
        self.assertIn("not authorized", sink["last_error"])
        broker.kill()
        (broker.folder / "acl").write_text("user pc\ntopic readwrite #\n")
        broker.up()
        watcher = self.watcher_of(broker)
        agent.start()
        until(lambda: 1 in seqs(watcher.heartbeats()), "what was kept")
        self.assert_all_arrived(agent, watcher)

    def watcher_of(self, broker):
        watcher = Watcher(broker, "-u", "pc", "-P", "a secret of it")
        self.addCleanup(watcher.close)
        publish = broker.publish
        broker.publish = lambda topic, payload: publish(topic, payload, "-u", "pc", "-P", "a secret of it")
        watcher.wait()
        return watcher


class Trouble(Case):
    def stop_is_quick(self, agent):
        code, seconds = agent.stop()
        self.assertEqual(0, code)
        self.assertLess(seconds, 2)

    def test_a_stop_does_not_wait_for_a_black_hole(self):
        hole = Hole()
        self.addCleanup(hole.close)
        agent = self.agent(hole.port)
        agent.start()
        until(lambda: hole.bytes, "a greeting of the agent")
        self.stop_is_quick(agent)

    def test_what_is_not_confirmed_stays(self):
        hole = Hole(b"\x20\x03\x00\x00\x00")
        self.addCleanup(hole.close)
        agent = self.agent(hole.port, "timeout_sec = 1;")
        agent.start()
        sink = until(lambda: s if (s := self.sink(agent))["failures"] >= 2 else None, "failures")
        self.assertGreater(hole.bytes, 500, "it did publish")
        self.assertEqual(0, sink["delivered_seq"])
        self.assertIn("did not confirm in time", sink["last_error"])
        self.stop_is_quick(agent)

    def test_a_broker_that_comes_later_gets_all(self):
        broker = Mosquitto()
        self.addCleanup(broker.close)
        agent = self.agent(broker.port)
        agent.start()
        sink = until(lambda: s if (s := self.sink(agent))["last_error"] else None, "the failure")
        self.assertIn("the broker cannot be reached: Connection refused", sink["last_error"])
        self.assertFalse(agent.status()["online"])
        until(lambda: len(agent.history()) >= 3, "heartbeats")
        broker.up()
        watcher = Watcher(broker)
        self.addCleanup(watcher.close)
        until(lambda: self.sink(agent)["state"] == "ok", "delivery")
        self.assertTrue(agent.status()["online"])

    def test_a_slow_way_gets_less_at_once_and_is_not_given_up(self):
        broker = self.broker()
        watcher = self.watcher(broker)
        gate = Gate(broker.port, pause=0.02)
        self.addCleanup(gate.close)
        agent = self.agent(gate.port, "timeout_sec = 4;")
        self.fill(agent, BACKLOG)
        agent.start()
        until(lambda: len(watcher.heartbeats()) > BACKLOG, "the backlog")
        payloads = self.assert_all_arrived(agent, watcher)
        self.assertEqual(len(set(payloads)), len(payloads), "nothing twice")
        self.assertEqual(1, watcher.payloads("/availability").count("online"))
        self.assertGreater(self.sink(agent)["failures"], 0, "some batches were too much")

    def test_a_name_that_cannot_be_found(self):
        agent = self.agent(free_port())
        agent.write_config(agent.config.read_text().replace("127.0.0.1", "nowhere.invalid", 1))
        agent.start()
        until(lambda: self.sink(agent)["last_error"], "the failure")
        self.stop_is_quick(agent)

    def test_others_are_not_held_up(self):
        hole = Hole()
        self.addCleanup(hole.close)
        agent = self.agent(hole.port)
        path = agent.folder / "out.jsonl"
        agent.write_config(agent.config.read_text().replace(
            "sinks: {", f'sinks: {{ log: {{ plugin = "file"; path = "{path}"; sync_interval_sec = 0.3; }};'))
        agent.start()
        until(lambda: path.exists() and len(path.read_text().splitlines()) >= 4, "the other sink")


if __name__ == "__main__":
    unittest.main(verbosity=2)
