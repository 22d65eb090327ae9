#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every file in C or C++ is laid out as .clang-format says.
set -euo pipefail
cd "$(dirname "$0")/../.."
git rev-parse --is-inside-work-tree >/dev/null 2>&1 || { echo "skipped: no git checkout"; exit 77; }
git ls-files -co --exclude-standard -- '*.c' '*.cpp' '*.h' | while IFS= read -r file; do
  if [ -e "$file" ]; then echo "$file"; fi
done | xargs clang-format --dry-run -Werror
