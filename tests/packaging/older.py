# SPDX-License-Identifier: MIT
"""Packages as the version before had them, made of today's: there is no archive of old ones."""

import pathlib
import re
import subprocess

from service import package

OLD_VERSION = "0.1.0"


def program_version():
    return subprocess.run(["dpkg-deb", "-f", package(), "Version"], text=True, check=True,
                          stdout=subprocess.PIPE).stdout.split("-")[0]


def older_packages(folder):
    """The packages as the version before: another number, another unit, another shipped configuration."""
    new = program_version()
    for name in ("clockblock", "clockblock-plugin-mqtt"):
        tree = pathlib.Path(folder) / "tree"
        subprocess.run(["dpkg-deb", "-R", package(name), tree], check=True)
        control = tree / "DEBIAN" / "control"
        control.write_text(re.sub(rf"^(Version: |.*\bclockblock \(= ){re.escape(new)}", rf"\g<1>{OLD_VERSION}",
                                  control.read_text(), flags=re.M))
        if name == "clockblock":
            age(tree, new)
        target = pathlib.Path(folder) / f"{name}_{OLD_VERSION}-1.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-b", tree, target], check=True,
                       stdout=subprocess.DEVNULL)
        subprocess.run(["rm", "-r", tree], check=True)
        yield target


def age(tree, new):
    program = tree / "usr/bin/clockblock"
    told = program.read_bytes()
    shown = new.encode() + b"\0"
    assert shown in told and len(new) >= len(OLD_VERSION)
    program.write_bytes(told.replace(shown, OLD_VERSION.encode().ljust(len(shown), b"\0")))
    config = tree / "etc/clockblock/clockblock.conf"
    config.write_text("# As it was shipped once.\n" + config.read_text())
    for unit in tree.glob("**/clockblock.service"):
        unit.write_text(unit.read_text().replace("[Service]\n", "[Service]\nSuccessExitStatus=99\n"))
