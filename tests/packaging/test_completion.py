# SPDX-License-Identifier: MIT
"""The completions offer what the program knows, and nothing else, in each shell that is there."""

import os
import shutil
import tempfile
import unittest

import program
import shells
from harness import Agent


class Offers:
    """What all shells have to offer."""

    shell = ""
    make = None

    @classmethod
    def setUpClass(cls):
        if shutil.which(cls.shell) is None:
            raise unittest.SkipTest(f"{cls.shell} is not installed")
        cls.agent = Agent(sinks='log: { plugin = "file"; path = "a.jsonl"; };'
                                ' second: { plugin = "file"; path = "b.jsonl"; };')
        cls.addClassCleanup(cls.agent.close)
        cls.agent.start()
        home = tempfile.mkdtemp(prefix="clockblock-shell-")
        cls.addClassCleanup(shutil.rmtree, home, ignore_errors=True)
        os.mkdir(f"{home}/work")
        os.mknod(f"{home}/work/a-file")
        cls.terminal = cls.make(home)
        cls.addClassCleanup(cls.terminal.close)

    def offers(self, line):
        return self.terminal.offers(f"clockblock {line}")

    def names(self, line):
        """Without options, which zsh offers where nothing else is left."""
        return {word for word in self.offers(line) if not word.startswith("--")}

    def test_commands(self):
        told = program.commands()
        self.assertEqual({words[0] for words in told}, self.offers(""))
        self.assertEqual({"grant", "grants"}, self.offers("gr") - {"gr"} | {"grant"})
        for first in {words[0] for words in told if len(words) > 1}:
            self.assertEqual({words[1] for words in told if words[0] == first}, self.offers(f"{first} "))

    def test_options(self):
        """Each is offered where --help says that it belongs, and there alone."""
        everywhere = {"--config", "--set", "--version", "--help"}
        places = program.option_places()
        places["--dry-run"] = {"once"}
        for command in (" ".join(words) for words in program.commands()):
            wanted = {option for option, told in places.items() if command in told}
            self.assertEqual(wanted | everywhere, self.offers(f"{command} --"), command)
        self.assertEqual(everywhere | {"--once", "--dry-run", "--detector"}, self.offers("--"))

    def test_names(self):
        config = f"--config {self.agent.config}"
        self.assertEqual({"games"}, self.names(f"{config} detect "))
        self.assertEqual({"games"}, self.names(f"{config} once --detector "))
        self.assertEqual({"log", "second"}, self.names(f"--config={self.agent.config} sinks "))
        for word in ("list", "replay", "delete"):
            self.assertEqual({"log", "second"}, self.names(f"{config} quarantine {word} "))
        self.assertEqual({"all"}, self.names("quarantine delete log "))
        self.assertEqual(set(), self.names("quarantine delete log all "))
        plugins = set(program.plugins())
        self.assertEqual(plugins | {"a-file"}, self.names("plugins describe "))
        self.assertEqual(plugins | {"games", "log", "second"}, self.names(f"{config} plugins release "))

    def test_files(self):
        for line in ("--config ", "backup ", "plugins check "):
            self.assertEqual({"a-file"}, self.names(line), line)

    def test_no_agent_is_no_trouble(self):
        self.assertEqual(set(), self.names("sinks "))

    def test_what_nobody_can_know(self):
        for line in ("report --days ", "grant ", "grant --note ", "plugins check --seed ", "--set "):
            self.assertEqual(set(), self.names(line), line)


class Bash(Offers, unittest.TestCase):
    shell, make = "bash", shells.Bash


class Zsh(Offers, unittest.TestCase):
    shell, make = "zsh", shells.Zsh


class Fish(Offers, unittest.TestCase):
    shell, make = "fish", shells.Fish


if __name__ == "__main__":
    unittest.main()
