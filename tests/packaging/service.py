# SPDX-License-Identifier: MIT
"""The agent as a service of a machine, or of one of its people: what it says, and what it keeps."""

import contextlib
import http.client
import json
import sqlite3
import tempfile

import base_tree
from machine import until

GAME = "Minecraft.exe"


class Service:
    """`user`: whose service it is; None: the machine's."""

    def __init__(self, machine, user=None):
        self.machine = machine
        self.user = user
        self.folder = f"/home/{user}/.local/state/clockblock" if user else "/var/lib/clockblock"
        self.database = f"{self.folder}/clockblock.db"

    def command(self, *arguments, check=True):
        """A command of the agent's, by the user, or by root."""
        return self.machine.run("clockblock", *arguments, user=self.user or "root", check=check)

    def systemctl(self, *arguments, check=True):
        return self.machine.systemctl(*arguments, user=self.user, check=check)

    def property(self, name):
        return self.machine.property(name, user=self.user)

    def pid(self):
        return int(self.property("MainPID"))

    def wait_active(self):
        until(lambda: self.property("ActiveState") == "active" and self.answers(),
              lambda: f"{self.database} to be served: {self.systemctl('status', 'clockblock', check=False)}")

    def answers(self):
        return self.command("status", check=False).returncode == 0

    def status(self):
        return json.loads(self.command("status", "--json").stdout)

    def get(self, path):
        """The API's answer: the status and the body."""
        with self.machine.network():
            connection = http.client.HTTPConnection("127.0.0.1", 3841, timeout=20)
            with contextlib.closing(connection):
                connection.request("GET", path)
                response = connection.getresponse()
                return response.status, response.read()

    def rows(self, statement):
        """On a copy of the database that the agent's own command makes."""
        copy = f"/tmp/copy-of-{self.user}.db"
        self.machine.path(copy).unlink(missing_ok=True)
        self.command("backup", copy)
        with tempfile.NamedTemporaryFile(suffix=".db") as here:
            here.write(self.machine.path(copy).read_bytes())
            here.flush()
            with contextlib.closing(sqlite3.connect(here.name)) as database:
                return database.execute(statement).fetchall()

    def played_ms(self):
        return self.rows("SELECT coalesce(sum(credited_ms), 0) FROM heartbeats")[0][0]

    def wait_played(self, more_than=0):
        """Until more play is on disk; returns how much."""
        until(lambda: self.played_ms() > more_than, lambda: f"play on disk: {self.command('status').stdout}")
        return self.played_ms()

    def priorities(self):
        """What the agent said in the journal, each with its level: [(6, "sampler: playing"), ...]."""
        unit = f"_SYSTEMD_{'USER_' if self.user else ''}UNIT=clockblock.service"
        lines = self.machine.journal("--output=json", "_COMM=clockblock", unit).splitlines()
        return [(int(entry["PRIORITY"]), entry["MESSAGE"]) for entry in map(json.loads, lines)]


@contextlib.contextmanager
def game(machine, user):
    """A process of a person's with the name of a game."""
    program = f"/home/{user}/{GAME}"
    machine.run("cp", "/bin/sleep", program, user=user)
    process = machine.start(program, "3600", user=user)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def quick(machine):
    """A heartbeat each second, so that tests need not wait long."""
    for units in ("system", "user"):
        machine.put("[Service]\nEnvironment=CLOCKBLOCK_POLL_INTERVAL_SEC=1\n",
                    f"/etc/systemd/{units}/clockblock.service.d/test.conf")


def package(name="clockblock"):
    return base_tree.debs()[name]
