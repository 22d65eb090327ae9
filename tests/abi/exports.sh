#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# exports.sh BUILD: every plugin exports its entry and nothing else, and the agent exports nothing: no
# name of one side may ever be taken for one of the other.
set -uo pipefail
# What linkers and the runtimes of sanitizers put there.
foreign='^(__bss_start|_edata|_end|_init|_fini|__(asan|ubsan|tsan|lsan|odr|sanitizer|interceptor)_.*)$'
# exported FILE: its names, in one line.
exported() {
  local symbols
  symbols=$(nm -D --defined-only "$1") || { echo "unknown symbols"; return; }
  awk 'NF { print $NF }' <<<"$symbols" | grep -vE "$foreign" | paste -sd ' '
}
failed=0
for plugin in "$1"/plugins/*.so; do
  [ -e "$plugin" ] || { echo "no plugins in $1"; exit 1; }
  names=$(exported "$plugin")
  [ "$names" = clockblock_plugin_entry ] ||
    { echo "$plugin exports ${names:-nothing}, instead of clockblock_plugin_entry alone"; failed=1; }
done
[ -e "$1/clockblock" ] || { echo "no agent in $1"; exit 1; }
names=$(exported "$1/clockblock")
[ -z "$names" ] || { echo "the agent exports $names"; failed=1; }
exit $failed
