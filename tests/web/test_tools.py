"""Tools in chats, by the package in Node, with SmolLM2: see tools.test.mjs."""

import functools
import json
import pathlib
import re
import subprocess
import sys

import pytest
from node_flags import relaxed_flags

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import fetch_model  # noqa: E402

SCRIPT = HERE / "tools.test.mjs"
CHECKS = re.findall(r"^  (?:async )?(\w+)\(\) \{", SCRIPT.read_text(), re.M)


@functools.cache
def results():
    model = fetch_model.cache() / "models" / fetch_model.MODELS["smollm2"]["file"]
    if not model.exists():
        pytest.skip(f"no {model.name}")
    if not (ROOT / "web/wasm").exists():
        pytest.skip("web/wasm is not there; tools/package_wasm.py makes it")
    done = subprocess.run(["node", *relaxed_flags(), SCRIPT, model], capture_output=True, text=True, check=False)
    print(done.stderr)
    return {line["name"]: line["wrong"] for line in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", CHECKS)
def test_tools(name):
    assert results().get(name, "did not run") is None
