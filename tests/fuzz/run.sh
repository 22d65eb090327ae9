#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fuzzes the parsers of one detector, or of the API, with libFuzzer, address and undefined sanitizers:
#   tests/fuzz/run.sh DETECTOR|api [SECONDS]
# It begins with corpus/DETECTOR, and what it learns stays in a folder of its own. A text that breaks
# a parser is kept and named; `FUZZER FILE` repeats it. Needs clang with its runtime libraries.
set -euo pipefail
cd "$(dirname "$0")/../.."
detector=${1:?usage: $0 DETECTOR [SECONDS]}
seconds=${2:-${CLB_FUZZ_SECONDS:-60}}
folder=${CLB_FUZZ_FOLDER:-build-fuzz}/$detector
p=plugins/$detector
sources=(tests/fuzz/fuzz_"$detector".c)
libraries=()
case "$detector" in
  process_name) sources+=("$p"/{apps,games,known,match,names,procfs,rules,steam,vdf}.c
    tests/plugins/rule_groups.c) ;;
  gpu_usage) sources+=("$p"/{fdinfo,names,use}.c) ;;
  window_title) sources+=("$p"/{activity,gnome_json,match,pattern}.c plugins/desktop/text.c
    tests/plugins/window_rules.c)
    libraries+=(-ljson-c -lpcre2-8) ;;
  idle) sources+=("$p"/{combine,pad}.c) ;;
  api) sources+=(core/api/{guard,query}.c core/record/text.c core/zone/civil.c) ;;
  *) echo "$0: there is no fuzzer for $detector" >&2; exit 64 ;;
esac
command -v clang >/dev/null || { echo "skipped: there is no clang"; exit 77; }

mkdir -p "$folder/learnt"
clang -std=c17 -D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all \
  -fsanitize=fuzzer,address,undefined -I include -I core -I plugins -I tests/plugins \
  "${sources[@]}" "${libraries[@]}" -o "$folder/fuzzer"
# It takes what other tests leave.
if ! nice -n 19 "$folder/fuzzer" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=512 \
  -print_final_stats=1 -verbosity=0 -artifact_prefix="$folder/broken-" \
  -dict="tests/fuzz/$detector.dict" "$folder/learnt" "tests/fuzz/corpus/$detector" \
  2>"$folder/log"; then
  grep -v ' # Uses: ' "$folder/log"
  exit 1
fi
grep -E '^(INFO: seed|stat::)' "$folder/log"
