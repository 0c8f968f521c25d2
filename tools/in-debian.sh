#!/bin/sh
# Run a command in a fresh clone of this commit, in a clean Debian: in-debian.sh SUITE COMMAND…
# Needs root and debootstrap. The Debian system is made once, in .cache/roots, with Python, make, git and certificates and
# nothing else. Each run sees it as it was made: what a run writes goes into an overlay that is thrown away.
# Package sources, certificates, and the settings of pip, npm, Go and Maven are this machine's.
set -eu
suite=$1
shift
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "in-debian.sh needs root" >&2; exit 1; }
tools/system-packages.sh debootstrap:debootstrap
roots=$PWD/.cache/roots root=$PWD/.cache/roots/$suite
mkdir -p "$roots"
if ! [ -e "$root.ready" ]; then
    rm -rf "$root"
    mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources 2>/dev/null | grep -oE 'https?://[^ ]+' | grep -vE 'security|#' | grep -E 'debian/?$' | head -n 1)
    # An old debootstrap does not know the newest suites; they are made as unstable is.
    script=/usr/share/debootstrap/scripts/$suite
    [ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid
    debootstrap --variant=minbase --include=python3,make,git,ca-certificates "$suite" "$root" "$mirror" "$script" >"$root.log" 2>&1 ||
        { tail -n 20 "$root.log" >&2; exit 1; }
    touch "$root.ready"
fi
export root suite
exec unshare --mount --propagation private sh -eu -c '
    work=$(mktemp -d)
    mount -t tmpfs tmpfs "$work"
    mkdir "$work/upper" "$work/work" "$work/root"
    mount -t overlay overlay -o "lowerdir=$root,upperdir=$work/upper,workdir=$work/work" "$work/root"
    new=$work/root
    for each in proc dev dev/pts dev/shm; do mkdir -p "$new/$each"; mount --bind "/$each" "$new/$each"; done
    # With the security updates that this machine has: an old browser is not what people use.
    if grep -q "VERSION_CODENAME=$suite" /etc/os-release; then
        cp -r /etc/apt/sources.list* "$new/etc/apt/"
    fi
    cp /etc/resolv.conf /etc/hosts "$new/etc/" 2>/dev/null || true
    cp -r /etc/apt/apt.conf.d/. "$new/etc/apt/apt.conf.d/"
    rm -f "$new"/etc/apt/apt.conf.d/*docker*
    [ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$new/etc/"
    [ ! -d /usr/local/share/ca-certificates ] || cp -r /usr/local/share/ca-certificates "$new/usr/local/share/"
    cp /etc/ssl/certs/ca-certificates.crt "$new/etc/ssl/certs/"
    chroot "$new" update-ca-certificates >/dev/null  # Java takes its certificates from the files that this makes
    for each in .npmrc .config/go/env .m2/settings.xml; do
        [ ! -e "$HOME/$each" ] || install -D "$HOME/$each" "$new/root/$each"
    done
    git clone --quiet --no-local . "$new/root/clone"
    export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
    status=0
    chroot "$new" sh -c "cd /root/clone && exec \"\$@\"" sh "$@" || status=$?
    exit $status
' sh "$@"
