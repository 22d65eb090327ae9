# SPDX-License-Identifier: MIT
"""Somebody who does what the README says: with a home of their own, ClockBlock installed into a prefix, and an
agent on a port of its own. What this machine has already stays as it is."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request

from harness import BUILD, PATIENCE_SEC, clean_environment, free_port, until
from pieces import ROOT

# Nobody's screen is looked at, and the first heartbeats come soon.
FOREIGN = ("XDG_CONFIG_HOME", "STATE_DIRECTORY", "DISPLAY", "WAYLAND_DISPLAY", "NOTIFY_SOCKET")
QUICK = {"CLOCKBLOCK_POLL_INTERVAL_SEC": "1", "CLOCKBLOCK_DETECTORS__GAMES__INTERVAL_SEC": "1"}


class Reader:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="clockblock-readme-"))
        self.prefix, self.home = self.folder / "prefix", self.folder / "home"
        for folder in (self.home, self.folder / "tmp", self.folder / "bin"):
            folder.mkdir()
        # The editor saves nothing: test_here.py writes what the blocks say. But it wants the folder.
        self.editor = self.folder / "bin" / "nano"
        self.editor.write_text('#!/bin/sh\ntest -d "${1%/*}"\n')
        self.editor.chmod(0o755)
        self.port = free_port()
        self.started = []
        try:
            self.install()
        except BaseException:
            self.close()
            raise
        self.environment = {key: value for key, value in clean_environment().items() if key not in FOREIGN} | {
            # Where everybody but root has it anyway.
            "XDG_STATE_HOME": f"{self.home}/.local/state",
            "HOME": str(self.home), "PATH": f"{self.prefix}/bin:{self.editor.parent}:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8", "MANPATH": f"{self.prefix}/share/man", "CLOCKBLOCK_API__PORT": str(self.port)} | QUICK

    def install(self):
        done = subprocess.run(["cmake", "--install", BUILD, "--prefix", self.prefix], text=True, capture_output=True,
                              check=False)
        assert done.returncode == 0, done.stderr
        elsewhere = [file for file in re.findall(r"^-- (?:Installing|Up-to-date): (.*)", done.stdout, re.M)
                     if not file.startswith(f"{self.prefix}/")]
        assert elsewhere == [], f"installed outside of the prefix: {elsewhere}"

    def adapt(self, line):
        """A line of the README, with the port and the folders of this test."""
        line = line.replace("127.0.0.1:3841", f"127.0.0.1:{self.port}")
        line = re.sub(r"/tmp/(?!clockblock-)", f"{self.folder}/tmp/", line)
        return re.sub(r"(?<![\w.])/etc/clockblock", f"{self.prefix}/etc/clockblock", line)

    def spawn(self, command, log, **more):
        """A process group of its own, which ends with the test. Its words go to a file. A variable that is None
        is not set."""
        environment = {key: value for key, value in (self.environment | more).items() if value is not None}
        with open(log, "w") as words:
            process = subprocess.Popen(["bash", "-euc", command], cwd=self.folder, stdout=words, stderr=words,
                                       stdin=subprocess.DEVNULL, env=environment, start_new_session=True)
        self.started.append(process)
        return process

    def sh(self, line, **more):
        """Exit code and words of a line; what it leaves in the background goes on."""
        log = self.folder / "words"
        process = self.spawn(self.adapt(line), log, **more)
        try:
            code = process.wait(timeout=PATIENCE_SEC)
        except subprocess.TimeoutExpired:
            code = f"nothing: it is not done after {PATIENCE_SEC} s"
        return code, log.read_text()

    def start(self, *arguments, log="agent.log", **more):
        """The agent, once it answers."""
        agent = self.spawn(" ".join(["exec clockblock run", *arguments]), self.folder / log, **more)

        def answers():
            assert agent.poll() is None, f"the agent ended: {(self.folder / log).read_text()}"
            try:
                return self.get("/health")[0] == 200
            except OSError:
                return False
        until(answers, f"the API: {(self.folder / log).read_text()}")
        return agent

    def get(self, path):
        """Status, type and the first 64 KiB of an answer; an endless one is not waited for."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
                kind = answer.headers.get_content_type()
                return answer.status, kind, answer.readline() if kind == "text/event-stream" else answer.read()
        except urllib.error.HTTPError as problem:
            with problem:
                return problem.code, problem.headers.get_content_type(), problem.read()

    @staticmethod
    def stop(process):
        process.terminate()
        assert process.wait(timeout=PATIENCE_SEC) in (0, -signal.SIGTERM)

    def close(self):
        for process in self.started:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def from_checkout(path):
    """What a path or a pattern of the README stands for in the checkout."""
    return list(ROOT.glob(path.rstrip("/")))
