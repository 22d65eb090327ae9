# SPDX-License-Identifier: MIT
"""complete.py [ROOT]: layout.c and probe.c know everything that the headers declare, so that a type
or a constant which was added does not go unguarded."""
import re
import sys

from header_reader import headers, root_folder


def wanted(header):
    """What has to stand in layout.c and in probe.c: the beginning of a macro's call."""
    for struct, members in header.structs():
        yield "probe.c", f"PROBE({struct}"
        for member in members:
            yield "layout.c", f"MEMBER({struct}, {member}"
        yield "layout.c", f"WHOLE({struct}, {members[-1]}"
    for enum, constants in header.enums():
        yield "probe.c", f"PROBE_ENUM({enum}"
        yield "layout.c", f"ENUM({enum}"
        for constant in constants:
            yield "layout.c", f"CONSTANT({constant}"
    for name, value in header.macros():
        kind = "TEXT" if value.startswith('"') else "CONSTANT"
        yield "layout.c", f"{kind}({name}"
    for name in re.findall(r"\btypedef [^;{}]*\(CLB_CALL \*(\w+)\)", header.code):
        yield "probe.c", f"PROBE({name}"


def unread(header):
    """Structures that are not written in the way that they are all looked for."""
    read = [name for name, _ in header.structs()]
    written = re.findall(r"\bstruct\s*(\w*)\s*\{", header.code)
    return [name for name in written if name not in read]


def main():
    texts = {}
    for file in ("layout.c", "probe.c"):
        text = (root_folder() / "tests/abi" / file).read_text(encoding="utf-8")
        texts[file] = re.sub(r"[ \t]+", " ", text)
    missing = 0
    for header in headers():
        for name in unread(header):
            print(f"{header.name}: write typedef struct {name} {{ ... }} {name};")
            missing += 1
        for file, call in wanted(header):
            if not re.search(rf"\b{re.escape(call)}\b", texts[file]):
                print(f"{header.name}: tests/abi/{file} lacks {call})")
                missing += 1
    return missing > 0


if __name__ == "__main__":
    sys.exit(main())
