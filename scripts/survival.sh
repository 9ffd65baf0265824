#!/usr/bin/env bash
# Kills a tiny training with SIGKILL at random moments, resumes it, and compares what is left with a
# run that nobody disturbed: scripts/survival.sh [kills] [seed]. docs/survival.md has a result.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

kills=${1:-1000}
seed=${2:-1}
[[ -d build/release ]] || cmake --preset release >/dev/null
cmake --build build/release --target reference_trainer kill_campaign >/dev/null

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
status=0
build/release/tests/kill_campaign build/release/reference_trainer/reference_trainer \
  "$directory" "$kills" "$seed" || status=$?
echo "$SECONDS seconds, seed $seed"
exit $status
