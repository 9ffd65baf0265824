#!/usr/bin/env bash
# Compares the codes and fake-quantized values of all 2^32 floats, by every instruction set of this
# processor, with the scalar definition. About ten minutes on one core; not part of the test suite,
# which checks every exponent and everything next to a tie.
#   scripts/exhaustive_codes.sh [compiler]
set -euo pipefail
cd "$(dirname "$0")/.."
compiler=${1:-${CXX:-g++}}
mkdir -p build/exhaustive
"$compiler" -std=c++20 -O3 -march=native -fno-math-errno -Iinclude -I. \
  tests/exhaustive/exhaustive_codes.cpp -o build/exhaustive/exhaustive_codes
exec build/exhaustive/exhaustive_codes
