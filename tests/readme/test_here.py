# SPDX-License-Identifier: MIT
"""Does what README.md says, in its order, and looks whether it is so: commands, blocks, links, names."""

import json
import os
import re
import shutil
import signal
import time
import unittest
import urllib.parse

import pieces
import program
import sinks
import supabase
from harness import free_port, until
from reader import Reader, from_checkout
from test_report import AHEAD_H, DAY, MINUTE, Household, date_text

PICTURE_MAX_BYTES = 200_000
# Folders and files that are there once what the README names has been done.
MADE = {"build/": "packaging/quickstart.sh", "clockblock.db.corrupt-*": "packaging/man/clockblock.1",
        "~/.config/clockblock/clockblock.conf": "packaging/man/clockblock.1",
        "/var/lib/clockblock": "packaging/man/clockblock.1"}
SHIPPED = pieces.ROOT / "conf" / "clockblock.conf"
INSTALLER = pieces.ROOT / "packaging" / "install.sh"
GAMES = 'detectors: { games: { plugin = "process_name"; }; };\n'
# What a command may end with but 0, with the page of the manual that says so.
MAY_FAIL = {"clockblock doctor": "packaging/man/clockblock.1"}
WRONG = {64, 70}  # the README is wrong about how it is called, or the program itself failed
DATE = re.compile(r"\b[A-Z][a-z]{2} \d{4}-\d\d-\d\d")


def example_of_the_report():
    """The three days of the README, as they would be on that Sunday."""
    allowances = ((2, 120), (1, 240), (0, 240))
    today = (int(time.time() * 1000) + AHEAD_H * 3_600_000) // DAY
    dates = ", ".join(f'{{ date = "{date_text(today - ago)}"; minutes = {minutes}; }}' for ago, minutes in allowances)
    household = Household(rest=f"allowance: {{ dates = ( {dates} ); }};")
    household.play(2, 10, "Minecraft", 100 * MINUTE)
    household.play(2, 14, "Stardew Valley", 45 * MINUTE, 25 * MINUTE)
    household.close_day(2, 120 * MINUTE)
    granted = household.run("grant", "30", "--date", date_text(today - 2))
    assert granted.returncode == 0, granted.stderr
    household.play(1, 10, "Factorio", 90 * MINUTE)
    household.play(1, 14, "Doom", 15 * MINUTE)
    household.close_day(1, 240 * MINUTE)
    household.play(0, 9, "Minecraft", 72 * MINUTE)
    return household


def slug(heading):
    return re.sub(r"[^\w -]", "", heading.strip("# ").lower()).replace(" ", "-")


