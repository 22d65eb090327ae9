# SPDX-License-Identifier: MIT
"""What README.md says about packages and services, done on a clean machine with a real systemd: by somebody who
has the checkout with its packages, logs in as anna, and is root where it says sudo."""

import json
import re
import unittest

import base_tree
import pieces
from machine import HOMES, MachineTest, until

# In this order: one may remove what another one looks at. Each line of the README fits one of them.
PHASES = (
    r"sudo apt install",
    r"(systemctl|journalctl) --user (?!stop)|sudo -u NAME",
    r"systemctl --user stop|sudo (systemctl|clockblock|install)",
    r"sudo apt remove",
    r"sudo apt purge",
    r"(tar|\./clockblock)\b",
)
# Who installs says yes, and has no network here to take what is only recommended from.
APT = 'APT::Get::Assume-Yes "true";\nAPT::Install-Recommends "false";\n'


class Installed(MachineTest):
    @classmethod
    def setUpClass(cls):
        cls.pieces = [piece for piece in pieces.take_apart(pieces.README.read_text())[0]
                      if piece.place == pieces.MACHINE]
        try:
            super().setUpClass()
        except unittest.SkipTest as reason:
            lines = len(pieces.lines_of(cls.pieces))
            raise unittest.SkipTest(f"{lines} lines of README.md are not tried: {reason}") from None

    @classmethod
    def prepare(cls):
        cls.machine.put(APT, "/etc/apt/apt.conf.d/90readme")
        cls.machine.put("a-long-random-token\n", f"{HOMES['root']}/token")
        for home in (HOMES["root"], HOMES["anna"]):
            for package in sorted(base_tree.PACKAGES.iterdir()):
                if package.suffix in (".deb", ".gz"):
                    cls.machine.put(package, f"{home}/build/packages/{package.name}")
        cls.machine.run("chown", "-R", "anna:anna", HOMES["anna"])
        cls.machine.linger("anna")

    def do(self, line):
        """A line of the README, in the checkout: what it prints."""
        user = "root" if line.startswith("sudo ") and not line.startswith("sudo -u ") else "anna"
        command = re.sub(r"^sudo (-u NAME )?", "", line).replace("NAME@", "anna@")
        if command != line.removeprefix("sudo ") and "stop" in command:  # she has stopped it before
            self.machine.systemctl("start", "clockblock", user="anna")
        return self.machine.run("sh", "-ec", command, user=user).stdout

    def test_every_line_works_in_an_order_in_which_people_do_them(self):
        done = []
        for number, phase in enumerate(PHASES):
            for piece in self.pieces:
                if re.match(phase, piece.text):
                    with self.subTest(str(piece)):
                        self.assertNotEqual("", self.do(piece.text) + self.quiet(piece.text))
                        done.append(piece)
            with self.subTest(f"after {phase}"):
                getattr(self, f"after_phase_{number}")()
        self.assertEqual(sorted(self.pieces, key=str), sorted(done, key=str), "each of them once")
        print(f"README.md: {len(pieces.lines_of(done))} lines done in a machine", flush=True)

    @staticmethod
    def quiet(line):
        """What a good end of these says is nothing."""
        return "nothing" if re.match(r"(sudo )?(systemctl (?!.*status)|install |tar )", line) else ""

    def state(self, user=None):
        return self.machine.property("ActiveState", user=user)

    def after_phase_0(self):
        until(lambda: self.state("anna") == "active", "anna's agent")
        listed = self.machine.run("clockblock", "plugins", "list", "--json", user="anna").stdout
        self.assertEqual({"process_name", "window_title", "gpu_usage", "idle", "http_ingest", "mqtt", "file"},
                         {plugin["name"] for plugin in json.loads(listed) if plugin["usable"]})

    def after_phase_1(self):
        self.assertIn("active (running)", self.do("systemctl --user status clockblock"))
        self.assertIn("is up", self.do("journalctl --user -u clockblock -n 20"))

    def after_phase_2(self):
        self.assertEqual(("inactive", "active"), (self.state("anna"), self.state()))
        self.assertIn("store      ok", self.do("sudo clockblock status"))

    def after_phase_3(self):
        self.assertFalse(self.machine.path("/usr/bin/clockblock").exists())
        self.assertEqual("inactive", self.state())
        self.assertTrue(self.machine.path("/var/lib/clockblock/clockblock.db").exists())

    def after_phase_4(self):
        for gone in ("/var/lib/clockblock", "/etc/clockblock"):
            self.assertFalse(self.machine.path(gone).exists(), gone)
        self.assertTrue(self.machine.path("/home/anna/.local/state/clockblock/clockblock.db").exists())

    def after_phase_5(self):
        self.assertIn("clockblock ", self.do("~/.local/bin/clockblock --version").lower())
        self.do("./clockblock-*-linux-x86_64/install.sh --uninstall")
        self.assertFalse(self.machine.path("/home/anna/.local/bin/clockblock").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
