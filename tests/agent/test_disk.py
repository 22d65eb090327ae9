# SPDX-License-Identifier: MIT
"""Disks that are full, read-only or damaged, and files that vanish, under the whole agent."""

import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import tempfile
import time
import unittest
from contextlib import closing

from harness import Agent, until

UP_SEC = 5  # CLB_SLOW=4 gives a loaded machine, or a build with sanitizers, four times as long
FLIPS = int(os.environ.get("CLB_FLIPS", "8"))


class Disk:
    """A small file system of its own."""

    def __init__(self, test, bytes_):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="clockblock-disk-"))
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={bytes_}", "tmpfs", self.folder],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.folder.rmdir()
            test.skipTest(f"no right to mount: {done.stderr.strip()}")
        test.addCleanup(self.remove)

    def remount(self, mode):
        return subprocess.run(["mount", "-o", f"remount,{mode}", self.folder], capture_output=True,
                              check=False).returncode == 0

    def fill(self):
        """To the last byte."""
        with open(self.folder / "filler", "ab", buffering=0) as filler:
            for size in (65536, 4096, 512, 1):
                try:
                    while True:
                        filler.write(b"x" * size)
                except OSError:
                    pass

    def free(self):
        (self.folder / "filler").unlink()

    def remove(self):
        subprocess.run(["umount", "-l", self.folder], check=False)
        self.folder.rmdir()


class Base(unittest.TestCase):
    def make(self, database=None, rest=""):
        agent = Agent(rest=f"poll_interval_sec = 1; {rest}")
        self.addCleanup(agent.close)
        if database:
            agent.database = database
            agent.write_config(agent.config.read_text().replace(
                f'{agent.folder}/state/clockblock.db', str(database)))
        return agent

    def verify(self, agent):
        done = agent.run("verify", "--json")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(0, json.loads(done.stdout)["differences"])

    def rows(self, agent):
        with closing(sqlite3.connect(f"file:{agent.database}?mode=ro", uri=True)) as database:
            return database.execute("SELECT seq, hex(id) FROM heartbeats ORDER BY seq").fetchall()

    def is_up(self, agent):
        """Also one that cannot store is."""
        self.assertIsNone(agent.process.poll(), agent.log.read_text())
        try:
            return agent.status()
        except OSError:
            return None

    def start_in_time(self, agent):
        begun = time.monotonic()
        agent.start(ready=False)
        until(lambda: self.is_up(agent), f"the API: {agent.log.read_text()}")
        self.assertLess(time.monotonic() - begun, UP_SEC * float(os.environ.get("CLB_SLOW", "1")))


class Full(Base):
    def test_while_the_disk_is_full_sampling_goes_on_and_all_is_stored_after(self):
        disk = Disk(self, "6m")
        agent = self.make(database=disk.folder / "clockblock.db")
        agent.start()
        until(lambda: agent.status()["store"]["durable_seq"] >= 2, "heartbeats")
        self.assertTrue((disk.folder / "clockblock.db.ballast").exists())
        disk.fill()
        # What was kept free is used first. Somebody else may take it at once.
        def failing():
            disk.fill()
            store = agent.status()["store"]
            return store if store["health"] == "failing" and store["waiting"] >= 4 else None
        store = until(failing, "heartbeats that wait")
        self.assertIn("full", store["problem"])
        self.assertEqual(503, agent.get("/health")[0])
        self.assertFalse((disk.folder / "clockblock.db.ballast").exists())
        self.assertIn("full", agent.log.read_text())
        seen = agent.status()["last_seen"]
        until(lambda: agent.status()["last_seen"] > seen, "sampling while the disk is full")

        durable = agent.status()["store"]["durable_seq"]
        disk.free()
        until(lambda: agent.status()["store"]["durable_seq"] >= durable + 5, "what waited")
        store = agent.status()["store"]
        self.assertEqual(("ok", 0), (store["health"], store["dropped"]))
        self.assertEqual(0, agent.stop()[0])
        seqs = [seq for seq, _ in self.rows(agent)]
        self.assertEqual(list(range(1, len(seqs) + 1)), seqs)
        with closing(sqlite3.connect(agent.database)) as database:
            (steps,) = database.execute(
                "SELECT count(*) FROM (SELECT wall_ms - lag(wall_ms) OVER (ORDER BY seq) AS step"
                " FROM heartbeats) WHERE step NOT BETWEEN 500 AND 1500").fetchone()
        self.assertEqual(0, steps, "a heartbeat each second, also while the disk was full")
        self.verify(agent)

    def test_a_disk_that_is_full_at_the_start(self):
        disk = Disk(self, "6m")
        agent = self.make(database=disk.folder / "clockblock.db")
        agent.start()
        until(lambda: agent.status()["store"]["durable_seq"] >= 3, "heartbeats")
        agent.kill()
        before = self.rows(agent)
        disk.fill()
        self.start_in_time(agent)
        until(lambda: agent.status()["last_seen"], "sampling")
        disk.free()
        until(lambda: agent.status()["store"]["durable_seq"] > len(before) + 1, "heartbeats")
        self.assertEqual(0, agent.stop()[0])
        self.assertEqual(before, self.rows(agent)[:len(before)])


class ReadOnly(Base):
    def test_a_disk_that_became_read_only_is_told_and_nothing_is_lost(self):
        disk = Disk(self, "4m")
        agent = self.make(database=disk.folder / "clockblock.db")
        agent.start()
        until(lambda: agent.status()["store"]["durable_seq"] >= 3, "heartbeats")
        agent.kill()
        before = self.rows(agent)
        self.assertTrue(disk.remount("ro"))
        done = agent.run("run")
        self.assertEqual(74, done.returncode, done.stderr)
        self.assertIn(str(disk.folder), done.stderr)
        self.assertIn("ead-only", done.stderr)
        self.assertTrue(disk.remount("rw"))
        self.start_in_time(agent)
        until(lambda: agent.status()["store"]["durable_seq"] > len(before), "a heartbeat")
        agent.stop()
        self.assertEqual(before, self.rows(agent)[:len(before)])
        self.verify(agent)


