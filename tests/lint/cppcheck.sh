#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Suppressed: unusedFunction needs a whole program; missingInclude is the system's; the ABI and callback
# types fix the constness of parameters; asserts on constants are meant to be always true.
set -euo pipefail
cd "$(dirname "$0")/../.."
git ls-files -co --exclude-standard -- 'core/*.c' 'plugins/*.c' |
  xargs cppcheck -q -j 2 --std=c11 --enable=warning,performance,portability --inline-suppr \
    --error-exitcode=1 -Icore -Iinclude --suppress=missingInclude --suppress=missingIncludeSystem
