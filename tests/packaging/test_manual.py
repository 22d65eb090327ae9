# SPDX-License-Identifier: MIT
"""The manual says what the program says: its commands, its options and its settings, and nothing else."""

import re
import shutil
import subprocess
import unittest

import program
from harness import BUILD

PAGES = ("clockblock.1", "clockblock.conf.5", "clockblock-plugins.7")
MACROS = {"Cm", "Ar", "Op", "Ns", "Fl"}
WORDS = {"string": "text", "int": "whole number", "number": "number", "bool": "true or false",
         "duration": "seconds", "path": "path", "enum": "one of", "list": "list of texts",
         "groups": "list of groups"}


def source(page):
    return (program.SOURCES / "packaging" / "man" / page).read_text()


def part(text, title):
    return re.search(rf"^\.Sh {title}\n(.*?)(?=^\.Sh |\Z)", text, re.M | re.S).group(1)


def words(text):
    """A command as its bare words, with or without the macros and brackets around them."""
    text = re.sub(r"\bFl ", "-", text)
    return [word for word in re.split(r"[\s|\[\]]+", text) if word and word not in MACROS]


def items(text):
    """What each list of a page names, down to lists in it: ("rules.activity", the line behind it)."""
    above, lines = [], text.splitlines()
    for i, line in enumerate(lines):
        if line.startswith(".Bl"):
            above.append(None)
        elif line.startswith(".El"):
            above.pop()
        elif line.startswith(".It Va "):
            above[-1] = line[7:]
            yield ".".join(above), re.sub(r"^\.Pq ", "", lines[i + 1]).replace(r"\(dq", '"')


def settings(page):
    """By subsection, the settings that a page describes."""
    chunks = re.split(r"^\.Ss (.*)\n", re.sub(r"^\.Sh .*\n", ".Ss \n", source(page), flags=re.M), flags=re.M)
    found = {title: list(items(text)) for title, text in zip(chunks[1::2], chunks[2::2])}
    return {title: entries for title, entries in found.items() if entries}


def described(option):
    """How the manual has to put what `plugins describe` says: "seconds from 1 to 9; default 5"."""
    told = WORDS[option["type"]]
    if "choices" in option:
        told += " " + ", ".join(f'"{choice}"' for choice in option["choices"])
    if "minimum" in option:
        told += f" from {option['minimum']:.15g} to {option['maximum']:.15g}"
    quote = '"' if option["type"] in ("string", "path", "enum") else ""
    default = "unset by default" if option["default"] is None else f"default {quote}{option['default']}{quote}"
    return f"{told}; {'required' if option['required'] else default}{'; secret' if option['secret'] else ''}"


def flat(options, above=""):
    for option in options:
        yield above + option["key"], described(option)
        yield from flat(option.get("fields", []), above + option["key"] + ".")


class Commands(unittest.TestCase):
    def test_every_command_and_no_other(self):
        told = [words(line) for line in re.findall(r"^\.It (.*)", part(source(PAGES[0]), "COMMANDS"), re.M)]
        self.assertEqual([words(entry) for entry in program.help_entries("Commands")], told)

    def test_every_option_and_no_other(self):
        told = [words(line) for line in re.findall(r"^\.It (.*)", part(source(PAGES[0]), "OPTIONS"), re.M)]
        told = ["".join(option[:1] + [" "] * (len(option) > 1) + option[1:]) for option in told]
        self.assertEqual(program.help_entries("Options"), told)

    def test_no_page_speaks_of_an_unknown_option(self):
        for page in PAGES:
            named = set(re.findall(r"\bFl (-[\w-]+)", source(page)))
            named |= {option[1:] for option in re.findall(r"^\.Dl .*?(--[\w-]+)", source(page), re.M)}
            self.assertEqual(set(), named - {option[1:] for option in program.options()}, page)

    def test_every_exit_code(self):
        header = (program.SOURCES / "core" / "error.h").read_text()
        told = re.findall(r"^\.It (\d+)$", part(source(PAGES[0]), "EXIT STATUS"), re.M)
        self.assertEqual(re.findall(r"EXIT_CODE_\w+ = (\d+)", header), told)

    def test_every_address_of_the_api(self):
        routes = re.findall(r'^    \{"(/\w[^"]*)", \{(.*?)\}',
                            (program.SOURCES / "core" / "api" / "routes.c").read_text(), re.M)
        told = dict(re.findall(r"^\.It Pa (/\S+)\n((?:[^.].*\n|\.Pq .*\n)*)", part(source(PAGES[0]), "API"), re.M))
        self.assertEqual([path for path, _ in routes], list(told))
        for path, parameters in routes:
            listed = re.search(r"^\.Pq Ql (.*) \.$", told[path], re.M)
            self.assertEqual(re.findall(r'"(\w+)"', parameters), listed.group(1).split(" , ") if listed else [])


