#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# layout.sh [ROOT]: layout.c holds on nine targets, for the headers of today and for those of 1.0. The
# compiler reads only, and takes the headers that it brings along: no tools of a target are needed.
set -uo pipefail
cd "${1:-$(dirname "$0")/../..}" || exit 1
command -v clang >/dev/null || { echo "skipped: clang is not installed"; exit 77; }
targets=(x86_64-linux-gnu i686-linux-gnu armv7-linux-gnueabihf aarch64-linux-gnu riscv64-linux-gnu
  x86_64-windows-msvc i686-windows-msvc aarch64-windows-msvc x86_64-windows-gnu)
own_headers=$(clang -print-resource-dir)/include
failed=0
for include in include tests/abi/v1_0/include; do
  for target in "${targets[@]}"; do
    # -Wpadded: no gap between two members either.
    clang --target="$target" -std=c11 -ffreestanding -nostdinc -isystem "$own_headers" -I"$include" \
      -fsyntax-only -pedantic -Wall -Wextra -Wpadded -Werror tests/abi/layout.c ||
      { echo "$include differs from tests/abi/layout.c on $target"; failed=1; }
  done
done
exit $failed
