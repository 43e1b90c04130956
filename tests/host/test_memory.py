"""Linear memory holds the tensors, the KV cache in use, and at most 32 MB of everything else."""

import json
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import fetch_model  # noqa: E402

OTHER_BYTES = 32_000_000


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", ["smollm2", "gemma3"])
def test_memory_beyond_tensors_and_cache_is_small(name, threads):
    path = fetch_model.cache() / "models" / fetch_model.MODELS[name]["file"]
    if not path.exists():
        pytest.skip(f"{path} is missing; tools/fetch_model.py {name} downloads it")
    module = ROOT / "build" / f"wasm32-simd128{'-mt' if threads > 1 else ''}" / "quern.wasm"
    command = ["node", HERE / "measure_memory.mjs", path, module, 300, threads]
    bytes_of = json.loads(
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, timeout=300).stdout
    )
    other = bytes_of["memory"] - bytes_of["tensors"] - bytes_of["kv"]
    assert bytes_of["tensors"] < bytes_of["memory"]
    assert other <= OTHER_BYTES, f"{other / 1e6:.1f} MB besides tensors and cache"