class Readme(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.text = pieces.README.read_text()
        cls.pieces, cls.plain = pieces.take_apart(cls.text)
        cls.reader = Reader()
        cls.addClassCleanup(cls.reader.close)
        cls.sinks = sinks.Receivers(cls.reader)
        cls.addClassCleanup(cls.sinks.close)
        cls.blocks = []  # the configurations of the README so far
        cls.openapi = json.loads((pieces.ROOT / "core" / "api" / "openapi.json").read_text())
        cls.names = cls.all_names()

    @classmethod
    def all_names(cls):
        """Every name that the README may put between backticks, with what has it."""
        shipped = SHIPPED.read_text()
        names = set(program.plugins()) | set(pieces.parts_of(shipped)) | set(re.findall(r"^  (\w+): \{", shipped, re.M))
        for table, keys in program.own_settings().items():
            names |= {*keys, *(f"{table}.{key}" for key in keys)}
        for described in program.plugins().values():
            names |= {option["key"] for option in described["options"]}
        control = pieces.ROOT / "packaging" / "debian" / "control"
        names |= set(re.findall(r"^Package: (\S+)", control.read_text(), re.M))
        names |= set(cls.openapi["components"]["schemas"]["Heartbeat"]["properties"])
        names |= set(cls.openapi["components"].get("parameters", {}))
        names |= set(re.findall(r'"name": "(\w+)"', json.dumps(cls.openapi["paths"])))
        for enumeration in re.findall(r'"enum": \[([^\]]*)\]', json.dumps(cls.openapi)):
            names |= set(re.findall(r'"(\w+)"', enumeration))
        return names

    def test_every_line(self):
        self.later = []
        self.agent = self.reader.start(**self.sinks.household())
        for piece in self.pieces:
            if piece.place == pieces.HERE:
                with self.subTest(str(piece)):
                    getattr(self, "try_" + piece.kind.replace(" ", "_"))(piece.text)
        for text, check in self.later:
            with self.subTest(text):
                check()
        self.reader.stop(self.agent)
        print(self.account(), flush=True)

    def account(self):
        """How many lines are tried where: together they are the whole file."""
        places = {place: pieces.lines_of([piece for piece in self.pieces if piece.place == place])
                  for place in (pieces.HERE, pieces.MACHINE, pieces.ELSEWHERE)}
        tried = set().union(*places.values())
        self.assertEqual(len(self.text.splitlines()), len(tried) + self.plain)
        told = [f"{len(lines)} {place}" for place, lines in places.items()]
        return (f"README.md: {len(self.text.splitlines())} lines = {self.plain} with nothing to try + {len(tried)}"
                f" tried ({', '.join(told)}; {sum(map(len, places.values())) - len(tried)} of them in two places)")

    # ---- Lines of commands ----

    def try_sh(self, line):
        if "Minecraft.exe" in line:
            self.play(line)
        elif line.startswith("curl "):
            self.assertIn('"is_playing"', self.run_well(line))
        elif line == "clockblock detect":
            self.assertIn("playing Minecraft", self.run_well(line))
        elif line == "clockblock report":
            until(lambda: "Minecraft" in self.run_well(line), "Minecraft in the report")
        else:
            self.run_well(line)

    def play(self, line):
        self.run_well(line)
        until(lambda: json.loads(self.reader.get("/status")[2])["activity"] == "Minecraft", "Minecraft to be noticed")

    def run_well(self, line, *codes, **more):
        code, words = self.reader.sh(line, **more)
        self.assertIn(code, codes or (0,), f"{line}\n{words}")
        return words

    def try_command(self, line):
        documented = [0]
        if line in MAY_FAIL:
            page = (pieces.ROOT / MAY_FAIL[line]).read_text().split(".Sh EXIT STATUS")[1]
            documented += set(map(int, re.findall(r"^\.It (\d+)", page, re.M))) - WRONG
        if "--watch" in line:
            return self.watch(line)
        if line.endswith(" NAME"):
            line = line.replace("NAME", self.one_that_crashed())
        words = self.run_well(line, *documented)
        if line.startswith("clockblock backup "):
            return self.assertTrue((self.reader.folder / line.split()[-1]).exists())
        return self.assertTrue(words, f"{line} says nothing")

    def watch(self, line):
        """It goes on until somebody ends it."""
        log = self.reader.folder / "watched"
        process = self.reader.spawn(f"exec {line}", log)
        until(lambda: "now" in log.read_text() or process.poll() is not None, line)
        self.assertIsNone(process.poll(), log.read_text())
        os.killpg(process.pid, signal.SIGINT)
        self.assertIn(process.wait(timeout=60), (0, -signal.SIGINT), log.read_text())

    def one_that_crashed(self):
        crashes = self.reader.home / ".local/state/clockblock/clockblock.db.crashes"
        crashes.write_text("1764000000 sink other deliver SIGSEGV\n")
        return "other"

    def try_manual(self, line):
        self.assertRegex(self.run_well(line), r"NAME\n +clockblock")

    def try_script(self, line):
        script = line.split()[0]
        self.assertTrue(os.access(pieces.ROOT / script, os.X_OK), script)
        self.run_well(f"bash -n {pieces.ROOT / script}")

    def try_option(self, text):
        option, *value = text.split(maxsplit=1)
        self.assertIn(option, program.options() + re.findall(r"--[a-z]+", INSTALLER.read_text()))
        if value:
            self.run_well(f"clockblock check {option} '{value[0]}'")

    def try_variable(self, text):
        self.run_well(f"{text} clockblock check")
        self.run_well(f"{text.split('=')[0]}='no such value' clockblock check", 78)

    def try_build_option(self, text):
        option = text[2:].split("=")[0]
        lists = (pieces.ROOT / "CMakeLists.txt").read_text()
        self.assertRegex(lists, rf"(option|set)\({option} ")
        self.assertIn(text.split("=")[1], lists)

    # ---- Names, files, links ----

    def try_name(self, name):
        if name not in self.names:
            self.later.append((f"the name {name}, among topics", lambda: self.assertIn(name, self.sinks.topics())))

    def try_setting(self, text):
        own = text.split(" = ")[0] in program.own_settings()["root"]
        inside, beside = ("", text + ";") if own else (text + ";", "")
        self.check(f'detectors: {{ games: {{ plugin = "process_name"; }}; away: {{ plugin = "idle"; {inside} }}; }};\n'
                   f"{beside}\n")

    def try_file(self, text):
        if text in MADE:
            self.assertIn(text, (pieces.ROOT / MADE[text]).read_text())
        elif text.startswith(("~", "/")):
            path = self.reader.adapt(text).replace("~", str(self.reader.home))
            self.later.append((text, lambda: self.assertTrue(os.path.exists(path), path)))
        else:
            self.assertTrue(from_checkout(text), text)

    def try_link(self, target):
        if target.startswith("#"):
            self.assertIn(target[1:], map(slug, re.findall(r"^#+ .*", self.text, re.M)))
        else:
            self.assertTrue((pieces.ROOT / target).exists(), target)

    def try_picture(self, target):
        picture = (pieces.ROOT / target).read_bytes()
        self.assertTrue(picture.startswith(b"\x89PNG"))
        self.assertLess(len(picture), PICTURE_MAX_BYTES)

    def try_address(self, url):
        self.try_request(urllib.parse.urlparse(url).path or "/status")

    def try_request(self, path):
        status, kind, body = self.reader.get(path)
        self.assertEqual(200, status, body)
        self.assertTrue(body)
        self.assertIn(path.split("?")[0], self.openapi["paths"])
        self.assertIn(kind, {"/": ("text/html",), "/metrics": ("text/plain", "application/openmetrics-text"),
                             "/events": ("text/event-stream",)}.get(path, ("application/json",)))

    # ---- Blocks ----

    def try_console(self, text):
        """What is printed is what is shown, but for the dates: it is another Sunday."""
        command, shown = text.split("\n", 1)
        self.assertTrue(command.startswith("$ clockblock report"), command)
        household = example_of_the_report()
        self.addCleanup(household.close)
        printed = self.run_well(command[2:], **self.sinks.nothing_set() | {"CLOCKBLOCK_CONFIG": str(household.config)})
        self.assertEqual(DATE.sub("Day 0000-00-00", shown).rstrip(), DATE.sub("Day 0000-00-00", printed).rstrip())

    def check(self, text):
        """A configuration in the usual folder, which the agent finds fine; its path."""
        config = self.reader.home / ".config" / "clockblock" / f"block-{free_port()}.conf"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(text)
        words = self.run_well(f"clockblock check --config {config}", **self.sinks.nothing_set())
        self.assertNotIn("warning", words)
        return config

    def check_both_files(self):
        """All blocks so far, in the short file of a user, and in a copy of the file for everybody."""
        own = self.reader.home / ".config" / "clockblock" / "clockblock.conf"
        own.parent.mkdir(parents=True, exist_ok=True)
        try:
            for begun in ("", SHIPPED.read_text()):
                own.write_text(pieces.assemble(begun, *self.blocks))
                words = self.run_well("clockblock check", **self.sinks.nothing_set())
                self.assertIn(f"{own}: fine", words)
                self.assertNotIn("warning", words)
        finally:
            own.unlink()

    def try_conf(self, text):
        self.blocks.append(text)
        self.check_both_files()
        config = self.check(text if "detectors:" in text else GAMES + text)
        for activity, programs in re.findall(r'activity = "([^"]+)"; process = \[ ([^\]]*)\]', text):
            for name in re.findall(r'"([^"]+)"', programs):
                self.see_rule(config, activity, name)
        if "sinks:" in text:
            self.sinks.deliver(self, text, config)

    def see_rule(self, config, activity, name):
        shutil.copy("/bin/sleep", self.reader.folder / "tmp" / name)
        game = self.reader.spawn(f"exec {self.reader.folder}/tmp/{name} 600", self.reader.folder / "game.log")
        until(lambda: os.readlink(f"/proc/{game.pid}/exe").endswith(name), name)
        words = self.run_well(f"clockblock detect --config {config}", **self.sinks.nothing_set())
        self.assertIn(f"{activity}, by {name} (pid {game.pid})", words)
        game.kill()

    def try_python(self, text):
        self.sinks.start_receiver(text)

    def try_sql(self, text):
        if not supabase.is_there():
            self.skipTest("PostgreSQL is not installed")
        self.sinks.sql(self, text)

    def try_header(self, text):
        name, value = text.split(": ")
        wanted = re.compile(re.sub(r"<\w+>", ".+", re.escape(value).replace(r"\<", "<").replace(r"\>", ">")))
        self.later.append((text, lambda: self.assertTrue(any(
            name == sent and wanted.fullmatch(with_value) for sent, with_value in self.sinks.headers), text)))

    def try_topic_tree(self, text):
        top = text.split("<")[0]
        self.later.append((text, lambda: self.assertTrue(any(topic.startswith(top) for topic in self.sinks.paths()))))


if __name__ == "__main__":
    unittest.main(verbosity=2)
