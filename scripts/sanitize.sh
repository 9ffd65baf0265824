#!/usr/bin/env bash
# Builds tests with a sanitizer and clang (g++ takes five times as long for it) and runs them.
#   scripts/sanitize.sh [asan|tsan|all] [quick|full]      default: all quick
# asan: addresses, leaks and undefined behaviour; tsan: data races.
# quick: what reads foreign files and bytes (asan); the thread pool, how layers cut work into tasks,
#        and a training step (tsan). Some minutes on two cores.
# full:  every test program. The better part of an hour.
# Ends with 1 where there is a report, and with 77 ("skipped") without clang.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

which=${1:-all}
extent=${2:-quick}
if [[ ! $which =~ ^(asan|tsan|all)$ || ! $extent =~ ^(quick|full)$ ]]; then
  echo "usage: scripts/sanitize.sh [asan|tsan|all] [quick|full]" >&2
  exit 2
fi
if ! echo 'int main() {}' | clang++ -fsanitize=address -x c++ - -o /dev/null 2>/dev/null; then
  echo "skipped: the sanitizers need clang++ (Debian: clang libclang-rt-14-dev)"
  exit 77
fi

# A report ends the program that it is about, so that no test can pass with one.
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:allocator_may_return_null=1

# Tests of files wait for the disk at every fsync; where there is room, it need not be a disk.
if [[ $(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1) -gt 500000 ]]; then
  TMPDIR=$(mktemp -d -p /dev/shm roste_sanitize_XXXXXX)
  export TMPDIR
  chmod 755 "$TMPDIR"  # a test gives up its rights
  trap 'rm -rf "$TMPDIR"' EXIT
fi

status=0
check() { # preset test-program gtest-filter
  local log=build/$1/$2.log result=clean seconds=$SECONDS
  "build/$1/$2" --gtest_brief=1 --gtest_filter="$3" >"$log" 2>&1 || result="REPORT, see $log"
  [[ $result == clean ]] || status=1
  printf '%-5s %-28s %4s s  %s  %s\n' "$1" "${2##*/}" $((SECONDS - seconds)) \
    "$(grep -o '[0-9]* tests from' "$log" | tail -n 1 | grep -o '[0-9]*' || echo 0) tests" "$result"
}

quick() { # preset
  local programs=(base_tests io_tests data_tests sanitize/library_memory_tests) filter='*'
  if [[ $1 == tsan ]]; then
    programs=(sanitize/race_tests)
    filter='ThreadPool*:*Thread*'
  fi
  cmake --fresh --preset "$1" >&2
  cmake --build "build/$1" --target "${programs[@]##*/}" >&2
  local program
  for program in "${programs[@]}"; do check "$1" "tests/$program" "$filter"; done
}

full() { # preset
  cmake --fresh --preset "$1" >&2
  cmake --build "build/$1" >&2
  cmake --build "build/$1" --target library_memory_tests race_tests >&2
  ctest --preset "$1" --no-tests=error || status=1
}

presets=("$which")
[[ $which == all ]] && presets=(asan tsan)
for preset in "${presets[@]}"; do "$extent" "$preset"; done
exit $status
