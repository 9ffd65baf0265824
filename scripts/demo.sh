#!/usr/bin/env bash
# The paper's comparison from nothing: builds, pre-trains a small Pythia-style model on the built-in
# task, and runs the methods at 3 and at 4 bits into out/demo. Ends with the table and the path of the
# report. Cost: 10 minutes on 2 cores that do other work besides, 3 to 4 of them for the build.
#   scripts/demo.sh            goes on where an interrupted run of it stopped
#   scripts/demo.sh --fresh    removes an earlier out/demo of this script first
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

demo=out/demo
made_by="$demo/.made-by-demo.sh"  # only a directory with this file is ever removed or continued

case "${1:-}" in
  "" | --fresh) ;;
  *)
    echo "usage: scripts/demo.sh [--fresh]" >&2
    exit 2
    ;;
esac
if [[ (-e $demo || -L $demo) && ! -f $made_by ]]; then
  echo "error: $demo was not made by this script and is left alone; move it away" >&2
  exit 2
fi
if [[ "${1:-}" == --fresh ]]; then
  rm -rf -- "$demo"
fi

start=$SECONDS
trainer=$(scripts/build.sh --target reference_trainer | tail -n 1)
built=$SECONDS

mkdir -p "$demo"
touch "$made_by"
"$trainer" reproduce --recipe scripts/recipes/demo.yaml \
  --cells pythia/base+sft+rtn+gptq+quarot_rtn+quarot_gptq+ste+complete+roste/W3A3KV3+W4A4KV4/1 \
  --output_dir "$demo/study"
finished=$SECONDS

echo "time: build $((built - start)) s, base model and methods $((finished - built)) s" >&2
echo "report: $demo/study/report.html" >&2
