"""Sources and storage in Chromium and Firefox; checks that need no browser run in Node."""

import functools
import json
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
DRIVER = HERE / "sources.test.mjs"
NODE = HERE / "sources-node.test.mjs"
PACKAGES = HERE.parents[1] / "bench" / "node_modules" / "playwright-core"
PROGRAMS = {
    "chromium": [os.environ.get("QUERN_CHROMIUM", "/usr/bin/chromium")],
    "firefox": [os.environ.get("QUERN_FIREFOX", "/usr/bin/firefox-esr")],
}


def lines(*command):
    done = subprocess.run(["node", *map(str, command)], stdout=subprocess.PIPE, text=True, timeout=600)
    return [json.loads(line) for line in done.stdout.splitlines()]


@functools.cache
def outcomes(*command):
    """One browser runs all checks. The result has each check's error, or null if it passed."""
    return {line["check"]: line["failure"] for line in lines(*command)}


def cases():
    return [(browser, check) for browser in ("chromium", "firefox") for check in lines(DRIVER, "list", browser)[0]]


@pytest.mark.parametrize("browser,check", cases())
def test_in_a_browser(browser, check):
    if not PACKAGES.exists():
        pytest.skip("bench/node_modules is not installed")
    if not any(map(os.path.exists, PROGRAMS[browser])):
        pytest.skip(f"no {browser}")
    done = outcomes(DRIVER, browser)
    assert check in done, "the browser ended before this check"
    assert done[check] is None, done[check]


@pytest.mark.parametrize("check", lines(NODE, "list")[0])
def test_in_node(check):
    done = outcomes(NODE)
    assert check in done
    assert done[check] is None, done[check]
