#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Each public header alone, in C and C++; each function of the ABI with its calling convention and its
# line of thread, state and cost.
set -uo pipefail
cd "$(dirname "$0")/../../include" || exit 1
failed=0
for header in clockblock/*.h; do
  for compiler in gcc clang; do
    command -v "$compiler" >/dev/null || continue
    for standard in c11 c17 c++11 c++17; do
      language=${standard%%[0-9]*}
      echo "#include <$header>" | "$compiler" -I. -std="$standard" -x "$language" -fsyntax-only \
        -pedantic -Wall -Wextra -Werror - || { echo "$header: $compiler -std=$standard"; failed=1; }
    done
  done
done
python3 - clockblock/*.h <<'PY' || failed=1
import re, sys
wrong = 0
for path in sys.argv[1:]:
    text = open(path).read()
    # Function pointers: a type, a star before the name in parentheses, arguments.
    for match in re.finditer(r"\(([^()]*)\*\s*(\w+)\)\s*\(", text):
        if match.group(1).strip() != "CLB_CALL":
            print(f"{path}: {match.group(2)} lacks CLB_CALL")
            wrong += 1
        before = text[: match.start()].rstrip()
        # The comment right before it: only a return type may stand between.
        comment = before[before.rfind("/*"):]
        if re.search(r"[;{}]", comment[comment.find("*/"):]):
            comment = ""
        if not re.search(r"\[(main|worker|any), [^\]]*(quick|bounded)[^\]]*\]", re.sub(r"\s*\n \* ?| +", " ", comment)):
            print(f"{path}: {match.group(2)} lacks its [thread, state, cost]")
            wrong += 1
sys.exit(wrong > 0)
PY
exit $failed
