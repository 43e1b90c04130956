#!/bin/sh
# Checks the format and style of every source file: clang-format and clang-tidy for C, Biome and tsc for JavaScript,
# Ruff for Python. `tools/lint.sh --fix` formats the files instead. `make lint` installs the tools first.
set -u
cd "$(dirname "$0")/.."
cache=${QUERN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/quern}
biome=tools/lint/node_modules/.bin/biome
ruff=$cache/venv/bin/ruff
jobs=$(nproc 2>/dev/null || echo 2)
failed=

sources() { git ls-files -- "$@" | while read -r file; do [ -e "$file" ] && echo "$file"; done; }

if [ "${1:-}" = --fix ]; then
    sources '*.c' '*.h' | xargs clang-format-19 -i
    "$biome" check --write .
    "$ruff" check --fix --quiet .
    "$ruff" format --quiet .
    exit
fi

check() { # check <name> <command...>: prints the output of a check that fails
    name=$1
    shift
    if output=$("$@" 2>&1); then
        echo "lint: $name passed"
    else
        printf '%s\n' "$output" | head -n 200
        echo "lint: $name FAILED"
        failed="$failed $name"
    fi
}

clang_format() { sources '*.c' '*.h' | xargs clang-format-19 --dry-run -Werror; }

# The threaded relaxed build compiles almost every file; the native build has the rest.
clang_tidy() {
    for preset in wasm32-relaxed-mt native-release; do
        cmake --preset "$preset" >/dev/null || return 1
    done
    native='engine/pool/single.c platform/block_native.c'
    sources 'engine/**.c' 'gguf/*.c' 'quant/*.c' 'platform/*.c' 'kernels/**.c' | grep -vxF "$(printf '%s\n' $native)" |
        xargs -P "$jobs" -n 8 clang-tidy-19 -p build/wasm32-relaxed-mt --quiet &&
        clang-tidy-19 -p build/native-release --quiet $native
}

check clang-format clang_format
check clang-tidy clang_tidy
check biome env NO_COLOR=1 "$biome" ci --error-on-warnings --max-diagnostics=100 .
check tsc-web tools/lint/node_modules/.bin/tsc -p web
check tsc-bin tools/lint/node_modules/.bin/tsc -p web/bin
check ruff-format "$ruff" format --check .
check ruff "$ruff" check .

if [ -n "$failed" ]; then
    echo "lint: failed:$failed"
    exit 1
fi
