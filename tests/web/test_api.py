"""The package in Node, with SmolLM2: see api.test.mjs. Its answers must equal those of the command line."""

import json
import pathlib
import re
import subprocess

import pytest
from node_flags import relaxed_flags

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]

CHECKS = re.findall(r"^  (?:async )?(\w+)\(\) \{", (HERE / "api.test.mjs").read_text(), re.M)
QUESTION = "What is the capital of France?"


@pytest.fixture(scope="module")
def results(smollm2):
    if not (ROOT / "web/wasm").exists():
        pytest.skip("web/wasm is not there; tools/package_wasm.py makes it")
    said = subprocess.run(
        [ROOT / "quern", "run", "-m", smollm2, "-p", QUESTION, "-n", "24", "--temp", "0", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.dumps({"question": QUESTION, "text": json.loads(said.stdout)["text"]})
    done = subprocess.run(
        ["node", *relaxed_flags(), HERE / "api.test.mjs", smollm2, answer], capture_output=True, text=True, check=False
    )
    print(done.stderr)
    return {line["name"]: line["wrong"] for line in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", CHECKS)
def test_api(results, name):
    assert results.get(name, "did not run") is None
