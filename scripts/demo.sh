#!/usr/bin/env bash
# The paper's comparison from nothing: builds, makes the built-in task and its base model in
# out/demo/base, and runs every method of scripts/recipes/demo.yaml into out/demo/run.
#   scripts/demo.sh            refuses when out/demo exists
#   scripts/demo.sh --fresh    removes an earlier out/demo of this script first
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

demo=out/demo
made_by="$demo/.made-by-demo.sh"  # only a directory with this file is ever removed

case "${1:-}" in
  "") ;;
  --fresh)
    if [[ -e $demo && ! -f $made_by ]]; then
      echo "error: $demo was not made by this script and is left alone; move it away" >&2
      exit 2
    fi
    rm -rf -- "$demo"
    ;;
  *)
    echo "usage: scripts/demo.sh [--fresh]" >&2
    exit 2
    ;;
esac
if [[ -e $demo || -L $demo ]]; then
  echo "error: $demo exists; look at $demo/run, or start again with scripts/demo.sh --fresh" >&2
  exit 2
fi

start=$SECONDS
trainer=$(scripts/build.sh --target reference_trainer | tail -n 1)
built=$SECONDS

mkdir -p "$demo"
touch "$made_by"
model=$("$trainer" pretrain --output_dir "$demo/base" | tail -n 1)
pretrained=$SECONDS

"$trainer" run --model_name_or_path "$model" \
  --dataset "$demo/base/data/train.jsonl" --eval_dataset "$demo/base/data/test.jsonl" \
  --recipe scripts/recipes/demo.yaml --settings W3A3KV3,W4A4KV4 --output_dir "$demo/run"
finished=$SECONDS

echo "time: build $((built - start)) s, pretrain $((pretrained - built)) s, run $((finished - pretrained)) s" >&2
