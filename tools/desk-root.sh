#!/bin/sh
# A root filesystem with a desk for a team, for a container or a machine of its own: desk-root.sh make|try [FOLDER]
#   make   make it in FOLDER (by default .cache/roots/desk), with mmdebstrap; needs root
#   try    start a desk in it as in a container, wait until /healthz is content, and end it
# The settings, the keys and what the desk stores come from outside: /etc/mailmart-desk and /var/lib/mailmart-desk.
set -eu
cd "$(dirname "$0")/.."
act=${1:-} root=${2:-$PWD/.cache/roots/desk}
[ "$(id -u)" = 0 ] || { echo "desk-root.sh needs root" >&2; exit 1; }

make_root() {
    tools/system-packages.sh mmdebstrap:mmdebstrap
    rm -rf "$root" "$root.ready"
    mkdir -p "$(dirname "$root")"
    # shellcheck disable=SC2016 # mmdebstrap fills in its hooks
    mmdebstrap --variant=minbase --include=python3,ca-certificates,tzdata \
        --customize-hook='chroot "$1" useradd --system --no-create-home desk' \
        --customize-hook='chroot "$1" useradd --system --no-create-home desk-checker' \
        --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*' \
        bookworm "$root" >"$root.log" 2>&1 || { tail -n 20 "$root.log" >&2; exit 1; }
    python=$(chroot "$root" python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    # What is installed stands in a lock file, with hashes; then this package, as a wheel.
    for part in "--require-hashes --requirement locks/server.txt" "$(make wheel | tail -n 1)"; do
        # shellcheck disable=SC2086 # options
        .venv/bin/uv pip install --quiet --no-deps --only-binary :all: --target "$root/opt/desk" --python-version "$python" $part
    done
    printf '#!/bin/sh\nPYTHONPATH=/opt/desk exec python3 -m mailmart_privacy "$@"\n' >"$root/usr/local/bin/mailmart-privacy"
    chmod 755 "$root/usr/local/bin/mailmart-privacy"
    mkdir -p "$root/etc/mailmart-desk" "$root/var/lib/mailmart-desk"
    touch "$root.ready"
    du -sh "$root" | cut -f 1
}

try_root() {
    [ -e "$root.ready" ] || make_root
    # What is written goes into memory; the processes see only each other.
    root=$root exec unshare --mount --pid --fork --kill-child --propagation private sh -eu -c '
        for each in /tmp /etc/mailmart-desk /var/lib/mailmart-desk; do mount -t tmpfs tmpfs "$root$each"; done
        chmod 1777 "$root/tmp"
        mount -t proc proc "$root/proc"
        mount --bind /dev "$root/dev"
        cat >"$root/etc/mailmart-desk/settings.toml" <<END
[desk]
folder = "/var/lib/mailmart-desk"
port = 18640
origin = "https://desk.example.com"
proxy = ["127.0.0.1"]
user = "desk"
checker-user = "desk-checker"
allow-self-signed = true
archive = "/var/lib/mailmart-desk/archive"
archive-key = "/var/lib/mailmart-desk/archive.key"
oidc-issuer = "https://id.example.com"
oidc-client-id = "desk"
END
        chroot "$root" mailmart-privacy --config /etc/mailmart-desk/settings.toml desk &
        desk=$!
        chroot "$root" python3 - <<END
import contextlib, pathlib, time, urllib.request
for left in reversed(range(120)):
    try:
        print(urllib.request.urlopen("http://127.0.0.1:18640/healthz", timeout=10).read().decode())
        break
    except OSError:
        if not left:
            raise SystemExit("the desk does not answer")
        time.sleep(0.5)

def find_processes():
    """The user and the network of each process, by its name."""
    found = {}
    for each in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            line = (each / "cmdline").read_bytes().split(b"\0")
            if b"-m" in line and b".desk." in line[line.index(b"-m") + 1]:
                name = line[line.index(b"-m") + 1].decode().rpartition(".")[2]
                found[name] = ((each / "status").read_text().split("Uid:")[1].split()[0], (each / "ns/net").readlink())
    return found
for left in reversed(range(120)):  # the checker gives up root when it has loaded all, before it takes a file
    users = find_processes()
    if not left or users.get("checker", ("0",))[0] != "0":
        break
    time.sleep(0.5)
assert set(users) == {"web", "keeper", "checker"}, users
assert users["web"] == users["keeper"], users
assert users["checker"][0] not in ("0", users["keeper"][0]), users
assert users["checker"][1] != users["keeper"][1], users
END
        kill "$desk"
        wait "$desk"
    '
}

case $act in
    make) make_root ;;
    try) try_root ;;
    *) echo "desk-root.sh make|try [FOLDER]" >&2; exit 2 ;;
esac
