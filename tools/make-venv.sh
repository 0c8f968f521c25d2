#!/bin/sh
# Make a virtual environment without pip (installing.py gets uv): make-venv.sh FOLDER PYTHON
set -eu
folder=$1 python=$2
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$python is older than 3.11; give another: make PYTHON=python3.12" >&2; exit 1; }
# A bare Debian trusts nobody.
[ ! -e /etc/debian_version ] || [ -e /etc/ssl/certs/ca-certificates.crt ] || "$(dirname "$0")/system-packages.sh" ca-certificates
"$python" -m venv --without-pip "$folder"
