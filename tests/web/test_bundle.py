"""The packed package in a plain page and in Vite projects, in Chromium, with SmolLM2: see bundle.test.mjs."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import fetch_model  # noqa: E402

CHECKS = re.findall(r"^  async (\w+)\(", (HERE / "bundle.test.mjs").read_text(), re.M)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    if not (HERE / "node_modules/vite").exists():
        pytest.skip("tests/web/node_modules is not installed")
    if not (ROOT / "bench/node_modules/playwright-core").exists():
        pytest.skip("bench/node_modules is not installed")
    if not pathlib.Path(os.environ.get("QUERN_CHROMIUM", "/usr/bin/chromium")).exists():
        pytest.skip("no chromium")
    if not (ROOT / "web/wasm").exists():
        pytest.skip("web/wasm is not there; tools/package_wasm.py makes it")
    model = fetch_model.cache() / "models" / fetch_model.MODELS["smollm2"]["file"]
    if not model.exists():
        pytest.skip(f"no {model.name}")
    folder = tmp_path_factory.mktemp("packed")
    subprocess.run(
        ["npm", "pack", "--silent", "--pack-destination", folder], cwd=ROOT / "web", check=True, stdout=subprocess.PIPE
    )
    done = subprocess.run(
        ["node", HERE / "bundle.test.mjs", *folder.glob("*.tgz"), model], capture_output=True, text=True, check=False
    )
    print(done.stderr)
    return {line["name"]: line["wrong"] for line in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", CHECKS)
def test_packed(results, name):
    assert results.get(name, "did not run") is None
