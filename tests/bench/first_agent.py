# SPDX-License-Identifier: MIT
"""Drives the first agent, in a process of its own. Its folder comes from the environment: FIRST_AGENT.

first_agent.py commits DATABASE SECONDS        heartbeats per second
first_agent.py fill DATABASE ROWS FIRST_MS     bytes of a database with that many heartbeats
first_agent.py drain DATABASE URL SECONDS      heartbeats per second, sync_once() looped
first_agent.py look ROOT                       microseconds of CPU that a look at the processes takes
first_agent.py run DATABASE PORT [URL SECONDS] the agent, until it is killed
"""

import datetime
import os
import sqlite3
import sys
import time

sys.path.insert(0, os.environ["FIRST_AGENT"])
from clockblock_agent import runtime, storage, sync, tracker  # noqa: E402

POLL_SEC = 5
LOOKS = 20
DEVICE = "pc-01"


def iso(wall_ms):
    """As its own clock writes it: with microseconds."""
    moment = datetime.datetime.fromtimestamp(wall_ms / 1000 + 1e-6, datetime.timezone.utc)
    return moment.isoformat().replace("+00:00", "Z")


def record(database, wall_ms):
    playing = wall_ms // 3_600_000 % 2 == 0
    tracker.record_heartbeat(database, DEVICE, playing, POLL_SEC, iso(wall_ms))


def commits(database, seconds):
    storage.init_db(database)
    wall_ms = int(time.time() * 1000)
    count, begun = 0, time.monotonic()
    while time.monotonic() - begun < float(seconds):
        record(database, wall_ms + count * POLL_SEC * 1000)
        count += 1
    return count / (time.monotonic() - begun)


class OneTransaction:
    """Stands in for the module sqlite3: the same statements, committed once at the end."""

    def __init__(self, database):
        self.connection = sqlite3.connect(database)
        self.execute = self.connection.execute

    def connect(self, _database):
        return self

    def commit(self):
        pass

    def close(self):
        pass


def fill(database, rows, first_ms):
    storage.init_db(database)
    storage.sqlite3 = shared = OneTransaction(database)
    for i in range(int(rows)):
        record(database, int(first_ms) + i * POLL_SEC * 1000)
    shared.connection.commit()
    shared.connection.close()
    return os.path.getsize(database)


def drain(database, url, seconds):
    count, begun = 0, time.monotonic()
    while time.monotonic() - begun < float(seconds):
        sent = sync.sync_once(database, url, "a-token", 200)
        count += sent
        if sent == 0:
            break
    return count / (time.monotonic() - begun)


def look(root):
    tracker.psutil.PROCFS_PATH = root
    tracker.is_process_running("nobody-is-called-so")
    begun = time.process_time()
    for _ in range(LOOKS):
        tracker.is_process_running("nobody-is-called-so")
    return (time.process_time() - begun) / LOOKS * 1e6


def run(database, port, url=None, sync_sec="300"):
    config = runtime.default_config()
    config.update(db_path=database, device_id=DEVICE, api_port=int(port), retention_days=60)
    config.update(endpoint_url=url, sync_interval_sec=int(sync_sec))
    runtime.run_agent(config)
    return 0


if __name__ == "__main__":
    print({"commits": commits, "fill": fill, "drain": drain, "look": look, "run": run}[sys.argv[1]](*sys.argv[2:]))
