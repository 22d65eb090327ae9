#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is needed, builds and runs all tests: first with the sanitizers, then as it is shipped, so
# that the last thing to read is the summary of the whole. --fast leaves the sanitizers out.
set -euo pipefail
cd "$(dirname "$0")/.."

fast=no
case "${1:-}" in
  --fast) fast=yes ;;
  "") ;;
  *) echo "usage: $0 [--fast]" >&2; exit 64 ;;
esac

packaging/dependencies.sh --test
unset "${!CLOCKBLOCK_@}"
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
failed=()

# suite NAME LABELS WITHOUT CMAKE_OPTION...
suite() {
  local name=$1 labels=$2 without=$3
  shift 3
  echo "== $name"
  if ! cmake -G Ninja -B "build-$name" -DCLOCKBLOCK_WERROR=ON "$@" >/dev/null ||
    ! cmake --build "build-$name"; then
    echo "== FAILED: $name does not build" >&2
    failed+=("$name does not build")
  elif ! ctest --test-dir "build-$name" --output-on-failure -j 5 -L "$labels" -LE "$without"; then
    echo "== FAILED: $name" >&2
    failed+=("$name")
  fi
}

if [ "$fast" = no ]; then
  # Browsers and compilers take long, and run little of ours that the others do not. What is alone has no
  # threads that could race.
  suite asan '^(unit|plugins|abi|agent|sim)$' '^source$' -DCLOCKBLOCK_SANITIZE=address,undefined
  suite tsan '^(unit|plugins|agent)$' '^(source|alone)$' -DCLOCKBLOCK_SANITIZE=thread
fi
suite test '.' '^$'
if [ ${#failed[@]} -gt 0 ]; then
  echo "FAILED: ${failed[*]}" >&2
  exit 1
fi
