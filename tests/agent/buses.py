# SPDX-License-Identifier: MIT
"""A bus (D-Bus) of the test's own, and services on it that answer what they are told."""

import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

from harness import BUILD, until

DAEMON = shutil.which("dbus-daemon")
SERVICE = BUILD / "tests" / "plugins" / "bus_service"
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={path}</listen><policy context="default">
<allow user="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>
"""


def missing():
    """What a test of buses lacks here; None: nothing."""
    if not DAEMON:
        return "dbus-daemon is not installed"
    return None if SERVICE.exists() else "built without libsystemd"


class Bus:
    """A folder that is a run_root: its system bus is where programs look for it."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="clockblock-bus-"))
        self.path = self.root / "dbus" / "system_bus_socket"
        self.path.parent.mkdir()
        (self.root / "bus.conf").write_text(CONFIG.format(path=self.path))
        self.daemon = None
        self.start()

    def start(self):
        self.path.unlink(missing_ok=True)
        self.daemon = subprocess.Popen([DAEMON, f"--config-file={self.root}/bus.conf", "--nofork"],
                                       stderr=subprocess.DEVNULL)
        until(self.listens, "the bus")  # its socket is there a moment earlier

    def listens(self):
        with socket.socket(socket.AF_UNIX) as caller:
            return caller.connect_ex(str(self.path)) == 0

    def kill(self):
        self.daemon.kill()
        self.daemon.wait()

    def close(self):
        self.kill()
        shutil.rmtree(self.root)


class Service:
    """One name on the bus; see bus_service.c for what it can be told."""

    def __init__(self, bus, name):
        self.process = subprocess.Popen([SERVICE, f"unix:path={bus.path}", name], text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.expect()

    def expect(self):
        answer = self.process.stdout.readline()
        if answer != "ok\n":
            raise AssertionError(f"the service answered {answer!r}")

    def tell(self, *lines):
        for line in lines:
            self.process.stdin.write(line + "\n")
            self.expect()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # it had not read all
