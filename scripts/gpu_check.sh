#!/usr/bin/env bash
# Where there is an NVIDIA GPU: builds the CUDA programs for it, compares every verb's bits with
# roste::cpu, times the verbs beside a copy, and writes docs/gpu-results.md with date, driver and chip.
# About ten minutes, most of it nvcc; 12 GB of device memory. Without a GPU: one line, and it ends with 1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! chip=$(nvidia-smi --query-gpu=name,compute_cap,driver_version --format=csv,noheader 2>/dev/null | head -n1) ||
   [[ -z $chip ]]; then
  echo "gpu_check.sh: there is no GPU here (nvidia-smi lists none); nothing was run" >&2
  exit 1
fi
nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
if [[ ! -x $nvcc ]]; then
  echo "gpu_check.sh: there is a GPU ($chip), but no nvcc to build for it" >&2
  exit 1
fi

IFS=, read -r name capability driver <<<"${chip//, /,}"
architecture=${capability/./}
[[ $architecture == 90 ]] && architecture=90a
out=build/cuda
mkdir -p "$out"
flags=(-std=c++20 -O3 -fmad=false -Iinclude -Ikernels -I. -Xcompiler -ffp-contract=off -diag-suppress 1675,554
       -gencode "arch=compute_$architecture,code=sm_$architecture")

"$nvcc" "${flags[@]}" tests/cuda/gpu/parity.cu tests/cuda/gpu/products.cu -o "$out/gpu_parity" -lcublasLt
"$nvcc" "${flags[@]}" benchmarks/cuda/cuda_bench.cu -o "$out/cuda_bench" -lcublasLt

status=0
"$out/gpu_parity" >"$out/parity.txt" || status=$?
grep -v '^ok' "$out/parity.txt" || true
"$out/cuda_bench" >"$out/bench.md"

{
  echo "# Results on a GPU"
  echo
  echo "Written by \`scripts/gpu_check.sh\` on $(date -u +%Y-%m-%d): $name, compute capability $capability,"
  echo "driver $driver, $("$nvcc" --version | grep -o 'release [0-9.]*')."
  echo
  echo "## Bits: device against CPU"
  echo
  echo '```'
  cat "$out/parity.txt"
  echo '```'
  echo
  echo "## Speed: medians of 15 runs"
  echo
  cat "$out/bench.md"
} >docs/gpu-results.md
echo "wrote docs/gpu-results.md"
exit "$status"