class Settings(unittest.TestCase):
    def test_every_setting_of_every_plugin_and_no_other(self):
        told = settings("clockblock-plugins.7")
        plugins = program.plugins()
        if len(plugins) < len(told):
            self.skipTest("some plugins were not built")
        self.assertEqual(set(plugins), set(told))
        for name, plugin in plugins.items():
            with self.subTest(plugin=name):
                self.assertEqual(list(flat(plugin["options"])), told[name])

    def test_every_setting_that_all_of_a_kind_have(self):
        told = settings("clockblock.conf.5")
        for plugin in program.plugins().values():
            kind = plugin["kind"]
            self.assertEqual(list(flat(plugin[f"{kind}_options"])), told[f"{kind}s"])

    def test_every_setting_of_the_agent_and_no_other(self):
        own = program.own_settings()
        told = {title: [name for name, _ in entries] for title, entries in settings("clockblock.conf.5").items()}
        self.assertEqual(own["root"] + own["plugin_dirs"], told["The agent"])
        self.assertEqual(own["allowance"] + [f"dates.{field}" for field in own["date"]], told["allowance"])
        for group in ("day", "api", "store", "log"):
            self.assertEqual(own[group], told[group])
        self.assertEqual({"The agent", "day", "allowance", "detectors", "sinks", "api", "store", "log"}, set(told))

    def test_ranges_and_defaults_of_the_agent(self):
        schema = (program.SOURCES / "core" / "config" / "schema.c").read_text().replace("DAY_MINUTES", "1440")
        told = {name: line for entries in settings("clockblock.conf.5").values() for name, line in entries}
        ranged = re.findall(r'RANGE\((\w+), "(\w+)", (NULL|"[^"]*"), ([\d.]+), (\d+),', schema)
        plain = re.findall(r'OPTION\((\w+), "(\w+)", (NULL|"[^"]*"),()()', schema)
        self.assertGreater(len(ranged), 15)
        self.assertGreater(len(plain), 7)
        for kind, name, default, low, high in ranged + plain:
            is_quoted = kind in ("STRING", "PATH")
            line = WORDS[kind.lower()] + (f" from {low} to {high}; " if low else "; ")
            line += ("unset by default" if default == "NULL" else "empty by default" if default == '""'
                     else f"default {default if is_quoted else default[1:-1]}")
            self.assertEqual(line, told[name], name)

    def test_every_setting_of_the_shipped_file(self):
        shipped = (program.SOURCES / "conf" / "clockblock.conf").read_text()
        told = {name.split(".")[-1] for page in PAGES[1:] for entries in settings(page).values()
                for name, _ in entries}
        named = set(re.findall(r"^\s*(?:# )?([a-z_]+) = ", shipped, re.M)) | {"port", "level", "default_min"}
        self.assertEqual(set(), named - told)


class Pages(unittest.TestCase):
    made = BUILD / "packaging" / "man"

    def test_they_name_the_folders_of_this_build(self):
        header = (BUILD / "generated" / "clockblock_paths.h").read_text()
        folders = dict(re.findall(r'#define CLOCKBLOCK_(\w+) +"(.*)"', header))
        page = (self.made / PAGES[0]).read_text()
        self.assertIn(f"\n.It Pa {folders['SYSCONFDIR']}/clockblock/clockblock.conf\n", page)
        self.assertIn(f"\n.It Pa {folders['PLUGINDIR']}\n", page)

    def test_lint(self):
        if shutil.which("mandoc") is None:
            self.skipTest("mandoc is not installed")
        # Where the pages lie, so that they find each other.
        seen = subprocess.run(["mandoc", "-T", "lint", *PAGES], cwd=self.made, text=True, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual("", seen.stdout)

    def test_man_shows_them(self):
        if shutil.which("man") is None:
            self.skipTest("man is not installed")
        for page in PAGES:
            seen = subprocess.run(["man", "--warnings", "-l", page], cwd=self.made, text=True, timeout=60,
                                  capture_output=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                                                            "MANWIDTH": "80", "MANPAGER": "cat"})
            self.assertEqual((0, ""), (seen.returncode, seen.stderr))
            self.assertIn("SEE ALSO", seen.stdout)


if __name__ == "__main__":
    unittest.main()
