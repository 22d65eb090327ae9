#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# From a fresh checkout to a running agent: installs what is needed, builds into build/, starts the agent
# with conf/clockblock.conf, and says where to look. --stop ends the agent that it started.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$(pwd -P) # as /proc has it
state=$root/build/quickstart
pid_file=$state/clockblock.pid
port_file=$state/port

# The pid of the agent that this checkout started, if it still runs.
running() {
  local pid
  pid=$(cat "$pid_file" 2>/dev/null) || return 1
  [ -n "$pid" ] && [ "$(readlink "/proc/$pid/exe" 2>/dev/null | sed 's/ (deleted)$//')" = "$root/build/clockblock" ] &&
    echo "$pid"
}

# Ends the agent that runs as this pid, and waits until it is gone.
end() {
  kill "$1"
  for _ in $(seq 100); do
    if [ "$(running || true)" != "$1" ]; then
      rm -f "$pid_file"
      return 0
    fi
    sleep 0.1
  done
  echo "The agent (pid $1) does not stop; its log is $state/clockblock.log" >&2
  return 1
}

stop() {
  local pid
  pid=$(running) || { echo "No agent of this checkout is running."; return 0; }
  end "$pid" && echo "Stopped."
}

answers() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Does it answer, and is all well? Without curl, which a fresh machine may lack.
healthy() {
  local line=
  exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
  printf 'GET /health HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$1" >&3
  IFS= read -r -t 2 line <&3 || true
  exec 3>&-
  [[ $line == "HTTP/1.1 200"* ]]
}

tell() {
  local url=http://127.0.0.1:$1
  cat <<EOF

ClockBlock is running (pid $2). Its dashboard: $url/

  build/clockblock status --config conf/clockblock.conf --set "db_path=$state/clockblock.db"
  curl $url/status
  curl "$url/daily?date=$(date -u +%F)"

It looks for Minecraft. To see it notice a game, give something that name:
  cp /bin/sleep /tmp/Minecraft.exe && /tmp/Minecraft.exe 30 &

What to look for, and where heartbeats go: conf/clockblock.conf
Database: $state/clockblock.db
Log:      $state/clockblock.log
Stop it:  packaging/quickstart.sh --stop
EOF
}

case "${1:-}" in
  --stop) stop; exit 0 ;;
  "") ;;
  *) echo "usage: $0 [--stop]" >&2; exit 64 ;;
esac

if pid=$(running); then
  echo "The agent of this checkout is running already."
  tell "$(cat "$port_file")" "$pid"
  exit 0
fi

packaging/dependencies.sh
[ -f build/build.ninja ] || cmake -G Ninja -B build -DCLOCKBLOCK_TESTS=OFF >/dev/null
cmake --build build

# Another agent, or anything else, may have the default port: take the next one that is free.
port=3841
while answers "$port"; do
  port=$((port + 1))
done
mkdir -p "$state"
setsid build/clockblock run --config conf/clockblock.conf --set "db_path=$state/clockblock.db" \
  --set "api.port=$port" >"$state/clockblock.log" 2>&1 </dev/null &
pid=$!
echo "$pid" >"$pid_file"
echo "$port" >"$port_file"

for _ in $(seq 100); do
  if [ "$(running || true)" = "$pid" ] && (healthy "$port") 2>/dev/null; then
    tell "$port" "$pid"
    exit 0
  fi
  [ -d "/proc/$pid" ] || break
  sleep 0.1
done
echo "The agent did not start. The end of its log:" >&2
tail -n 20 "$state/clockblock.log" >&2
if pid=$(running); then
  end "$pid"
fi
exit 1
