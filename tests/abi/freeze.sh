#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Copies the headers as they are to v1_0/, where they stay for ever once 1.0 has been released.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=$(awk '/^#define CLB_ABI_(MAJOR|MINOR) / { printf "%s%s", dot, $3; dot = "." }' \
  include/clockblock/abi.h)
[ "$version" = 1.0 ] || { echo "the headers are $version: those of 1.0 are history" >&2; exit 1; }
rm -rf tests/abi/v1_0/include
mkdir -p tests/abi/v1_0/include/clockblock
cp include/clockblock/*.h tests/abi/v1_0/include/clockblock/
