#!/usr/bin/env bash
# Installs the Debian or Ubuntu packages that the build needs; with --checks, those of
# scripts/sanitize.sh and scripts/fuzz.sh, too. Cost: nothing when all are there, else about a minute
# and 300 MB of downloads.
set -euo pipefail

packages=(
  g++ cmake ninja-build       # compiler (C++20) and build
  libeigen3-dev               # matrix products
  libcli11-dev libyaml-cpp-dev nlohmann-json3-dev libxxhash-dev  # command line, recipes, files
  libutf8proc-dev             # tokenizers: Unicode categories and composed form
  libgtest-dev libgmock-dev libbenchmark-dev                     # tests and benchmarks
  doxygen pkgconf                                                # tests: the API reference, a consumer
)

if [[ ${1:-} == --checks ]]; then
  packages+=(clang libclang-rt-14-dev)        # Debian 12: sanitizers and libFuzzer
fi

if ! command -v dpkg-query >/dev/null; then
  echo "note: this is not a Debian system; its own packages for these must be installed: ${packages[*]}" >&2
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null || true)
  [[ $status == ii* ]] || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  exit 0
fi

if [[ $(id -u) -eq 0 ]]; then
  as_root=()
elif command -v sudo >/dev/null; then
  as_root=(sudo)
else
  echo "error: missing packages: ${missing[*]}" >&2
  echo "This script needs root or sudo to install them; ask your administrator for:" >&2
  echo "  apt-get install ${missing[*]}" >&2
  exit 1
fi

echo "installing: ${missing[*]}" >&2
"${as_root[@]}" apt-get update -q >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
