# SPDX-License-Identifier: MIT
"""The distribution's own packages as a tree: what a machine of the tests is a throw-away copy of.

Made once for each build folder. Lists of packages and what ClockBlock's packages depend on stay in apt's
cache in it, so that `apt-get install ./clockblock_*.deb` needs no network."""

import fcntl
import os
import pathlib
import re
import shutil
import subprocess

BUILD = pathlib.Path(os.environ.get("CLB_BUILD", "build-test")).resolve()
PACKAGES = BUILD / "packages"
MACHINES = BUILD / "machines"
TREE = MACHINES / "base"
STAMP = MACHINES / "base.stamp"
PEOPLE = ("anna", "ben")
PARTS = "systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd"


class Impossible(Exception):
    """Why no machine can be had here, in a sentence."""


def debs(pattern="clockblock*"):
    """The packages that the build made, by name."""
    return {path.name.split("_")[0]: path for path in sorted(PACKAGES.glob(f"{pattern}.deb"))}


def dependencies():
    """What the packages for running need of the distribution; the first of alternatives."""
    found = set()
    for name, path in debs().items():
        if name.endswith("-dev"):
            continue
        fields = subprocess.run(["dpkg-deb", "-f", path, "Pre-Depends", "Depends"], text=True, check=True,
                                stdout=subprocess.PIPE).stdout
        listed = re.sub(r"^[\w-]+:", ",", fields, flags=re.M).split(",")
        found |= {re.split(r"[\s|(:]", one.strip())[0] for one in listed if one.strip()}
    return sorted(name for name in found if not name.startswith("clockblock"))


def release():
    """The suite of this machine, and the files that tell apt where its packages come from."""
    told = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', pathlib.Path("/etc/os-release").read_text(), re.M))
    suite = told.get("VERSION_CODENAME")
    if not suite or not shutil.which("apt-get"):
        raise Impossible(f"{told.get('PRETTY_NAME', 'this system')} is no Debian nor a relative of it")
    places = [pathlib.Path(f"/etc/apt/sources.list.d/{told['ID']}.sources"),
              pathlib.Path("/etc/apt/sources.list")]
    sources = [place for place in places if place.exists() and re.search(r"^\s*(deb|Types)\b", place.read_text(), re.M)]
    if not sources:
        raise Impossible("apt here has no sources of the distribution's packages")
    return suite, sources


def own_settings():
    """How apt reaches its sources from here: proxies, and how old lists may be."""
    told = subprocess.run(["apt-config", "dump"], text=True, check=True, stdout=subprocess.PIPE).stdout
    return re.findall(r"^Acquire::(?:https?::Proxy|Check-).*;$", told, re.M)


def make():
    """The tree, made anew. Where that should work and does not, the tests that want it fail."""
    suite, sources = release()
    may = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], stderr=subprocess.PIPE, text=True,
                         check=False)
    if may.returncode != 0:
        raise Impossible(f"no namespaces can be made here: {may.stderr.strip()}")
    made = bootstrap(suite, sources)
    if made.returncode != 0:  # a server that was busy may be so no more
        made = bootstrap(suite, sources)
    if made.returncode != 0:
        shutil.rmtree(TREE, ignore_errors=True)
        raise AssertionError("mmdebstrap makes no tree of the distribution's packages: " + last_lines(made.stdout))


def bootstrap(suite, sources):
    """What mmdebstrap says to it."""
    shutil.rmtree(TREE, ignore_errors=True)
    options = ["Acquire::Languages \"none\";", *own_settings()]
    people = "; ".join(f"useradd --create-home --shell /bin/sh {name}" for name in PEOPLE)
    fetch = f"apt-get clean; apt-get install -y -q --no-install-recommends --download-only {' '.join(dependencies())}"
    return subprocess.run(
        ["mmdebstrap", "--variant=minbase", "--skip=cleanup/apt", f"--include={PARTS}",
         *(f"--aptopt={option}" for option in options),
         f"--customize-hook=chroot \"$1\" sh -ec '{people}; {fetch}'", suite, TREE, *sources],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def last_lines(text, count=4):
    return " / ".join(text.strip().splitlines()[-count:])


def ready():
    """The tree, made if it is not there yet, or was made for packages with other dependencies."""
    if os.geteuid() != 0:
        raise Impossible("only root can make and start a machine")
    if not shutil.which("mmdebstrap"):
        raise Impossible("mmdebstrap is not installed")
    if not debs():
        raise Impossible(f"there are no packages in {PACKAGES}: run packaging/package.sh deb")
    MACHINES.mkdir(parents=True, exist_ok=True)
    wanted = " ".join([PARTS, *PEOPLE, *dependencies()])
    with open(MACHINES / "base.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not STAMP.exists() or STAMP.read_text() != wanted:
            STAMP.unlink(missing_ok=True)
            make()
            STAMP.write_text(wanted)
    return TREE
