# SPDX-License-Identifier: MIT
"""A Wayland compositor without a screen, and windows on it."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from harness import PATIENCE_SEC, until

MISSING = [program for program in ("sway", "swaymsg", "foot") if not shutil.which(program)]
if "CLB_WITHOUT_WAYLAND" in os.environ:
    MISSING.append("Wayland in this build")

# It does not run as root. A number is enough to be somebody.
SOMEBODY = 54321


class Sway:
    """With a folder of its own, as systemd makes one for who logs in, below `run_root`."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="clockblock-sway-"))
        self.run_root = self.folder / "run"
        uid = os.geteuid() or SOMEBODY
        self.runtime = self.run_root / "user" / str(uid)
        self.runtime.mkdir(parents=True)
        for folder in (self.folder, self.run_root, self.runtime.parent):
            folder.chmod(0o755)
        self.runtime.chmod(0o700)
        self.user = {}
        if os.geteuid() == 0:
            self.user = {"user": uid, "group": uid, "extra_groups": []}
            os.chown(self.runtime, uid, uid)
        (self.folder / "config").write_text("xwayland disable\n")
        self.log = self.folder / "log"
        self.log.touch()
        self.process = None
        self.windows = []

    def environment(self):
        return {"PATH": os.environ["PATH"], "HOME": str(self.runtime), "LC_ALL": "C.UTF-8",
                "XDG_RUNTIME_DIR": str(self.runtime), "WLR_BACKENDS": "headless",
                "WLR_LIBINPUT_NO_DEVICES": "1", "WLR_RENDERER": "pixman"}

    def spawn(self, *command, environment=None):
        with open(self.log, "a") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    cwd=self.runtime, env=self.environment() | (environment or {}),
                                    **self.user)

    def socket(self):
        return self.runtime / "wayland-1"

    def start(self):
        """At the same socket each time."""
        self.process = self.spawn("sway", "--config", str(self.folder / "config"))
        ours = self.environment()

        def answers():
            if self.process.poll() is not None:
                raise AssertionError(f"sway ended with {self.process.returncode}: {self.log.read_text()}")
            self.sockets = list(self.runtime.glob(f"sway-ipc.*.{self.process.pid}.sock"))
            return self.socket().exists() and self.sockets and subprocess.run(
                ["swaymsg", "--socket", str(self.sockets[0]), "--type", "get_version"], env=ours,
                capture_output=True, timeout=PATIENCE_SEC, check=False).returncode == 0
        until(answers, "sway")

    def tell(self, command):
        done = subprocess.run(["swaymsg", "--socket", str(self.sockets[0]), "--", command], capture_output=True,
                              text=True, env=self.environment(), timeout=PATIENCE_SEC, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{command}: {done.stdout}{done.stderr}")

    def window(self, title, *arguments):
        return Window(self, title, *arguments)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        for window in self.windows:
            window.end()
        self.windows = []
        if self.process:
            self.process.kill()  # also when it is stopped
            self.process.wait()
        self.process = None

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Window:
    """A terminal that shows what is written into a pipe, and so has the titles that a test wants."""

    def __init__(self, sway, title, *arguments):
        pipe = sway.runtime / f"pipe-{len(list(sway.runtime.glob('pipe-*')))}"
        os.mkfifo(pipe)
        os.chmod(pipe, 0o644)
        self.pipe = os.open(pipe, os.O_RDWR)
        self.process = sway.spawn("foot", "--title", title, *arguments, "cat", str(pipe),
                                  environment={"WAYLAND_DISPLAY": sway.socket().name})
        sway.windows.append(self)

    def set_title(self, title):
        os.write(self.pipe, b"\x1b]2;" + title + b"\x07")

    def end(self):
        if self.pipe is None:
            return
        os.close(self.pipe)
        self.pipe = None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
