"""The built modules against the golden lists, the header and the size that is promised."""

import pathlib
import re

import pytest
import wasmtime

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PLATFORM = ROOT / "platform"
MODULES = [f"wasm{bits}-{build}" for bits in (32, 64) for build in ("simd128", "relaxed", "simd128-mt", "relaxed-mt")]
LIMIT = 384 * 1024


def lines(path):
    return [line for line in path.read_text().splitlines() if line]


def load(preset):
    path = ROOT / "build" / preset / "quern.wasm"
    if not path.exists():
        pytest.fail(f"{path} has not been built")
    config = wasmtime.Config()
    config.wasm_relaxed_simd = True
    config.wasm_threads = True
    config.wasm_memory64 = True
    config.shared_memory = True
    return path, wasmtime.Module.from_file(wasmtime.Engine(config), str(path))


@pytest.mark.parametrize("preset", MODULES)
def test_imports_are_the_golden_ones(preset):
    _, module = load(preset)
    golden = lines(PLATFORM / ("imports-threads.txt" if preset.endswith("-mt") else "imports.txt"))
    assert [f"{one.module}.{one.name}" for one in module.imports] == golden


@pytest.mark.parametrize("preset", MODULES)
def test_exports_are_the_golden_ones(preset):
    _, module = load(preset)
    exports = sorted(one.name for one in module.exports if one.name != "memory")
    assert exports == sorted(lines(PLATFORM / "exports.txt"))


def test_golden_exports_are_the_headers_functions():
    header = re.sub(r"/\*.*?\*/", "", (ROOT / "include" / "quern.h").read_text(), flags=re.S)
    assert sorted(set(re.findall(r"\b(qn_\w+)\(", header))) == sorted(lines(PLATFORM / "exports.txt"))


@pytest.mark.parametrize("preset", MODULES)
def test_module_is_small(preset):
    path, _ = load(preset)
    assert path.stat().st_size <= LIMIT


@pytest.mark.parametrize("preset", [preset for preset in MODULES if not preset.endswith("-mt")])
def test_instantiates_with_nothing_and_says_what_it_is(preset):
    path, _ = load(preset)
    config = wasmtime.Config()
    config.wasm_relaxed_simd = True
    config.wasm_memory64 = preset.startswith("wasm64")
    store = wasmtime.Store(wasmtime.Engine(config))
    exports = wasmtime.Instance(store, wasmtime.Module.from_file(store.engine, str(path)), []).exports(store)
    version = int(re.search(r"QN_ABI_VERSION (\d+)u", (ROOT / "include" / "quern.h").read_text())[1])
    assert exports["qn_abi_version"](store) == version
    assert exports["qn_features"](store) == (1 | 2 * preset.endswith("relaxed") | 8 * preset.startswith("wasm64"))


def test_plain_module_needs_no_relaxed_simd():
    config = wasmtime.Config()
    config.wasm_relaxed_simd = False
    engine = wasmtime.Engine(config)
    wasmtime.Module.from_file(engine, str(load("wasm32-simd128")[0]))
    with pytest.raises(wasmtime.WasmtimeError):
        wasmtime.Module.from_file(engine, str(load("wasm32-relaxed")[0]))
