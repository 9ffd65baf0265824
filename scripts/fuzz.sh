#!/usr/bin/env bash
# Mutates what comes from strangers: builds the fuzz targets with clang and libFuzzer and runs them.
#   scripts/fuzz.sh [--fast] [TARGET|all] [RUNS]     default: all, 20000 executions of each
# --fast leaves the address sanitizer out (preset fuzz-fast), for long runs. In build/asan/fuzz (with
# --fast, build/fuzz-fast/fuzz): what a run learns stays in corpus/TARGET, its log in logs, and an input
# that is a finding in findings/TARGET: fix the code, then keep the input in
# tests/fuzz/regressions/TARGET.
# Prints a table; ends with 1 where there is a finding, and with 77 ("skipped") without clang.
# Cost: a minute or two to build on two cores, then some thousand executions a second.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=fuzz build=build/asan
if [[ ${1:-} == --fast ]]; then
  preset=fuzz-fast build=build/fuzz-fast
  shift
fi
wanted=${1:-all}
runs=${2:-20000}

# Targets, and the longest input of each in bytes.
declare -A longest=([safetensors]=1024 [index]=1024 [manifest]=1024 [packed]=512 [import]=512
  [config]=2048 [coded]=512 [tokenizer_file]=4200 [tokenize]=256 [jsonl]=1024)
targets=(safetensors index config tokenizer_file tokenize jsonl manifest packed import coded)
if [[ $wanted != all ]]; then
  if [[ -z ${longest[$wanted]:-} ]]; then
    echo "error: no target $wanted; there are all ${targets[*]}" >&2
    exit 2
  fi
  targets=("$wanted")
fi

if ! echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' |
  clang++ -fsanitize=fuzzer -x c++ - -o /dev/null 2>/dev/null; then
  echo "skipped: fuzzing needs clang++ with libFuzzer (Debian: clang libclang-rt-14-dev)"
  exit 77
fi

cmake --fresh --preset "$preset" >&2
cmake --build "$build" --target "${targets[@]/#/fuzz_}" >&2

TMPDIR=$(mktemp -d -p "$([[ -w /dev/shm ]] && echo /dev/shm || echo "${TMPDIR:-/tmp}")" roste_fuzz_XXXXXX)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# The number behind $2 in the log $1, of its last line with one; 0 where there is none.
number() {
  grep -ao "$2 *[0-9]*" "$1" | tail -n 1 | grep -o '[0-9]*$' || echo 0
}

printf '%-15s %12s %8s %9s %9s  %s\n' target executions seconds edges features findings
status=0
for target in "${targets[@]}"; do
  corpus=$build/fuzz/corpus/$target findings=$build/fuzz/findings/$target log=$build/fuzz/logs/$target.log
  mkdir -p "$corpus" "$findings" "${log%/*}"
  inputs=("$corpus" "tests/fuzz/corpus/$target")
  [[ -d tests/fuzz/regressions/$target ]] && inputs+=("tests/fuzz/regressions/$target")
  options=(-runs="$runs" -max_len="${longest[$target]}" -malloc_limit_mb=64 -rss_limit_mb=512 -timeout=5
    -artifact_prefix="$findings/" -print_final_stats=1)
  [[ -f tests/fuzz/$target.dict ]] && options+=(-dict="tests/fuzz/$target.dict")
  begin=$SECONDS
  result=0
  UBSAN_OPTIONS=print_stacktrace=1 "$build/tests/fuzz/fuzz_$target" "${options[@]}" "${inputs[@]}" \
    >"$log" 2>&1 || result=1
  found=none
  if [[ $result -ne 0 ]]; then
    found="1, see $log"
    status=1
  fi
  printf '%-15s %12s %8s %9s %9s  %s\n' "$target" "$(number "$log" number_of_executed_units:)" \
    $((SECONDS - begin)) "$(number "$log" cov:)" "$(number "$log" ft:)" "$found"
done
exit $status
