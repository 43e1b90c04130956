#!/bin/sh
# Builds CMake presets: tools/build.sh wasm32-simd128 wasm32-relaxed. Prints nothing unless a build takes more than a
# second or fails.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build
for preset in "$@"; do
    log=build/$preset.log
    { sleep 1 && echo "build: $preset" >&2; } &
    notice=$!
    if ! { cmake --preset "$preset" && cmake --build --preset "$preset"; } >"$log" 2>&1; then
        grep -E 'error|Error|FAILED' "$log" | cut -c1-300 | head -20 >&2
        echo "build: $preset failed; all of its output is in $log" >&2
        exit 1
    fi
    kill $notice 2>/dev/null || :
done
