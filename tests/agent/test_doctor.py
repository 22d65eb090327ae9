# SPDX-License-Identifier: MIT
"""`clockblock doctor`: each kind of trouble, made for real, is named with what to do, and nothing is changed."""

import hashlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import unittest

from harness import AGENT, BUILD, PATIENCE_SEC, Agent, Receiver, clean_environment, free_port, until

PERSON = 4321  # a user of the tests


class Visit(unittest.TestCase):
    """A household, and what the doctor says about it."""

    def household(self, **parts):
        agent = Agent(**parts)
        self.addCleanup(agent.close)
        return agent

    def doctor(self, agent, *arguments, **environment):
        """The exit code, and the findings."""
        run = subprocess.run(
            [AGENT, "doctor", "--json", "--config", agent.config, *arguments], capture_output=True, text=True,
            timeout=PATIENCE_SEC, env=clean_environment() | environment, check=False)
        return self.read(run)

    def read(self, run):
        self.assertNotEqual("", run.stdout, run.stderr)
        self.report = json.loads(run.stdout)
        self.assertEqual(self.report["problems"] == 0, run.returncode == 0)
        return run.returncode, self.report["findings"]

    def one(self, findings, level, subject, *words):
        """The finding of this kind that says all of these words, in its sentence or in its advice."""
        found = [one for one in findings if one["level"] == level and one["subject"] == subject
                 and all(word in f"{one['sentence']} {one['advice']}" for word in words)]
        self.assertEqual(1, len(found), f"{level} {subject} {words}: {json.dumps(findings, indent=1)}")
        if level == "problem":
            self.assertTrue(found[0]["advice"], found[0])
        return found[0]

    def subjects(self, findings, level):
        return [one["subject"] for one in findings if one["level"] == level]

    def only_problem(self, outcome, code, subject, *words):
        """That none runs is a problem of its own, and the least one."""
        self.assertEqual(code, outcome[0], outcome[1])
        self.assertEqual(sorted(["agent", subject]), sorted(self.subjects(outcome[1], "problem")), outcome[1])
        return self.one(outcome[1], "problem", subject, *words)


def contents(folder):
    """All that lies there. What holds the index of a wal is made anew by whoever reads it first."""
    return {path: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns, path.stat().st_mode)
            for path in folder.rglob("*") if path.is_file() and not path.name.endswith("-shm")}


class Healthy(Visit):
    def test_an_agent_that_runs_well_is_well(self):
        agent = self.household()
        agent.start()
        until(agent.today, "a heartbeat")
        code, findings = self.doctor(agent)
        self.assertEqual((0, True, 0), (code, self.report["is_well"], self.report["problems"]), findings)
        said = self.subjects(findings, "ok")
        self.assertEqual(["configuration", "agent", "api", "files", "database", "detector games", "playing_when",
                          "time", "time", "allowance"], said)
        self.one(findings, "ok", "agent", "is running for", "as root" if os.geteuid() == 0 else "as ")
        self.one(findings, "ok", "playing_when", "clockblock detect --watch")
        self.one(findings, "ok", "api", f"http://127.0.0.1:{agent.port}")
        self.one(findings, "ok", "database", "is sound", "clockblock verify")
        self.assertEqual({"level", "subject", "sentence", "advice"}, set(findings[0]))
        text = agent.run("doctor")
        self.assertEqual(0, text.returncode, text.stderr)
        self.assertRegex(text.stdout.splitlines()[-1], r"^All is well(, with \d notes?)?\.$")
        self.assertNotIn("\033", text.stdout)

    def test_without_an_agent_that_is_the_only_problem(self):
        agent = self.household()
        code, findings = self.doctor(agent)
        self.assertEqual((69, ["agent"]), (code, self.subjects(findings, "problem")))
        self.one(findings, "problem", "agent", "none is running", "enable --now clockblock")
        self.one(findings, "ok", "database", "the first start makes it")
        self.one(findings, "ok", "detector games", "works")
        self.assertFalse(agent.database.parent.exists())

    def test_it_changes_nothing(self):
        receiver = Receiver()
        self.addCleanup(receiver.down)
        receiver.up()
        agent = self.household(sinks=f'cloud: {{ plugin = "http_ingest"; endpoint_url = "{receiver.url()}"; }};')
        agent.fill(20)
        before = contents(agent.folder)
        names = set(agent.folder.rglob("*"))
        code, findings = self.doctor(agent)
        self.assertEqual(69, code, findings)
        self.one(findings, "ok", "sink cloud", "can be reached", "it has not begun yet")
        self.assertEqual(names, set(agent.folder.rglob("*")))
        self.assertEqual(before, contents(agent.folder))
        agent.start("--set", "sinks.cloud.enabled=false")
        until(agent.today, "a heartbeat")
        agent.kill()  # with the newest heartbeats in the wal
        before = contents(agent.folder)
        self.assertIn(f"{agent.database}-wal", map(str, before))
        _, findings = self.doctor(agent)
        self.one(findings, "ok", "database", "is sound")
        self.assertEqual(before, contents(agent.folder))
        self.assertEqual([], receiver.requests)

    def test_a_report_for_people(self):
        agent = self.household()
        run = agent.run("doctor", "--set", "api.port=0")
        lines = run.stdout.splitlines()
        self.assertEqual(78, run.returncode)
        at = next(i for i, line in enumerate(lines) if line.startswith("problem  configuration   "))
        self.assertIn("api.port", lines[at])
        self.assertRegex(lines[at + 1], "^ {25}correct that")
        self.assertRegex(lines[-1], r"^2 problems, \d notes?\. Below each problem stands what to do\.$")


