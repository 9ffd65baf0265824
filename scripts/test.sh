#!/usr/bin/env bash
# Checks the formatting where clang-format is installed, builds and runs every test, runs part of the
# tests under sanitizers and every fuzz target for a moment where clang is (ROSTE_SANITIZE=off leaves
# that out), and prints "N passed, N failed, N skipped". Ends non-zero when any of them fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

formatting=0
if command -v clang-format >/dev/null; then
  mapfile -d '' -t sources < <(find include reference_trainer kernels examples benchmarks tests \
    \( -name '*.h' -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh' \) -print0)
  clang-format --dry-run -Werror "${sources[@]}" || formatting=$?
else
  echo "clang-format is not installed: formatting was not checked" >&2
fi

scripts/build.sh >/dev/null

results=build/release/test_results.xml
rm -f "$results"
status=0
ctest --test-dir build/release --output-on-failure --no-tests=error -j2 --output-junit "$PWD/$results" || status=$?

if [[ ! -s $results ]]; then
  echo "error: ctest wrote no results to $results" >&2
  exit 1
fi

# The <testsuite> element of JUnit's format counts its tests in attributes.
count() {
  grep -o -m1 "$1=\"[0-9]*\"" "$results" | tr -dc '0-9'
}
tests=$(count tests)
failed=$(count failures)
skipped=$(($(count skipped) + $(count disabled)))

# Under sanitizers: 0, 1 for a finding, 77 where clang is absent and cannot be installed.
checks=0
run_checks() {
  scripts/install_dependencies.sh --checks || true
  scripts/sanitize.sh all quick 2>build/sanitize.log || return $?
  scripts/fuzz.sh all 20000 2>build/fuzz.log
}
if [[ ${ROSTE_SANITIZE:-on} == off ]]; then
  echo "sanitizers and fuzz targets: skipped, ROSTE_SANITIZE=off"
else
  run_checks || checks=$?
  case $checks in
    0) echo "sanitizers and fuzz targets: clean" ;;
    77) echo "sanitizers and fuzz targets: skipped" ;;
    *) echo "error: sanitizers or fuzz targets: a finding above, or a build that failed (build/sanitize.log, build/fuzz.log)" >&2 ;;
  esac
fi

echo "$((tests - failed - skipped)) passed, $failed failed, $skipped skipped"
if [[ $formatting -ne 0 ]]; then
  echo "error: the formatting differs from .clang-format; run clang-format -i on the files above" >&2
fi
[[ $status -eq 0 && $formatting -eq 0 && ($checks -eq 0 || $checks -eq 77) ]]
