# SPDX-License-Identifier: MIT
"""An oracle for the promise: a receiver that misbehaves, an agent that is killed, and nothing lost.

The receiver writes down id, seq and hash of all that it was sent, in the order in which it came. It
answers with errors, too late, with a part of an answer, or not at all, also for what it took. The
agent is killed with -9 again and again. After that all that is stored must have arrived: nothing
missing, nothing invented, nothing altered, in order.

CLB_KILLS says how often (25), CLB_SEED repeats a run.
"""

import collections
import hashlib
import http.server
import json
import os
import random
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest

from harness import Agent, free_port, until

KILLS = int(os.environ.get("CLB_KILLS", "25"))
SEED = int(os.environ.get("CLB_SEED", str(random.SystemRandom().randrange(10**9))))
ROWS_PER_KILL = 150
FRESH_SEC = 30


def digest(heartbeat):
    return hashlib.sha256(json.dumps(heartbeat).encode()).hexdigest()


class Oracle:
    """An HTTP server with a memory, and moods."""

    FATES = ("refuse", "busy", "reset", "late", "cut", "take_and_fail", "take_and_reset",
             "take_and_cut", "take_and_late")

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.port = free_port()
        self.arrived = []  # (id, seq, hash), also those that came again
        self.fates = collections.Counter()
        self.faulty = True
        self.in_row = 0
        self.kill = None  # called at the moment that kill_at names
        self.kill_at = None
        self.kill_number = 1  # the how many-th time that it comes to that moment
        self.lock = threading.Lock()
        oracle = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if len(body) == int(self.headers["Content-Length"]):
                    oracle.serve(self, json.loads(body))

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request, client_address):
                pass  # the other side was killed

        self.server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def draw(self):
        """Not too many bad ones in a row: the pauses of the agent double."""
        with self.lock:
            bad = self.faulty and self.in_row < 3 and self.random.random() < 0.35
            self.in_row = self.in_row + 1 if bad else 0
            fate = self.random.choice(self.FATES) if bad else "take"
            self.fates[fate] += 1
            return fate

    def serve(self, handler, heartbeats):
        self.kill_if(handler, "in_post")
        fate = self.draw()
        if fate.startswith("take"):
            with self.lock:
                self.arrived += [(h["id"], h["seq"], digest(h)) for h in heartbeats]
        if fate.endswith("late"):
            time.sleep(1.5)  # the agent waits for one second
        self.answer(handler, fate)
        self.kill_if(handler, "after_answer")

    def answer(self, handler, fate):
        if fate in ("take", "take_and_late", "late"):
            self.send(handler, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        elif fate in ("refuse", "take_and_fail"):
            self.send(handler, b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
        elif fate == "busy":
            self.send(handler, b"HTTP/1.1 503 No\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")
        else:
            if fate.endswith("cut"):
                self.send(handler, b"HTTP/1.1 200 OK\r\nContent-Le")
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.shutdown(socket.SHUT_RDWR)
            handler.close_connection = True

    @staticmethod
    def send(handler, answer):
        handler.wfile.write(answer)
        handler.wfile.flush()

    def kill_if(self, handler, moment):
        with self.lock:
            self.kill_number -= self.kill_at == moment
            kill = self.kill if self.kill_at == moment and self.kill_number == 0 else None
        if kill:
            kill()


class NothingIsLost(unittest.TestCase):
    MOMENTS = ("in_post", "after_answer", "starting", "any")

    def setUp(self):
        self.oracle = Oracle(SEED)
        self.random = random.Random(SEED + 1)
        self.addCleanup(self.oracle.close)
        self.agent = Agent(sinks=(
            'cloud: { plugin = "http_ingest"; sync_interval_sec = 0.2; timeout_sec = 1; batch_limit = 10;'
            f' endpoint_url = "http://127.0.0.1:{self.oracle.port}/"; }};'))
        self.addCleanup(self.agent.close)

    def kill_now(self):
        os.kill(self.agent.process.pid, signal.SIGKILL)

    def life(self, moment):
        """Starts the agent and ends it; returns whether that was at the moment that was meant."""
        with self.oracle.lock:
            self.oracle.kill, self.oracle.kill_at = self.kill_now, None
        self.agent.start(ready=False)
        if moment in ("in_post", "after_answer"):
            # Some get through before: a pause that only ever doubles would outlast this test.
            with self.oracle.lock:
                self.oracle.kill_at = moment
                self.oracle.kill_number = self.random.randint(1, 8)
            try:
                self.agent.process.wait(timeout=30)
                met = True
            except subprocess.TimeoutExpired:
                met = False
        else:
            time.sleep(self.random.uniform(0, 0.15 if moment == "starting" else 2.2))
            met = True
        with self.oracle.lock:
            self.oracle.kill_at = None
        self.agent.kill()
        return met

    def history(self):
        """All that is stored, oldest first."""
        stored, before = [], ""
        while page := self.agent.get(f"/history?limit=5000{before}")[1]:
            stored += page
            before = f"&before={page[-1]['seq']}"
        return stored[::-1]

    def drained(self):
        sink = self.agent.status()["sinks"][0]
        return sink["pending"] == 0

    def test_after_kills_and_faults_everything_is_there(self):
        print(f"CLB_SEED={SEED} CLB_KILLS={KILLS}", flush=True)
        self.agent.fill(ROWS_PER_KILL * KILLS)
        met = collections.Counter()
        for number in range(KILLS):
            moment = self.MOMENTS[number % len(self.MOMENTS)]
            met[moment] += self.life(moment)

        self.agent.start()
        time.sleep(self.random.uniform(1, 3))  # some faults without a kill
        self.oracle.faulty = False
        until(self.drained, "the queue to drain", seconds=600)
        now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        begun = time.monotonic()
        newest = max(seq for _, seq, _ in self.oracle.arrived)
        until(lambda: max(seq for _, seq, _ in self.oracle.arrived) > newest + 1, "a fresh heartbeat",
              seconds=FRESH_SEC)
        fresh_sec = time.monotonic() - begun
        self.assertEqual([], self.agent.sql("SELECT seq FROM quarantine"))
        stored = self.history()
        self.assertGreater(stored[-1]["timestamp_utc"], now)
        self.assertEqual(0, self.agent.stop()[0])
        self.judge(stored, met, fresh_sec)

    def judge(self, stored, met, fresh_sec):
        arrived = list(self.oracle.arrived)
        last = stored[-1]["seq"]
        truth = {(h["id"], h["seq"], digest(h)) for h in stored}
        seen = {entry for entry in arrived if entry[1] <= last}
        self.assertEqual(last, len(truth), "the store itself has no holes")
        self.assertEqual(set(), truth - set(arrived), "missing")
        self.assertEqual(set(), seen - truth, "invented or altered")
        first = list(dict.fromkeys(arrived))
        self.assertEqual(sorted(first, key=lambda entry: entry[1]), first, "in order of first arrival")

        repeats = len(arrived) - len(first)
        print(f"{len(first)} heartbeats, {repeats} came again, fresh after {fresh_sec:.1f} s;"
              f" kills {dict(met)}; {dict(self.oracle.fates)}", flush=True)
        self.assertGreater(repeats, 0, "duplicates did occur")
        self.assertGreater(sum(self.oracle.fates.values()) - self.oracle.fates["take"], KILLS // 2)
        for moment in self.MOMENTS:
            self.assertGreaterEqual(met[moment], KILLS // len(self.MOMENTS) // 2, moment)
        verified = self.agent.run("verify")
        self.assertEqual(0, verified.returncode, verified.stdout + verified.stderr)


if __name__ == "__main__":
    unittest.main()
