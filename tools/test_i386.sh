#!/bin/sh
# Builds the native suites for 32-bit x86 with SSE2, and runs them. Use: make test-i386, which installs what this needs.
set -eu
cd "$(dirname "$0")/.."
cache=${QUERN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/quern}
build=build/i386
cmake -G Ninja -S . -B "$build" -DCMAKE_TOOLCHAIN_FILE=cmake/i386.cmake -DQUERN_SYSROOT="$cache/i386/system" \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo -DQUERN_SANITIZE=ON >"$build.log" 2>&1 &&
    ninja -C "$build" >>"$build.log" 2>&1 || {
    grep -E 'error|FAILED' "$build.log" | head -20 >&2
    echo "test-i386: the build failed; all of its output is in $build.log" >&2
    exit 1
}
exec ctest --test-dir "$build" -j2 --output-on-failure --no-tests=error -LE fuzz
