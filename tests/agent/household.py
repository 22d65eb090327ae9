# SPDX-License-Identifier: MIT
"""An agent with a game, a sink, and a plugin beside them that does wrong."""

import json
import unittest

from harness import BUILD, Agent, Game, until

FIXTURES = BUILD / "misbehaving"


class Household(unittest.TestCase):
    """A game that is played, a sink that takes heartbeats, and beside them something that does wrong."""

    def make(self, detector="", sink="", plugin_dirs=FIXTURES):
        agent = Agent(rest=f'poll_interval_sec = 1; plugin_dirs = [ "{plugin_dirs}" ];')
        self.addCleanup(agent.close)
        text = agent.config.read_text()
        text = text.replace("detectors: {", f"detectors: {{ {detector} ")
        lines = f'lines: {{ plugin = "file"; path = "lines.jsonl"; sync_interval_sec = 0.2; }};'
        text = text.replace("sinks: {", f"sinks: {{ {lines} {sink} ")
        text = text.replace('games: { plugin', "games: { interval_sec = 0.2; plugin")
        agent.write_config(text)
        game = Game(agent)
        self.addCleanup(game.end)
        return agent

    def detector(self, trick, rest="interval_sec = 0.1;"):
        return self.make(detector=f'bad: {{ plugin = "misbehaving"; trick = "{trick}"; {rest} }};')

    def sink(self, trick):
        return self.make(sink=f'bad: {{ plugin = "misbehaving"; trick = "{trick}";'
                              " sync_interval_sec = 0.1; timeout_sec = 1; };")

    def part(self, agent, name="bad"):
        status = agent.status()
        parts = [part for part in status["detectors"] + status["sinks"] if part["name"] == name]
        return parts[0] if parts else None

    def lines(self, agent):
        path = agent.folder / "lines.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def assert_records_on(self, agent):
        """Play is noticed, stored and delivered from now on."""
        before = len(self.lines(agent))
        until(lambda: len([line for line in self.lines(agent)[before:] if line["is_playing"]]) >= 2,
              f"two more heartbeats of play: {agent.log.read_text()}")
        seqs = [line["seq"] for line in self.lines(agent)]
        self.assertEqual(list(range(1, len(seqs) + 1)), seqs)
        self.assertEqual("Minecraft", agent.status()["activity"])

    def assert_names(self, agent, *words):
        log = agent.log.read_text()
        for word in words:
            self.assertIn(word, log)
