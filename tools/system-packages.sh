#!/bin/sh
# Install the Debian packages that are named and missing; say so where that is not allowed.
# PACKAGE:PROGRAM is not missing where the program is there, however it came.
set -eu
# Debian keeps a PostgreSQL server's programs beside the PATH, by their version.
for programs in /usr/lib/postgresql/*/bin; do PATH=$PATH:$programs; done
missing=""
for wanted in "$@"; do
    package=${wanted%%:*} program=${wanted#*:}
    [ "$program" = "$wanted" ] || ! command -v "$program" >/dev/null || continue
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null || { echo "missing:$missing (this is not Debian: install them by its own means)" >&2; exit 1; }
if [ "$(id -u)" = 0 ]; then root=""; elif sudo -n true 2>/dev/null; then root="sudo"; else
    echo "missing:$missing; run: apt-get install$missing" >&2
    exit 1
fi
echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
# shellcheck disable=SC2086 # a list of words
if ! { $root apt-get update -qq && $root apt-get install -qq -y --no-install-recommends $missing; } >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
rm -f "$log"
