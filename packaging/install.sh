#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the tree that it lies in: below /usr/local for root, for others below ~/.local, or where
# --prefix says. --uninstall takes away what it put there, and leaves configuration and accounts. With
# $DESTDIR everything goes below that folder, for those who make packages.
set -eu
umask 022
cd "$(dirname "$0")"

uninstall=no
if [ "$(id -u)" -eq 0 ]; then
    prefix=/usr/local
else
    prefix=$HOME/.local
fi
while [ $# -gt 0 ]; do
    case "$1" in
        --prefix) [ $# -gt 1 ] || { echo "--prefix: where to?" >&2; exit 64; }; prefix=$2; shift ;;
        --uninstall) uninstall=yes ;;
        *) echo "usage: $0 [--prefix FOLDER] [--uninstall]" >&2; exit 64 ;;
    esac
    shift
done
case "$prefix" in
    /*) ;;
    *) echo "--prefix: give a path that begins with /" >&2; exit 64 ;;
esac
root=${DESTDIR:-}
list=$root$prefix/share/clockblock/installed

if [ "$uninstall" = yes ]; then
    [ -f "$list" ] || { echo "Nothing was installed below $prefix by this." >&2; exit 69; }
    while IFS= read -r file; do
        rm -f "$root$file"
    done <"$list"
    rm -f "$list"
    for folder in lib/clockblock lib/cmake/clockblock include/clockblock share/clockblock share/doc/clockblock; do
        [ ! -d "$root$prefix/$folder" ] || find "$root$prefix/$folder" -depth -type d -empty -delete
    done
    echo "Removed. Configuration and accounts are where they were."
    exit 0
fi

missing=$(for file in bin/clockblock lib/clockblock/plugins/*.so; do ldd "$file" 2>/dev/null; done |
    sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p' | sort -u)
if [ -n "$missing" ]; then
    echo "This machine lacks libraries, which its distribution has in packages of like names:" >&2
    echo "$missing" | sed 's/^/  /' >&2
    echo "What needs them does not start; where others of another version are, build from the sources." >&2
fi

# put FILE TARGET: copies, and remembers; a file in use is replaced, not written to.
put() {
    mkdir -p "$(dirname "$root$2")"
    cp "$1" "$root$2.new"
    mv -f "$root$2.new" "$root$2"
    echo "$2" >>"$list.new"
}

mkdir -p "$(dirname "$list")"
: >"$list.new"
find bin include lib share -type f ! -path 'lib/systemd/*' ! -path 'lib/sysusers.d/*' | sort >"$list.todo"
while IFS= read -r file; do
    put "$file" "$prefix/$file"
done <"$list.todo"
rm "$list.todo"

# The services name the program. Those of users are looked for in other places than those of machines.
if [ "$(id -u)" -eq 0 ]; then
    units=$prefix/lib/systemd
    configuration=/etc/clockblock/clockblock.conf
    kinds="user system"
    put lib/sysusers.d/clockblock.conf "$prefix/lib/sysusers.d/clockblock.conf"
else
    units=${XDG_DATA_HOME:-$HOME/.local/share}/systemd
    configuration=${XDG_CONFIG_HOME:-$HOME/.config}/clockblock/clockblock.conf
    kinds=user
fi
for kind in $kinds; do
    sed "s,^ExecStart=/usr/bin/,ExecStart=$prefix/bin/," "lib/systemd/$kind/clockblock.service" >"$list.unit"
    put "$list.unit" "$units/$kind/clockblock.service"
    rm "$list.unit"
done
mv "$list.new" "$list"

if [ ! -e "$root$configuration" ]; then
    mkdir -p "$(dirname "$root$configuration")"
    cp etc/clockblock/clockblock.conf "$root$configuration"
fi

cat <<END
ClockBlock is installed below $prefix; its configuration is $configuration.
For each user who plays:
  systemctl --user daemon-reload && systemctl --user enable --now clockblock
END
[ "$(id -u)" -ne 0 ] || cat <<END
Or one for the machine, which sees no desktop:
  systemd-sysusers && systemctl daemon-reload && systemctl enable --now clockblock
END
echo "Take it away again: $0 --uninstall"
