#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The pure parts compile for Windows too, so that the walls of the platform stay put. (The public headers
# do as well: tests/abi/headers.sh.)
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
compiler=x86_64-w64-mingw32-gcc
command -v "$compiler" >/dev/null || { echo "skipped: $compiler is not installed"; exit 77; }
failed=0
compile() { "$compiler" -Icore -Iinclude -Wall -Wextra -Werror "$@" || { echo "$*"; failed=1; }; }
for source in core/error.c core/record/*.c core/zone/*.c; do
  compile -std=c17 -c "$source" -o /dev/null
done
for source in plugins/process_name/{apps,games,known,match,names,procfs,rules,steam,vdf}.c \
  plugins/gpu_usage/{fdinfo,names,processes,use}.c \
  plugins/idle/{combine,pad}.c \
  plugins/desktop/text.c plugins/window_title/activity.c \
  plugins/http_ingest/{answer,body,fields,header}.c plugins/file/{line,seen}.c \
  plugins/mqtt/{answer,discovery,state,text,topics,window}.c; do
  compile -std=c11 -c "$source" -o /dev/null
done
exit $failed
