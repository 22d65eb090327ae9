# SPDX-License-Identifier: MIT
"""Who gets the heartbeats of the README's sinks: a broker with a password, a Supabase of PostgreSQL and what
stands for PostgREST, the receiver that the README shows, and a file."""

import json
import re
import sqlite3
import subprocess
import urllib.error
import urllib.request
import uuid

import brokers
import supabase
from harness import free_port, until

USER, PASSWORD = "clockblock", "the-password"
TOKEN = "a-long-random-token"


class Guarded(brokers.Mosquitto):
    """It lets nobody in without the password."""

    def __init__(self):
        super().__init__("allow_anonymous false\npassword_file passwords")
        subprocess.run(["mosquitto_passwd", "-b", "-c", self.folder / "passwords", USER, PASSWORD], check=True,
                       capture_output=True)

    def publish(self, topic, payload, *arguments):
        super().publish(topic, payload, "-u", USER, "-P", PASSWORD, *arguments)


class Receivers:
    def __init__(self, reader):
        self.reader = reader
        self.headers = []  # (name, value) of what came to receivers
        self.broker = Guarded()
        self.broker.up()
        self.watcher = brokers.Watcher(self.broker, "-u", USER, "-P", PASSWORD)
        self.watcher.wait()
        self.postgres = self.postgrest = self.receiver_port = None

    def close(self):
        self.watcher.close()
        self.broker.close()
        if self.postgres:
            self.postgres.close()

    def household(self):
        """Beside the README's file: the sink and the detectors that its commands name."""
        told = {"SINKS__HOME__ENABLED": "true", "SINKS__HOME__PORT": str(self.broker.port),
                "SINKS__HOME__USERNAME": USER, "SINKS__HOME__PASSWORD": PASSWORD,
                "DETECTORS__WINDOW__ENABLED": "true", "DETECTORS__AWAY__ENABLED": "true"}
        more = {f"CLOCKBLOCK_{key}": value for key, value in told.items()}
        self.reader.environment |= more
        return more

    def nothing_set(self):
        """Of what household() and the reader set, nothing: a block of the README says it all."""
        return {key: None for key in self.reader.environment if key.startswith("CLOCKBLOCK_")}

    def paths(self):
        return [topic for _, topic, _ in self.watcher.messages()]

    def topics(self):
        return {path.rpartition("/")[2] for path in self.paths()}

    # ---- Deliveries ----

    def deliver(self, test, text, config):
        """Runs an agent with this sink until its heartbeats are where they belong."""
        name, plugin = re.search(r'sinks: \{\s*(\w+): \{\s*plugin = "(\w+)"', text).groups()
        kind = "supabase" if "/rest/v1/" in text else plugin
        getattr(self, f"deliver_{kind}")(test, text, config, f"sinks.{name}")

    def run(self, config, condition, what, *sets):
        """Until the condition holds; the ids of the heartbeats that were stored by then, in order."""
        database = config.with_suffix(".db")
        told = (f"db_path={database}", "poll_interval_sec=1", f"api.port={free_port()}", "device_id=pc-readme", *sets)
        log = config.with_suffix(".log")
        agent = self.reader.spawn(f"exec clockblock run --config {config} "
                                  + " ".join(f"--set '{setting}'" for setting in told), log, **self.nothing_set())

        def holds():
            assert agent.poll() is None, f"the agent ended: {log.read_text()}"
            return condition()
        try:
            until(holds, what)
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{log.read_text()}") from None
        self.reader.stop(agent)
        with sqlite3.connect(database) as connection:
            rows = connection.execute("SELECT id FROM heartbeats ORDER BY seq").fetchall()
        connection.close()
        return [str(uuid.UUID(bytes=row[0])) for row in rows]

    def deliver_mqtt(self, test, _, config, sink):
        def ids():
            return [heartbeat["id"] for heartbeat in map(json.loads, self.watcher.heartbeats())
                    if heartbeat["device_id"] == "pc-readme"]
        stored = self.run(config, lambda: len(ids()) >= 2 and self.watcher.last("pc-readme/state"),
                          "heartbeats at the broker", f"{sink}.host=127.0.0.1",
                          f"{sink}.port={self.broker.port}", f"{sink}.sync_interval_sec=1")
        until(lambda: self.watcher.last("pc-readme/availability") == "offline", "the last word of the agent")
        test.assertEqual(sorted(ids()), [id_ for id_ in stored if id_ in ids()])
        state = json.loads(self.watcher.last("pc-readme/state"))
        test.assertLessEqual({"is_playing", "activity", "minutes_used", "minutes_overdraft", "minutes_left"},
                             set(state))
        found = [json.loads(payload) for _, topic, payload in self.watcher.messages()
                 if topic.startswith("homeassistant/") and payload]
        test.assertTrue(any("pc-readme" in json.dumps(device) for device in found), "it shows up in Home Assistant")

    def deliver_supabase(self, test, text, config, sink):
        if not supabase.is_there():
            test.skipTest("PostgreSQL is not installed")
        self.postgrest = supabase.PostgREST(self.postgres)
        path = re.search(r'endpoint_url = "https://[^/]*(/[^"]*)"', text).group(1)
        taken = lambda: len(self.postgrest.requests) >= 3 or self.postgrest.problems
        try:
            stored = self.run(config, taken, "heartbeats for Supabase",
                              f"{sink}.endpoint_url=http://127.0.0.1:{self.postgrest.port}{path}",
                              f"{sink}.sync_interval_sec=1")
        finally:
            self.postgrest.close()  # nothing is under way any more
        test.assertEqual([], self.postgrest.problems)
        first, second = (heartbeats for _, _, heartbeats in self.postgrest.requests[:2])
        test.assertEqual(first, second[:len(first)], "what failed comes again")
        rows = [row[0] for row in self.postgres.sql("select id from heartbeats order by seq")]
        sent = {heartbeat["id"] for _, _, heartbeats in self.postgrest.requests for heartbeat in heartbeats}
        test.assertEqual((sorted(sent), stored[:len(rows)]), (sorted(rows), rows))
        self.headers += [pair for _, headers, _ in self.postgrest.requests for pair in headers.items()]
        test.assertTrue(any(name == "apikey" for name, _ in self.headers))
        self.look_what_the_key_may(test)

    def look_what_the_key_may(self, test):
        test.assertTrue(self.postgres.sql("set role anon; select id from heartbeats"))
        for statement in ("select * from heartbeats", "select activity from heartbeats", "delete from heartbeats",
                          "update heartbeats set is_playing = true", "truncate heartbeats"):
            done = self.postgres.try_sql(f"set role anon; {statement}")
            test.assertIn("permission denied", done.stderr, statement)
        test.assertIn("permission denied", self.postgres.try_sql("set role authenticated; table heartbeats").stderr)

    def sql(self, test, text):
        """The first makes the table; what comes after the heartbeats has something to tell of them."""
        if self.postgres is None:
            self.postgres = supabase.Postgres()
        rows = self.postgres.sql(text)
        if "select " in text.lower().split(";")[0]:
            test.assertEqual("pc-readme", rows[0][0], text)

    # ---- The receiver of the README ----

    def start_receiver(self, text):
        """As it stands, but for its port."""
        self.receiver_port = free_port()
        program = self.reader.folder / "receiver.py"
        program.write_text(re.sub(r"\b8080\b", str(self.receiver_port), text))
        self.reader.spawn(f"exec python3 {program}", self.reader.folder / "receiver.log")
        until(lambda: self.post([], TOKEN) == 204, "the receiver")

    def post(self, heartbeats, token):
        request = urllib.request.Request(f"http://127.0.0.1:{self.receiver_port}/", json.dumps(heartbeats).encode(),
                                         {"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status
        except urllib.error.HTTPError as problem:
            return problem.code
        except OSError:
            return 0

    def received(self):
        with sqlite3.connect(self.reader.folder / "heartbeats.db") as database:
            rows = database.execute("SELECT id, body FROM heartbeats ORDER BY id").fetchall()
        database.close()
        return rows

    def deliver_http_ingest(self, test, text, config, sink):
        test.assertIn("127.0.0.1:8080", text)
        port = self.receiver_port
        stored = self.run(config, lambda: len(self.received()) >= 2, "heartbeats at the receiver",
                          f"{sink}.endpoint_url=http://127.0.0.1:{port}/heartbeats", f"{sink}.sync_interval_sec=1")
        rows = self.received()
        test.assertEqual(stored[:len(rows)], [row[0] for row in rows])
        again = [json.loads(body) for _, body in rows]
        test.assertEqual((204, 401), (self.post(again, TOKEN), self.post(again, "another")))
        test.assertEqual(rows, self.received(), "what comes twice is dropped")
        self.headers.append(("Authorization", f"Bearer {TOKEN}"))  # else it had answered 401

    def deliver_file(self, test, text, config, sink):
        path = config.parent / re.search(r'path = "([^"]+)"', text).group(1)
        lines = lambda: path.read_text().splitlines() if path.exists() else []
        stored = self.run(config, lines, "lines in the file", f"{sink}.sync_interval_sec=1")
        ids = [json.loads(line)["id"] for line in lines()]
        test.assertEqual(stored[:len(ids)], ids)
