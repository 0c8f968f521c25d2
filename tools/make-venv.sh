#!/bin/sh
# Make a virtual environment with a pip that knows dependency groups: make-venv.sh FOLDER PYTHON
set -eu
folder=$1 python=$2
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$python is older than 3.11; give another: make PYTHON=python3.12" >&2; exit 1; }
if ! "$python" -m venv "$folder" >/dev/null 2>&1; then
    rm -rf "$folder"
    # Debian keeps this part of Python in a package of its own.
    "$(dirname "$0")/system-packages.sh" python3-venv ca-certificates
    "$python" -m venv "$folder"
fi
