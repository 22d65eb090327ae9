# SPDX-License-Identifier: MIT
"""Commands, bad input and the guard: a clear sentence, the right code, and nothing lost."""

import json

import pathlib
import sqlite3
import socket
import subprocess
import unittest

from harness import AGENT, BUILD, Agent, Game, Receiver, clean_environment, until


class Base(unittest.TestCase):
    def make(self, **parts):
        agent = Agent(**parts)
        self.addCleanup(agent.close)
        return agent


class Commands(Base):
    def test_version_help_and_wrong_usage(self):
        for arguments, code, text in (
            (["--version"], 0, "clockblock 0."),
            (["--help"], 0, "Usage: clockblock"),
            (["statsu"], 64, 'did you mean "status"'),
            (["--nonsense"], 64, "not known"),
            (["--set"], 64, "a value is missing"),
            (["check", "more"], 64, "too much"),
        ):
            done = subprocess.run([AGENT, *arguments], capture_output=True, text=True,
                                  env=clean_environment(), check=False)
            self.assertEqual(code, done.returncode, arguments)
            self.assertIn(text, done.stdout + done.stderr)

    def test_check_says_that_a_configuration_is_fine(self):
        done = self.make().run("check")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertIn(": fine", done.stdout)

    def test_plugins_list_shows_ours(self):
        listed = json.loads(self.make().run("plugins", "list", "--json").stdout)
        names = {plugin["name"] for plugin in listed if plugin["usable"]}
        self.assertLessEqual({"process_name", "http_ingest", "file"}, names)

    def test_an_installed_agent_finds_its_plugins_wherever_it_was_installed(self):
        agent = self.make()
        prefix = agent.folder / "prefix"
        subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], check=True,
                       stdout=subprocess.DEVNULL)
        moved = agent.folder / "moved"
        prefix.rename(moved)
        listed = subprocess.run([moved / "bin" / "clockblock", "plugins", "list", "--json", "--config",
                                 agent.config], capture_output=True, text=True,
                                env=clean_environment(), check=True)
        paths = [plugin["path"] for plugin in json.loads(listed.stdout)]
        self.assertEqual(len(list((BUILD / "plugins").glob("*.so"))), len(paths))
        for path in paths:
            self.assertTrue(path.startswith(f"{moved}/lib"), path)
        self.assertTrue((moved / "etc" / "clockblock" / "clockblock.conf").exists())

    def test_status_reaches_the_agent_through_its_socket(self):
        agent = self.make()
        done = agent.run("status")
        self.assertEqual(69, done.returncode)
        self.assertIn("no agent is running", done.stderr)
        agent.start()
        until(lambda: agent.status()["last_seen"], "a heartbeat")
        self.assertEqual(0o600, pathlib.Path(f"{agent.database}.sock").stat().st_mode & 0o777)
        status = json.loads(agent.run("status", "--json").stdout)
        self.assertEqual("pc-test", status["device_id"])
        self.assertIn("not playing", agent.run("status").stdout)

    def test_dry_run_prints_a_heartbeat_and_writes_nothing(self):
        agent = self.make()
        done = agent.run("--dry-run")
        heartbeat = json.loads(done.stdout)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual((0, "00000000-0000-0000-0000-000000000000", ["first"]),
                         (heartbeat["seq"], heartbeat["epoch"], heartbeat["flags"]))
        self.assertFalse(agent.database.parent.exists())

    def test_once_stores_and_sends_one_heartbeat(self):
        receiver = Receiver()
        receiver.up()
        self.addCleanup(receiver.down)
        agent = self.make(sinks=f'cloud: {{ plugin = "http_ingest"; endpoint_url = "{receiver.url()}"; }};')
        done = agent.run("--once")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual([json.loads(done.stdout)], receiver.heartbeats)
        receiver.down()
        done = agent.run("once")
        self.assertEqual(69, done.returncode, "what could not be sent is said")
        receiver.up()
        self.assertEqual(0, agent.run("once").returncode)
        self.assertEqual([1, 2, 3], receiver.seqs())

    def test_a_second_agent_on_the_same_database_is_refused(self):
        agent = self.make()
        agent.start()
        for command in ("run", "once"):
            done = agent.run(command)
            self.assertEqual(69, done.returncode)
            self.assertIn(f"pid {agent.process.pid}", done.stderr)
        self.assertTrue(agent.answers())


