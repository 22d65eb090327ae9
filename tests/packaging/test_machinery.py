# SPDX-License-Identifier: MIT
"""What the tests on machines stand on: they leave nothing behind, and do not skip what should work."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import machine
from base_tree import PACKAGES

HERE = pathlib.Path(__file__).parent
KILLED = """
import os, signal, machine
made = machine.Machine()
print(made.name, made.leader, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@unittest.skipUnless(os.geteuid() == 0, "only root can make and start a machine")
class Machinery(unittest.TestCase):
    def test_of_a_test_that_is_killed_nothing_is_left(self):
        machine.or_skip(machine.boots)
        ran = subprocess.run([sys.executable, "-c", KILLED], cwd=HERE, text=True, stdout=subprocess.PIPE, check=False)
        name, leader = ran.stdout.split()
        machine.until(lambda: not pathlib.Path("/proc", leader).exists(), "the machine to end")
        machine.remove_leftovers()  # as the next machine does
        folders = [*machine.cgroup_mounts(), machine.MACHINES]
        self.assertEqual([], [left for folder in folders for left in folder.glob(f"{name}*")])

    def test_a_tree_that_cannot_be_made_is_a_failure(self):
        with tempfile.TemporaryDirectory(prefix="clockblock-test-") as folder:
            broken = pathlib.Path(folder, "bin", "mmdebstrap")
            broken.parent.mkdir()
            broken.write_text(f"#!/bin/sh\necho once >>{folder}/times\necho no server; exit 1\n")
            broken.chmod(0o755)
            pathlib.Path(folder, "packages").symlink_to(PACKAGES)
            ran = subprocess.run([sys.executable, "machine.py"], cwd=HERE, text=True, capture_output=True, check=False,
                                 env=os.environ | {"CLB_BUILD": folder, "PATH": f"{broken.parent}:{os.environ['PATH']}"})
            if "are skipped" in ran.stdout:
                self.skipTest(ran.stdout)
            self.assertEqual(1, ran.returncode, ran.stdout + ran.stderr)
            self.assertIn("no server", ran.stderr)
            self.assertEqual("once\nonce\n", pathlib.Path(folder, "times").read_text())
