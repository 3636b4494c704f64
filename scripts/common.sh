# shellcheck shell=bash
# What the scripts share; sourced, not run. Expects `set -euo pipefail`.

name=scripts/${0##*/}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cores=$(nproc)
# Clones of this project in other folders have the same objects.
export CCACHE_BASEDIR=${CCACHE_BASEDIR-$root} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR-1}
# Without it, nothing that is compiled with a precompiled header is kept.
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS-pch_defines,time_macros}

# usageError <message>: the one line that a wrong argument gets.
usageError() {
  echo "$name: $1 (see $0 --help)" >&2
  exit 2
}

say() { echo "$name: $1"; }

# quietly <what> <command...>: shows the command's output only when it fails.
quietly() {
  local what=$1 log status=0
  shift
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if ((status != 0)); then
    cat "$log" >&2
    echo "$name: $what failed with status $status" >&2
  fi
  rm -f "$log"
  return "$status"
}

# configure <preset> [<cmake argument>...]. A compiler cache is used where there is one; CMake takes
# these variables up when a build folder is new and leaves older ones alone.
configure() {
  local preset=$1
  shift
  if command -v ccache >/dev/null; then
    export CMAKE_C_COMPILER_LAUNCHER=${CMAKE_C_COMPILER_LAUNCHER-ccache}
    export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache}
  fi
  cmake -S "$root" --preset "$preset" "$@"
}

# build <preset> [<target>...]
build() {
  local preset=$1
  shift
  local targets=()
  if (($# > 0)); then targets=(--target "$@"); fi
  cmake --build "$root/build/$preset" --parallel "$cores" "${targets[@]}"
}