class BadInput(Base):
    def refused(self, agent, code, *sentences, command="run"):
        done = agent.run(command)
        self.assertEqual(code, done.returncode, done.stderr)
        for sentence in sentences:
            self.assertIn(sentence, done.stderr)
        return done

    def test_all_problems_of_a_file_come_in_one_run_with_file_line_and_name(self):
        agent = self.make()
        agent.write_config(
            'poll_interval_sec = "five";\nretention_dayz = 3;\n'
            'detectors: { games: { plugin = "process_name"; proces = [ "a" ]; };\n'
            '  other: { plugin = "nowhere"; }; };\n'
            "allowance: { default_min = -5; };\nplaying_when = \"gamez\";\n"
        )
        name = agent.config
        done = self.refused(
            agent, 78,
            f"{name}:1: poll_interval_sec: expected a whole number, found a string \"five\"",
            f'{name}:2: unknown setting "retention_dayz" (did you mean "retention_days"?)',
            f'{name}:3: detectors.games: unknown setting "proces"',
            f'{name}:4: detectors.other: plugin "nowhere": there is no file nowhere.so',
            f"{name}:5: allowance.default_min: -5 is out of range",
            f'{name}:6: playing_when: column 1: there is no enabled detector "gamez" (did you mean "games"?)',
            command="check",
        )
        lines = [int(line.split(":")[1]) for line in done.stderr.splitlines()]
        self.assertEqual(sorted(lines), lines)

    def test_a_syntax_error_names_its_line(self):
        agent = self.make()
        agent.write_config("poll_interval_sec = 5;\napi: { port = ; };\n")
        self.refused(agent, 78, f"{agent.config}:2: ")

    def test_a_file_that_is_no_plugin(self):
        agent = self.make(detectors='games: { plugin = "fake"; };',
                          rest='poll_interval_sec = 1; plugin_dirs = [ "." ];')
        fake = agent.folder / "fake.so"
        fake.write_text("this is no shared object")
        fake.chmod(0o644)
        self.refused(agent, 78, "fake.so: cannot be loaded")
        fake.chmod(0o666)
        self.refused(agent, 78, "others may write to it")

    def test_an_unwritable_database_folder(self):
        agent = self.make(rest='poll_interval_sec = 1;')
        agent.folder.joinpath("blocked").write_text("a file where a folder is needed")
        text = agent.config.read_text().replace("/state/", "/blocked/")
        agent.write_config(text)
        self.refused(agent, 74, "blocked", command="run")

    def test_a_taken_port_does_not_stop_recording(self):
        agent = self.make()
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", agent.port))
            taken.listen()
            agent.start(ready=False)
            until(lambda: "is taken by another program" in agent.log.read_text(), "the sentence")
            until(lambda: (s := agent.run("status", "--json")).returncode == 0
                  and json.loads(s.stdout)["store"]["durable_seq"] >= 2, "recording")
        until(agent.answers, "the API, once the port is free")

    def test_malformed_requests_name_the_parameter(self):
        agent = self.make()
        agent.start()
        for path, parameter in (("/daily", "date"), ("/daily?date=2026-13-01", "date"),
                                ("/daily?date=2026-1-1", "date"), ("/daily?date=2026-02-30", "date"),
                                ("/daily?date=2026-01-01&tz=Mars/Base", "tz"),
                                ("/daily?date=2026-01-01&tz=../../etc/passwd", "tz"),
                                ("/history?limit=-1", "limit"), ("/history?limit=0", "limit"),
                                ("/history?limit=5001", "limit"), ("/history?limit=x", "limit"),
                                ("/history?before=-3", "before"), ("/history?limt=3", "limt"),
                                ("/history?limit=1&limit=2", "limit"), ("/status?x=1", "x")):
            status, headers, body = agent.request("GET", path)
            problem = json.loads(body)
            self.assertEqual((400, parameter), (status, problem["parameter"]), path)
            self.assertEqual("application/problem+json", headers["Content-Type"])
        self.assertEqual(404, agent.get("/nothing")[0])
        status, headers, _ = agent.request("POST", "/status", body=b"")
        self.assertEqual((405, "GET, HEAD"), (status, headers["Allow"]))
        self.assertEqual(413, agent.request("GET", "/status", body=b"x")[0])
        self.assertEqual(200, agent.request("HEAD", "/status")[0])
        day = agent.get("/daily?date=2001-02-03")
        self.assertEqual((200, 0, None), (day[0], day[1]["minutes_used"], day[1]["updated_at"]))
        self.assertEqual(200, agent.get("/daily?date=2026-01-01&tz=Europe/Paris")[0])

    def test_only_our_host_names_are_served(self):
        agent = self.make()
        agent.start()
        for host, code in ((f"127.0.0.1:{agent.port}", 200), (f"localhost:{agent.port}", 200),
                           (f"[::1]:{agent.port}", 200), (f"LOCALHOST:{agent.port}", 200),
                           ("127.0.0.1", 421), ("evil.example", 421), (f"evil.example:{agent.port}", 421),
                           (f"127.0.0.1.evil.example:{agent.port}", 421), ("", 421)):
            self.assertEqual(code, agent.request("GET", "/status", headers={"Host": host})[0], host)
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            self.assertEqual(403, agent.request("GET", "/status", headers=headers)[0])
        for request in (b"GET /status HTTP/1.0\r\n\r\n",
                        b"GET /status HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nHost: evil\r\n\r\n" % agent.port):
            with socket.create_connection(("127.0.0.1", agent.port)) as raw:
                raw.sendall(request)
                self.assertIn(raw.recv(64).split()[1], (b"421", b"400"))
        long = agent.request("GET", "/status?" + "x" * 5000)[0]
        self.assertEqual(414, long)

    def test_databases_that_are_not_ours_are_left_alone(self):
        agent = self.make()
        agent.database.parent.mkdir()
        for prepare, sentence in ((self.foreign, "database of another program"),
                                  (self.newer, "newer ClockBlock"), (self.text, "no SQLite database")):
            if agent.database.exists():
                agent.database.unlink()
            prepare(agent.database)
            before = agent.database.read_bytes()
            self.refused(agent, 78, sentence, str(agent.database))
            self.assertEqual(before, agent.database.read_bytes())

    @staticmethod
    def foreign(path):
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE recipes(name)")
        database.close()

    @staticmethod
    def newer(path):
        with sqlite3.connect(path) as database:
            database.execute(f"PRAGMA application_id = {0x434C4F42}")
            database.execute("PRAGMA user_version = 99")
            database.execute("CREATE TABLE later(x)")
        database.close()

    @staticmethod
    def text(path):
        path.write_text("not a database at all\n" * 20)

    def test_the_first_agents_database_is_taken_over(self):
        agent = self.make()
        agent.database.parent.mkdir()
        with sqlite3.connect(agent.database) as database:
            database.executescript(
                "CREATE TABLE heartbeats(id TEXT PRIMARY KEY, device_id TEXT NOT NULL, timestamp_utc TEXT"
                " NOT NULL, is_playing INTEGER NOT NULL, poll_interval_sec INTEGER NOT NULL, synced_at TEXT);"
                "CREATE TABLE daily_rollups(device_id TEXT, date_utc TEXT, minutes_used REAL,"
                " minutes_overdraft REAL, last_heartbeat_at TEXT, updated_at TEXT,"
                " PRIMARY KEY(device_id, date_utc));")
            for i in range(3):
                database.execute(
                    "INSERT INTO heartbeats VALUES(?, 'pc-test', ?, 1, 5, ?)",
                    (f"0000000{i}-1111-4222-8333-444444444444", f"2026-01-16T12:00:0{i}.123456Z",
                     "2026-01-16T13:00:00Z" if i < 2 else None))
            database.execute("INSERT INTO daily_rollups VALUES('pc-test', '2026-01-16', 0.25, 0, '', '')")
            database.execute("INSERT INTO daily_rollups VALUES('pc-test', '2026-01-10', 90, 0, '', '')")
        database.close()
        receiver = Receiver()
        receiver.up()
        self.addCleanup(receiver.down)
        agent.write_config(agent.config.read_text().replace(
            "sinks: {", f'sinks: {{ cloud: {{ plugin = "http_ingest"; endpoint_url = "{receiver.url()}";'
            " sync_interval_sec = 0.2; };"))
        agent.start("--set", "retention_days=36500")
        until(lambda: receiver.heartbeats, "the row that was not sent")
        self.assertEqual("00000002-1111-4222-8333-444444444444", receiver.heartbeats[0]["id"])
        self.assertEqual(0.25, agent.get("/daily?date=2026-01-16")[1]["minutes_used"])
        self.assertEqual(90, agent.get("/daily?date=2026-01-10")[1]["minutes_used"])
        self.assertEqual(90, agent.get("/daily?date=2026-01-10&tz=Europe/Paris")[1]["minutes_used"])
        agent.stop()
        self.assertTrue(pathlib.Path(f"{agent.database}.first-agent").exists())
        self.assertEqual(0, agent.run("verify").returncode)


