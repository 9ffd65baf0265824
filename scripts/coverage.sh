#!/usr/bin/env bash
# Lines and branches that tests run, as docs/coverage.md has them: clang's own counters, which know no
# branches into the clean-up of exceptions.
#   scripts/coverage.sh core [TEST...]   include/roste/core by the library's tests; names of test files
#                                        (without .cpp) in the place of the list
#   scripts/coverage.sh readers          what reads files of the trainer, by base_, io_ and data_tests
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=$(clang++ -dumpversion | cut -d. -f1)

core() {
  local tests=(grid_golden_test grid_property_test packing_test packed_matrix_test spec_test hadamard_test
    hadamard_product_test signs_test number_types_test import_weights_test dispatch_test rotation_test acceptance_test
    quantize_test product_test measure_test)
  if [[ $# -gt 0 ]]; then
    tests=("$@")
  fi
  local flags=(-std=c++20 -O0 -fprofile-instr-generate -fcoverage-mapping -I include -I .
    "-DROSTE_SOURCE_DIR=\"$PWD\"" "-DROSTE_SHARED_DATA=\"\"")
  local work=build/core_coverage objects=() test
  mkdir -p "$work"
  rm -f "$work"/*
  for test in "${tests[@]}"; do
    objects+=("$work/$test.o")
    clang++ "${flags[@]}" -c "tests/library/$test.cpp" -o "$work/$test.o"
  done
  clang++ -fprofile-instr-generate "${objects[@]}" -o "$work/tests" -lgtest_main -lgmock -lgtest -lpthread
  LLVM_PROFILE_FILE=$work/raw "$work/tests" --gtest_brief=1 >&2
  "llvm-profdata-$version" merge "$work/raw" -o "$work/profile"
  "llvm-cov-$version" report "$work/tests" -instr-profile="$work/profile" include/roste/core
}

readers() {
  local work=build/coverage programs=(base_tests io_tests data_tests) program
  local files=(base/{error,utf8}.cpp
    io/{config_reader,config_rules,model_config_reader,neox_config,json,manifest,safetensors,safetensors_header,weight_files}.cpp
    data/{added_tokens,json_cursor,line_reader,sft_dataset,sft_dataset_encode,sft_dataset_rows}.cpp
    data/{token_cache_file,tokenizer_file,tokenizer_model_file,tokenizer_pieces_file,vocabulary_files}.cpp)
  cmake --fresh --preset coverage >&2
  cmake --build "$work" --target "${programs[@]}" >&2
  rm -f "$work"/*.raw
  for program in "${programs[@]}"; do
    LLVM_PROFILE_FILE=$work/$program.raw "$work/tests/$program" --gtest_brief=1 >&2
  done
  "llvm-profdata-$version" merge "$work"/*.raw -o "$work/profile"
  "llvm-cov-$version" report "$work/tests/base_tests" -object "$work/tests/io_tests" \
    -object "$work/tests/data_tests" -instr-profile="$work/profile" |
    awk -v names="${files[*]/#/reference_trainer/}" '
      BEGIN { count = split(names, name); for (i = 1; i <= count; ++i) wanted[name[i]] = 1
              printf "| file | lines | missed | branches | missed |\n|---|---|---|---|---|\n" }
      $1 in wanted { print "| " $1 " | " $8 " | " $9 " | " $11 " | " $12 " |"
                     ++found; lines += $8; less += $9; branches += $11; fewer += $12 }
      END { printf "| all | %d | %d (%.1f %%) | %d | %d (%.1f %%) |\n", lines, less, 100 - 100 * less / lines,
              branches, fewer, 100 - 100 * fewer / branches
            exit found != count }'
}

case ${1:-} in
  core) core "${@:2}" ;;
  readers) readers ;;
  *)
    sed -n 2,7p "$0" >&2
    exit 2
    ;;
esac
