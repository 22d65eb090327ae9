# SPDX-License-Identifier: MIT
"""The public headers, read far enough to say something about them: text, comments, declarations."""
import pathlib
import re
import sys


def root_folder():
    """The folder to look at: the argument, or the tree that this file is in."""
    return pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])


def blanked(pattern, text):
    """The text with spaces for what matches, so that all else keeps its place and its line."""
    return re.sub(pattern, lambda match: re.sub(r"[^\n]", " ", match.group()), text, flags=re.S | re.M)


class Header:
    def __init__(self, path):
        self.name = path.name
        self.text = path.read_text(encoding="utf-8")
        self.without_comments = blanked(r"/\*.*?\*/", self.text)
        # What is left declares something: no directive with its continuations, no extern "C".
        self.code = blanked(r"^[ \t]*#(\\\n|[^\n])*|^extern \"C\" \{$", self.without_comments)

    def structs(self):
        """Name and names of the members of each structure."""
        for match in re.finditer(r"\btypedef struct (\w+) \{(.*?)\n\} (\w+);", self.code, re.S):
            declarations = [d.strip() for d in match.group(2).split(";") if d.strip()]
            yield match.group(3), [member_name(declaration) for declaration in declarations]

    def enums(self):
        """Name and names of the constants of each enumeration."""
        for match in re.finditer(r"\benum (\w+) \{(.*?)\}", self.code, re.S):
            yield match.group(1), re.findall(r"\b(CLB_\w+)\b", match.group(2))

    def macros(self):
        """Name and value of each macro that stands for one."""
        for name, value in re.findall(r"^#define (CLB_\w+)[ \t]+(.*)$", self.without_comments, re.M):
            if name not in ("CLB_CALL", "CLB_EXPORT", "CLB_EXTERN_C"):
                yield name, value

    def functions(self):
        """Name, text before the star, and comment of each pointer to a function."""
        for match in re.finditer(r"\(([^()]*)\*[ \t]*(\w+)\)\s*\(", self.code):
            start = max(self.code.rfind(mark, 0, match.start()) for mark in ";{}") + 1
            yield match.group(2), match.group(1).strip(), last_comment(self.text[start : match.start()])


def member_name(declaration):
    function = re.search(r"\([^()]*\*\s*(\w+)\)\s*\(", declaration)
    return function.group(1) if function else re.findall(r"\w+", declaration.split("[")[0])[-1]


def last_comment(text):
    """The words of the last comment on lines of its own, as one line."""
    comments = re.findall(r"^[ \t]*/\*(.*?)\*/", text, re.S | re.M)
    return " ".join(re.sub(r"^[ \t]*\*", "", comments[-1], flags=re.M).split()) if comments else ""


def headers():
    found = [Header(path) for path in sorted((root_folder() / "include/clockblock").glob("*.h"))]
    if not found:
        sys.exit(f"no headers in {root_folder()}/include/clockblock")
    return found
