#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the tree that it lies in: below /usr/local for root, for others below ~/.local, or where
# --prefix says. --uninstall ends the services that run it, takes away what it put there, and leaves
# configuration and accounts. With $DESTDIR everything goes below that folder, for those who make packages.
set -eu
umask 022
cd "$(dirname "$0")"

uninstall=no
if [ "$(id -u)" -eq 0 ]; then
    default=/usr/local
else
    default=$HOME/.local
fi
prefix=$default
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

# each DO: does it with the service managers that can be reached, the user's own, or that of the machine and
# those of all who are logged in.
each() {
    if [ -n "$root" ] || ! command -v systemctl >/dev/null; then
        return 0
    fi
    if [ "$(id -u)" -ne 0 ]; then
        "$1" systemctl --user
        return
    fi
    "$1" systemctl
    for uid in $(systemctl --quiet --no-legend list-units 'user@*.service' 2>/dev/null |
        sed -n 's/.*user@\([0-9]*\)\.service.*/\1/p'); do
        "$1" timeout 30 systemctl --user --machine "$uid@"
    done
}

# end SYSTEMCTL...: stops and disables the service that this systemctl knows, if it was installed from here.
end() {
    unit=$("$@" show --value --property=FragmentPath clockblock.service 2>/dev/null) || return 0
    if [ -n "$unit" ] && grep -qxF -e "$unit" -e "$(readlink -f "$unit")" "$list"; then
        "$@" --quiet disable --now clockblock.service || true
    fi
}

reload() {
    "$@" daemon-reload 2>/dev/null || true
}

if [ "$uninstall" = yes ]; then
    [ -f "$list" ] || { echo "Nothing was installed below $prefix by this." >&2; exit 69; }
    each end
    while IFS= read -r file; do
        rm -f "$root$file"
    done <"$list"
    rm -f "$list"
    each reload
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
# What an older version had, and this one does not.
if [ -f "$list" ]; then
    grep -vxF -f "$list.new" "$list" >"$list.gone" || true
    while IFS= read -r file; do
        rm -f "$root$file"
    done <"$list.gone"
    rm "$list.gone"
fi
mv "$list.new" "$list"

if [ ! -e "$root$configuration" ]; then
    mkdir -p "$(dirname "$root$configuration")"
    cp etc/clockblock/clockblock.conf "$root$configuration"
fi

# Elsewhere systemd looks for services and users only where it is told to.
user_unit=clockblock
system_unit=clockblock
accounts=
again=
if [ "$prefix" != "$default" ]; then
    again=" --prefix $prefix"
fi
if [ "$(id -u)" -eq 0 ] && [ "$prefix" != /usr ] && [ "$prefix" != "$default" ]; then
    user_unit=$units/user/clockblock.service
    system_unit=$units/system/clockblock.service
    accounts=" $prefix/lib/sysusers.d/clockblock.conf"
fi
cat <<END
ClockBlock is installed below $prefix; its configuration is $configuration.
For each user who plays:
  systemctl --user daemon-reload && systemctl --user enable --now $user_unit
END
[ "$(id -u)" -ne 0 ] || cat <<END
Or one for the machine, which sees no desktop:
  systemd-sysusers$accounts && systemctl daemon-reload && systemctl enable --now $system_unit
END
echo "Take it away again: $0$again --uninstall"
