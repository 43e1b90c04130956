"""Linear memory never holds more than the tensors, the KV cache in use and 32 MB."""

import json
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import fetch_model  # noqa: E402

BESIDE = 32_000_000


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", ["smollm2", "gemma3"])
def test_memory_is_tensors_cache_in_use_and_little_more(name, threads):
    path = fetch_model.cache() / "models" / fetch_model.MODELS[name]["file"]
    if not path.exists():
        pytest.skip(f"{path} is not there; tools/fetch_model.py {name} fetches it")
    module = ROOT / "build" / f"wasm32-simd128{'-mt' if threads > 1 else ''}" / "quern.wasm"
    command = ["node", HERE / "memory.mjs", path, module, 300, threads]
    took = json.loads(subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, timeout=300).stdout)
    beside = took["memory"] - took["tensors"] - took["kv"]
    assert took["tensors"] < took["memory"]
    assert beside <= BESIDE, f"{beside / 1e6:.1f} MB beside tensors and cache"
