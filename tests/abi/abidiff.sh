#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# abidiff.sh [--renew] [ROOT]: the types of the headers are those of baseline.xml, down to the parameter
# of a callback. --renew writes the baseline anew; README.md says when one may.
set -euo pipefail
renew=no
[ "${1:-}" != --renew ] || { renew=yes; shift; }
cd "${1:-$(dirname "$0")/../..}"
[ "$(uname -sm)" = "Linux x86_64" ] || { echo "skipped: the baseline is one of x86_64 Linux"; exit 77; }
for tool in gcc abidw abidiff; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Nothing of this machine or of a build's options may get into the baseline.
gcc -std=c11 -g -O0 -shared -fPIC -nostdlib -fvisibility=hidden -Wall -Wextra -Werror -Iinclude \
  -ffile-prefix-map="$PWD"=. -o "$folder/probe.so" tests/abi/probe.c
if [ "$renew" = yes ]; then
  [ ! -e tests/abi/baseline.xml ] ||
    abidiff --harmless tests/abi/baseline.xml "$folder/probe.so" || true
  abidw --no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed \
    --out-file tests/abi/baseline.xml "$folder/probe.so"
  exit 0
fi
# Any difference counts: abidiff takes few for incompatible, and a member appended for harmless.
abidiff --harmless tests/abi/baseline.xml "$folder/probe.so" || {
  echo "include/clockblock differs from tests/abi/baseline.xml; tests/abi/README.md says what to do"
  exit 1
}
