"""The package in Chromium and Firefox: see package.test.mjs, which can be run by hand."""

import functools
import json
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import fetch_model  # noqa: E402

DRIVER = HERE / "package.test.mjs"
PROGRAMS = {
    "chromium": os.environ.get("QUERN_CHROMIUM", "/usr/bin/chromium"),
    "firefox": os.environ.get("QUERN_FIREFOX", "/usr/bin/firefox-esr"),
}


def lines(*command):
    done = subprocess.run(["node", *map(str, command)], stdout=subprocess.PIPE, text=True, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


@functools.cache
def outcomes(browser):
    model = fetch_model.cache() / "models" / fetch_model.MODELS["smollm2"]["file"]
    return {line["check"]: line for line in lines(DRIVER, browser, model)} if model.exists() else None


@pytest.mark.parametrize(
    "browser,check", [(browser, check) for browser in PROGRAMS for check in lines(DRIVER, "list", browser)[0]]
)
def test_package(browser, check):
    if not (ROOT / "bench/node_modules/playwright-core").exists():
        pytest.skip("bench/node_modules is not installed")
    if not os.path.exists(PROGRAMS[browser]):
        pytest.skip(f"no {browser}")
    if not (ROOT / "web/wasm").exists():
        pytest.skip("web/wasm is not there; tools/package_wasm.py makes it")
    done = outcomes(browser)
    if done is None:
        pytest.skip("no SmolLM2")
    assert check in done, "the browser ended before this check"
    print(*done[check]["figures"], sep="\n")
    assert done[check]["failure"] is None, done[check]["failure"]
