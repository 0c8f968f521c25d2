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
# Another apt-get is waited for. Connections drop, and mirrors change between the two commands: it is tried three times.
options="-qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300"
for pause in 5 20 0; do
    # shellcheck disable=SC2086 # lists of words
    if { $root apt-get $options update && $root apt-get $options install -y --no-install-recommends $missing; } >"$log" 2>&1; then
        rm -f "$log"
        exit 0
    fi
    sleep $pause
done
cat "$log" >&2
exit 1
