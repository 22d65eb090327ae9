#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tidy.sh BUILD: clang-tidy over the sources of core and plugins, by the exceptions in .clang-tidy.
set -euo pipefail
cd "$(dirname "$0")/../.."
git ls-files -co --exclude-standard -- 'core/*.c' 'plugins/*.c' |
  xargs -P 2 -n 6 clang-tidy -quiet -p "$1" 2>/dev/null
