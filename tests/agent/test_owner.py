# SPDX-License-Identifier: MIT
"""Root looks after the account of a service or of a user, who can go on with all that is left behind."""

import os
import subprocess
import unittest

import harness

SERVICE = 54321  # a user that nobody is


def as_service(*command, environment=None):
    return subprocess.run(command, capture_output=True, text=True, timeout=harness.PATIENCE_SEC, check=False,
                          user=SERVICE, group=SERVICE, extra_groups=[],
                          env=environment or harness.clean_environment())


@unittest.skipUnless(os.geteuid() == 0, "to be two users needs root")
class Root(unittest.TestCase):
    def setUp(self):
        try:
            if as_service(harness.AGENT, "--version").returncode != 0:
                self.skipTest("other users cannot load the program from where it was built")
        except PermissionError:
            self.skipTest("other users do not reach the program where it was built")
        self.agent = harness.Agent(sinks='log: { plugin = "file"; path = "state/heartbeats.jsonl";'
                                         ' sync_interval_sec = 1; };')
        self.addCleanup(self.agent.close)
        self.state = self.agent.folder / "state"
        self.state.mkdir(mode=0o700)
        for path in (self.agent.folder, self.agent.config, self.state):
            os.chown(path, SERVICE, SERVICE)

    def root(self, *command):
        ran = self.agent.run(*command)
        self.assertEqual(ran.returncode, 0, f"{command}: {ran.stderr}")
        return ran.stdout

    def assert_owned(self):
        """Every file in the folder is one that the service may open."""
        names = sorted(self.state.iterdir())
        self.assertTrue(names)
        for path in names:
            status = path.stat()
            self.assertEqual((status.st_uid, status.st_gid), (SERVICE, SERVICE), path)
        return {path.name for path in names}

    def start_as_service(self):
        with open(self.agent.log, "a") as log:
            self.agent.process = subprocess.Popen(
                [harness.AGENT, "run", "--config", self.agent.config], stderr=log, user=SERVICE, group=SERVICE,
                extra_groups=[], env=harness.clean_environment())
        harness.until(self.agent.answers, f"the API: {self.agent.log.read_text()}")

    def assert_service_goes_on(self):
        before = (self.state / "heartbeats.jsonl").stat().st_size
        self.start_as_service()
        harness.until(lambda: (self.state / "heartbeats.jsonl").stat().st_size > before, "a delivery")
        self.assertEqual(self.agent.stop()[0], 0, self.agent.log.read_text())

    def test_what_root_makes_from_nothing_is_the_service_s(self):
        self.root("once")
        self.root("grant", "30")
        self.root("verify", "--repair")
        self.root("backup", str(self.state / "copy.db"))
        names = self.assert_owned()
        self.assertLessEqual({"clockblock.db", "clockblock.db.lock", "copy.db", "heartbeats.jsonl"}, names)
        self.assert_service_goes_on()

    def test_what_root_rescues_is_the_service_s(self):
        self.root("once")
        with open(self.agent.database, "r+b") as database:
            database.seek(4096)
            database.write(b"\x07 damage \x00" * 4096)
        self.root("once")
        names = self.assert_owned()
        self.assertTrue([name for name in names if ".corrupt" in name], names)
        self.assert_service_goes_on()

    def test_root_follows_no_link_of_the_service_s(self):
        victim = self.agent.folder / "root-only"
        victim.write_text("of root's own")
        victim.chmod(0o600)
        os.chown(victim, 0, 0)
        for name in ("clockblock.db.ballast.new", "heartbeats.jsonl", "log", "clockblock.db"):
            link = self.state / name
            link.unlink(missing_ok=True)
            link.symlink_to(victim)
            self.agent.run("once")
            if name == "log":
                self.agent.run("run", "--set", f"log.file={link}")
            self.assertEqual(victim.read_text(), "of root's own", name)

    def test_folders_that_root_makes_are_the_service_s(self):
        log = self.state / "logs" / "of" / "agent.log"
        self.agent.start("--set", f"log.file={log}")
        self.assertEqual(self.agent.stop()[0], 0)
        for path in (log, log.parent, log.parent.parent):
            self.assertEqual(path.stat().st_uid, SERVICE, path)

    def test_root_asks_a_service_that_runs(self):
        self.start_as_service()
        harness.until(lambda: (self.state / "heartbeats.jsonl").exists(), "a delivery")
        self.assertIn("pc-test", self.root("status", "--json"))
        self.root("grant", "30", "--note", "of root's")
        self.assertIn("of root's", self.root("grants"))
        self.root("report")
        self.root("verify")
        self.root("backup", str(self.state / "copy.db"))
        self.assertIn("copy.db", self.assert_owned())
        self.assertEqual(self.agent.stop()[0], 0, self.agent.log.read_text())
        self.assert_owned()
        self.assert_service_goes_on()

    def test_root_looks_where_the_service_of_the_machine_keeps_its_account(self):
        names = ("STATE_DIRECTORY", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
        plain = {key: value for key, value in harness.clean_environment().items() if key not in names}
        plain["HOME"] = str(self.agent.folder)
        given = plain | {"XDG_STATE_HOME": str(self.state)}
        command = [harness.AGENT, "status", "--set", f"api.port={self.agent.port}"]
        as_root = {what: subprocess.run(command, capture_output=True, text=True, env=environment, check=False).stderr
                   for what, environment in (("plain", plain), ("given", given))}
        self.assertIn(" /var/lib/clockblock/clockblock.db", as_root["plain"])
        self.assertIn(f" {self.state}/clockblock/clockblock.db", as_root["given"])
        self.assertIn(f" {self.agent.folder}/.local/state/clockblock/clockblock.db",
                      as_service(*command, environment=plain).stderr)

    def test_a_link_gives_nothing_away(self):
        """Whoever owns the folder may point a name in it to a file of root's."""
        precious = self.agent.folder / "precious"
        precious.write_text("of root's")
        precious.chmod(0o644)
        (self.state / "clockblock.db.lock").symlink_to(precious)
        refused = self.agent.run("once")
        self.assertEqual(refused.returncode, 74, refused.stderr)
        self.assertIn("clockblock.db.lock", refused.stderr)
        self.assertEqual(precious.read_text(), "of root's")
        self.assertEqual((precious.stat().st_uid, precious.stat().st_mode & 0o777), (0, 0o644))
