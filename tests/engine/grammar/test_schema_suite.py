"""The JSON-Schema-Test-Suite, draft 2020-12: no instance is judged wrongly, and a schema that cannot be
enforced is refused by name. schema_suite.txt has the expected outcome of each group of tests. To write it again:
python tests/engine/grammar/test_schema_suite.py
"""

import json
import os
import pathlib

import checker
import pytest

CACHE = pathlib.Path(os.environ.get("QUERN_CACHE") or os.environ.get("XDG_CACHE_HOME", "~/.cache") + "/quern")
SUITE = CACHE.expanduser() / "json-schema-suite" / "tests" / "draft2020-12"
EXPECTED = pathlib.Path(__file__).with_name("schema_suite.txt")
ENFORCED = "enforced"
LEAST_ENFORCED = 0.75  # of the mandatory tests


def groups():
    """(file, group) of all mandatory tests, and of the optional ones of formats."""
    files = [*sorted(SUITE.glob("*.json")), *sorted(SUITE.glob("optional/format/*.json"))]
    assert len(files) > 40, f"{SUITE} is missing: run tools/setup.sh test"
    return [(str(file.relative_to(SUITE)), group) for file in files for group in json.loads(file.read_text())]


def outcomes():
    """For each group, what became of its schema, and the tests whose instances were judged wrongly."""
    cases = []
    for file, group in groups():
        texts = [form for test in group["tests"] for form in checker.forms(test["data"])]
        # the mandatory tests of formats take them as annotations
        cases.append(("n" if file == "format.json" else "s", json.dumps(group["schema"]), texts))
    for (file, group), line in zip(groups(), checker.check(cases), strict=True):
        if not checker.is_answer(line):
            yield file, group, line.split(": ", 1)[-1], []
            continue
        wrong, at = [], 0
        for test in group["tests"]:
            count = len(checker.forms(test["data"]))
            if ("1" in line[at : at + count]) != test["valid"]:
                wrong.append((test["description"], "accepted" if not test["valid"] else "rejected"))
            at += count
        yield file, group, ENFORCED, wrong


def lines(results):
    """The expected outcomes as lines of text."""
    for file, group, outcome, wrong in results:
        yield f"{file}: {group['description']}: {outcome}"
        for test, how in wrong:
            yield f"{file}: {group['description']}: {how}: {test}"


@pytest.fixture(scope="module")
def results():
    return list(outcomes())


def test_no_instance_is_judged_wrongly(results):
    """Rare forms of some formats are rejected; the tests of formats are optional."""
    assert not [(file, test) for file, _, _, wrong in results for test, how in wrong if how == "accepted"]
    assert not [(file, wrong) for file, _, _, wrong in results if wrong and not file.startswith("optional/format")]


def test_outcomes_are_those_expected(results):
    assert list(lines(results)) == EXPECTED.read_text().splitlines()


def test_most_tests_are_enforced(results):
    mandatory = [(len(group["tests"]), outcome) for file, group, outcome, _ in results if "/" not in file]
    enforced = sum(count for count, outcome in mandatory if outcome == ENFORCED)
    assert enforced >= LEAST_ENFORCED * sum(count for count, _ in mandatory)


if __name__ == "__main__":
    EXPECTED.write_text("\n".join(lines(outcomes())) + "\n")
