#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tidy.sh BUILD: clang-tidy over the sources of core and plugins, by the exceptions in .clang-tidy. Of
# the paths through a function it follows so many; CLB_TIDY_NODES=225000 takes five times as long.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -e "$1/compile_commands.json" ] || { echo "no compile_commands.json in $1"; exit 1; }
# What it says on stderr is how many warnings it kept to itself.
# Beside the tests that need a CPU now and then it stands back.
nodes=(-Xclang -analyzer-config -Xclang "max-nodes=${CLB_TIDY_NODES:-40000}")
find core plugins -name '*.c' -print0 | nice -n 10 xargs -0 -P 2 -n 6 \
  clang-tidy -quiet -p "$1" "${nodes[@]/#/--extra-arg=}" 2>/dev/null
# Not built here, so nothing tells its flags.
clang-tidy -quiet plugins/templates/detector_cpp/plugin.cpp -- -std=c++17 -Iinclude 2>/dev/null
