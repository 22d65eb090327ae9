# SPDX-License-Identifier: MIT
"""Nothing gets into README.md that no test tries; and what is tried elsewhere."""

import re
import subprocess
import unittest

import pieces


class Unknown(unittest.TestCase):
    def test_what_nobody_knows_how_to_try_is_refused(self):
        for text in ("```\nls\n```", "```rust\nfn main() {}\n```", "```sh\nls", "an `Unknown Thing`",
                     "`a span\nover lines`", "see http://example.com/", "[there](https://example.com/)",
                     "    indented", "<img src=x>", "~~~sh\nls\n~~~", "[there][1]", "[there][]", "[1]: LICENSE",
                     "first clockblock status", "or sudo reboot"):
            with self.subTest(text), self.assertRaises(pieces.Unknown):
                pieces.take_apart(text)

    def test_each_piece_has_a_kind_and_a_place(self):
        found, plain = pieces.take_apart(
            "# Title\n`clockblock status` and [a link](LICENSE)\n\n```sh\nsudo apt remove clockblock\nls\n```\n"
            "```conf\na = 1;\nb = 2;\n```\n")
        self.assertEqual([(2, "command", pieces.HERE), (2, "link", pieces.HERE), (5, "sh", pieces.MACHINE),
                          (6, "sh", pieces.HERE), (9, "conf", pieces.HERE)],
                         [(piece.line, piece.kind, piece.place) for piece in found])
        self.assertEqual((11, {2, 5, 6, 9, 10}), (plain + 5, pieces.lines_of(found)))

    def test_blocks_go_into_one_file(self):
        begun = 'a = 1;\nsinks: {\n  one: { b = 2;\n         c = 3; };\n  two: { };\n};\n'
        block = 'sinks: {\n  three: { };\n  one: {\n    b = 4;\n  };\n};\na = 5;\nday: { };\n'
        self.assertEqual('a = 5;\nday: { };\ndetectors: {\n};\n'
                         'sinks: {\n  one: {\n    b = 4;\n  };\n  two: { };\n  three: { };\n};\n',
                         pieces.assemble(begun, block))
        with self.assertRaises(AssertionError):
            pieces.parts_of("a = 1;\na = 2;\n")


class Others(unittest.TestCase):
    """What stands in the README, or belongs to it, and test_here.py and test_machine.py do not try."""

    def test_the_two_commands(self):
        """The test run is the one that CI starts, and says how it is started when it is started in another way."""
        script = pieces.ROOT / "tests" / "run.sh"
        subprocess.run(["bash", "-n", script], check=True)
        wrong = subprocess.run([script, "--no-such-option"], text=True, capture_output=True, check=False)
        self.assertEqual((64, f"usage: {script} [--fast]\n"), (wrong.returncode, wrong.stderr))
        self.assertIn("tests/run.sh", (pieces.ROOT / ".ci" / "run").read_text())
        self.assertIn("readme.quickstart", (pieces.ROOT / "tests" / "agent" / "CMakeLists.txt").read_text())

    def test_the_changelog_begins_with_this_version(self):
        version = re.search(r"^project\(clockblock VERSION (\S+)", (pieces.ROOT / "CMakeLists.txt").read_text(), re.M)
        changes = (pieces.ROOT / "packaging" / "CHANGELOG.md").read_text()
        self.assertEqual(version.group(1), re.search(r"^## (\S+) - \d{4}-\d\d-\d\d$", changes, re.M).group(1))

    def test_each_is_in_the_readme(self):
        found = {piece.text for piece in pieces.take_apart(pieces.README.read_text())[0]}
        self.assertEqual(set(), set(pieces.OTHERS) - found)


if __name__ == "__main__":
    unittest.main(verbosity=2)
