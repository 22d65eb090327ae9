# SPDX-License-Identifier: MIT
"""Packages as the version before had them, made of today's: there is no archive of old ones."""

import pathlib
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
        control.write_text(control.read_text().replace(new, OLD_VERSION))
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
    assert new.encode() in told and len(new) == len(OLD_VERSION)
    program.write_bytes(told.replace(new.encode() + b"\0", OLD_VERSION.encode() + b"\0"))
    config = tree / "etc/clockblock/clockblock.conf"
    config.write_text("# As it was shipped once.\n" + config.read_text())
    for unit in tree.glob("**/clockblock.service"):
        unit.write_text(unit.read_text().replace("[Service]\n", "[Service]\nSuccessExitStatus=99\n"))
