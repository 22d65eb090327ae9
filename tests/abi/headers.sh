#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# headers.sh [ROOT]: each public header alone, in C and C++, with every compiler that is here. Of mingw
# often the one for C alone is installed, so clang stands in for C++ on Windows.
set -uo pipefail
cd "${1:-$(dirname "$0")/../..}/include" || exit 1
compilers=(gcc clang x86_64-w64-mingw32-gcc "clang --target=x86_64-windows-gnu -ffreestanding"
  "clang --target=i686-windows-msvc -ffreestanding")
options=(-fsyntax-only -pedantic -Wall -Wextra -Wno-unused-function -Werror)
used=0
failed=0
for compiler in "${compilers[@]}"; do
  for standard in c11 c17 c++11 c++17; do
    # shellcheck disable=SC2206 # a compiler and its options are several words
    command=($compiler -std="$standard" "${options[@]}" -x "${standard%%[0-9]*}")
    "${command[@]}" - <<<'extern char here;' 2>/dev/null || continue # not installed
    used=$((used + 1))
    # Each file that a compiler is given is a translation unit of its own.
    "${command[@]}" clockblock/*.h ||
      { echo "the headers do not compile with $compiler -std=$standard"; failed=1; }
  done
done
[ "$used" -gt 0 ] || { echo "no compiler"; exit 1; }
exit $failed
