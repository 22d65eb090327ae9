# SPDX-License-Identifier: MIT
"""The file sink, killed at any moment while it writes and rotates: no line is lost, none is there twice,
none is torn. CLB_KILLS says how often, CLB_SEED repeats a run."""

import json
import os
import random
import signal
import sqlite3
import time
import unittest

from harness import Agent, until

KILLS = int(os.environ.get("CLB_KILLS", "20"))
SEED = int(os.environ.get("CLB_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
ROWS = 6000         # that wait at each start: some batches, over some files
MAX_BYTES = 150000  # of a file: rotation is never far
COPY = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO heartbeats SELECT h.seq + i, randomblob(16), h.wall_ms + i, h.epoch, h.poll_interval_sec,
    h.is_playing, 0, 0, h.flags, h.activity, h.decided_by
    FROM n, (SELECT * FROM heartbeats ORDER BY seq DESC LIMIT 1) h
"""


class Killed(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(SEED)
        self.agent = Agent(sinks='log: { plugin = "file"; path = "out.jsonl"; sync_interval_sec = 0.1;'
                                 f" max_mb = {MAX_BYTES / 1e6}; keep = 10000; }};")
        self.addCleanup(self.agent.close)
        self.path = self.agent.folder / "out.jsonl"
        self.next_seq = 1   # of the lines that were read and taken away
        self.unsettled = 0  # kills that left lines behind the cursor
        self.rotations = 0

    def ask(self, sql, *values):
        with sqlite3.connect(self.agent.database, timeout=20) as database:
            answer = database.execute(sql, values).fetchone()
        database.close()
        return answer

    def delivered(self):
        return self.ask("SELECT delivered_seq FROM sink_cursors WHERE sink = 'log'")[0]

    def older(self):
        return sorted(self.agent.folder.glob("out.jsonl.*"))

    def check_lines(self, path, seq, torn=False):
        """Whole lines that count on from `seq`; returns the seq behind them."""
        self.assertLessEqual(path.stat().st_size, MAX_BYTES, path)
        self.assertEqual(0o600, path.stat().st_mode & 0o777)
        lines = path.read_bytes().splitlines(keepends=True)
        if torn and lines and not lines[-1].endswith(b"\n"):
            lines.pop()
        for line in lines:
            self.assertTrue(line.endswith(b"\n"), f"torn in {path}")
            self.assertEqual(seq, json.loads(line)["seq"], path)
            seq += 1
        return seq

    def check_files(self, torn=False):
        """Reads everything, and takes all files away but the newest two: there will be many."""
        older = self.older()
        seq = self.next_seq
        for path in older:
            seq = self.check_lines(path, seq)
            if path != older[-1]:
                path.unlink()
                self.next_seq = seq
                self.rotations += 1
        return self.check_lines(self.path, seq, torn) if self.path.exists() else seq

    def lose_what_was_not_synced(self):
        """Cuts the file somewhere behind the cursor, as a loss of power may."""
        delivered = self.delivered()
        lines = self.path.read_bytes().splitlines(keepends=True) if self.path.exists() else []
        settled = sum(len(line) for line in lines
                      if line.endswith(b"\n") and json.loads(line)["seq"] <= delivered)
        size = sum(map(len, lines))
        if size > settled:
            os.truncate(self.path, self.random.randint(settled, size))

    def kill_somewhere(self):
        self.ask(COPY, ROWS)
        self.agent.start(ready=False)
        files = len(self.older())
        if self.random.random() < 0.8:  # in the midst of writing; else anywhere, the start too
            until(lambda: len(self.older()) > files or self.agent.process.poll() is not None, "a rotation")
        time.sleep(self.random.random() * 0.1)
        self.agent.process.send_signal(signal.SIGKILL)
        self.assertEqual(-signal.SIGKILL, self.agent.process.wait(), self.agent.log.read_text())
        self.agent.process = None

    def test_no_line_is_lost_repeated_or_torn(self):
        print(f"CLB_SEED={SEED} CLB_KILLS={KILLS}", flush=True)
        self.assertEqual(0, self.agent.run("once").returncode)
        for _ in range(KILLS):
            self.kill_somewhere()
            behind = self.check_files(torn=True)
            self.assertGreater(behind, self.delivered(), "what was acknowledged is there")
            self.unsettled += behind - 1 > self.delivered()
            if self.random.random() < 0.5:
                self.lose_what_was_not_synced()

        self.agent.start()
        stored = until(lambda: s if (s := self.agent.status()["sinks"][0])["pending"] == 0 else None, "the end")
        self.assertEqual("ok", stored["state"])
        self.assertEqual(0, self.agent.stop()[0])
        self.assertEqual(0, self.agent.run("once").returncode)  # what came just before the stop goes too
        last = self.check_files() - 1
        self.assertEqual((last, last), self.ask("SELECT max(seq), count(*) FROM heartbeats"))
        self.compare_with_the_database()
        print(f"{last} lines, {self.rotations} files taken away, {self.unsettled} kills between write and cursor")
        self.assertGreater(self.rotations, KILLS)

    def compare_with_the_database(self):
        for path in [*self.older(), self.path]:
            for line in path.read_text().splitlines():
                heartbeat = json.loads(line)
                row = self.ask("SELECT id, timestamp_utc FROM heartbeats_readable WHERE seq = ?", heartbeat["seq"])
                self.assertEqual((heartbeat["id"], heartbeat["timestamp_utc"]), row)


if __name__ == "__main__":
    unittest.main()
