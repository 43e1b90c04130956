"""Tools in chats, by the package in Node, with SmolLM2: see tools.test.mjs."""

import json
import pathlib
import re
import subprocess

import pytest
from node_flags import relaxed_flags

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]

SCRIPT = HERE / "tools.test.mjs"
CHECKS = re.findall(r"^  (?:async )?(\w+)\(\) \{", SCRIPT.read_text(), re.M)


@pytest.fixture(scope="module")
def results(smollm2):
    if not (ROOT / "web/wasm").exists():
        pytest.skip("web/wasm is not there; tools/package_wasm.py makes it")
    done = subprocess.run(["node", *relaxed_flags(), SCRIPT, smollm2], capture_output=True, text=True, check=False)
    print(done.stderr)
    return {line["name"]: line["wrong"] for line in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", CHECKS)
def test_tools(results, name):
    assert results.get(name, "did not run") is None
