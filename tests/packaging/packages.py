# SPDX-License-Identifier: MIT
"""What packaging/package.sh made for this run of the tests, and what is in it."""

import os
import pathlib
import subprocess
import tarfile

FOLDER = pathlib.Path(os.environ["CLB_BUILD"]) / "packages"
NAMES = ("clockblock", "clockblock-plugins-desktop", "clockblock-plugin-mqtt", "clockblock-dev")


def one(pattern):
    found = sorted(FOLDER.glob(pattern))
    assert len(found) == 1, f"{FOLDER}/{pattern}: {found}"
    return found[0]


def deb(name):
    return one(f"{name}_*.deb")


def binary_tarball():
    return one("clockblock-*-linux-*.tar.gz")


def source_tarball():
    return one(binary_tarball().name.split("-linux-")[0] + ".tar.gz")


def output(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def field(name, key):
    return output("dpkg-deb", "--field", deb(name), key).strip()


def unpack_deb(name, folder):
    subprocess.run(["dpkg-deb", "--extract", deb(name), folder], check=True)


def members(tarball):
    """The files in a tarball, without the folder that they all lie in."""
    with tarfile.open(tarball) as archive:
        return {member.name.split("/", 1)[1]: member for member in archive if not member.isdir()}
