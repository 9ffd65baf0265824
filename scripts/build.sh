#!/usr/bin/env bash
# Installs what is missing, builds the release preset, and prints the path of reference_trainer as the
# last line of stdout; everything else goes to stderr. Cost: a few minutes the first time, seconds after.
# Arguments go to the build: `scripts/build.sh --target reference_trainer` leaves tests out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install_dependencies.sh
cmake --preset release >&2
cmake --build --preset release "$@" >&2

binary="$PWD/build/release/reference_trainer/reference_trainer"
if [[ ! -x $binary ]]; then
  echo "error: the build left no program at $binary" >&2
  exit 1
fi
echo "$binary"
