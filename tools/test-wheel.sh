#!/bin/sh
# Build once, and test the built wheel, never the checkout: test-wheel.sh PYTHON [PYTEST ARGUMENTS]
# The oldest and the newest Python that are supported come first, where this machine has them; the one given comes last.
set -eu
own=$1
shift
cache=.cache
mkdir -p "$cache"
rm -rf "$cache/dist"
"$own" -m build --outdir "$cache/dist" . >"$cache/build.log" 2>&1 || { cat "$cache/build.log" >&2; exit 1; }
wheel=$(ls "$cache"/dist/*.whl)
own_version=$("$own" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
pythons=""
for version in 3.11 3.13; do
    [ "$version" != "$own_version" ] && [ -z "${ONLY_OWN_PYTHON:-}" ] || continue
    for python in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version."*/bin/python3; do
        if "$python" -c "" 2>/dev/null; then pythons="$pythons $python" && break; fi
    done
done
for python in $pythons "$own"; do
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    env="$cache/test-$version"
    [ -x "$env/bin/python" ] || {
        tools/make-venv.sh "$env" "$python"
        "$env/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
    }
    [ "$env/.ready" -nt pyproject.toml ] || {
        "$env/bin/python" -m pip install --quiet --disable-pip-version-check "$wheel[all]" --group test
        touch "$env/.ready"
    }
    "$env/bin/python" -m pip install --quiet --disable-pip-version-check "$wheel[all]"
    "$env/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall "$wheel"
    echo "testing $(basename "$wheel") on Python $version"
    # What takes long (kills, races, faults) says the same on every Python; once will do.
    [ "$python" = "$own" ] && chosen="" || chosen="not slow"
    MAILMART_PRIVACY_TEST_WHEEL=1 "$env/bin/python" -m pytest --numprocesses auto -m "$chosen" "$@"
done
