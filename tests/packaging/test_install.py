# SPDX-License-Identifier: MIT
"""The packages on a clean machine: installed, used, upgraded, removed and purged, under a real systemd."""

import contextlib
import json
import os
import pathlib
import re
import sqlite3
import tempfile

from machine import MachineTest, until
from older import older_packages, program_version
from packages import binary_tarball
from service import Service, game, package, quick

SOURCES = pathlib.Path(__file__).resolve().parents[2]
# What Debian's own unattended upgrades do with a file that was edited.
KEEP_EDITED = ("-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold")


class ForAUser(MachineTest):
    """The default: a service of each user, from the first login or, with lingering, from boot."""

    @classmethod
    def prepare(cls):
        quick(cls.machine)
        cls.machine.linger("anna")
        cls.machine.install(package())
        cls.anna = Service(cls.machine, "anna")

    def test_1_it_is_enabled_for_users_and_not_for_the_machine(self):
        self.assertEqual(self.machine.systemctl("--global", "is-enabled", "clockblock"), "enabled")
        self.assertEqual(self.machine.systemctl("is-enabled", "clockblock", check=False), "disabled")
        self.assertEqual(self.machine.systemctl("is-active", "clockblock", check=False), "inactive")

    def test_2_it_runs_at_once_for_who_is_logged_in(self):
        self.anna.wait_active()
        self.assertEqual(self.anna.get("/health")[0], 200)
        self.assertRegex(self.anna.property("StatusText"), r"(?i)today")

    def test_3_a_game_of_hers_is_noticed_and_its_minutes_are_on_disk(self):
        with game(self.machine, "anna"):
            self.anna.wait_played()
            until(lambda: self.anna.status()["is_playing"], "play in the status")
            self.assertEqual(self.anna.status()["activity"], "Minecraft")
            self.assertIn(b"Minecraft", self.anna.get("/status")[1])
        before = self.anna.played_ms()
        self.anna.systemctl("restart", "clockblock")
        self.anna.wait_active()
        self.assertGreaterEqual(self.anna.played_ms(), before)
        self.assertEqual(self.anna.command("verify").returncode, 0)

    def test_4_the_game_of_another_is_not_hers(self):
        until(lambda: self.anna.status()["is_playing"] is False, "nobody to play")
        newest = self.anna.rows("SELECT max(seq) FROM heartbeats")[0][0]
        with game(self.machine, "ben"):
            until(lambda: self.anna.rows("SELECT max(seq) FROM heartbeats")[0][0] > newest + 2, "more heartbeats")
            self.assertEqual(self.anna.rows(f"SELECT sum(is_playing) FROM heartbeats WHERE seq > {newest + 1}"), [(0,)])

    def test_5_the_journal_knows_how_grave_a_message_is(self):
        config = "/home/anna/.config/clockblock/clockblock.conf"
        self.machine.run("install", "-d", os.path.dirname(config), user="anna")
        self.machine.put("poll_interval = 5;\n", config, owner="anna")
        self.anna.systemctl("restart", "clockblock", check=False)
        until(lambda: self.anna.property("ActiveState") == "failed", "a wrong configuration to end it")
        self.assertEqual(self.anna.property("ExecMainStatus"), "78")
        self.assertEqual(self.anna.property("NRestarts"), "0")
        self.machine.path(config).unlink()
        self.anna.systemctl("start", "clockblock")
        self.anna.wait_active()
        said = self.anna.priorities()
        self.assertTrue(any(level == 3 and "poll_interval" in text for level, text in said), said)
        self.assertTrue(any(level == 6 and "is up" in text for level, text in said), said)
        self.assertFalse([text for _, text in said if re.match(r"<\d>|\d{4}-", text)], "a prefix or a time stamp")

    def test_6_plugins_that_come_later_are_there_after_a_reload(self):
        self.machine.install(package("clockblock-plugins-desktop"), package("clockblock-plugin-mqtt"))
        names = {plugin["name"] for plugin in json.loads(self.anna.command("plugins", "list", "--json").stdout)}
        self.assertLessEqual({"window_title", "gpu_usage", "idle", "mqtt", "process_name", "file"}, names)
        config = "/home/anna/.config/clockblock/clockblock.conf"
        shipped = self.machine.path("/etc/clockblock/clockblock.conf").read_text()
        self.machine.put(re.sub(r'(plugin = "idle";\s*enabled = )false', r"\1true", shipped), config, owner="anna")
        pid = self.anna.pid()
        self.anna.systemctl("reload", "clockblock")
        until(lambda: "away" in json.dumps(self.anna.status()["detectors"]), "the detector after the reload")
        self.assertEqual(self.anna.pid(), pid)

    def test_7_a_second_user_has_an_account_of_his_own(self):
        self.machine.linger("ben")
        ben = Service(self.machine, "ben")
        ben.wait_active()
        with game(self.machine, "ben"):
            ben.wait_played()
        self.assertIn("3841", " ".join(text for level, text in ben.priorities() if level <= 4))


