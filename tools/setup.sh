#!/bin/sh
# Installs what the machine lacks for one purpose: setup.sh build|test|clients|arm64|i386|mutants|packaging|lint|bench|python. Debian packages come through
# apt-get, as root or with sudo. If WASI_SDK_PATH is set, the modules are built with the clang of that SDK.
set -eu
what=${1:-build}

need() { # need <package> <test command...>
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}
have() { command -v "$1"; }
header() { [ -e "/usr/include/$1" ]; }
library() { ls $1; }

missing=
if [ "$what" != python ]; then
    need cmake have cmake
    need ninja-build have ninja
fi
if [ "$what" = python ]; then
    :
elif [ "$what" != build ] || [ -z "${WASI_SDK_PATH:-}" ]; then
    need clang-19 have clang-19
    need lld-19 have wasm-ld-19
fi
if [ "$what" = test ] || [ "$what" = i386 ] || [ "$what" = mutants ]; then
    need libclang-rt-19-dev library '/usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.fuzzer-*.a'
    need llvm-19 have llvm-cov-19
    need libcmocka-dev header cmocka.h
    need libsimde-dev header simde/wasm/simd128.h
fi
if [ "$what" = arm64 ]; then
    need qemu-user-static have qemu-aarch64-static
fi
# Any pip can fetch the model.
[ "$what" = build ] && python3 -m pip --version >/dev/null 2>&1 || need python3-venv python3 -c 'import ensurepip'
if [ "$what" = test ] || [ "$what" = lint ]; then
    need clang-format-19 have clang-format-19
    need clang-tidy-19 have clang-tidy-19
fi
if [ "$what" = test ] || [ "$what" = bench ] || [ "$what" = packaging ]; then
    need chromium have chromium
fi
if [ "$what" = test ] || [ "$what" = bench ]; then
    need firefox-esr have firefox-esr
fi
node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || { echo "setup: please install Node, version 20 or newer" >&2; exit 1; }

