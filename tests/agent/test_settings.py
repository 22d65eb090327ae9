# SPDX-License-Identifier: MIT
"""conf/clockblock.conf, held against the tables of options that the plugins declare."""

import json
import pathlib
import re
import unittest

from harness import BUILD, Agent

SHIPPED = pathlib.Path(__file__).parents[2] / "conf" / "clockblock.conf"
# A setting on a line of its own, in force or put into a comment.
SETTING = re.compile(r"^\s*(?:# )?([a-z_]+) = (.*?);\s*(?:#.*)?$")


def instances(text):
    """The lines of each group that names a plugin, by that plugin: no group of ours has another inside."""
    for group in re.finditer(r"^  \w+: \{\n(.*?)^  \};", text, re.M | re.S):
        plugin = re.search(r'plugin = "(\w+)"', group.group(1)).group(1)
        yield plugin, group.group(1)


class Shipped(unittest.TestCase):
    def setUp(self):
        self.agent = Agent()
        self.addCleanup(self.agent.close)
        self.text = SHIPPED.read_text()

    def describe(self, plugin):
        described = self.agent.run("plugins", "describe", plugin, "--json")
        self.assertEqual(0, described.returncode, described.stderr)
        return json.loads(described.stdout)

    def options(self, plugin):
        described = self.describe(plugin)
        own = described["options"]
        host = described.get("detector_options", []) + described.get("sink_options", [])
        return {option["key"]: option for option in own + host}

    def settings(self, lines):
        found = (SETTING.match(line) for line in lines.splitlines())
        return {match.group(1): match.group(2) for match in found if match}

    def test_every_plugin_of_ours_is_shown(self):
        built = {path.stem for path in (BUILD / "plugins").glob("*.so")}
        self.assertEqual(built, {plugin for plugin, _ in instances(self.text)})
        self.assertGreaterEqual(len(built), 3)

    def test_every_option_is_shown_and_none_that_is_not_there(self):
        for plugin, lines in instances(self.text):
            with self.subTest(plugin):
                options = self.options(plugin)
                own = {option["key"] for option in self.describe(plugin)["options"]}
                for key, option in options.items():
                    shown = lines if key in own else self.text
                    self.assertRegex(shown, rf"\b{key} =", f"{plugin} has the option {key}: {option['help']}")
                    for field in option.get("fields", []):
                        self.assertRegex(lines, rf"\b{field['key']} =", f"{plugin}: {key}: {field['key']}")
                fields = {field["key"] for option in options.values() for field in option.get("fields", [])}
                for key in self.settings(lines):
                    self.assertIn(key, options.keys() | fields, f"{plugin} has no such option")

    def test_every_default_that_is_shown_is_the_default(self):
        wanted_otherwise = {"rules", "enabled", "sync_interval_sec", "tls"}  # examples, and what suits the plugin
        compared = 0
        for plugin, lines in instances(self.text):
            options = self.options(plugin)
            for key, value in self.settings(lines).items():
                default = options.get(key, {}).get("default")
                if default is None or key in wanted_otherwise:
                    continue
                with self.subTest(plugin=plugin, key=key):
                    self.assertEqual(default, value.strip('"'))
                    compared += 1
        self.assertGreaterEqual(compared, 5)

    def test_it_is_valid_with_every_comment_in_force(self):
        text = re.sub(r"^(\s*)# ([a-z_]+ = .*;)", r"\1\2", self.text, flags=re.M)
        for key in ("exclude", "steam_app", "app", "fullscreen"):  # of a rule
            text = text.replace(f"      {key} =", f"      # {key} =")
        text = text.replace("device_token =", "# device_token =")   # the token, or its file
        text = text.replace("    password =", "    # password =")
        text = re.sub(r"^# (allowance: .*)\n#( .*)", r"\1\n\2", text, flags=re.M)
        self.assertIn("\nallowance: {", text)
        self.agent.write_config(text)
        for secret in ("token", "mqtt_password"):
            (self.agent.folder / secret).write_text("secret\n")
            (self.agent.folder / secret).chmod(0o600)
        for name in ("ca.pem", "client.pem", "client.key"):
            (self.agent.folder / name).touch(0o600)
        checked = self.agent.run("check")
        self.assertEqual(0, checked.returncode, checked.stderr)


