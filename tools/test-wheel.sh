#!/bin/sh
# Build once, and test the built wheel, never the checkout: test-wheel.sh PYTHON [PYTEST ARGUMENTS]
# The oldest and the newest Python that are supported come first, where this machine has them; then the one given, with
# the oldest dependencies that pyproject.toml allows; then the one given with the newest, and with all tests.
set -eu
own=$1
shift
cache=.cache
mkdir -p "$cache"
rm -rf "$cache/dist"
"$own" -m build --outdir "$cache/dist" . >"$cache/build.log" 2>&1 || { cat "$cache/build.log" >&2; exit 1; }
wheel=$(ls "$cache"/dist/*.whl)
"$own" tools/oldest.py >"$cache/oldest.txt"

# find_python VERSION: the Python of that version, or nothing
find_python() {
    for python in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1."*/bin/python3; do
        if "$python" -c "" 2>/dev/null; then echo "$python" && return; fi
    done
}

# try ENVIRONMENT PYTHON MARKS CONSTRAINTS [PYTEST ARGUMENTS]
try() {
    env="$cache/$1" python=$2 chosen=$3 constraints=$4
    shift 4
    [ -x "$env/bin/python" ] || {
        tools/make-venv.sh "$env" "$python"
        "$env/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
    }
    pip="$env/bin/python -m pip install --quiet --disable-pip-version-check --constraint $constraints"
    [ "$env/.ready" -nt pyproject.toml ] || {
        $pip "$wheel[all]" --group test
        touch "$env/.ready"
    }
    $pip "$wheel[all]"
    $pip --no-deps --force-reinstall "$wheel"
    echo "testing $(basename "$wheel") in $env, with $("$env/bin/python" --version)"
    MAILMART_PRIVACY_TEST_WHEEL=1 "$env/bin/python" -m pytest --numprocesses auto -m "$chosen" "$@"
}

own_version=$("$own" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if [ -z "${ONLY_OWN_PYTHON:-}" ]; then
    # What takes long (kills, races, faults) says the same on every Python; once will do.
    for version in 3.11 3.13; do
        other=$(find_python "$version")
        [ "$version" != "$own_version" ] && [ -n "$other" ] || continue
        try "test-$version" "$other" "not slow" /dev/null "$@"
    done
    try test-oldest "$own" "not slow" "$cache/oldest.txt" "$@"
fi
try "test-$own_version" "$own" "" /dev/null "$@"