class Repair(Base):
    CORRUPT = ("UPDATE usage_slots SET used_ms = used_ms + 1", "DELETE FROM sessions",
               "UPDATE daily_rollups SET overdraft_ms = used_ms")

    def corrupted(self):
        """A database with play that was damaged by hand, and its heartbeats."""
        agent = self.make(rest="poll_interval_sec = 1; allowance: { default_min = 600; };")
        game = Game(agent)
        self.addCleanup(game.end)
        agent.start()
        until(lambda: (agent.today() or {"minutes_used": 0})["minutes_used"] > 0.03, "play")
        agent.stop()
        for statement in self.CORRUPT:
            agent.sql(statement)
        return agent

    def used_ms(self, agent):
        return agent.sql("SELECT sum(credited_ms) FROM heartbeats")[0][0]

    def heartbeats(self, agent):
        return agent.sql("SELECT * FROM heartbeats ORDER BY seq")

    def assert_repaired(self, agent, before):
        done = agent.run("verify", "--repair")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("differences           0\n", done.stdout)
        self.assertIn("its heartbeats add up to", done.stdout)
        self.assertEqual(before, self.heartbeats(agent)[:len(before)])
        self.assertEqual(0, agent.run("verify").returncode)
        copies = list(agent.database.parent.glob("clockblock.db.before-repair-*Z"))
        self.assertEqual(1, len(copies))
        self.assertEqual(0o600, copies[0].stat().st_mode & 0o777)
        with sqlite3.connect(copies[0]) as copy:
            self.assertLess(0, copy.execute("SELECT max(overdraft_ms) FROM daily_rollups").fetchone()[0])
        copy.close()
        again = agent.run("verify", "--repair")
        self.assertEqual((0, "all is sound: nothing was changed\n"), (again.returncode, again.stdout))

    def test_without_an_agent(self):
        agent = self.corrupted()
        before = self.heartbeats(agent)
        looked = agent.run("verify")
        self.assertEqual(74, looked.returncode)
        self.assertEqual(0, agent.sql("SELECT count(*) FROM sessions")[0][0])
        self.assert_repaired(agent, before)

    def test_the_running_agent_does_it_and_goes_on(self):
        agent = self.corrupted()
        agent.start()
        before = self.heartbeats(agent)
        self.assert_repaired(agent, before)
        until(lambda: len(self.heartbeats(agent)) > len(before) + 2, "the next heartbeats")
        until(lambda: round(agent.status()["today"]["minutes_used"] * 60000) == self.used_ms(agent),
              "today without what was wrong")
        agent.stop()
        self.assertEqual(0, agent.run("verify").returncode)
        self.assertEqual(self.used_ms(agent), agent.sql("SELECT sum(used_ms) FROM sessions")[0][0])

    def test_heartbeats_that_cannot_be_are_told_and_nothing_is_changed(self):
        agent = self.corrupted()
        agent.sql("UPDATE heartbeats SET overdraft_ms = credited_ms + 1 WHERE seq = 1")
        done = agent.run("verify", "--repair")
        self.assertEqual(65, done.returncode)
        self.assertIn("nothing was changed", done.stderr)
        self.assertEqual(0, agent.sql("SELECT count(*) FROM sessions")[0][0])
        self.assertEqual([], list(agent.database.parent.glob("*before-repair*")))

    def test_the_agent_refuses_with_the_code_of_its_reason(self):
        agent = self.corrupted()
        agent.sql("UPDATE heartbeats SET overdraft_ms = credited_ms + 1 WHERE seq = 1")
        agent.start()
        refused = agent.ask("repair")
        self.assertEqual(65, refused["code"], refused)
        self.assertIn("cannot be", refused["error"])

    def test_there_is_nothing_to_repair_where_there_is_no_database(self):
        agent = self.make()
        self.assertNotEqual(0, agent.run("verify", "--repair").returncode)
        self.assertFalse(agent.database.exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
