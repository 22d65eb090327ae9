# SPDX-License-Identifier: MIT
"""The agent as a process, a receiver for its heartbeats, and a game for it to notice."""

import http.client
import http.server
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time

BUILD = pathlib.Path(os.environ["CLB_BUILD"])
AGENT = BUILD / "clockblock"
TOKEN = "a-token-of-the-test"
# Sanitizers make everything slower; nothing here measures time.
PATIENCE_SEC = 60


_claims = []  # on ports, until this process ends


def free_port():
    """A port that nobody has, that no connection is given by the system, and that no other test gets."""
    while True:
        port = random.randrange(20000, 30000)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0clockblock-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return port


def until(condition, what, seconds=PATIENCE_SEC):
    """Waits for a condition and returns its value; fails with a sentence when it does not come."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s for: {what}")


def clean_environment():
    return {key: value for key, value in os.environ.items() if not key.startswith("CLOCKBLOCK_")}


class Receiver:
    """An HTTP server that keeps what it gets, and can be taken down and brought back."""

    def __init__(self):
        self.port = free_port()
        self.heartbeats = []
        self.requests = []
        self.status = 200
        self.judge = None  # given the heartbeats and the headers of a request: its status
        self.connections = []
        self.server = None

    def url(self):
        return f"http://127.0.0.1:{self.port}/clockblock/heartbeat"

    def up(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                receiver.connections.append(self.connection)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append(dict(self.headers))
                heartbeats = json.loads(body)
                judge = receiver.judge
                status = judge(heartbeats, dict(self.headers)) if judge else receiver.status
                if status == 200:
                    receiver.heartbeats.extend(heartbeats)
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    pass  # the agent was killed

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False

        self.server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}).start()

    def down(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)  # a kept connection would go on being served
            except OSError:
                pass
        self.connections = []
        self.server = None

    def seqs(self):
        return [heartbeat["seq"] for heartbeat in self.heartbeats]


class Agent:
    """A folder with a configuration and a database, and the agent that runs on them."""

    def __init__(self, detectors="", sinks="", rest="poll_interval_sec = 1;"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="clockblock-test-"))
        self.port = free_port()
        self.database = self.folder / "state" / "clockblock.db"
        self.config = self.folder / "clockblock.conf"
        self.log = self.folder / "agent.log"
        self.process = None
        # Games of other tests on this machine have the same name: ours is told by its argument.
        self.mark = f"600.{self.port}{os.getpid()}"
        detectors = detectors or (
            'games: { plugin = "process_name"; rules = ( { activity = "Minecraft";'
            f' process = [ "Minecraft.exe" ]; arguments = "{self.mark}"; }} ); }};'
        )
        self.write_config(
            f'db_path = "{self.database}"; device_id = "pc-test"; {rest}\n'
            f"detectors: {{ {detectors} }};\nsinks: {{ {sinks} }};\n"
            f"api: {{ port = {self.port}; }};\n"
        )

    def write_config(self, text):
        self.config.write_text(text)

    def run(self, *arguments, timeout=PATIENCE_SEC):
        """A command that ends by itself."""
        return subprocess.run(
            [AGENT, *arguments, "--config", self.config],
            capture_output=True, text=True, timeout=timeout, env=clean_environment(), check=False,
        )

    def ask(self, command, *arguments):
        """The answer of the running agent on its control socket, whatever the commands make of it."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(f"{self.database}.sock")
            request = json.dumps({"command": command, "arguments": arguments}) + "\n"
            control.sendall(request.encode())
            with control.makefile() as answer:
                return json.load(answer)

    def fill(self, count):
        """Heartbeats 1 to `count` in a database of its own, while no agent runs."""
        silent = ["--set", "sinks.cloud.enabled=false"] if "cloud:" in self.config.read_text() else []
        once = self.run("once", *silent)
        assert once.returncode == 0, once.stderr
        with sqlite3.connect(self.database) as database:
            database.execute(
                "WITH RECURSIVE n(seq) AS (SELECT 2 UNION ALL SELECT seq + 1 FROM n WHERE seq < ?)"
                " INSERT INTO heartbeats SELECT n.seq, randomblob(16), h.wall_ms, h.epoch,"
                " h.poll_interval_sec, h.is_playing, h.credited_ms, h.overdraft_ms, h.flags,"
                " h.activity, h.decided_by FROM n, heartbeats h WHERE h.seq = 1", (count,))
        database.close()

    def sql(self, statement, *values):
        """On the database, from outside: the rows of the answer."""
        with sqlite3.connect(self.database, timeout=PATIENCE_SEC) as database:
            rows = database.execute(statement, values).fetchall()
        database.close()
        return rows

    def start(self, *arguments, ready=True, descriptors=None, environment=None):
        """`descriptors`: how many the agent may have. `environment`: variables beside the usual."""
        limit = [f"ulimit -n {descriptors}; exec \"$@\"", "sh"] if descriptors else ["exec \"$@\"", "sh"]
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                ["sh", "-c", *limit, AGENT, "run", "--config", self.config, *arguments],
                stderr=log, env=clean_environment() | (environment or {}),
            )
        if ready:
            until(self.answers, f"the API: {self.log.read_text()}")

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the agent ended with {self.process.returncode}: {self.log.read_text()}")
        try:
            return self.get("/health")[0] == 200
        except OSError:
            return False

    def request(self, method, path, headers=None, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def get(self, path):
        status, _, body = self.request("GET", path)
        return status, json.loads(body)

    def status(self):
        return self.get("/status")[1]

    def today(self):
        """Today in /status; None: there was no heartbeat yet."""
        return self.status()["today"]

    def history(self, limit=5000):
        return self.get(f"/history?limit={limit}")[1]

    def stop(self):
        """Asks the agent to stop; returns its exit code and the seconds it took."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=PATIENCE_SEC)
        self.process = None
        return code, time.monotonic() - begun

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def close(self):
        if self.process:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Game:
    """A real process with the name of a game."""

    def __init__(self, agent, name="Minecraft.exe"):
        self.program = agent.folder / name
        shutil.copy("/bin/sleep", self.program)
        self.process = subprocess.Popen([self.program, agent.mark])

    def end(self):
        self.process.kill()
        self.process.wait()
