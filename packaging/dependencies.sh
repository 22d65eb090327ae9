#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what ClockBlock needs from the distribution: to build and run, with --package also what making its
# Debian packages needs, with --test what its tests need, which make them, with --bench what the benchmarks
# need. Installs only what is missing; safe to run twice.
set -euo pipefail

packages=(build-essential cmake ninja-build pkg-config libsqlite3-dev libcurl4-openssl-dev
  libmosquitto-dev libmicrohttpd-dev libjson-c-dev libconfig-dev zlib1g-dev libpcre2-dev libsystemd-dev
  libjs-chart.js libwayland-dev libxcb1-dev libxau-dev libxcb-randr0-dev libxcb-screensaver0-dev)
to_package=(debhelper dpkg-dev systemd)
for option in "$@"; do
  case "$option" in
    --package) packages+=("${to_package[@]}") ;;
    --test) packages+=(libcmocka-dev clang libclang-rt-dev clang-tidy clang-format cppcheck gcc-mingw-w64-x86-64
      abigail-tools python3 curl openssl sqlite3 tzdata mosquitto mosquitto-clients nats-server
      dbus-daemon sway swaylock foot xvfb openbox xdotool xterm x11-utils xwayland
      prometheus python3-jsonschema chromium chromium-driver mandoc man-db fish zsh
      "${to_package[@]}" lintian systemd-container mmdebstrap procps postgresql)
      command -v npm >/dev/null || packages+=(npm) ;; # it may be there without the distribution's package
    --bench) packages+=(python3-psutil python3-fastapi python3-uvicorn python3-requests python3-httpx
      wrk) ;;
    *) echo "usage: $0 [--package] [--test] [--bench]" >&2; exit 64 ;;
  esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "This system has no apt-get. Install these packages, or what they are called here:" >&2
  echo "  ${packages[*]}" >&2
  exit 69
fi

missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "Run as root: apt-get install ${missing[*]}" >&2; exit 69; }
  as_root=(sudo)
fi
echo "Installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