class Describe(unittest.TestCase):
    def test_for_people(self):
        agent = Agent()
        self.addCleanup(agent.close)
        text = agent.run("plugins", "describe", "http_ingest").stdout
        self.assertRegex(text, r"^http_ingest 0\.\d+\.\d+: ")
        self.assertIn("  endpoint_url\n      a text; required\n", text)
        self.assertIn("      a text; unset by default; secret, shown nowhere\n", text)
        self.assertIn('one of "array", "ndjson"; default "array"', text)
        self.assertIn("a list of texts; default all", text)
        self.assertIn("Settings of every sink", text)
        rules = agent.run("plugins", "describe", "process_name").stdout
        self.assertIn("      activity\n          a text; required\n", rules)

    def test_what_is_not_there_and_what_is_no_name(self):
        agent = Agent()
        self.addCleanup(agent.close)
        missing = agent.run("plugins", "describe", "nowhere")
        self.assertEqual(78, missing.returncode)
        self.assertIn("there is no file nowhere.so", missing.stderr)
        self.assertEqual(64, agent.run("plugins", "describe").returncode)
        self.assertEqual(64, agent.run("plugins", "destroy", "file").returncode)


class Household(unittest.TestCase):
    """What is wrong with days and allowance is said with its line and its setting, in one run."""

    def complaints(self, text):
        agent = Agent()
        self.addCleanup(agent.close)
        agent.write_config('detectors: { games: { plugin = "process_name"; rules = ( { activity = "A";'
                           f' process = [ "a" ]; }} ); }}; }};\n{text}')
        checked = agent.run("check")
        self.assertEqual(78, checked.returncode, checked.stderr)
        run = agent.run("run")
        self.assertEqual(78, run.returncode, run.stderr)
        lines = [line.replace(str(agent.config), "FILE") for line in checked.stderr.splitlines()]
        for line in lines:
            self.assertIn(line.removeprefix("FILE"), run.stderr)
        return lines

    def test_an_unknown_zone_brings_the_nearest_name(self):
        known = "use local, UTC or an IANA name such as Europe/Paris (package tzdata)"
        for name, rest in (("Europe/Pariss", ' (did you mean "Europe/Paris"?)'),
                           ("europe/berlin", ' (did you mean "Europe/Berlin"?)'),
                           ("Paris", ' (did you mean "Europe/Paris"?)'),
                           ("America/Salta", ' (did you mean "America/Argentina/Salta"?)'),
                           ("Mars/Base", f"; {known}"), ("../../etc/passwd", f"; {known}"),
                           ("", f"; {known}")):
            self.assertEqual([f'FILE:3: day.timezone: there is no time zone "{name}"{rest}'],
                             self.complaints(f'day: {{\n timezone = "{name}"; }};'))

    def test_days_and_allowances_that_cannot_be(self):
        self.assertEqual(
            ['FILE:2: day.starts_at: "04:10" is no quarter hour of a day: write it as "04:00"',
             "FILE:3: allowance.default_min: 1500 is out of range: it goes from 0 to 1440",
             "FILE:4: allowance.sunday_min: -5 is out of range: it goes from 0 to 1440",
             'FILE:5: allowance.monday_min: expected a whole number, found a string "2 h"',
             "FILE:6: allowance.dates[0].minutes: 1441 is out of range: it goes from 0 to 1440",
             "FILE:7: allowance.dates[1].minutes: -1 is out of range: it goes from 0 to 1440"],
            self.complaints('day: { starts_at = "04:10"; };\nallowance: { default_min = 1500;\n'
                            ' sunday_min = -5;\n monday_min = "2 h";\n'
                            ' dates = ( { date = "2026-12-25"; minutes = 1441; },\n'
                            '  { date = "2026-12-26"; minutes = -1; } ); };'))

    def test_a_date_that_is_there_twice_names_both_lines(self):
        self.assertEqual(
            ["FILE:5: allowance.dates[2]: 2026-12-25 is there twice, first in line 3"],
            self.complaints('allowance: { default_min = 90;\n'
                            ' dates = ( { date = "2026-12-25"; minutes = 300; },\n'
                            '  { date = "2026-12-26"; minutes = 300; },\n'
                            '  { date = "2026-12-25"; minutes = 0; } ); };'))

    def test_a_weekday_that_is_there_twice(self):
        self.assertEqual(["FILE:3: sunday_min: this setting is given a second time"],
                         self.complaints("allowance: { sunday_min = 90;\n sunday_min = 60; };"))


if __name__ == "__main__":
    unittest.main()
