#!/bin/sh
# Brings .venv, or the environment in the folder $2, to exactly what the file $1 pins (hashes checked), from whatever index this machine is set up to use:
# uv is told pip's index and certificate; where uv cannot reach it, pip itself does the work, more slowly.
set -eu
bin=.venv/bin
into=${2:-.venv}/bin
asked_of_pip() { "$bin/pip" config get "global.$1" 2>/dev/null || true; }
index=${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-${PIP_INDEX_URL:-$(asked_of_pip index-url)}}}
if [ -n "$index" ]; then export UV_DEFAULT_INDEX="$index"; fi
certificate=${SSL_CERT_FILE:-${PIP_CERT:-$(asked_of_pip cert)}}
if [ -n "$certificate" ]; then export SSL_CERT_FILE="$certificate"; fi
"$bin/uv" pip sync --quiet --python "$into/python" --require-hashes "$1" && exit 0
echo "uv could not install $1; trying pip." >&2
"$into/python" -m pip install --quiet --require-hashes -r "$1"
