#!/usr/bin/env bash
# Renders a report in headless Chromium: light, dark and as wide as a phone. Fails when the browser
# reports an error, when a table or figure whose file lies beside the report is not on the page, or
# when a picture stays empty. Prints the screenshots' paths. Seconds; ends with 77 without a browser.
#   scripts/check_report.sh <directory with report.html> [directory for screenshots]
set -euo pipefail

if [[ $# -lt 1 || $# -gt 2 ]]; then
  echo "usage: scripts/check_report.sh <directory with report.html> [directory for screenshots]" >&2
  exit 2
fi
report=$(cd "$1" && pwd)
shots=${2:-$report/screenshots}
[[ -f $report/report.html ]] || { echo "error: there is no $report/report.html" >&2; exit 2; }

browser=""
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  browser=$(command -v "$name" || true)
  [[ -z $browser ]] || break
done
if [[ -z $browser ]]; then
  echo "there is no Chromium here: the report was not rendered"
  exit 77
fi

mkdir -p "$shots"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
page="file://$report/report.html"
failed=0

fail() {
  echo "FAIL: $*" >&2
  failed=1
}

# render <name> <arguments>: runs the browser on the page; its console goes to $work/<name>.log.
render() {
  local name=$1
  shift
  timeout 120 "$browser" --headless=new --no-sandbox --disable-gpu --hide-scrollbars --no-first-run \
    --disable-dev-shm-usage --user-data-dir="$work/profile" --enable-logging=stderr "$@" "$page" \
    >"$work/$name.out" 2>"$work/$name.log" || fail "$name: the browser ended with $?"
  if grep -E ':CONSOLE(:|\()' "$work/$name.log" >&2; then fail "$name: the browser's console is not empty"; fi
}

render dom --dump-dom
page_text=$work/dom.out
shopt -s nullglob
count=0
for csv in "$report"/data/*.csv; do
  count=$((count + 1))
  grep -q "href=\"./data/$(basename "$csv")\"" "$page_text" || fail "data/$(basename "$csv") is not on the page"
done
for svg in "$report"/figures/*.svg; do
  title=$(grep -o -m1 'aria-labelledby="[^" ]*' "$svg" | cut -d'"' -f2)
  grep -q "id=\"$title\"" "$page_text" || fail "figures/$(basename "$svg") is not on the page"
done
figures=$(grep -o '<svg ' "$page_text" | wc -l)
files=("$report"/figures/*.svg)
[[ $figures -eq ${#files[@]} ]] || fail "$figures figures on the page, ${#files[@]} files of them"
tables=$(grep -o '<table>' "$page_text" | wc -l)

# shot <name> <width> <height> <arguments>: a picture of one colour compresses to less than 1/500.
shot() {
  local name=$1 width=$2 height=$3
  shift 3
  render "$name" --window-size="$width,$height" --screenshot="$shots/$name.png" "$@"
  local bytes
  bytes=$(stat -c %s "$shots/$name.png" 2>/dev/null || echo 0)
  [[ $bytes -gt $((width * height / 500)) ]] || fail "$name.png is empty ($bytes bytes)"
  echo "$shots/$name.png"
}
shot light 1280 9000
shot dark 1280 9000 --blink-settings=preferredColorScheme=0
shot phone 500 14000

if [[ $failed -eq 0 ]]; then
  echo "ok: $tables tables and $figures figures, $count files of data"
fi
exit "$failed"
