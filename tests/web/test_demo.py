"""The demo page and the examples in Chromium, with SmolLM2: see demo.test.mjs and examples.test.mjs, which can be run by hand."""

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
import vendor_demo  # noqa: E402

SCENARIOS = re.findall(r"^  async (\w+)\(place\)", (HERE / "demo.test.mjs").read_text(), re.M)
EXAMPLES = sorted(path.stem for path in (ROOT / "web/examples").iterdir())


def run(script):
    if not (ROOT / "web/index.js").exists():
        pytest.skip("the package has no index.js, on which the pages are built")
    if not (ROOT / "bench/node_modules/playwright-core").exists():
        pytest.skip("bench/node_modules is not installed")
    if not pathlib.Path(os.environ.get("QUERN_CHROMIUM", "/usr/bin/chromium")).exists():
        pytest.skip("no chromium")
    model = fetch_model.cache() / "models" / fetch_model.MODELS["smollm2"]["file"]
    if not model.exists():
        pytest.skip(f"no {model.name}")
    vendor_demo.vendor_all()
    done = subprocess.run(["node", HERE / script, model], capture_output=True, text=True, check=False)
    print(done.stderr)
    return {line["name"]: line["wrong"] for line in map(json.loads, done.stdout.splitlines())}


@pytest.fixture(scope="module")
def demo():
    return run("demo.test.mjs")


@pytest.fixture(scope="module")
def examples():
    return run("examples.test.mjs")


@pytest.mark.parametrize("name", SCENARIOS)
def test_demo(demo, name):
    assert demo.get(name, "did not run") is None


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(examples, name):
    assert examples.get(name, "did not run") is None
