# SPDX-License-Identifier: MIT
"""contract.py [ROOT]: what the public headers promise beside their layout.

Each function that crosses has the calling convention, and a comment that ends with its thread,
state and cost; nothing crosses but integers of fixed width, double, pointers and text; and more than
half of the lines say something to people.
"""
import re
import sys

from header_reader import headers

THREAD = r"main|worker|any"
LIVING = r"(?:created|running|stopped)"
STATE = rf"none yet|before create|every state|inside \w+|{LIVING}(?: or {LIVING})*"
COST = r"quick|bounded(?: (?:to \d+ m?s|by \w+))?"
TAG = re.compile(rf"\[(?:{THREAD}), (?:{STATE}), (?:{COST})\]")

# With <stddef.h> and <stdint.h> alone in reach, these are all the ways to say something else.
INCLUDES = re.compile(r'<(?:stddef|stdint)\.h>|"(?:abi|plugin|detector|services|sink)\.h"')
FORBIDDEN = [
    (r"\b_?[Bb]ool\b", "bool"),
    (r"\b(?:long|short|int|unsigned|signed)\b", "an integer whose width the compiler chooses"),
    (r"\b(?:float|_Complex|_Imaginary|__int128|_Decimal\d+)\b", "a number that few languages have"),
    (r"\b(?:s?size|ptrdiff|wchar|char\d+|time|off|max_align)_t\b", "a type of the system"),
    (r"\bu?int(?:max|_fast\d+|_least\d+)_t\b", "an integer whose width the compiler chooses"),
    (r"\bFILE\b", "a type of the C library"),
    (r"\bva_list\b|\.\.\.", "a variable list of arguments"),
    (r"\b_Atomic\b|\bvolatile\b", "an agreement about memory that compilers do not share"),
    (r"\bunion\b", "a union"),
    (r"_t(?: \w+)?\s*:\s*\w+\s*[;,]", "a bit-field"),
    (r"\benum \w+\b(?!\s*\{)", "an enum, whose width the compiler chooses,"),
    (r"\benum\s*\{", "an enum without a name, which abidiff cannot see,"),
    (r"\bchar \w+\s*[;,)]", "a lone char, whose sign the compiler chooses"),
]


def check_functions(header):
    for name, convention, comment in header.functions():
        if convention != "CLB_CALL":
            yield f"{name} lacks CLB_CALL"
        tags = re.findall(r"\[[^\[\]]*,[^\[\]]*\]", comment)
        if not tags or not comment.endswith(tags[-1]):
            yield f"the comment of {name} does not end with its [thread, state, cost]"
        elif not TAG.fullmatch(tags[-1]):
            yield f"{name}: {tags[-1]} is not made of the words for thread, state and cost"
        elif comment == tags[-1]:
            yield f"the comment of {name} does not say what it does"
    for match in re.finditer(r"\bCLB_EXPORT\b([^;]*?)(\w+)\(", header.code):
        if not match.group(1).strip().endswith("CLB_CALL"):
            yield f"{match.group(2)} lacks CLB_CALL"


def check_types(header):
    for include in re.findall(r"^\s*#\s*include\s*(\S+)", header.without_comments, re.M):
        if not INCLUDES.fullmatch(include):
            yield f"includes {include}"
    for pattern, what in FORBIDDEN:
        for match in re.finditer(pattern, header.code):
            line = header.code.count("\n", 0, match.start()) + 1
            declaration = " ".join(header.code.splitlines()[line - 1].split())
            yield f"line {line}: {what} may not cross: {declaration}"


def check_comments(header):
    lines = header.text.splitlines()
    filled = sum(line.strip() != "" for line in lines)
    commented = sum(map(str.__ne__, lines, header.without_comments.splitlines()))
    if commented * 2 <= filled:
        yield f"only {commented} of {filled} lines carry a comment; more than half should"


def main():
    problems = [
        f"{header.name}: {problem}"
        for header in headers()
        for check in (check_functions, check_types, check_comments)
        for problem in check(header)
    ]
    print(*problems, sep="\n", end="\n" if problems else "")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
