# SPDX-License-Identifier: MIT
"""What the program itself says about its commands, options and settings."""

import json
import pathlib
import re
import subprocess
import tempfile

from harness import AGENT, clean_environment

SOURCES = pathlib.Path(__file__).resolve().parents[2]
# A table entry of the agent's own settings: OPTION(INT, "port", "3841", ...).
ENTRY = re.compile(r'\b(?:OPTION|RANGE|REQUIRED|CHOICE)\((?:[A-Z]+, )?"(\w+)"|\.key = "(\w+)"')
TABLE = re.compile(r"static const clb_option (\w+)_options?(?:\[\])? =(.*?);\n", re.S)


def run(*arguments):
    """What the program prints; it must neither fail nor find an agent or a configuration."""
    with tempfile.TemporaryDirectory(prefix="clockblock-packaging-") as home:
        environment = clean_environment() | {"HOME": home, "XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home,
                                             "CLOCKBLOCK_CONFIG": str(SOURCES / "conf" / "clockblock.conf")}
        return subprocess.run([AGENT, *arguments], env=environment, text=True, check=True, timeout=60,
                              stdout=subprocess.PIPE).stdout


def help_entries(title):
    """The left column of a part of --help: "grant MINUTES", "--config FILE"."""
    part = re.search(rf"^{title}\n(.*?)^$", run("--help"), re.M | re.S).group(1)
    return [re.split(r"\s{2,}", line.strip())[0] for line in part.splitlines() if line[2:3] != " "]


def commands():
    """The words of each command: ["quarantine", "list"]."""
    return [re.findall(r"(?<![-\w])[a-z]+\b(?!\|)", entry.split("|")[0]) for entry in help_entries("Commands")]


def options():
    return [entry.split()[0] for entry in help_entries("Options")]


def option_places():
    """Which commands each option goes with: {"--only": {"plugins check"}, "--json": {"status", ...}}."""
    part = re.search(r"^Options\n(.*?)^$", run("--help"), re.M | re.S).group(1)
    places = {}
    for option, told in re.findall(r"^  (--\S+)(.*(?:\n {4}.*)*)", part, re.M):
        named = re.search(r"\((.*)\)|  ([a-z ]+):", re.sub(r"\s*\n\s*", " ", told))
        places[option] = expand(named.group(1) or named.group(2)) if named else set()
    return places


def expand(text):
    """The commands in "status, plugins list and check"; a first word alone stands for all behind it."""
    known = [" ".join(words) for words in commands()]
    found, last = set(), ""
    for name in re.split(r", | and ", text.strip()):
        name = f"{last} {name}" if f"{last} {name}" in known else name
        found |= {command for command in known if command == name or command.startswith(name + " ")}
        last = name.split()[0]
    return found


def plugins():
    return {plugin["name"]: json.loads(run("plugins", "describe", plugin["name"], "--json"))
            for plugin in json.loads(run("plugins", "list", "--json"))}


def own_settings():
    """The names of the agent's own settings, by table: {"api": ["host", "port", ...]}."""
    text = (SOURCES / "core" / "config" / "schema.c").read_text()
    return {table: ["".join(pair) for pair in ENTRY.findall(body)] for table, body in TABLE.findall(text)}
