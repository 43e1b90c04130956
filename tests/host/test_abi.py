"""The built modules: imports, exports and limits as documented, self-check, and size."""

import pathlib
import re
import struct
import subprocess
import sys

import pytest
import wasmtime

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "hosts" / "wasmtime"), str(ROOT / "tests")]
from node_flags import relaxed_flags  # noqa: E402

from engine import Engine, QuernError  # noqa: E402

PLATFORM = ROOT / "platform"
MODULES = [f"wasm{bits}-{build}" for bits in (32, 64) for build in ("simd128", "relaxed", "simd128-mt", "relaxed-mt")]
MAX_BYTES = 486 * 1024


def lines(path):
    return [line for line in path.read_text().splitlines() if line]


def load(preset):
    path = ROOT / "build" / preset / "quern.wasm"
    if not path.exists():
        pytest.fail(f"{path} is missing; make builds it")
    config = wasmtime.Config()
    config.wasm_relaxed_simd = True
    config.wasm_threads = True
    config.wasm_memory64 = True
    config.shared_memory = True
    return path, wasmtime.Module.from_file(wasmtime.Engine(config), str(path))


@pytest.mark.parametrize("preset", MODULES)
def test_imports_match_the_list(preset):
    _, module = load(preset)
    golden = lines(PLATFORM / ("imports-threads.txt" if preset.endswith("-mt") else "imports.txt"))
    assert [f"{one.module}.{one.name}" for one in module.imports] == golden


@pytest.mark.parametrize("preset", MODULES)
def test_exports_match_the_list(preset):
    _, module = load(preset)
    exports = sorted(one.name for one in module.exports if one.name != "memory")
    assert exports == sorted(lines(PLATFORM / "exports.txt"))


def test_listed_exports_are_the_functions_of_the_header():
    header = re.sub(r"/\*.*?\*/", "", (ROOT / "include" / "quern.h").read_text(), flags=re.S)
    assert sorted(set(re.findall(r"\b(qn_\w+)\(", header))) == sorted(lines(PLATFORM / "exports.txt"))


@pytest.mark.parametrize("preset", MODULES)
def test_module_is_small(preset):
    path, _ = load(preset)
    assert path.stat().st_size <= MAX_BYTES


@pytest.mark.parametrize("preset", [preset for preset in MODULES if not preset.endswith("-mt")])
def test_instantiates_without_imports_and_reports_its_build(preset):
    path, _ = load(preset)
    config = wasmtime.Config()
    config.wasm_relaxed_simd = True
    config.wasm_memory64 = preset.startswith("wasm64")
    store = wasmtime.Store(wasmtime.Engine(config))
    exports = wasmtime.Instance(store, wasmtime.Module.from_file(store.engine, str(path)), []).exports(store)
    version = int(re.search(r"QN_ABI_VERSION (\d+)u", (ROOT / "include" / "quern.h").read_text())[1])
    assert exports["qn_abi_version"](store) == version
    assert exports["qn_features"](store) == (1 | 2 * preset.endswith("relaxed") | 8 * preset.startswith("wasm64"))


def needs(preset):
    """Features beyond SIMD and bulk memory that include/quern.h lists for a build."""
    return {
        "wasm_relaxed_simd": "relaxed" in preset,
        "wasm_threads": preset.endswith("-mt"),
        "wasm_memory64": preset.startswith("wasm64"),
    }


@pytest.mark.parametrize("preset", MODULES)
def test_module_needs_the_documented_features_only(preset):
    """It is accepted with just the features that it needs, and refused when one of them is missing."""
    path, _ = load(preset)

    def compile_with(features):
        config = wasmtime.Config()
        for name, enabled in features.items():
            setattr(config, name, enabled)
        wasmtime.Module.from_file(wasmtime.Engine(config), str(path))

    compile_with(needs(preset))
    for name in [name for name, needed in needs(preset).items() if needed]:
        with pytest.raises(wasmtime.WasmtimeError):
            compile_with({**needs(preset), name: False})


@pytest.mark.parametrize("preset", MODULES)
def test_memory_limits_are_the_documented_ones(preset):
    _, module = load(preset)
    memories = [one.type for one in [*module.imports, *module.exports] if isinstance(one.type, wasmtime.MemoryType)]
    assert len(memories) == 1
    limits = memories[0].limits
    assert limits.min * 65536 < 1 << 20
    maximum = 262144 if preset.startswith("wasm64") else 65536
    assert limits.max == (maximum if preset.endswith("-mt") else None)


@pytest.mark.parametrize("preset", MODULES)
def test_self_check_passes(preset):
    engine = Engine(str(load(preset)[0]))
    assert engine.call("qn_self_check") == 0


@pytest.mark.parametrize("preset", [preset for preset in MODULES if preset.startswith("wasm32")])
def test_self_check_passes_in_node(preset):
    command = ["node", *relaxed_flags(), HERE / "start_engine.mjs", load(preset)[0]]
    assert subprocess.run(command, capture_output=True, check=True, timeout=300).stdout == b"started\n"


def test_hosts_report_a_failed_self_check(tmp_path):
    """A stand-in for a miscompiled module: its check returns QN_ERR_MISCOMPILED, and qn_last_error has a text."""
    text = b"wrong arithmetic: made up"
    record = struct.pack("<iIQ", -9, len(text), 2**64 - 1) + text
    escaped = "".join(f"\\{byte:02x}" for byte in record)
    module = f'''(module (memory (export "memory") 1) (data (i32.const 1024) "{escaped}")
        (func (export "qn_self_check") (result i32) i32.const -9)
        (func (export "qn_last_error") (result i32) i32.const 1024))'''
    path = tmp_path / "quern.wasm"
    path.write_bytes(wasmtime.wat2wasm(module))
    with pytest.raises(QuernError, match="wrong arithmetic: made up") as caught:
        Engine(str(path))
    assert caught.value.code == -9
    done = subprocess.run(["node", HERE / "start_engine.mjs", path], capture_output=True, timeout=300)
    assert done.returncode != 0 and b"QuernError: wrong arithmetic: made up" in done.stderr