class Configuration(Visit):
    def test_all_that_is_wrong_with_it(self):
        agent = self.household(rest='poll_interval_sec = 0; retention_day = 3; playing_when = "games and nobody";')
        code, findings = self.doctor(agent)
        self.assertEqual(78, code)
        for words in ("poll_interval_sec", "retention_days", "nobody"):
            self.one(findings, "problem", "configuration", words, "clockblock check")
        self.one(findings, "note", "configuration", "no agent can start", "named by --config")
        self.one(findings, "problem", "agent", "correct the configuration first")

    def test_a_file_that_cannot_be_read(self):
        agent = self.household()
        agent.write_config("detectors: {")
        code, findings = self.doctor(agent, XDG_STATE_HOME=str(agent.folder))
        self.assertEqual(78, code)
        self.one(findings, "problem", "configuration", "syntax error")
        self.one(findings, "problem", "agent", f"{agent.folder}/clockblock/clockblock.db")

    def test_a_file_that_is_there_and_not_read(self):
        agent = self.household()
        own = agent.folder / "clockblock" / "clockblock.conf"
        own.parent.mkdir()
        shutil.copy(agent.config, own)
        _, findings = self.doctor(agent, XDG_CONFIG_HOME=str(agent.folder))
        self.one(findings, "note", "configuration", f"{own} is there too", str(agent.config))
        run = subprocess.run([AGENT, "doctor", "--json"], capture_output=True, text=True, timeout=PATIENCE_SEC,
                             env=clean_environment() | {"XDG_CONFIG_HOME": str(agent.folder)}, check=False)
        _, findings = self.read(run)
        self.one(findings, "ok", "configuration", str(own), "the file of this user")

    def test_what_does_not_come_from_the_file_is_named_without_its_value(self):
        agent = self.household()
        _, findings = self.doctor(agent, "--set", "device_id=pc-secret", CLOCKBLOCK_RETENTION_DAYS="77")
        one = self.one(findings, "note", "configuration", "CLOCKBLOCK_RETENTION_DAYS", "--set device_id")
        self.assertNotRegex(one["sentence"], "77|pc-secret")

    def test_a_plugin_that_is_not_installed(self):
        agent = self.household(sinks='home: { plugin = "carrier_pigeon"; };')
        outcome = self.doctor(agent)
        self.only_problem(outcome, 78, "configuration", "carrier_pigeon", "apt search clockblock-plugin")
        self.one(outcome[1], "ok", "detector games", "works")


