"""The package in unusual places: see environments.test.mjs, which can be run by hand."""

import functools
import json
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DRIVER = HERE / "environments.test.mjs"
PROGRAMS = {
    "chromium": os.environ.get("QUERN_CHROMIUM", "/usr/bin/chromium"),
    "firefox": os.environ.get("QUERN_FIREFOX", "/usr/bin/firefox-esr"),
    "node": "/",
}


def lines(*arguments):
    done = subprocess.run(["node", DRIVER, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


@functools.cache
def outcomes(mode):
    return {line["check"]: line["failure"] for line in lines(mode)}


def cases():
    if not (ROOT / "web/wasm").exists():
        return []
    return [(mode, check) for mode in PROGRAMS for check in lines("list", mode)[0]]


@pytest.mark.parametrize("mode,check", cases())
def test_environment(mode, check):
    if not (ROOT / "bench/node_modules/playwright-core").exists():
        pytest.skip("bench/node_modules is not installed")
    if not os.path.exists(PROGRAMS[mode]):
        pytest.skip(f"no {mode}")
    done = outcomes(mode)
    assert check in done, "the run ended before this check"
    assert done[check] is None, done[check]