class ForTheMachine(MachineTest):
    """The service of the machine, for headless detectors: games of all people."""

    @classmethod
    def prepare(cls):
        quick(cls.machine)
        cls.machine.install(package())
        cls.service = Service(cls.machine)
        cls.machine.systemctl("enable", "--now", "clockblock")
        cls.service.wait_active()

    def test_1_games_of_ordinary_users_count_and_root_may_ask(self):
        with game(self.machine, "anna"):
            self.service.wait_played()
        self.assertEqual(self.service.status()["version"].split()[0], program_version())
        self.assertEqual(self.machine.run("stat", "-c%U:%a", "/var/lib/clockblock").stdout.strip(), "clockblock:700")
        self.assertEqual(self.machine.property("User"), "clockblock")

    def test_2_killed_it_is_back_with_all_that_it_had(self):
        with game(self.machine, "anna"):
            for _ in range(2):
                before, pid = self.service.wait_played(self.service.played_ms()), self.service.pid()
                self.machine.run("sh", "-c", f"kill -KILL {pid}")
                until(lambda: self.service.pid() not in (0, pid), "another process")
                self.service.wait_active()
                self.assertGreaterEqual(self.service.played_ms(), before)
        self.assertEqual(self.service.command("verify").returncode, 0)
        counts = self.service.rows("SELECT count(*), max(seq) - min(seq) + 1 FROM heartbeats")[0]
        self.assertEqual(counts[0], counts[1])

    def test_3_a_reload_takes_what_is_new_and_refuses_what_is_wrong(self):
        config = self.machine.path("/etc/clockblock/clockblock.conf")
        before, pid = config.read_text(), self.service.pid()
        config.write_text("poll_interval = 5;\n")
        self.machine.systemctl("reload", "clockblock")
        until(lambda: any(level <= 4 and "poll_interval" in text for level, text in self.service.priorities()),
              "the refusal in the journal")
        config.write_text(before + "allowance: { default_min = 77; };\n")
        self.machine.systemctl("reload", "clockblock")
        until(lambda: self.service.status()["today"]["minutes_allowance"] == 77, "the new allowance")
        self.assertEqual(self.service.pid(), pid)
        config.write_text(before)
        self.machine.systemctl("reload", "clockblock")

    def test_4_bonus_minutes_and_a_backup_by_root_leave_it_well(self):
        self.service.command("grant", "30")
        self.service.command("backup", "/root/copy.db")
        self.machine.systemctl("stop", "clockblock")
        self.service.command("verify")
        self.service.command("report")
        self.machine.systemctl("start", "clockblock")
        self.service.wait_active()
        owners = self.machine.run("find", "/var/lib/clockblock", "!", "-user", "clockblock").stdout
        self.assertEqual(owners, "")
        self.assertIn("30", self.service.command("grants").stdout)

    def test_5_it_comes_with_the_next_boot(self):
        wants = self.machine.path("/etc/systemd/system/multi-user.target.wants/clockblock.service")
        self.assertTrue(wants.is_symlink())


