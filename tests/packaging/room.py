# SPDX-License-Identifier: MIT
"""The tree of the distribution's packages without a systemd: for where none can be booted. A throw-away
copy in namespaces of its own, where a service runs as its unit says, with the test as its manager."""

import fcntl
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import tempfile

import base_tree
from machine import Inside, until, or_skip

# What the first process does: the copy becomes its root, and the tree itself is out of reach.
ENTER = """
mount -t tmpfs none "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" none "$2/root"
mount -t proc proc "$2/root/proc"
mount --bind /dev "$2/root/dev"
mount -t tmpfs none "$2/root/run"
cd "$2/root"
pivot_root . mnt
umount -l mnt
touch /run/entered
exec sleep infinity
"""
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


class Room(Inside):
    def __init__(self):
        tree = or_skip(base_tree.ready)
        self.folder = tempfile.mkdtemp(prefix="room-", dir=base_tree.MACHINES)
        self.log = open(f"{self.folder}.log", "w+")
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--pid", "--net", "--fork", "--kill-child",
             "sh", "-ec", ENTER, "sh", tree, self.folder], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        try:
            until(self.is_entered, lambda: f"the room: {self.said()}")
            self.bring_loopback_up()
        except BaseException:
            self.close()
            raise

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def is_entered(self):
        if self.process.poll() is not None:
            raise AssertionError(f"no namespaces can be made here: {self.said()}")
        children = subprocess.run(["pgrep", "--parent", str(self.process.pid)], stdout=subprocess.PIPE, text=True,
                                  check=False).stdout.split()
        self.leader = int(children[0]) if children else None
        return self.leader and self.path("/run/entered").exists()

    def bring_loopback_up(self):
        with self.network(), socket.socket() as any_socket:
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder)
        pathlib.Path(f"{self.folder}.log").unlink()


class Manager:
    """Starts a service as its unit says, and hears what it tells its manager."""

    def __init__(self, room, unit):
        self.room = room
        self.unit = room.run("cat", unit).stdout
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(room.path("/run/notify")))
        room.path("/run/notify").chmod(0o666)
        self.heard = ""
        self.process = None

    def setting(self, key):
        return re.search(rf"^{key}=(.*)$", self.unit, re.M).group(1)

    def start(self):
        user = self.setting("User")
        state = f"/var/lib/{self.setting('StateDirectory')}"
        self.room.run("install", "-d", "-m", self.setting("StateDirectoryMode"), "-o", user, "-g", user, state)
        self.process = self.room.start("env", "NOTIFY_SOCKET=/run/notify", f"STATE_DIRECTORY={state}",
                                       "CLOCKBLOCK_POLL_INTERVAL_SEC=1", *self.setting("ExecStart").split(), user=user)

    def wait_heard(self, word):
        """Until it says so; what was heard before is forgotten."""
        def hears():
            self.socket.settimeout(0.2)
            try:
                self.heard += self.socket.recv(4096).decode() + "\n"
            except TimeoutError:
                assert self.process.poll() is None, f"it ended with {self.process.returncode}"
            return word in self.heard
        until(hears, lambda: f"{word}; heard: {self.heard}")
        self.heard = ""

    def close(self):
        self.socket.close()
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
