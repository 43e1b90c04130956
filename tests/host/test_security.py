"""docs/security.md names checks and tests that exist, and processors that are not supported stop the compiler."""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PAGE = (ROOT / "docs/security.md").read_text()
HEADING = "### "
ROW = re.compile(r"^\| (\w+) \| `(.*)` \| (.*) \|$")
TESTS = re.compile(r"(tests/[\w/]+\.(?:c|py))(?:: ([\w, ]+))?")


def flat(text):
    return re.sub(r"\s+", " ", text)


def rows():
    """(source file, function, check, tests) for each row of the tables."""
    file = None
    for line in PAGE[PAGE.index("## Tables") :].splitlines():
        match = ROW.match(line)
        if line.startswith(HEADING):
            file = line.removeprefix(HEADING)
        elif match:
            yield file, match[1], match[2].replace("\\|", "|"), match[3]


def test_the_checks_exist():
    sources = {}
    for file, function, check, _ in rows():
        text = sources.setdefault(file, flat((ROOT / file).read_text()))
        assert check in text, f"{file}: {function}: {check} is gone: run make mutants, then make mutants ARGS=--table"
        assert function in text, f"{file} has no function {function}"


def test_the_tests_exist():
    named = [match for *_, tests in rows() for match in TESTS.findall(tests)] + TESTS.findall(PAGE)
    assert named
    for file, names in named:
        text = (ROOT / file).read_text()
        for name in filter(None, map(str.strip, names.split(","))):
            assert re.search(rf"\b{name}\b", text), f"{file} has no test {name}"


@pytest.mark.parametrize("target,works", [("s390x-linux-gnu", False), ("i686-linux-gnu", True)])
def test_big_endian_processors_are_refused(target, works):
    run = subprocess.run(
        ["clang-19", f"--target={target}", "-std=c11", "-ffreestanding", "-fsyntax-only", "-I.", "-Iinclude",
         "engine/model/module.c"], cwd=ROOT, capture_output=True, check=False, text=True)  # fmt: skip
    assert (run.returncode == 0) == works, run.stderr
    assert works or "little-endian" in run.stderr