class BecomesReadOnly(Base):
    def test_sampling_goes_on_and_all_is_stored_when_it_can_be_written_again(self):
        shim = os.environ.get("CLB_READ_ONLY_SHIM")
        if not shim:
            self.skipTest("a library that is loaded first gets in the way of the sanitizer's")
        agent = self.make()
        flag = agent.database.with_name("read-only")
        agent.start(environment={"LD_PRELOAD": shim, "CLB_READ_ONLY": str(flag)})
        until(lambda: agent.status()["store"]["durable_seq"] >= 3, "heartbeats")
        before = self.rows(agent)
        flag.touch()
        store = until(lambda: s if (s := agent.status()["store"])["waiting"] >= 4 else None,
                      "heartbeats that wait")
        self.assertEqual("failing", store["health"])
        self.assertEqual(503, agent.get("/health")[0])
        last = agent.status()["last_seen"]
        until(lambda: agent.status()["last_seen"] > last, "sampling on a disk that takes nothing")
        flag.unlink()
        until(lambda: (s := agent.status()["store"])["health"] == "ok" and s["waiting"] == 0,
              "all to be stored")
        stored = agent.history()[::-1]
        self.assertEqual(list(range(1, len(stored) + 1)), [heartbeat["seq"] for heartbeat in stored])
        self.assertGreater(len(stored), len(before) + 4)
        self.assertEqual(0, agent.stop()[0])
        self.assertEqual(before, self.rows(agent)[:len(before)])
        self.verify(agent)


class Vanished(Base):
    def test_a_database_that_is_deleted_is_made_anew(self):
        agent = self.make()
        agent.start()
        until(lambda: agent.status()["store"]["durable_seq"] >= 3, "heartbeats")
        before = self.rows(agent)
        agent.database.unlink()
        until(agent.database.exists, "a new database", seconds=10)
        status = until(lambda: s if (s := agent.status())["store"]["event"] else None, "the event")
        self.assertIn("was deleted", status["store"]["event"])
        self.assertIn("was deleted", agent.log.read_text())
        newest = status["store"]["durable_seq"]
        until(lambda: agent.history(1)[0]["seq"] > newest, "fresh heartbeats in the API")
        self.assertEqual(before, self.rows(agent)[:len(before)])
        agent.stop()
        self.verify(agent)

    def test_a_backup_is_consistent_and_begins_a_new_epoch(self):
        agent = self.make()
        agent.start()
        until(lambda: agent.status()["store"]["durable_seq"] >= 3, "heartbeats")
        copy = agent.folder / "copy.db"
        self.assertEqual(0, agent.run("backup", str(copy)).returncode)
        self.assertEqual(0o600, copy.stat().st_mode & 0o777)
        self.assertEqual(64, agent.run("backup", str(copy)).returncode)
        self.assertEqual(64, agent.run("backup").returncode)
        epoch = agent.history(1)[0]["epoch"]
        agent.stop()
        shutil.move(copy, agent.database)
        agent.start()
        until(lambda: agent.history(1)[0]["epoch"] != epoch, "a new epoch")
        self.assertIn("backup", agent.status()["store"]["event"])
        agent.stop()
        self.verify(agent)


class Damaged(Base):
    def damage(self, draw, file):
        bytes_ = bytearray(file.read_bytes())
        at = draw.randrange(len(bytes_))
        if draw.random() < 0.3:
            what = f"{file.name} cut at {at}"
            bytes_ = bytes_[:at]
        else:
            bit = draw.randrange(8)
            what = f"{file.name} byte {at} bit {bit}"
            bytes_[at] ^= 1 << bit
        file.write_bytes(bytes_)
        return what, at

    def test_damage_at_random_places(self):
        seed = int(os.environ.get("CLB_SEED", time.time_ns() % 1000000))
        print(f"CLB_SEED={seed} CLB_FLIPS={FLIPS}", flush=True)
        draw = random.Random(seed)
        agent = self.make()
        agent.start()
        until(lambda: agent.status()["store"]["durable_seq"] >= 5, "heartbeats")
        agent.kill()
        before = self.rows(agent)
        state = agent.database.parent
        saved = agent.folder / "saved"
        shutil.copytree(state, saved, ignore=shutil.ignore_patterns("*.sock"))
        for _ in range(FLIPS):
            shutil.rmtree(state)
            shutil.copytree(saved, state)
            file = state / draw.choice(["clockblock.db", "clockblock.db-wal"])
            what, at = self.damage(draw, file)
            with self.subTest(what):
                self.start_in_time(agent)
                newest = agent.status()["store"]["durable_seq"]
                until(lambda: agent.status()["store"]["durable_seq"] > newest, f"life after {what}")
                kept = [path for path in state.iterdir() if ".corrupt-" in path.name]
                self.assertEqual(bool(kept), bool(agent.status()["store"]["event"]), what)
                agent.stop()
                after = dict(self.rows(agent))
                lost = [seq for seq, id_ in before if after.get(seq) != id_]
                # All rows are in one page, and each commit writes it: only a cut takes more than one.
                if "cut" not in what and "wal" in what:
                    self.assertLessEqual(len(lost), 1, f"{what}: lost {lost}")
                for path in state.iterdir():
                    if not path.name.endswith(".ballast"):
                        path.unlink(missing_ok=True)


if __name__ == "__main__":
    unittest.main()
