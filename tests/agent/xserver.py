# SPDX-License-Identifier: MIT
"""An X server without a screen, its window manager, and windows on it."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from harness import BUILD, PATIENCE_SEC, until

MISSING = [program for program in ("Xvfb", "openbox", "xdotool", "xterm") if not shutil.which(program)]
WINDOW = BUILD / "tests" / "agent" / "x11_window"
if not WINDOW.exists():
    MISSING.append("x11_window, which wants libxcb")


class XServer:
    """On a number that no other test has, as one is free for anybody after a kill."""

    # Without -noreset it would begin anew whenever nobody is connected any more.
    program = ("Xvfb", "-noreset", "-screen", "0", "800x600x24", "-nolisten", "tcp")
    more = {}  # in its environment
    started = 0

    def __init__(self, *arguments, manager=True):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="clockblock-x11-"))
        self.log = self.folder / "log"
        self.arguments = arguments
        self.has_manager = manager
        self.number = 100 + os.getpid() % 10000 * 4 + XServer.started % 4
        XServer.started += 1
        self.processes = []
        self.server = None
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def name(self):
        return f":{self.number}"

    def environment(self):
        return os.environ | {"DISPLAY": self.name, "HOME": str(self.folder), "LC_ALL": "C.UTF-8",
                             "XAUTHORITY": str(self.folder / "keys")}

    def spawn(self, *command, **more):
        with open(self.log, "a") as log:
            process = subprocess.Popen(command, env=self.environment(), stderr=log, cwd=self.folder,
                                       **({"stdout": log, "stdin": subprocess.DEVNULL} | more))
        self.processes.append(process)
        return process

    def start(self, manager=None):
        with open(self.log, "a") as log:
            ours, theirs = os.pipe()
            self.server = subprocess.Popen(
                [*self.program, self.name, "-displayfd", str(theirs), *self.arguments], pass_fds=[theirs],
                env=os.environ | self.more, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            os.close(theirs)
        with os.fdopen(ours) as told:
            if not told.readline():  # a line says that it is up
                raise AssertionError(f"{self.program[0]}: {self.log.read_text()}")
        if self.has_manager if manager is None else manager:
            self.manage()

    def manage(self):
        """A window manager, which has told that it is there."""
        self.spawn("openbox", "--sm-disable")
        until(lambda: b"window id" in subprocess.run(
            ["xprop", "-root", "_NET_SUPPORTING_WM_CHECK"], env=self.environment(), capture_output=True,
            timeout=PATIENCE_SEC, check=False).stdout, f"openbox: {self.log.read_text()}")

    def run(self, *command):
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True,
                              timeout=PATIENCE_SEC, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{command}: {done.stderr}")
        return done.stdout.strip()

    def xterm(self, title):
        """A real program, whose window is there. Returns the number of that."""
        self.spawn("xterm", "-T", title)
        return self.run("xdotool", "search", "--sync", "--onlyvisible", "--name", title)

    def stop(self):
        self.server.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.server.send_signal(signal.SIGCONT)

    def kill(self, number=signal.SIGKILL):
        """Also when it is stopped."""
        self.server.send_signal(number)
        self.server.send_signal(signal.SIGCONT)
        self.server.wait()
        for process in self.processes:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()
        self.processes = []

    def close(self):
        """So that it clears away its socket and its lock, if it is not gone already."""
        try:
            if self.server.poll() is not None:
                self.start(manager=False)
        finally:
            self.kill(signal.SIGTERM)
            shutil.rmtree(self.folder, ignore_errors=True)


class Xwayland(XServer):
    """A window of a Wayland compositor, for programs that know X11 only."""

    program = ("Xwayland", "-noreset")

    def __init__(self, sway):
        self.more = sway.environment() | {"WAYLAND_DISPLAY": str(sway.socket())}
        super().__init__()


class Window:
    """A window of our own, with properties as no toolkit would write them."""

    def __init__(self, server, title=None, app="game", way="open"):
        self.server = server
        self.process = server.spawn(str(WINDOW), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.tell(way)
        self.app(app)
        if title is not None:
            self.title(title)

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise AssertionError(f"no answer to {line[:60]}")
        self.number = int(answer)

    def set(self, name, kind, bits, value, of="set"):
        self.tell(f"{of} {name} {kind} {bits} {value.hex()}")

    def title(self, title):
        self.set("_NET_WM_NAME", "UTF8_STRING", 8, title.encode() if isinstance(title, str) else title)

    def app(self, app):
        self.set("WM_CLASS", "STRING", 8, f"instance\0{app}\0".encode())

    def focus(self):
        """Asks until it is so: a window manager that has just begun may not hear it."""
        def has_it():
            self.tell("focus")
            return f"{self.number:#x}" in self.server.run("xprop", "-root", "_NET_ACTIVE_WINDOW")
        until(has_it, "the focus")

    def end(self):
        self.process.kill()
        self.process.wait()
