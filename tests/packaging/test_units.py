# SPDX-License-Identifier: MIT
"""The services: what systemd makes of them, and how little the one of the machine may do."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import packages

REPOSITORY = pathlib.Path(__file__).parents[2]
AGENT = pathlib.Path(os.environ["CLB_BUILD"]) / "clockblock"
EXPOSURE = 15  # tenths
PLACES = {"system": ("lib/systemd/system", "usr/lib/systemd/system"), "user": ("usr/lib/systemd/user",)}


class Unit:
    def __init__(self, text):
        self.settings = {}
        for line in text.splitlines():
            if "=" in line and not line.startswith("#"):
                key, value = line.split("=", 1)
                self.settings.setdefault(key, []).append(value)

    def __getitem__(self, key):
        return self.settings[key][-1]


class Units(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="clockblock-test-")
        cls.addClassCleanup(cls.folder.cleanup)
        root = pathlib.Path(cls.folder.name)
        packages.unpack_deb("clockblock", root / "deb")
        cls.files, cls.units = {}, {}
        for kind, places in PLACES.items():
            found = [root / "deb" / place / "clockblock.service" for place in places]
            text = next(path for path in found if path.exists()).read_text()
            cls.units[kind] = Unit(text)
            cls.files[kind] = root / kind / "clockblock.service"
            cls.files[kind].parent.mkdir()
            # The program is not installed here: the one that was built stands in.
            cls.files[kind].write_text(text.replace("/usr/bin/clockblock", str(AGENT)))

    def analyze(self, *arguments):
        ran = subprocess.run(["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, check=False,
                             timeout=60, env=os.environ | {"XDG_RUNTIME_DIR": self.folder.name})
        return ran.returncode, ran.stdout + ran.stderr

    def test_systemd_finds_nothing_wrong(self):
        for kind, file in self.files.items():
            self.assertEqual(self.analyze(f"--{kind}", "--man=no", "verify", str(file)), (0, ""), kind)

    def test_the_service_of_the_machine_is_hardened(self):
        code, said = self.analyze("security", "--offline=yes", f"--threshold={EXPOSURE}", str(self.files["system"]))
        self.assertEqual(code, 0, said)
        self.assertIn("Overall exposure level", said)

    def test_neither_is_blind(self):
        """What looks like more safety and would leave nothing to be counted."""
        system, user = self.units["system"], self.units["user"]
        self.assertEqual(system["ProtectProc"], "default")
        self.assertEqual(system["ProcSubset"], "all")
        for unit in (system, user):
            self.assertNotIn("PrivateUsers", unit.settings)
            self.assertIn("AF_NETLINK", unit["RestrictAddressFamilies"])
        namespaces = [key for key in user.settings if key.startswith(("Private", "Protect", "ReadOnly", "DynamicUser"))]
        self.assertEqual(namespaces, [])  # each of them implies PrivateUsers= in a user's manager

    def test_they_run_the_same_agent_in_the_same_way(self):
        for key in ("ExecStart", "ExecReload", "Type", "NotifyAccess", "WatchdogSec", "Restart", "RestartSec",
                    "RestartPreventExitStatus", "StartLimitIntervalSec", "StartLimitBurst", "TimeoutStartSec"):
            self.assertEqual(self.units["system"][key], self.units["user"][key], key)
        self.assertEqual(self.units["system"]["ExecStart"], "/usr/bin/clockblock run")
        self.assertEqual(self.units["system"]["StateDirectory"], "clockblock")
        self.assertEqual(self.units["user"]["ConditionUser"], "!@system")

    def test_a_plugin_is_left_out_before_the_service_gives_up(self):
        crashes = (REPOSITORY / "core/plugin/crashes.h").read_text()
        most = int(re.search(r"CRASHES_MAX = (\d+)", crashes)[1])
        for unit in self.units.values():
            self.assertGreater(int(unit["StartLimitBurst"]), 2 * most)  # two plugins that are both bad
            # A start each RestartSec: a loop does come to its end.
            self.assertLess(int(unit["StartLimitBurst"]) * int(unit["RestartSec"]), int(unit["StartLimitIntervalSec"]))

    def test_an_upgrade_restarts_and_a_removal_stops_both(self):
        after, before = (packages.output("dpkg-deb", "--info", packages.deb("clockblock"), script)
                         for script in ("postinst", "prerm"))
        self.assertIn("_dh_action=restart", after)
        self.assertIn("deb-systemd-invoke $_dh_action 'clockblock.service'", after)
        self.assertIn('$manager "$action" clockblock.service', after)
        self.assertIn("deb-systemd-invoke stop 'clockblock.service'", before)
        self.assertIn('--no-block --user --machine "$uid@" stop clockblock.service', before)

    def test_only_the_user_s_is_for_everybody(self):
        self.assertEqual(self.units["user"]["WantedBy"], "default.target")
        self.assertEqual(self.units["system"]["WantedBy"], "multi-user.target")
        script = packages.output("dpkg-deb", "--info", packages.deb("clockblock"), "postinst")
        self.assertRegex(script, r"deb-systemd-helper --user enable '?clockblock.service")
        # The one of the machine: only what an administrator chose is put in force again.
        before = script[:script.index("deb-systemd-helper enable")]
        self.assertEqual(script.count("deb-systemd-helper enable"), 1)
        self.assertRegex(before, r"if deb-systemd-helper --quiet was-enabled 'clockblock.service'; then\n\s*#.*\n\s*$")
