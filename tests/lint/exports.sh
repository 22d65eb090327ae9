#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# exports.sh BUILD: every plugin exports its entry and nothing else, and the agent exports nothing.
set -uo pipefail
failed=0
for plugin in "$1"/plugins/*.so; do
  exported=$(nm -D --defined-only "$plugin" | awk '{ print $3 }' | grep -vE '^(__asan|__ubsan|__tsan|__odr|_init|_fini)' || true)
  [ "$exported" = clockblock_plugin_entry ] || { echo "$plugin exports: $exported"; failed=1; }
done
[ -e "$1/plugins/process_name.so" ] || { echo "no plugins in $1"; failed=1; }
if nm -D --defined-only "$1/clockblock" | grep -E ' [TDB] ' | grep -qiE 'clb_|clockblock|plugin|store'; then
  echo "the agent exports symbols"
  failed=1
fi
exit $failed