class Running(Visit):
    """Agents that are other than expected."""

    def pretend(self, agent, answer):
        """Somebody who answers at the control socket like an agent."""
        agent.database.parent.mkdir()
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(f"{agent.database}.sock")
        listener.listen()

        def serve():
            connection, _ = listener.accept()
            with connection.makefile() as request:
                request.readline()  # all of it: what is left unread would reset the connection
            connection.sendall(answer.encode())
            connection.close()

        threading.Thread(target=serve, daemon=True).start()

    def test_one_of_another_version_that_cannot_store(self):
        agent = self.household()
        store = {"health": "failing", "problem": "the disk is full", "waiting": 7, "dropped": 2,
                 "event": "the database was deleted", "event_at": "2026-01-16T12:00:00.000Z"}
        self.pretend(agent, json.dumps({
            "version": "0.0.9", "uptime_sec": 7300, "config": "/nowhere/clockblock.conf", "store": store,
            "api": {"url": "", "listening": False}, "sinks": [],
            "detectors": [{"name": "games", "state": "quarantined", "reason": "it ended the agent 3 times"}]}))
        code, findings = self.doctor(agent)
        self.assertEqual(74, code)
        self.one(findings, "note", "agent", "0.0.9", "for 2 h", "restart it")
        self.one(findings, "note", "agent", "/nowhere/clockblock.conf", str(agent.config))
        self.one(findings, "problem", "agent", "not being stored", "the disk is full", "7 wait")
        self.one(findings, "problem", "agent", "2 heartbeats were lost")
        self.one(findings, "note", "agent", "the database was deleted")
        self.one(findings, "problem", "detector games", "quarantined", "clockblock plugins release games")
        self.one(findings, "problem", "playing_when", "cannot be true now")

    def test_one_that_gives_no_answer(self):
        agent = self.household()
        self.pretend(agent, "")
        code, findings = self.doctor(agent)
        self.assertEqual((69, ["agent"]), (code, self.subjects(findings, "problem")))
        self.one(findings, "problem", "agent", "closed the connection", "restart clockblock")

    def test_a_port_that_another_program_has(self):
        agent = self.household()
        with socket.socket() as other:
            other.bind(("127.0.0.1", agent.port))
            other.listen()
            threading.Thread(target=lambda: other.accept()[0].close(), daemon=True).start()
            self.only_problem(self.doctor(agent), 69, "api", "another program of the user", "api.port")

    def test_a_port_that_another_agent_has(self):
        agent, other = self.household(), self.household()
        other.start()
        _, findings = self.doctor(agent, "--set", f"api.port={other.port}")
        self.one(findings, "note", "api", "another ClockBlock of the user", "clockblock doctor")
        agent.start("--set", f"api.port={other.port}", ready=False)
        until(lambda: agent.run("status").returncode == 0, "the second agent")
        _, findings = self.doctor(agent, "--set", f"api.port={other.port}")
        self.one(findings, "problem", "api", "another ClockBlock of the user", "clockblock doctor")


