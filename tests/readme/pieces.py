# SPDX-License-Identifier: MIT
"""README.md taken to pieces: every line of every block, every span of code, every link. Each piece is of one
kind and has one place where it is tried; what is of no known kind is an error, so that nothing gets into the
README that no test runs."""

import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = ROOT / "README.md"

HERE = "here"  # test_here.py: in a folder of its own, with what `cmake --install` installs
MACHINE = "machine"  # test_machine.py: in a machine with systemd, with the packages installed
ELSEWHERE = "elsewhere"  # another test does nothing else, see OTHERS

# A test cannot run the test run that it is a part of. test_here.py looks that it is one, and the way of saying.
OTHERS = {
    "packaging/quickstart.sh": "readme.quickstart",
    "packaging/quickstart.sh --stop": "readme.quickstart",
    "packaging/package.sh deb": "the packages that test_machine.py installs",
    "packaging/package.sh tarball": "the archive that test_machine.py installs",
    "tests/run.sh": "itself: this test is a part of it",
}
BLOCKS = ("sh", "console", "conf", "sql", "python")
# What only a machine with systemd has, or where packages can come and go.
SYSTEM = re.compile(r"^(sudo|systemctl|journalctl) |^(tar|\./clockblock).*-linux-x86_64")
# The first that fits names the kind of a span.
SPANS = (
    ("system command", SYSTEM),
    ("manual", re.compile(r"^man [a-z.-]+$")),
    ("command", re.compile(r"^clockblock [a-z]")),
    ("script", re.compile(r"^(tests|packaging)/\w+\.sh( |$)")),
    ("address", re.compile(r"^http://127\.0\.0\.1:3841/?$")),
    ("request", re.compile(r"^/([a-z]+(\.json)?(\?.*)?)?$")),
    ("topic tree", re.compile(r"^clockblock/<device_id>/$")),
    ("file", re.compile(r"^(~?/[\w./~-]+|[\w.*-]+/[\w./*-]*|clockblock\.db[\w.*-]*)$")),
    ("option", re.compile(r"^--[a-z]")),
    ("build option", re.compile(r"^-D\w+=\w+$")),
    ("variable", re.compile(r"^CLOCKBLOCK_[A-Z_]+=\S+$")),
    ("header", re.compile(r"^[A-Z][\w-]+: .")),
    ("setting", re.compile(r"^[a-z_]+ = .")),
    ("name", re.compile(r"^[a-z][a-z0-9_]*([.-][a-z0-9_]+)*$")),
)
FENCE = re.compile(r"^```(.*)$")
# What is a piece elsewhere, and would pass untried when it is written like this.
HIDDEN = (
    (re.compile(r"^ *~~~"), "a block with a fence of ~~~: use ```"),
    (re.compile(r"\]\[|^ *\[[^\]]*\]:"), "a link by a reference: write its target behind it"),
    (re.compile(r"\b(clockblock|sudo|systemctl|journalctl|apt|curl) [a-z-]"), "a command outside of backticks"),
    (re.compile(r"^( {4}|\t)"), "a block without a fence, which says no language"),
    (re.compile(r"https?://"), "an address out in the network, which no test can ask"),
    (re.compile(r"[`<]"), "a span that goes over a line, or HTML: no test tries what is in it"),
)
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)]*)\)")


class Unknown(AssertionError):
    pass


@dataclasses.dataclass(frozen=True)
class Piece:
    line: int  # the first, as an editor counts
    kind: str
    text: str
    count: int = 1  # lines of the README

    @property
    def place(self):
        if self.text in OTHERS:
            return ELSEWHERE
        if self.kind == "system command" or (self.kind == "sh" and SYSTEM.match(self.text)):
            return MACHINE
        return HERE

    def __str__(self):
        return f"README.md:{self.line}: {self.kind}: {self.text}"


def kind_of(span, line):
    for kind, pattern in SPANS:
        if pattern.match(span):
            return kind
    raise Unknown(f"README.md:{line}: no test knows how to try `{span}`")


def of_block(language, lines, line):
    if language not in BLOCKS:
        raise Unknown(f"README.md:{line}: no test knows how to try a block of {language!r}: use one of {BLOCKS}")
    if language == "sh":
        return [Piece(line + 1 + n, "sh", text) for n, text in enumerate(lines)]
    return [Piece(line + 1, language, "\n".join(lines), len(lines))]


def of_prose(text, line):
    found = [Piece(line, kind_of(span, line), span) for span in SPAN.findall(text)]
    without = SPAN.sub("", text)
    for pattern, what in HIDDEN:
        if pattern.search(without):
            raise Unknown(f"README.md:{line}: {what}")
    found += [Piece(line, "picture" if mark else "link", target) for mark, target in LINK.findall(without)]
    return found


def take_apart(text):
    """All pieces, in order, and the number of lines that are prose alone or empty."""
    pieces, plain = [], 0
    block, begun, language = None, 0, ""
    for line, content in enumerate(text.splitlines(), 1):
        fence = FENCE.match(content)
        if fence and block is None:
            block, begun, language = [], line, fence.group(1)
        elif fence:
            pieces += of_block(language, block, begun)
            plain += 2  # the fences
            block = None
        elif block is not None:
            block.append(content)
        else:
            found = of_prose(content, line)
            pieces += found
            plain += not found
    if block is not None:
        raise Unknown(f"README.md:{begun}: a block without an end")
    return pieces, plain


def parts_of(text, indent=""):
    """What a configuration consists of, by name: settings and groups, or what is inside a group."""
    parts = [part for part in re.split(rf"(?m)^(?={indent}\w)", text) if re.match(rf"{indent}\w", part)]
    names = [re.match(r" *(\w+)", part).group(1) for part in parts]
    assert len(names) == len(set(names)), f"a name that stands twice: {names}"
    return dict(zip(names, (part.rstrip() + "\n" for part in parts)))


def assemble(*texts):
    """The file of somebody who puts these in, one after the other, as the README says under Settings."""
    whole, inside = {}, {"detectors": {}, "sinks": {}}
    for text in texts:
        parts = parts_of(text)
        for group in inside.keys() & parts.keys():
            within = re.search(r"(?ms)\{\n(.*?)^\};", parts.pop(group)).group(1)
            inside[group] |= parts_of(within, "  ")
        whole |= parts
    groups = [f"{group}: {{\n{''.join(parts.values())}}};\n" for group, parts in inside.items()]
    return "".join([*whole.values(), *groups])


def lines_of(pieces):
    """The lines that these pieces stand on."""
    return {line for piece in pieces for line in range(piece.line, piece.line + piece.count)}
