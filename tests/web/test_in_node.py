"""The package in Node, with the tiny models of tests/vectors: embeddings (embed.test.mjs), what the package computes
(inference.test.mjs), prompts and the text of answers (text.test.mjs)."""

import functools
import json
import pathlib
import re
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
SCRIPTS = ("embed", "inference", "text")


def cases():
    for script in SCRIPTS:
        for name in re.findall(r"^  (?:async )?(\w+)\(\) \{", (HERE / f"{script}.test.mjs").read_text(), re.M):
            yield script, name


@functools.cache
def results(script):
    done = subprocess.run(
        ["node", HERE / f"{script}.test.mjs", ROOT / "tests/vectors"], capture_output=True, text=True, check=False
    )
    print(done.stderr)
    return {line["name"]: line["wrong"] for line in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("script, name", list(cases()))
def test_in_node(script, name):
    if not (ROOT / "web/wasm").exists():
        pytest.skip("web/wasm is not there; tools/package_wasm.py makes it")
    assert results(script).get(name, "did not run") is None