class Database(Visit):
    def test_a_damaged_one(self):
        agent = self.household(sinks='log: { plugin = "file"; path = "lines.jsonl"; };')
        agent.fill(3000)
        with open(agent.database, "r+b") as file:
            file.seek(agent.database.stat().st_size // 4)
            file.write(b"\xa5" * (agent.database.stat().st_size * 3 // 4))
        before = contents(agent.folder)
        outcome = self.doctor(agent)
        self.only_problem(outcome, 65, "database", "damaged", "restart the agent")
        self.assertEqual(before, contents(agent.folder))
        pathlib.Path(f"{agent.database}.damaged").touch()
        self.only_problem(self.doctor(agent), 65, "database", "was found damaged", "restart the agent")

    def test_one_of_another_program(self):
        agent = self.household()
        agent.database.parent.mkdir()
        agent.database.write_text("groceries: milk, eggs, flour\n" * 100)
        self.only_problem(self.doctor(agent), 78, "database", "no SQLite database", "db_path")

    def test_one_of_an_older_version(self):
        agent = self.household()
        agent.fill(1)
        agent.sql("PRAGMA user_version = 2")
        _, findings = self.doctor(agent)
        self.one(findings, "note", "database", "of an older version", "brings it up to date")

    def test_what_was_put_aside_and_its_cap(self):
        agent = self.household()
        agent.fill(25000)
        for name in ("20260116T120000Z", "20260117T120000Z", "20260117T120000Z-wal"):
            pathlib.Path(f"{agent.database}.corrupt-{name}").write_text("damaged")
        code, findings = self.doctor(agent, "--set", "store.max_mb=1")
        self.assertEqual(69, code)
        self.one(findings, "note", "database", "2 damaged databases were put aside", "20260117T120000Z:", "rm ")
        self.one(findings, "note", "database", "1 MB that store.max_mb allows")

    def test_a_clock_that_is_before_the_newest_heartbeat(self):
        agent = self.household()
        agent.fill(3)
        agent.sql("UPDATE heartbeats SET wall_ms = wall_ms + 86400000 WHERE seq = 3")
        self.only_problem(self.doctor(agent), 69, "time", "wrong now, or was then", "timedatectl set-ntp true")

    def test_a_household_in_another_zone(self):
        agent = self.household(rest='day: { timezone = "Asia/Tokyo"; starts_at = "04:00"; };'
                                    " allowance: { default_min = 90; };")
        _, findings = self.doctor(agent, TZ="Europe/Paris")
        self.one(findings, "note", "time", "Asia/Tokyo", "04:00", "Europe/Paris")
        self.one(findings, "ok", "allowance", "90 minutes today")


class Detectors(Visit):
    def blind(self, rule):
        """A detector that has nothing to look at."""
        agent = self.household(rest=f'poll_interval_sec = 1; playing_when = "{rule}";')
        text = agent.config.read_text()
        empty = agent.folder / "empty"
        empty.mkdir()
        agent.write_config(text.replace("detectors: {", "detectors: { gpu: { plugin = \"gpu_usage\"; "
                                        f'sys_root = "{empty}"; proc_root = "{empty}"; sources = "sysfs"; }};'))
        return agent

    def test_one_without_which_nobody_can_be_playing(self):
        agent = self.blind("games and gpu")
        code, findings = self.doctor(agent)
        self.assertEqual(69, code)
        self.one(findings, "problem", "detector gpu", "unavailable", "enabled = false")
        self.one(findings, "problem", "playing_when", "games and gpu: cannot be true now, because of gpu")
        agent.start()  # it says the same of what it has
        until(agent.today, "a heartbeat")
        code, findings = self.doctor(agent)
        self.assertEqual(69, code)
        self.one(findings, "problem", "detector gpu", "unavailable", "enabled = false")
        self.assertEqual(["detector gpu", "playing_when"], self.subjects(findings, "problem"))

    def test_one_that_others_can_do_without(self):
        code, findings = self.doctor(self.blind("games or gpu"))
        self.assertEqual(69, code)
        self.one(findings, "note", "playing_when", "gpu counts as not active")
        self.assertEqual(["agent", "detector gpu"], self.subjects(findings, "problem"))

    def test_one_that_hangs_does_not_keep_the_report(self):
        agent = self.household(rest=f'plugin_dirs = [ "{BUILD / "misbehaving"}" ];')
        text = agent.config.read_text()
        agent.write_config(text.replace("detectors: {", 'detectors: { bad: { plugin = "misbehaving";'
                                        ' trick = "hang_poll"; };'))
        code, findings = self.doctor(agent)
        self.assertEqual(69, code)
        self.assertIn("detector bad", self.subjects(findings, "problem") + self.subjects(findings, "note"))
        self.one(findings, "ok", "detector games", "works")

    def test_one_that_ends_the_doctor_does_not_take_what_was_found(self):
        agent = self.household(rest=f'plugin_dirs = [ "{BUILD / "misbehaving"}" ];')
        agent.write_config(agent.config.read_text().replace(
            "detectors: {", 'detectors: { bad: { plugin = "misbehaving"; trick = "crash_poll"; };'))
        run = agent.run("doctor")
        self.assertNotEqual(0, run.returncode)
        self.assertIn("problem  agent           none is running", run.stdout)
        self.assertIn("detector bad", run.stderr)
        self.assertFalse(agent.database.parent.exists())

    def test_none_at_all(self):
        agent = self.household()
        agent.write_config(agent.config.read_text().replace("games: {", "games: { enabled = false;"))
        code, findings = self.doctor(agent)
        self.assertEqual(78, code)
        self.one(findings, "problem", "detectors", "none is switched on")


class Sinks(Visit):
    def setUp(self):
        self.receiver = Receiver()
        self.addCleanup(self.receiver.down)

    def cloud(self, rest=""):
        return self.household(sinks=f'cloud: {{ plugin = "http_ingest"; endpoint_url = "{self.receiver.url()}";'
                                    f" sync_interval_sec = 0.2; {rest} }};")

    def test_a_receiver_that_is_not_there(self):
        agent = self.cloud()
        outcome = self.doctor(agent)
        where = f"127.0.0.1 port {self.receiver.port} cannot be reached"
        self.only_problem(outcome, 69, "sink cloud", where, "sinks.cloud")
        agent.run("once")  # tries it, and remembers why not
        code, findings = self.doctor(agent)
        self.assertEqual(69, code)
        self.one(findings, "problem", "sink cloud", "its last attempt failed", "1 heartbeat waits")

    def test_a_receiver_that_wants_another_token(self):
        self.receiver.up()
        self.receiver.status = 401
        agent = self.cloud()
        agent.start()
        until(lambda: [one["state"] for one in agent.status()["sinks"]] == ["holding"], "holding")
        code, findings = self.doctor(agent)
        self.assertEqual((69, ["sink cloud"]), (code, self.subjects(findings, "problem")))
        self.one(findings, "problem", "sink cloud", "holding", "401", "reload clockblock")
        self.one(findings, "ok", "sink cloud", "can be reached")

    def test_a_proxy_is_tried_in_its_place(self):
        self.receiver.up()
        agent = self.cloud()
        proxy = free_port()
        outcome = self.doctor(agent, http_proxy=f"http://name:hush@127.0.0.1:{proxy}/")
        one = self.only_problem(outcome, 69, "sink cloud", f"the proxy 127.0.0.1 port {proxy} cannot be reached")
        self.assertNotIn("hush", json.dumps(self.report), one)
        _, findings = self.doctor(agent, http_proxy=f"http://127.0.0.1:{proxy}", no_proxy="example.com,127.0.0.1")
        self.one(findings, "ok", "sink cloud", f"127.0.0.1 port {self.receiver.port} can be reached")

    def test_what_the_receiver_refused(self):
        self.receiver.up()
        agent = self.cloud()
        agent.fill(3)
        agent.sql("INSERT INTO sink_cursors(sink, delivered_seq, enabled, added_ms) VALUES('cloud', 2, 1, 0)")
        agent.sql("INSERT INTO quarantine VALUES('cloud', 2, '{}', 'too odd', 0)")
        _, findings = self.doctor(agent)
        self.one(findings, "note", "sink cloud", "refused 1 heartbeat, that was set aside", "clockblock quarantine list cloud")
        self.one(findings, "ok", "sink cloud", "1 heartbeat waits for it")

    def test_one_whose_plugin_ended_the_agent_too_often(self):
        self.receiver.up()
        agent = self.cloud()
        agent.fill(1)
        lines = "".join(f"{second} sink cloud deliver SIGSEGV\n" for second in (1764000000, 1764000001, 1764000002))
        pathlib.Path(f"{agent.database}.crashes").write_text(lines)
        outcome = self.doctor(agent)
        self.only_problem(outcome, 69, "sink cloud", "quarantined", "clockblock plugins release cloud")

    def test_a_broker_that_is_not_there(self):
        port = free_port()
        agent = self.household(sinks=f'home: {{ plugin = "mqtt"; host = "127.0.0.1"; port = {port}; }};')
        self.only_problem(self.doctor(agent), 69, "sink home", f"127.0.0.1 port {port} cannot be reached")


class Permissions(Visit):
    """Files that somebody else may read, or that somebody cannot write."""

    def test_a_secret_for_all(self):
        agent = self.household()
        token = agent.folder / "token"
        agent.write_config(agent.config.read_text().replace("api: {", f'api: {{ token_file = "{token}";'))
        code, findings = self.doctor(agent)
        self.assertEqual(78, code)
        self.one(findings, "problem", "files", "api.token_file: there is no file", "install -m 600")
        self.one(findings, "problem", "detectors", "no agent can start", str(token))
        token.write_text("secret-of-the-test")
        token.chmod(0o644)
        _, findings = self.doctor(agent)
        self.one(findings, "problem", "files", "everybody may read the secret", f"chmod 600 '{token}'")
        token.chmod(0o600)
        code, findings = self.doctor(agent)
        self.assertEqual(69, code, findings)

    def test_a_secret_in_a_configuration_for_all(self):
        agent = self.household(sinks='cloud: { plugin = "http_ingest"; endpoint_url = "https://127.0.0.1:1/";'
                                     ' device_token = "secret-of-the-test"; };')
        agent.config.chmod(0o644)
        _, findings = self.doctor(agent)
        self.one(findings, "note", "files", "sinks.cloud.device_token", f"chmod 600 '{agent.config}'")
        self.assertNotIn("secret-of-the-test", json.dumps(self.report))

    def test_a_folder_that_a_sink_cannot_write(self):
        agent = self.household(sinks='log: { plugin = "file"; path = "nowhere/lines.jsonl"; };')
        self.only_problem(self.doctor(agent), 74, "files", "sinks.log.path", "make the folder", "nowhere")

    def test_a_folder_of_plugins_for_all(self):
        agent = self.household()
        folder = agent.folder / "plugins"
        folder.mkdir()
        folder.chmod(0o777)
        outcome = self.doctor(agent, "--set", f'plugin_dirs=[ "{folder}" ]')
        self.only_problem(outcome, 78, "files", "everybody may put plugins", f"chmod go-w '{folder}'")


@unittest.skipIf(os.geteuid() != 0, "only root can be several users")
class Users(Visit):
    """The program as another user, who may not even see the folder that it was built in."""

    def setUp(self):
        self.agent = self.household()
        self.agent.folder.chmod(0o755)
        self.agent.config.chmod(0o644)
        self.program = self.agent.folder / "clockblock"
        shutil.copy(AGENT, self.program)
        (self.agent.folder / "plugins").mkdir()
        shutil.copy(BUILD / "plugins" / "process_name.so", self.agent.folder / "plugins")

    def as_user(self, user, *arguments):
        return self.read(subprocess.run(
            [self.program, "doctor", "--json", "--config", self.agent.config, *arguments], user=user, group=user,
            extra_groups=[], capture_output=True, text=True, timeout=PATIENCE_SEC, env=clean_environment(),
            cwd=self.agent.folder, check=False))

    def own(self, user):
        self.agent.database.parent.mkdir(exist_ok=True)
        for path in (self.agent.database.parent, *self.agent.database.parent.iterdir()):
            os.chown(path, user, user)

    def test_an_ordinary_user_is_well(self):
        self.own(PERSON)
        code, findings = self.as_user(PERSON)
        self.assertEqual((69, ["agent"]), (code, self.subjects(findings, "problem")), findings)
        self.one(findings, "problem", "agent", "systemctl --user enable --now", "journalctl --user -u clockblock")
        self.one(findings, "ok", "detector games", f"of {PERSON} alone")
        _, findings = self.doctor(self.agent)
        self.one(findings, "problem", "agent", f"systemctl --user --machine={PERSON}@ enable", "_SYSTEMD_USER_UNIT=")
        self.own(0)
        _, findings = self.doctor(self.agent)
        self.one(findings, "problem", "agent", "start it: systemctl enable --now", "journalctl -u clockblock")
        self.assertNotIn("alone", self.one(findings, "ok", "detector games")["sentence"])

    def test_root_looks_while_a_user_has_an_agent(self):
        os.seteuid(PERSON)  # whose the socket is then
        with socket.socket() as taken:
            os.seteuid(0)
            taken.bind(("127.0.0.1", self.agent.port))
            taken.listen()
            _, findings = self.doctor(self.agent)
        self.one(findings, "note", "agent", f"the user {PERSON} has port {self.agent.port}", f"sudo -u {PERSON} clockblock")
        self.assertNotIn("agent", self.subjects(findings, "problem"))

    def test_a_folder_that_this_user_cannot_write(self):
        self.agent.database.parent.mkdir()
        self.only_problem(self.as_user(PERSON), 74, "files", f"cannot be written by {PERSON}", "chown")
        self.agent.database.parent.rmdir()
        self.only_problem(self.as_user(PERSON), 74, "files", "cannot be made by this user", "install -d")

    def test_files_that_root_left_there(self):
        self.agent.fill(3)
        self.own(PERSON)
        os.chown(self.agent.database, 0, 0)
        code, findings = self.as_user(PERSON)
        self.assertEqual(74, code)
        words = (f"{self.agent.database} belongs to root", f"sudo chown {PERSON}: '{self.agent.database}'*")
        self.one(findings, "problem", "files", *words)
        self.one(findings, "problem", "database", "cannot be read by this user")
        code, findings = self.doctor(self.agent)  # root is told the same
        self.one(findings, "problem", "files", *words)

    def test_the_agent_of_another_user(self):
        self.agent.start()
        code, findings = self.as_user(PERSON)
        self.one(findings, "problem", "agent", "one of the user root may be running", "sudo -u root clockblock doctor")
        self.one(findings, "note", "api", "another ClockBlock of the user root")
        self.one(findings, "problem", "database", "cannot be read by this user")


if __name__ == "__main__":
    unittest.main()
