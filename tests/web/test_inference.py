"""What the package computes, in Node: see inference.test.mjs."""

import json
import pathlib
import re
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
CHECKS = re.findall(r"^  (?:async )?(\w+)\(\) \{", (HERE / "inference.test.mjs").read_text(), re.M)


@pytest.fixture(scope="module")
def results():
    if not (ROOT / "web/wasm").exists():
        pytest.skip("web/wasm is not there; tools/package_wasm.py makes it")
    done = subprocess.run(
        ["node", HERE / "inference.test.mjs", ROOT / "tests/vectors"], capture_output=True, text=True, check=False
    )
    print(done.stderr)
    return {line["name"]: line["wrong"] for line in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", CHECKS)
def test_inference(results, name):
    assert results.get(name, "did not run") is None
