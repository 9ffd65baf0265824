#!/usr/bin/env bash
# Lines and branches of include/roste/core that the library's tests run, as docs/coverage.md has them:
# clang's own counters, which know no branches into the clean-up of exceptions. Names of test files
# (without .cpp) may be given instead of the list.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tests=(grid_golden_test grid_property_test packing_test packed_matrix_test spec_test hadamard_test
  signs_test number_types_test import_weights_test dispatch_test rotation_test acceptance_test
  quantize_test product_test measure_test)
if [[ $# -gt 0 ]]; then
  tests=("$@")
fi
flags=(-std=c++20 -O0 -fprofile-instr-generate -fcoverage-mapping -I include -I .
  "-DROSTE_SOURCE_DIR=\"$PWD\"" "-DROSTE_SHARED_DATA=\"\"")
version=$(clang++ -dumpversion | cut -d. -f1)
work=build/core_coverage
mkdir -p "$work"
rm -f "$work"/*

objects=()
for test in "${tests[@]}"; do
  objects+=("$work/$test.o")
  clang++ "${flags[@]}" -c "tests/library/$test.cpp" -o "$work/$test.o"
done
clang++ -fprofile-instr-generate "${objects[@]}" -o "$work/tests" -lgtest_main -lgmock -lgtest -lpthread
LLVM_PROFILE_FILE=$work/raw "$work/tests" --gtest_brief=1 >&2
"llvm-profdata-$version" merge "$work/raw" -o "$work/profile"
"llvm-cov-$version" report "$work/tests" -instr-profile="$work/profile" include/roste/core
