# SPDX-License-Identifier: MIT
"""The first command of the README, in a fresh copy of the checkout, while another agent has its port."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest
import urllib.request

from harness import clean_environment, until

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Quickstart(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="clockblock-quickstart-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT,
                                capture_output=True, text=True, check=True)
        for name in listed.stdout.splitlines():
            if (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self.folder / name)

    def quickstart(self, *arguments):
        done = subprocess.run(["packaging/quickstart.sh", *arguments], cwd=self.folder, text=True,
                              capture_output=True, env=clean_environment(), check=False, timeout=600)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def test_it_builds_starts_tells_where_to_look_and_stops(self):
        with socket.socket() as taken:
            try:
                taken.bind(("127.0.0.1", 3841))
                taken.listen()
            except OSError:
                pass  # somebody has it already: as good
            told = self.quickstart()
        self.addCleanup(self.quickstart, "--stop")
        port = int((self.folder / "build" / "quickstart" / "port").read_text())
        self.assertNotEqual(3841, port)
        self.assertIn(f"curl http://127.0.0.1:{port}/status", told)
        url = f"http://127.0.0.1:{port}/status"
        status = until(lambda: s if (s := json.load(urllib.request.urlopen(url)))["last_seen"] else None,
                       "a heartbeat")
        self.assertEqual(str(self.folder / "build/quickstart/clockblock.db"), status["store"]["path"])

        # The command that it prints works as it is printed.
        command = next(line for line in told.splitlines() if "clockblock status" in line)
        asked = subprocess.run(command.strip(), shell=True, cwd=self.folder, capture_output=True,
                               text=True, env=clean_environment(), check=True)
        self.assertIn("store      ok", asked.stdout)
        self.assertIn("running already", self.quickstart())
        self.assertIn("Stopped.", self.quickstart("--stop"))
        self.assertIn("No agent of this checkout is running.", self.quickstart("--stop"))
        with self.assertRaises(OSError):
            urllib.request.urlopen(url)
        self.assertFalse(os.path.exists(f"{self.folder}/build/quickstart/clockblock.pid"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
