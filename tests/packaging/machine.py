# SPDX-License-Identifier: MIT
"""A clean machine with a real systemd: a throw-away copy of the distribution's packages that boots in a
container (systemd-nspawn), with a network of its own that has the loopback alone.

Run as a program it makes the tree that machines are copies of, and says whether one boots here."""

import contextlib
import ctypes
import itertools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

import base_tree
from base_tree import MACHINES, Impossible

BOOT_SEC = 120
PATIENCE_SEC = 60
CLONE_NEWNET = 0x40000000
HOMES = {"root": "/root"} | {name: f"/home/{name}" for name in base_tree.PEOPLE}
_numbers = itertools.count(1)
_libc = ctypes.CDLL(None, use_errno=True)


def until(condition, what, seconds=PATIENCE_SEC):
    """Waits for a condition and returns its value; fails with a sentence when it does not come."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.2)
    raise AssertionError(f"waited {seconds} s for: {what() if callable(what) else what}")


class Inside:
    """What lives in namespaces of its own, whose first process is `leader`: commands, files, network."""

    leader = None

    def run(self, *command, user="root", check=True, text=None, environment=None):
        """A command inside, given `text` to read; as one of the people with the variables of a session."""
        who = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--reset-env"]
        number = self.uid(user)
        variables = {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        variables |= {"XDG_RUNTIME_DIR": f"/run/user/{number}"} if number else {}
        told = [f"{key}={value}" for key, value in (variables | (environment or {})).items()]
        done = subprocess.run(
            ["nsenter", f"--target={self.leader}", "--all", *who, "env", f"--chdir={HOMES.get(user, '/')}", *told,
             *map(str, command)],
            input=text, stdin=None if text is not None else subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=PATIENCE_SEC * 3, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    def start(self, *command, user="root", **pipes):
        """A process inside that goes on; end it with .kill() and .wait(), it ends with what started it."""
        return subprocess.Popen(
            ["nsenter", f"--target={self.leader}", "--all", "setpriv", "--pdeathsig=KILL", f"--reuid={user}",
             f"--regid={user}", "--init-groups", "--reset-env", *map(str, command)],
            **({"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | pipes))

    def uid(self, user):
        lines = self.path("/etc/passwd").read_text().splitlines()
        return int(next(line.split(":")[2] for line in lines if line.split(":")[0] == user))

    def path(self, place):
        """A file inside, as seen from here."""
        return pathlib.Path(f"/proc/{self.leader}/root{place}")

    def put(self, source, place, owner="root", mode=0o644):
        """Copies a file, or writes text or bytes, to a place inside."""
        data = source.read_bytes() if isinstance(source, pathlib.Path) else source
        target = self.path(place)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.encode() if isinstance(data, str) else data)
        target.chmod(mode)
        os.chown(target, self.uid(owner), self.uid(owner) if owner in base_tree.PEOPLE else -1)

    @contextlib.contextmanager
    def network(self):
        """This thread in the network inside: sockets that it makes are there, and stay there."""
        with open("/proc/thread-self/ns/net") as ours, open(f"/proc/{self.leader}/ns/net") as theirs:
            if _libc.setns(theirs.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield
            finally:
                assert _libc.setns(ours.fileno(), CLONE_NEWNET) == 0

    def install(self, *packages, options=()):
        """Packages by apt, from files, without a network: what it says."""
        places = []
        for package in packages:
            places.append(f"/root/{package.name}")
            self.put(package, places[-1])
        return self.run("apt-get", "install", "-y", "-q", "--no-install-recommends", *options, *places).stdout


class Machine(Inside):
    """Boots when it is made; nothing of it is left after close(), nor when the test is killed."""

    def __init__(self):
        tree = or_skip(base_tree.ready)
        self.name = f"clockblock-{os.getpid()}-{next(_numbers)}"
        self.console = MACHINES / f"{self.name}.console"
        self.cgroups = []
        self.process = None
        try:
            self.boot(tree)
        except BaseException:
            self.close()
            raise

    def boot(self, tree):
        remove_leftovers()
        self.make_cgroups()
        # In a namespace of processes, which is killed with its first: nspawn alone would leave its machine running.
        command = ["setpriv", "--pdeathsig=KILL", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
                   "systemd-nspawn", "--quiet", "--register=no", "--read-only",
                   "--volatile=overlay", f"--directory={tree}", f"--machine={self.name}", "--private-network",
                   "--console=pipe", "--keep-unit", "--boot"]
        join = "".join(f"echo $$ > {cgroup}/cgroup.procs && " for cgroup in self.cgroups)
        with open(self.console, "w") as console:
            self.process = subprocess.Popen(["sh", "-c", f'{join}exec "$@"', "sh", *command],
                                            stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        until(self.is_up, lambda: f"the machine to boot: {self.report()}", BOOT_SEC)

    def make_cgroups(self):
        """Machines side by side need a control group each: in their namespace a systemd outside, if there is
        one, could make none for them."""
        for place in cgroup_mounts():
            group = place / self.name
            group.mkdir()
            self.cgroups.append(group)

    def is_up(self):
        if self.process.poll() is not None:
            raise AssertionError(f"systemd-nspawn ended with {self.process.returncode}: {self.report()}")
        nspawn = first_child(self.process.pid)
        self.leader = nspawn and first_child(nspawn)
        comm = self.leader and pathlib.Path(f"/proc/{self.leader}/comm").read_text().strip()
        if comm != "systemd":  # still what sets the container up
            return False
        state = self.run("systemctl", "is-system-running", "--wait", check=False).stdout.strip()
        return state in ("running", "degraded")

    def linger(self, user):
        """Services of a user run, as if somebody had logged in."""
        self.run("loginctl", "enable-linger", user)
        until(lambda: self.systemctl("is-system-running", "--wait", user=user, check=False) in ("running", "degraded"),
              f"the service manager of {user}")

    def systemctl(self, *arguments, user=None, check=True):
        """What it prints: of the system, or of a user."""
        mode = ["--user"] if user else []
        return self.run("systemctl", *mode, *arguments, user=user or "root", check=check).stdout.strip()

    def property(self, name, unit="clockblock.service", user=None):
        return self.systemctl("show", "--value", f"--property={name}", unit, user=user)

    def journal(self, *arguments):
        return self.run("journalctl", "--no-pager", "--quiet", *arguments, check=False).stdout

    def report(self):
        """For whoever has to find out why a test failed."""
        heard = self.console.read_text(errors="replace")[-1500:] if self.console.exists() else ""
        with contextlib.suppress(Exception):
            heard += "\n-- journal\n" + self.journal(
                "--lines=40", "_COMM=clockblock", "+", "UNIT=clockblock.service", "+", "USER_UNIT=clockblock.service")
        return heard

    def close(self):
        if self.process:
            with contextlib.suppress(OSError):
                if self.leader and self.process.poll() is None:
                    os.kill(self.leader, signal.SIGKILL)  # the first of its processes takes all others along
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
            self.process.kill()
            self.process.wait()
        self.console.unlink(missing_ok=True)
        for group in self.cgroups:
            remove_cgroup(group)


def cgroup_mounts():
    mounts = pathlib.Path("/proc/self/mountinfo").read_text()
    kinds = r"(?:cgroup2 .*|cgroup .*name=systemd.*)"
    return [pathlib.Path(place) for place in re.findall(rf"^\S+ \S+ \S+ \S+ (\S+) .* - {kinds}$", mounts, re.M)]


def remove_leftovers():
    """Of machines whose test was killed, and could remove nothing itself."""
    for folder in (*cgroup_mounts(), MACHINES):
        for old in folder.glob("clockblock-*-*"):
            if pathlib.Path("/proc", old.name.split("-")[1]).exists():
                continue
            if old.is_dir():
                remove_cgroup(old)
            else:
                old.unlink(missing_ok=True)


def first_child(pid):
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else None


def remove_cgroup(group):
    """Its processes are ended; the kernel may be a moment behind."""
    def removed():
        for folder, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)
        return not group.exists()
    until(removed, f"{group} to be empty", 10)


def or_skip(question):
    """A skipped test where no machine can be had; the sentence says why."""
    try:
        return question()
    except Impossible as reason:
        raise unittest.SkipTest(str(reason)) from None


def boots():
    """Whether a machine boots here; raises Impossible with what was heard, if not."""
    base_tree.ready()
    if os.environ.get("CLB_NO_SYSTEMD"):
        raise Impossible("CLB_NO_SYSTEMD forbids a systemd")
    if not shutil.which("systemd-nspawn"):
        raise Impossible("systemd-nspawn is not installed")
    verdict = MACHINES / "verdict"
    if not verdict.exists() or verdict.stat().st_mtime < base_tree.STAMP.stat().st_mtime:
        try:
            Machine().close()
            verdict.write_text("")
        except (AssertionError, OSError) as reason:
            verdict.write_text("no systemd can be booted in a container here: " +
                               base_tree.last_lines(str(reason), 6))
    if verdict.read_text():
        raise Impossible(verdict.read_text())


class MachineTest(unittest.TestCase):
    """Tests on a machine of the class, in the order of their names; what fails shows what it said."""

    machine = None

    @classmethod
    def setUpClass(cls):
        or_skip(boots)
        cls.machine = Machine()
        cls.addClassCleanup(cls.machine.close)
        try:
            cls.prepare()
        except Exception:
            print(cls.machine.report(), file=sys.stderr)
            raise

    @classmethod
    def prepare(cls):
        """What all tests of the class begin with."""

    def run(self, result=None):
        def failed():
            return len(result.failures) + len(result.errors) if result else 0
        before = failed()
        super().run(result)
        if failed() > before:
            print(f"-- the machine of {self.id()}\n{self.machine.report()}", file=sys.stderr)
        return result


if __name__ == "__main__":
    try:
        boots()
        print("A machine boots here.")
    except Impossible as reason:
        print(f"Tests with a real systemd are skipped: {reason}")
