#!/usr/bin/env bash
# Renders the API reference of include/roste into build/docs/html and prints the path of its first
# page. Installs Doxygen where it is missing. Cost: seconds. Any warning ends it non-zero.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v doxygen >/dev/null; then
  as_root=()
  if [[ $(id -u) -ne 0 ]]; then as_root=(sudo); fi
  if ! command -v apt-get >/dev/null || { [[ ${#as_root[@]} -gt 0 ]] && ! command -v sudo >/dev/null; }; then
    echo "error: doxygen is missing; install the package doxygen with this system's own tools" >&2
    exit 1
  fi
  "${as_root[@]}" apt-get update -q >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends doxygen >&2
fi

mkdir -p build/docs
doxygen docs/Doxyfile >&2
echo "$PWD/build/docs/html/index.html"
