#!/usr/bin/env bash
# Lines and branches that tests run, of the scalar core of the library and of what reads files that
# came from strangers. Builds with counters (some 100 files, without optimisation) and runs four test
# programs; needs gcovr. The table is the one of docs/coverage.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

programs=(base_tests io_tests data_tests library_tests)
if [[ $# -gt 0 ]]; then
  programs=("$@")
fi

cmake --preset coverage >&2
cmake --build --preset coverage -j2 --target "${programs[@]}" >&2
find build/coverage -name '*.gcda' -delete
for program in "${programs[@]}"; do
  "build/coverage/tests/$program" --gtest_brief=1 >&2
done

# Branches into the clean-up of exceptions are the compiler's, not the program's.
gcovr --root . --exclude-throw-branches --exclude-unreachable-branches \
  --filter include/roste/core/ \
  --filter 'reference_trainer/base/(error|utf8)' \
  --filter 'reference_trainer/io/(safetensors|json|config|model_config_reader|neox_config|gguf)' \
  --filter 'reference_trainer/data/(tokenizer|vocabulary_files|token_decoder|json_cursor|line_reader|sft_dataset|chat_template|utf8|unchanged_file)' \
  --exclude '.*_writer\.cpp' --exclude 'reference_trainer/io/safetensors_stream' \
  --exclude 'reference_trainer/data/.*_file\.h' build/coverage "${GCOVR_FLAGS:---txt}"