if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ]; then
        sudo=
    elif have sudo >/dev/null; then
        sudo=sudo
    else
        echo "setup: please install as root: apt-get install$missing" >&2
        exit 1
    fi
    if ! have apt-get >/dev/null; then
        echo "setup: please install (named as in Debian):$missing" >&2
        exit 1
    fi
    echo "setup: installing$missing (a minute or two)" >&2
    log=$(mktemp)
    if ! { $sudo apt-get update -q && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "setup: apt-get failed; all of its output is in $log" >&2
        exit 1
    fi
    rm -f "$log"
fi

# A Python environment with pinned packages, next to the model cache. It is updated when the list changes.
if [ "$what" != build ] && [ "$what" != packaging ]; then
    cache=${QUERN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/quern}
    list=$(dirname "$0")/../tests/requirements.txt
    if ! cmp -s "$list" "$cache/venv/requirements.txt"; then
        echo "setup: installing Python packages into $cache/venv" >&2
        mkdir -p "$cache"
        "$cache/venv/bin/pip" --version >/dev/null 2>&1 || python3 -m venv --clear "$cache/venv"
        "$cache/venv/bin/pip" -q --disable-pip-version-check install -r "$list" >&2
        cp "$list" "$cache/venv/requirements.txt"
    fi
fi
# LangChain for Python. It changes none of the packages above.
if [ "$what" = clients ]; then
    list=$(dirname "$0")/../tests/clients/requirements.txt
    "$cache/venv/bin/pip" -q --disable-pip-version-check install -r "$list" >&2
fi
# The JSON-Schema-Test-Suite, from the pinned source package that includes it.
if [ "$what" = test ]; then
    list=$(dirname "$0")/../tests/engine/grammar/suite.txt
    if ! cmp -s "$list" "$cache/json-schema-suite/suite.txt"; then
        echo "setup: fetching the JSON-Schema-Test-Suite into $cache/json-schema-suite" >&2
        rm -rf "$cache/json-schema-suite"
        "$cache/venv/bin/pip" -q --disable-pip-version-check download --no-deps --no-binary :all: --require-hashes \
            -d "$cache/json-schema-suite" -r "$list" >&2
        tar -xzf "$cache"/json-schema-suite/jsonschema-*.tar.gz -C "$cache/json-schema-suite" --strip-components=2 --wildcards '*/json/tests'
        cp "$list" "$cache/json-schema-suite/suite.txt"
    fi
fi
# The chat templates that llama.cpp collects, from the pinned source package that includes them.
if [ "$what" = test ]; then
    list=$(dirname "$0")/../tests/engine/output/templates.txt
    if ! cmp -s "$list" "$cache/chat-templates/templates.txt"; then
        echo "setup: fetching chat templates into $cache/chat-templates" >&2
        rm -rf "$cache/chat-templates"
        # Only the archive is needed, but pip looks at the package's metadata, which takes its build tool.
        python3 -m venv "$cache/chat-templates/venv"
        "$cache/chat-templates/venv/bin/pip" -q --disable-pip-version-check install scikit-build-core==0.11.6 cmake ninja >&2
        "$cache/chat-templates/venv/bin/pip" -q --disable-pip-version-check download --no-deps --no-build-isolation \
            --no-binary :all: --require-hashes -d "$cache/chat-templates" -r "$list" >&2
        tar -xzf "$cache"/chat-templates/llama_cpp_python-*.tar.gz -C "$cache/chat-templates" --strip-components=5 \
            --wildcards '*/vendor/llama.cpp/models/templates/*.jinja'
        rm -r "$cache/chat-templates/venv" "$cache"/chat-templates/llama_cpp_python-*.tar.gz
        cp "$list" "$cache/chat-templates/templates.txt"
    fi
fi
packages() { # packages <folder> [option of npm]: installs the npm packages of its lock file, again when that file changes
    folder=$(dirname "$0")/../$1
    if ! cmp -s "$folder/package-lock.json" "$folder/node_modules/installed.json"; then
        echo "setup: installing the npm packages of $1" >&2
        (cd "$folder" && npm ci --loglevel=error --no-audit --no-fund ${2:-} >/dev/null)
        cp "$folder/package-lock.json" "$folder/node_modules/installed.json"
    fi
}
if [ "$what" = test ] || [ "$what" = bench ] || [ "$what" = packaging ]; then
    packages bench # includes the browser drivers
fi
if [ "$what" = packaging ]; then
    packages tests/packaging
fi
if [ "$what" = clients ]; then
    packages tests/clients
fi
if [ "$what" = test ]; then
    packages tests/web
fi
if [ "$what" = test ] || [ "$what" = lint ]; then
    packages tools/lint
fi

# Programs for 64-bit ARM, which QEMU runs: Node, and Python with wasmtime. Debian's packages are unpacked, not installed.
unpack_debian() { # unpack_debian <architecture> <folder> <package...>: unpacks the packages and what they depend on
    architecture=$1
    folder=$2
    shift 2
    mkdir -p "$folder/apt/lists/partial" "$folder/apt/archives/partial" "$folder/system"
    : >"$folder/apt/status"
    cat >"$folder/apt/apt.conf" <<-END
	APT::Architecture "$architecture";
	APT::Architectures "$architecture";
	APT::Sandbox::User "root";
	Acquire::Languages "none";
	Dir::State "$folder/apt";
	Dir::State::status "$folder/apt/status";
	Dir::Cache "$folder/apt";
	END
    APT_CONFIG=$folder/apt/apt.conf apt-get update -q &&
        APT_CONFIG=$folder/apt/apt.conf apt-get install -q -y --download-only --no-install-recommends "$@" &&
        for package in "$folder"/apt/archives/*.deb; do dpkg-deb -x "$package" "$folder/system" || return 1; done
}
if [ "$what" = arm64 ]; then
    packages tests/arm64 --force # although this machine has another processor
    arm64=$cache/arm64
    wasmtime=$(grep '^wasmtime==' "$list")
    if [ "$wasmtime" != "$(cat "$arm64/installed" 2>/dev/null)" ]; then
        echo "setup: installing programs for 64-bit ARM into $arm64" >&2
        rm -rf "$arm64"
        mkdir -p "$arm64"
        if ! { unpack_debian arm64 "$arm64" python3-minimal libpython3-stdlib libstdc++6 libatomic1 &&
            "$cache/venv/bin/pip" -q --disable-pip-version-check install --target "$arm64/site" --no-deps \
                --platform manylinux2014_aarch64 --only-binary=:all: "$wasmtime"; } >"$cache/arm64.log" 2>&1; then
            tail -n 20 "$cache/arm64.log" >&2
            echo "setup: could not install programs for 64-bit ARM; all of the output is in $cache/arm64.log" >&2
            exit 1
        fi
        [ -e "$arm64/system/lib" ] || ln -s usr/lib "$arm64/system/lib"
        rm -rf "$arm64/apt"
        echo "$wasmtime" >"$arm64/installed"
    fi
fi

# The C library and cmocka for 32-bit x86, for cmake/i386.cmake. Links to absolute paths are made to stay in the folder.
if [ "$what" = i386 ]; then
    i386=$cache/i386
    if [ ! -e "$i386/installed" ]; then
        echo "setup: unpacking the C library for 32-bit x86 into $i386" >&2
        rm -rf "$i386"
        mkdir -p "$i386"
        if ! unpack_debian i386 "$i386" libc6-dev libgcc-12-dev libcmocka-dev libsimde-dev >"$cache/i386.log" 2>&1; then
            tail -n 20 "$cache/i386.log" >&2
            echo "setup: could not unpack packages for 32-bit x86; all of the output is in $cache/i386.log" >&2
            exit 1
        fi
        find "$i386/system" -type l -lname '/*' | while read -r link; do
            ln -sf "$i386/system$(readlink "$link")" "$link"
        done
        rm -rf "$i386/apt"
        touch "$i386/installed"
    fi
fi