class Upgraded(MachineTest):
    """From the version before, with a configuration that was edited and accounts of several ages."""

    @classmethod
    def prepare(cls):
        quick(cls.machine)
        cls.machine.linger("anna")
        with tempfile.TemporaryDirectory() as folder:
            cls.machine.install(*older_packages(folder))
        cls.anna, cls.ben, cls.system = (Service(cls.machine, user) for user in ("anna", "ben", None))
        cls.machine.systemctl("enable", "--now", "clockblock")
        with game(cls.machine, "anna"):
            cls.played = {service: service.wait_played() for service in (cls.anna, cls.system)}
        cls.put_old_account(cls.ben)
        with open(cls.machine.path("/etc/clockblock/clockblock.conf"), "a") as config:
            config.write('device_id = "edited";\n')
        cls.pids = {service: service.pid() for service in (cls.anna, cls.system)}
        cls.machine.install(package(), package("clockblock-plugin-mqtt"), options=KEEP_EDITED)
        cls.machine.linger("ben")
        for service in (cls.anna, cls.ben, cls.system):
            service.wait_active()

    @classmethod
    def put_old_account(cls, owner):
        """One that the first version of the database has, of a user who is not logged in."""
        cls.machine.run("install", "-d", "-m", "700", owner.folder, user=owner.user)
        with tempfile.TemporaryDirectory() as folder:
            old = pathlib.Path(folder) / "old.db"
            with contextlib.closing(sqlite3.connect(old, isolation_level=None)) as database:
                database.executescript((SOURCES / "tests/unit/fixtures/version_1.sql").read_text())
            cls.machine.put(old, owner.database, owner=owner.user, mode=0o600)

    def test_1_what_ran_runs_the_new_program(self):
        for service, old in self.pids.items():
            self.assertNotEqual(service.pid(), old)
            self.assertEqual(service.status()["version"].split()[0], program_version())
            exe = self.machine.run("readlink", f"/proc/{service.pid()}/exe").stdout
            self.assertEqual(exe.strip(), "/usr/bin/clockblock")
            self.assertEqual(service.property("NeedDaemonReload"), "no")
            self.assertEqual(service.property("SuccessExitStatus"), "")

    def test_2_the_accounts_are_whole(self):
        for service, before in self.played.items():
            self.assertGreaterEqual(service.played_ms(), before)
            service.command("verify")

    def test_3_an_old_account_was_brought_up_to_date_and_kept(self):
        self.assertEqual(self.ben.rows("SELECT count(*) FROM heartbeats WHERE seq <= 120"), [(120,)])
        self.assertTrue(self.machine.path(f"{self.ben.database}.v1-backup").exists())
        self.ben.command("verify")

    def test_4_the_edited_configuration_stays_and_the_new_one_lies_beside_it(self):
        folder = self.machine.path("/etc/clockblock")
        self.assertIn('device_id = "edited"', (folder / "clockblock.conf").read_text())
        self.assertTrue((folder / "clockblock.conf.dpkg-dist").exists())
        self.assertEqual(self.system.status()["device_id"], "edited")

    def test_5_once_more_it_starts_nobody_s_and_waits_for_nobody_s(self):
        self.anna.systemctl("stop", "clockblock")
        slow = "/home/ben/.config/systemd/user/clockblock.service.d/slow.conf"
        self.machine.run("install", "-d", os.path.dirname(slow), user="ben")
        self.machine.put("[Service]\nExecStartPre=/bin/sleep infinity\nTimeoutStartSec=infinity\n", slow, owner="ben")
        pid = self.system.pid()
        self.machine.run("dpkg", "-i", f"/root/{package().name}")
        until(lambda: self.system.pid() not in (0, pid), "the service of the machine")
        self.assertEqual(self.anna.property("ActiveState"), "inactive")
        until(lambda: self.ben.property("ActiveState") == "activating", "ben's, which takes its time")

    def test_6_removed_and_installed_it_starts_those_that_are_not_masked(self):
        self.ben.systemctl("mask", "clockblock")
        self.machine.run("apt-get", "remove", "-y", "-q", "clockblock")
        until(lambda: self.ben.property("ActiveState") in ("inactive", "failed"), "the end of ben's")
        self.machine.run("dpkg", "-i", f"/root/{package().name}")
        self.anna.wait_active()
        self.assertEqual(self.ben.systemctl("is-enabled", "clockblock", check=False), "masked")
        self.assertEqual(self.ben.property("MainPID"), "0")


