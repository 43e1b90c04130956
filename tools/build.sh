#!/bin/sh
# Builds one CMake preset, quietly unless it fails: tools/build.sh wasm32-relaxed
set -eu
cd "$(dirname "$0")/.."
log=build/$1.log
mkdir -p build
[ -f "build/$1/build.ninja" ] || echo "build: configuring $1" >&2
if ! { cmake --preset "$1" && cmake --build --preset "$1"; } >"$log" 2>&1; then
    grep -E 'error|Error|FAILED' "$log" | cut -c1-300 | head -20 >&2
    echo "build: $1 failed; all of its output is in $log" >&2
    exit 1
fi
