#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The walls of the house: which library lives where, who may know whom. Prints each breach.
set -uo pipefail
cd "$(dirname "$0")/../.."
breaches=0

# breach SENTENCE: reads lines, and prints each as one.
breach() {
  while IFS= read -r line; do
    echo "$1: $line"
    breaches=$((breaches + 1))
  done
}

files() { git ls-files -co --exclude-standard -- "$@"; }
# room HEADER PATTERN: the header is included below paths that match the pattern only.
room() {
  breach "<$1 outside its room" < <(files 'core/*.[ch]' 'plugins/*.[ch]' 'include/*.h' |
    grep -vE "^($2)" | xargs grep -nE "#include <$1" /dev/null)
}
room sqlite3.h core/store/
room microhttpd.h core/api/
room libconfig.h core/config/
room curl/ plugins/http_ingest/
os='(unistd|fcntl|pthread|dlfcn|poll|signal|time|sys/[a-z]+|netdb|netinet/[a-z]+|arpa/[a-z]+|pwd|windows|dirent)\.h'
breach "an OS header outside core/platform" < <(files 'core/*.[ch]' | grep -v '^core/platform/' |
  xargs grep -nE "#include <$os>" /dev/null)
breach "an OS conditional outside core/platform" < <(files 'core/*.[ch]' 'plugins/*.[ch]' |
  grep -v '^core/platform/' | xargs grep -nE '#\s*(if|ifdef|ifndef|elif).*(_WIN32|__linux__)' /dev/null)
breach "the clock outside core/platform" < <(files 'core/*.c' | grep -v '^core/platform/' |
  xargs grep -nE '\b(time|clock_gettime|gettimeofday|sleep|usleep|nanosleep)\(' /dev/null)
breach "record and zone are pure" < <(files 'core/record/*.[ch]' 'core/zone/*.[ch]' |
  xargs grep -nE '#include "' /dev/null |
  grep -vE '"((record|zone)/)?(error|heartbeat|uuid|usage|credit|allowance|fuse|text|civil|zone|zone_internal)\.h"')
breach "platform is the ground floor" < <(files 'core/platform/*.[ch]' |
  xargs grep -nE '#include "(agent|api|config|control|deliver|detect|plugin|record|store|zone|log)' /dev/null)
breach "the core names a plugin" < <(files 'core/*.[ch]' |
  xargs grep -nE 'process_name|http_ingest|mqtt|window_title|gpu_usage' /dev/null)
breach "over 500 lines" < <(files 'core/*.[ch]' 'plugins/*.[ch]' 'include/*.h' | xargs wc -l |
  awk '$2 != "total" && $1 > 500')
breach "unfinished" < <(files core plugins include packaging conf | xargs grep -nE '\b(TODO|FIXME|XXX)\b' /dev/null)
breach "not an entry of the top level" < <(files | cut -d/ -f1 | sort -u |
  grep -vE '^(CMakeLists\.txt|README\.md|LICENSE|CHANGELOG\.md|core|plugins|include|conf|tests|packaging|\..*)$')

[ "$breaches" -eq 0 ]
