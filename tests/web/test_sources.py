"""Sources and storage in Chromium and Firefox, and in Node what needs no browser."""
import functools
import json
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
DRIVER = HERE / "sources.mjs"
NODE = HERE / "sources-node.mjs"


def lines(*command):
    done = subprocess.run(["node", *map(str, command)], stdout=subprocess.PIPE, text=True, timeout=600)
    return [json.loads(line) for line in done.stdout.splitlines()]


@functools.cache
def outcomes(*command):
    """One browser runs all checks; what each said is in the result, null when it passed."""
    return {line["check"]: line["failure"] for line in lines(*command)}


def cases():
    return [(browser, check) for browser in ("chromium", "firefox") for check in lines(DRIVER, "list", browser)[0]]


@pytest.mark.parametrize("browser,check", cases())
def test_in_a_browser(browser, check):
    done = outcomes(DRIVER, browser)
    assert check in done, "the browser ended before this check"
    assert done[check] is None, done[check]


@pytest.mark.parametrize("check", lines(NODE, "list")[0])
def test_in_node(check):
    done = outcomes(NODE)
    assert check in done
    assert done[check] is None, done[check]
