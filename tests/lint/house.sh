#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The walls of the house: which library lives where, who may know whom. Prints each breach.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
git rev-parse --is-inside-work-tree >/dev/null 2>&1 || { echo "skipped: no git checkout"; exit 77; }
breaches=0

# breach SENTENCE: reads lines, and prints each as one.
breach() {
  while IFS= read -r line; do
    echo "$1: $line"
    breaches=$((breaches + 1))
  done
}

# Files that were deleted and not yet committed are left out.
files() {
  git ls-files -co --exclude-standard -- "$@" | while IFS= read -r file; do
    if [ -e "$file" ]; then echo "$file"; fi
  done
}
# lines PATTERN: where it stands in the files that are read.
lines() { xargs grep -nE "$1" /dev/null; }
include='^[[:space:]]*#[[:space:]]*include[[:space:]]*'
conditional='^[[:space:]]*#[[:space:]]*(if|ifdef|ifndef|elif)\b.*'

# room HEADER PATTERN: the header is included below paths that match the pattern only.
room() {
  breach "<$1 outside its room" < <(files 'core/*.[ch]' 'plugins/*.[ch]' 'include/*.h' |
    grep -vE "^($2)" | lines "${include}[<\"]$1")
}
room sqlite3.h core/store/
room microhttpd.h core/api/
room libconfig.h core/config/
room curl/ plugins/http_ingest/
room mosquitto.h plugins/mqtt/
room mqtt_protocol.h plugins/mqtt/
room pcre2.h plugins/window_title/
room X11/ 'plugins/desktop/authority_posix\.c'
room xcb/ 'plugins/(desktop/x11|window_title/x11|idle/x11)'
room wayland- 'plugins/desktop/wayland'
room systemd/ 'plugins/desktop/bus_(internal\.h|linux\.c|call_linux\.c)'

# What knows the system: the platform, files of plugins that say so in their name, and the templates,
# each of which is a whole plugin in one file.
os_rooms='core/platform/|plugins/.*_(linux|posix|windows|macos)\.c$|plugins/templates/'
os='(unistd|fcntl|pthread|dlfcn|poll|signal|time|sys/[a-z]+|netdb|netinet/[a-z]+|arpa/[a-z]+|pwd|dirent|windows|winsock2)\.h'
breach "an OS header outside core/platform" < <(files 'core/*.[ch]' 'plugins/*.[ch]' 'include/*.h' |
  grep -vE "^($os_rooms)" | lines "${include}<$os>")
breach "an OS conditional outside core/platform" < <(files 'core/*.[ch]' 'plugins/*.[ch]' |
  grep -vE "^($os_rooms)" | lines "$conditional\b(_WIN32|_WIN64|__linux__|__APPLE__|__unix__|__MINGW32__|_MSC_VER)\b")
breach "the clock outside core/platform" < <(files 'core/*.[ch]' | grep -v '^core/platform/' |
  lines '\b(time|clock_gettime|gettimeofday|sleep|usleep|nanosleep) ?\(')

# Who may know whom.
standard='(assert|ctype|errno|inttypes|limits|math|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string)\.h'
pure='error|heartbeat|uuid|usage|credit|allowance|fuse|text|civil|zone|zone_internal'
breach "record and zone are pure" < <(files 'core/record/*.[ch]' 'core/zone/*.[ch]' | lines "$include" |
  grep -vE "include (<$standard>|\"((record|zone)/)?($pure)\.h\")")
breach "platform is the ground floor" < <(files 'core/platform/*.[ch]' | lines "$include\"" |
  while IFS= read -r line; do
    header=$(sed -E 's/.*include *"([^"]*)".*/\1/' <<<"$line")
    case "$header" in
      error.h | clockblock_paths.h) ;; # the second one is made by the build
      *) [ -e "core/platform/$header" ] || echo "$line" ;;
    esac
  done)
breach "the core names a plugin" < <(files 'core/*.[ch]' |
  lines 'process_name|http_ingest|mqtt|window_title|gpu_usage')

# Order.
breach "over 500 lines" < <(files 'core/*.[ch]' 'plugins/*.[ch]' 'include/*.h' | xargs wc -l |
  awk '$2 != "total" && $1 > 500')
breach "unfinished" < <(files | grep -vx 'tests/lint/house\.sh' | lines '\b(TODO|FIXME|XXX)\b')
breach "not an entry of the top level" < <(files | cut -d/ -f1 | sort -u |
  grep -vE '^(CMakeLists\.txt|README\.md|LICENSE|CHANGELOG\.md|core|plugins|include|conf|tests|packaging|\..*)$')

[ "$breaches" -eq 0 ]
