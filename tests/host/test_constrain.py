"""Answers that follow a grammar: in sessions (constrain.mjs), and on the command line. Their judge is jsonschema."""

import json
import os
import pathlib
import subprocess
import sys

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests")]
import fetch_model  # noqa: E402
from node_flags import relaxed_flags  # noqa: E402

WASM = ROOT / "build" / "wasm32-relaxed" / "quern.wasm"
ANSWERS = int(os.environ.get("QUERN_ANSWERS", "5"))  # 1000 for the whole check
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 20}, "sure": {"type": "boolean"}},
        "required": ["city", "sure"],
        "additionalProperties": False,
    }
)


def models():
    return [fetch_model.cache() / "models" / fetch_model.MODELS[name]["file"] for name in ("smollm2", "gemma3")]


def constrain(model, *arguments):
    if not model.exists():
        pytest.skip(f"{model} is missing; tools/fetch_model.py downloads it")
    command = ["node", *relaxed_flags(), ROOT / "tests/host/constrain.mjs", WASM, model, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=6000).stdout


@pytest.mark.parametrize("model", models(), ids=["smollm2", "gemma3"])
def test_sessions_follow_grammars(model):
    assert constrain(model) == "checked\n"


@pytest.mark.parametrize("model", models(), ids=["smollm2", "gemma3"])
def test_answers_are_valid_with_and_without_forced_runs(model):
    answers = [json.loads(line) for line in constrain(model, ANSWERS).splitlines()]
    assert len(answers) == ANSWERS
    for answer in answers:
        validator = jsonschema.Draft202012Validator(answer["schema"], format_checker=jsonschema.FormatChecker())
        validator.validate(json.loads(answer["text"]))
        assert answer["text"] == answer["one"]
    speed = sum(answer["oneMs"] for answer in answers) / sum(answer["ms"] for answer in answers)
    print(f"{len(answers)} valid answers; forced runs make them {speed:.2f} times as fast")


def quern(*arguments, stdin=""):
    return subprocess.run([ROOT / "quern", *arguments], input=stdin, capture_output=True, text=True, timeout=300)


def test_run_with_a_schema():
    if not models()[0].exists():
        pytest.skip("SmolLM2 is missing; tools/fetch_model.py smollm2 downloads it")
    asked = ("run", "-p", "What is the capital of France?", "--temp", "0", "--mask-stats", "--json")
    answer = json.loads(quern(*asked, "--json-schema", SCHEMA).stdout)
    jsonschema.validate(json.loads(answer["text"]), json.loads(SCHEMA))
    assert set(answer["mask_stats"]) == {"start_ms", "masks", "p50_us", "p99_us"}
    answer = json.loads(quern(*asked, "--regex", "(Paris|Rome)!{3}").stdout)
    assert answer["text"] in ("Paris!!!", "Rome!!!")


def test_grammar_judges_texts(tmp_path):
    texts = ['{"city":"Rome","sure":true}', '{"city":"Rome"}', '{"sure":true,"city":"Rome"}', "", "é"]
    lines = "".join(f"{json.dumps(text)}\n" for text in texts)
    assert quern("grammar", "--schema", SCHEMA, stdin=lines).stdout == "true\nfalse\nfalse\nfalse\nfalse\n"
    assert quern("grammar", "--regex", ".?", stdin=lines).stdout == "false\nfalse\nfalse\ntrue\ntrue\n"
    path = tmp_path / "rules.gbnf"
    path.write_text('root ::= "é"')
    assert quern("grammar", "--grammar", path, stdin=lines).stdout == "false\nfalse\nfalse\nfalse\ntrue\n"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--schema", '{"properties":{"a":{"pattern":"(?=a)b"}}}'), 1, "#/properties/a/pattern: look-around"),
        (("--regex", "["), 1, "(byte 0)"),
        (("--schema", "missing.json"), 1, "missing.json: no such file"),
        ((), 2, "--schema, --grammar or --regex"),
        (("--regex", "a", "--schema", "true"), 2, "exclude each other"),
    ],
)
def test_what_is_no_grammar_is_refused(arguments, status, message):
    done = quern("grammar", *arguments)
    assert done.returncode == status and message in done.stderr and done.stdout == ""
