#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes what users install, from this tree: a tarball of its sources (source), with it Debian packages (deb),
# or a tarball of programs for other distributions (tarball), or all (the default). They end up in
# build/packages, or in $CLOCKBLOCK_PACKAGES, where those of other versions go. The same tree gives the same
# bytes. What is needed for it is installed first, where apt can.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022
export LC_ALL=C TZ=UTC

what=${1:-all}
case "$what" in
  source | deb | tarball | all) ;;
  *) echo "usage: $0 [source|deb|tarball|all]" >&2; exit 64 ;;
esac

out=$(realpath -m "${CLOCKBLOCK_PACKAGES:-build/packages}")
changelog=packaging/debian/changelog
version=$(sed -n '1s/^clockblock (\(.*\)-[^-]*).*/\1/p' "$changelog")
name=clockblock-$version
work=$out/work
tree=$work/$name
SOURCE_DATE_EPOCH=$(date -d "$(sed -n '/^ -- /{s/.*>  //p;q}' "$changelog")" +%s)
export SOURCE_DATE_EPOCH

# What the tree consists of: what git knows or would take, or, unpacked from a tarball, all but builds.
files() {
  if [ -e .git ] && git ls-files -z --cached --others --exclude-standard 2>/dev/null; then
    return
  fi
  find . \( -path './build*' -o -name .git -o -name .cache -o -name __pycache__ \) -prune -o \
    ! -type d -printf '%P\0'
}

# pack FILE FOLDER: FILE.tar.gz of what standard input names, with FOLDER before each name.
pack() {
  sort -z | tar --no-recursion --null --files-from=- --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 \
    --numeric-owner --mode=u+rw,go=rX --format=gnu --transform "s,^,$2/,S" -cf - | gzip -9n >"$1"
}

# A tree of its own, so that nothing is left in this one.
export_tree() {
  rm -rf "$work"
  mkdir -p "$work"
  files | while IFS= read -r -d '' file; do
    if [ -e "$file" ] || [ -L "$file" ]; then
      printf '%s\0' "$file"
    fi
  done | pack "$out/$name.tar.gz" "$name"
  tar -xzf "$out/$name.tar.gz" -C "$work"
}

make_debs() {
  cp -r "$tree/packaging/debian" "$tree/debian"
  (
    cd "$tree"
    export DEB_BUILD_OPTIONS="nocheck noautodbgsym" DEB_CFLAGS_STRIP=-g
    dpkg-buildpackage --build=binary --no-sign --jobs-force="$(nproc)" >"$work/deb.log" 2>&1
  ) || { tail -n 40 "$work/deb.log" >&2; exit 1; }
  rm -f "$out"/clockblock_*.deb "$out"/clockblock-*_*.deb
  mv "$work"/*.deb "$out"
}

# What was built for the packages serves here too: a program finds its plugins from where it is itself.
make_tarball() {
  local objects stage folder
  folder=$name-linux-$(uname -m)
  stage=$work/stage
  objects=$(find "$tree" -maxdepth 1 -name 'obj-*' -print -quit)
  if [ -z "$objects" ]; then
    objects=$tree/obj
    cmake -G Ninja -S "$tree" -B "$objects" -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib \
      -DCLOCKBLOCK_TESTS=OFF >/dev/null
    cmake --build "$objects" >/dev/null
  fi
  DESTDIR=$stage cmake --install "$objects" --strip >/dev/null
  # Where the packages want the service of the machine may be /lib: here it is with the other one.
  [ ! -d "$stage/lib" ] || { cp -r "$stage/lib" "$stage/usr" && rm -r "${stage:?}/lib"; }
  mv "$stage"/usr/* "$stage"
  rmdir "$stage/usr"
  cp packaging/install.sh "$stage"
  (cd "$stage" && find . ! -type d -printf '%P\0' | pack "$out/$folder.tar.gz" "$folder")
}

# What was made of other versions: who installs all that lies here wants one.
remove_others() {
  find "$out" -maxdepth 1 \( \
    -name 'clockblock-[0-9]*.tar.gz' ! -name "$name.tar.gz" ! -name "$name-linux-*" -o \
    \( -name 'clockblock_*.deb' -o -name 'clockblock-*_*.deb' \) ! -name "*_$version-*" \) -delete
}

case "$what" in
  deb | all) packaging/dependencies.sh --package ;;
  tarball) ! command -v apt-get >/dev/null || packaging/dependencies.sh ;;
esac
mkdir -p "$out"
remove_others
export_tree
case "$what" in deb | all) make_debs ;; esac
case "$what" in tarball | all) make_tarball ;; esac
rm -rf "$work"
echo "$out:"
find "$out" -maxdepth 1 \( -name '*.deb' -o -name '*.tar.gz' \) -printf '  %f\n' | sort
