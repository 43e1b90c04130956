"""The demo and the examples in Chromium, and what visitors of the demo do in Chromium and Firefox, with SmolLM2. The
scripts *.test.mjs can also be run by hand."""

import functools
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

SCENARIOS = re.findall(r"^  async (\w+)\(env\)", (HERE / "demo.test.mjs").read_text(), re.M)
EXAMPLES = sorted(path.stem for path in (ROOT / "web/examples").iterdir())
PROGRAMS = {
    "chromium": os.environ.get("QUERN_CHROMIUM", "/usr/bin/chromium"),
    "firefox": os.environ.get("QUERN_FIREFOX", "/usr/bin/firefox-esr"),
}
CHECKS = [
    (script, check)
    for script in ("demo-chats.test.mjs", "demo-odd.test.mjs", "demo-measure.test.mjs", "demo-structured.test.mjs")
    for check in re.findall(r"^  async '(.+)'\(", (HERE / script).read_text(), re.M)
]


def run(script, browser="chromium", arguments=()):
    if not (ROOT / "web/index.js").exists():
        pytest.skip("web/index.js is missing")
    if not (ROOT / "bench/node_modules/playwright-core").exists():
        pytest.skip("bench/node_modules is not installed")
    if not pathlib.Path(PROGRAMS[browser]).exists():
        pytest.skip(f"{browser} is not installed")
    model = fetch_model.cache() / "models" / fetch_model.MODELS["smollm2"]["file"]
    if not model.exists():
        pytest.skip(f"{model} is missing; tools/fetch_model.py smollm2 fetches it")
    vendor_demo.vendor_all()
    done = subprocess.run(["node", HERE / script, *arguments, model], capture_output=True, text=True, check=False)
    print(done.stderr)
    return {line["name"]: line["error"] for line in map(json.loads, done.stdout.splitlines())}


@pytest.fixture(scope="module")
def demo():
    return run("demo.test.mjs")


@pytest.fixture(scope="module")
def examples():
    return run("examples.test.mjs")


@functools.cache
def checks(script, browser):
    return run(script, browser, [browser])


@pytest.mark.parametrize("name", SCENARIOS)
def test_demo(demo, name):
    assert demo.get(name, "did not run") is None


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(examples, name):
    assert examples.get(name, "did not run") is None


@pytest.mark.parametrize("script, check", CHECKS)
@pytest.mark.parametrize("browser", PROGRAMS)
def test_visitor(browser, script, check):
    assert checks(script, browser).get(check, "did not run") is None