class Removed(MachineTest):
    """Removed, installed again, purged, and installed anew."""

    @classmethod
    def prepare(cls):
        quick(cls.machine)
        cls.machine.linger("anna")
        cls.machine.install(package())
        cls.anna, cls.system = Service(cls.machine, "anna"), Service(cls.machine)
        cls.machine.systemctl("enable", "--now", "clockblock")
        with game(cls.machine, "anna"):
            cls.played = cls.system.wait_played(), cls.anna.wait_played()

    def gone(self):
        """No process of ours, and no unit that still points to us."""
        until(lambda: not self.machine.run("sh", "-c", "grep -lx clockblock /proc/[0-9]*/comm", check=False).stdout,
              "all processes of ours to end")
        self.assertFalse(self.machine.path("/usr/bin/clockblock").exists())
        self.assertFalse(self.machine.path("/usr/lib/clockblock").exists())
        self.assertEqual(self.machine.systemctl("list-units", "--failed", "--no-legend"), "")

    def start(self):
        self.machine.install(package())
        self.machine.systemctl("start", "clockblock")
        for service in (self.system, self.anna):
            service.wait_active()

    def test_1_removed_it_stops_and_the_accounts_stay(self):
        self.machine.run("apt-get", "remove", "-y", "-q", "clockblock")
        self.gone()
        for service in (self.system, self.anna):
            self.assertTrue(self.machine.path(service.database).exists())
        self.assertTrue(self.machine.path("/etc/clockblock/clockblock.conf").exists())

    def test_2_installed_again_it_goes_on_where_it_was(self):
        self.start()
        self.assertGreaterEqual(self.system.played_ms(), self.played[0])
        self.assertGreaterEqual(self.anna.played_ms(), self.played[1])

    def test_3_purged_nothing_of_the_machines_is_left_and_homes_are_untouched(self):
        self.machine.put("secret\n", "/etc/clockblock/token", owner="clockblock", mode=0o600)
        self.machine.run("apt-get", "purge", "-y", "-q", "clockblock")
        self.gone()
        for place in ("/var/lib/clockblock", "/etc/clockblock"):
            self.assertFalse(self.machine.path(place).exists(), place)
        left = self.machine.run("find", "/etc", "/usr", "/var/lib/systemd", "/lib", "-name", "*clockblock*",
                                "-not", "-path", "*.service.d*", check=False).stdout
        self.assertEqual(left, "")
        self.assertTrue(self.machine.path(self.anna.database).exists())

    def test_4_installed_anew_only_the_users_account_is_an_old_one(self):
        self.start()
        self.assertEqual(self.system.played_ms(), 0)
        self.assertGreaterEqual(self.anna.played_ms(), self.played[1])

    def test_5_the_archive_in_another_place_runs_as_it_says_and_takes_its_services_along(self):
        self.machine.run("apt-get", "purge", "-y", "-q", "clockblock")
        self.gone()
        self.machine.put(binary_tarball(), "/root/archive.tar.gz")
        said = self.machine.run("sh", "-ec", "tar -xzf archive.tar.gz; ./clockblock-*/install.sh --prefix /opt/cb").stdout
        for_users, for_the_machine, take_away = re.findall(r"(?:^  |again: )(.*)$", said, re.M)
        self.machine.run("sh", "-ec", for_the_machine)
        self.machine.run("sh", "-ec", for_users, user="anna")
        for service in (self.system, self.anna):
            until(lambda: service.property("ActiveState") == "active", f"the service of {service.user}")
            self.assertEqual("/opt/cb/bin/clockblock",
                             self.machine.run("readlink", f"/proc/{service.pid()}/exe").stdout.strip())
        self.machine.run("sh", "-ec", take_away)
        self.gone()
        self.assertEqual([], list(self.machine.path("/opt/cb").rglob("clockblock*")))
        for service in (self.system, self.anna):
            self.assertEqual("not-found", service.property("LoadState"))
