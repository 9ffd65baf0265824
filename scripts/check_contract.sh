#!/usr/bin/env bash
# Compares docs/contract.md with the tests: every case has one row, every row names a test or says in
# words why there is none, and every test that is named exists. Prints the counts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

table=${1:-docs/contract.md}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Suite.Name of every googletest, and the names that CMake gives.
find tests kernels examples -name '*.cpp' -exec cat {} + | tr '\n' ' ' |
  grep -oE '\b(TYPED_TEST|TEST|TEST_F|TEST_P)\( *[A-Za-z0-9_]+, *[A-Za-z0-9_]+ *\)' |
  sed -E 's/^[A-Z_]+\( *//; s/ *\)$//; s/, */./' >"$work/tests"
find tests examples -name CMakeLists.txt -exec cat {} + | grep -oE 'add_test\(NAME [A-Za-z0-9_.]+' |
  sed 's/.* //' >>"$work/tests"
find tests/library/compile_fail -maxdepth 1 -name '*.cpp' -exec basename {} .cpp \; |
  sed 's/^/must_not_compile./' >>"$work/tests"
sort -u "$work/tests" -o "$work/tests"

# What there are: "Cases: QN 24, RO 10, ..."
grep -m1 '^Cases: ' "$table" | sed 's/^Cases: //; s/\.$//' | tr ',' '\n' |
  while read -r group count; do
    for ((i = 1; i <= count; ++i)); do printf '%s-%02d\n' "$group" "$i"; done
  done | sort >"$work/wanted"
grep -oE '^\| [A-Z]{2}-[0-9]{2} \|' "$table" | tr -d '| ' | sort >"$work/found"

failures=0
fail() {
  echo "error: docs/contract.md: $1" >&2
  failures=$((failures + 1))
}

while read -r case; do fail "$case has no row"; done < <(comm -23 "$work/wanted" <(uniq "$work/found"))
while read -r case; do fail "$case is no case"; done < <(comm -13 "$work/wanted" <(uniq "$work/found"))
while read -r case; do fail "$case has two rows"; done < <(uniq -d "$work/found")

tested=0 excused=0 open=0
while IFS='|' read -r _ case names reason _; do
  case=${case// /}
  named=$(grep -oE '`[^`]+`' <<<"$names" | tr -d '`' || true)
  if [[ -z $named ]]; then
    [[ -n ${reason// /} ]] || fail "$case has neither a test nor a reason"
    if [[ $reason == " open:"* ]]; then open=$((open + 1)); else excused=$((excused + 1)); fi
    continue
  fi
  tested=$((tested + 1))
  while read -r name; do
    grep -qxF -- "$name" "$work/tests" || fail "$case names $name, which is no test"
  done <<<"$named"
done < <(grep -E '^\| [A-Z]{2}-[0-9]{2} \|' "$table")

echo "$(wc -l <"$work/wanted") cases: $tested tested, $excused not applicable, $open open"
[[ $failures -eq 0 ]]
