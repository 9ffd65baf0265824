#!/usr/bin/env bash
# Compiles every CUDA kernel for every chip that the toolkit knows among sm_75 ... sm_120, prints the
# registers and the shared memory of each kernel on Hopper, and fails where one spills registers or
# keeps a stack in local memory. Then links the programs that gpu_check.sh runs. Needs no GPU; about
# three minutes of one core. Without nvcc it says so and ends with 0.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

nvcc=$(command -v nvcc || true)
[[ -n $nvcc || ! -x /usr/local/cuda/bin/nvcc ]] || nvcc=/usr/local/cuda/bin/nvcc
if [[ -z $nvcc ]]; then
  echo "nvcc is absent: the CUDA kernels were not compiled"
  exit 0
fi

out=build/cuda
mkdir -p "$out"
# 1675, 554: notes of nvcc's front end on pragmas and conversions of the CPU's headers.
flags=(-std=c++20 -O3 -fmad=false -Iinclude -Ikernels -I. -Xcompiler -ffp-contract=off -diag-suppress 1675,554)
hopper=(-gencode arch=compute_90a,code=sm_90a)

known=$("$nvcc" --list-gpu-code)
others=()
for chip in 75 80 100 120; do
  if grep -qx "sm_$chip" <<<"$known"; then
    others+=(-gencode "arch=compute_$chip,code=sm_$chip")
  fi
done

# One line per kernel: chip, registers, static shared bytes, stack, spill stores, spill loads, name.
kernels() {
  awk '
    /Compiling entry function/ { split($0, q, "\047"); name = q[2]; chip = q[4] }
    /bytes stack frame/ { stack = $1; stores = $5; loads = $9 }
    /Used [0-9]+ registers/ {
      match($0, /Used [0-9]+/); registers = substr($0, RSTART + 5, RLENGTH - 5)
      shared = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART, RLENGTH - 11) : 0
      print chip, registers, shared, stack, stores, loads, name
    }' "$1" | c++filt | sed -E 's/void roste::cuda::detail:://; s/roste:://g; s/cuda:://g; s/\(.*//'
}

compile() {  # <log> <nvcc arguments>: the log keeps what ptxas says
  local log=$1
  shift
  if ! "$nvcc" "${flags[@]}" "$@" >"$log" 2>&1; then
    grep -E 'error|warning' "$log" >&2 || cat "$log" >&2
    echo "error: nvcc failed; its words are in $log" >&2
    exit 1
  fi
}

compile "$out/sm_90a.log" "${hopper[@]}" -Xptxas -v -c tests/cuda/gpu/instances.cu -o "$out/instances.o"
compile "$out/others.log" "${others[@]}" -Xptxas -v -fatbin tests/cuda/gpu/instances.cu -o "$out/instances.fatbin"
cat "$out/sm_90a.log" "$out/others.log" >"$out/all.log"

echo "sm_90a: registers, static shared bytes, kernel"
kernels "$out/sm_90a.log" | awk '{ r = $2; s = $3; $1 = $2 = $3 = $4 = $5 = $6 = ""; sub(/^ +/, "");
                                   printf "%4d %6d  %s\n", r, s, $0 }' | sort -k3
kernels "$out/all.log" >"$out/kernels.txt"
echo "$(wc -l <"$out/kernels.txt") kernels on $(cut -d' ' -f1 "$out/kernels.txt" | sort -u | tr '\n' ' ')"

spills=$(awk '$4 + $5 + $6 > 0' "$out/kernels.txt")
if [[ -n $spills ]]; then
  echo "error: kernels with a stack or with spills (chip, registers, shared, stack, stores, loads):" >&2
  echo "$spills" >&2
  exit 1
fi

for source in tests/cuda/gpu/parity tests/cuda/gpu/products benchmarks/cuda/cuda_bench; do
  program=$(basename "$source")
  compile "$out/$program.log" "${hopper[@]}" -c "$source.cu" -o "$out/$program.o"
done
compile "$out/link.log" "${hopper[@]}" "$out/parity.o" "$out/products.o" -o "$out/gpu_parity" -lcublasLt
compile "$out/link.log" "${hopper[@]}" "$out/cuda_bench.o" -o "$out/cuda_bench" -lcublasLt
echo "no spills, no local memory; gpu_parity and cuda_bench link"
