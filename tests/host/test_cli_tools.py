"""./quern run and chat with --tools and --think: calls, reasoning, and what is refused."""

import json
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

TINY = ROOT / "tests" / "vectors" / "tiny-llama-f32.gguf"
QUESTION = "What is the weather in Rome?"
CALL = {"name": "get_weather", "arguments": '{"city":"Rome"}'}
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 20}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS}}
# Examples of calls, so that a small model makes one.
TEMPLATE = r"""{%- for city in ['Paris', 'Oslo', 'Bonn'] if tools %}
{{- '<|im_start|>user\nWhat is the weather in ' + city + '?<|im_end|>\n<|im_start|>assistant\n<tool_call>\n' }}
{{- '{"name": "' + tools[0].function.name + '", "arguments": {"city":"' + city + '"}}\n</tool_call><|im_end|>\n' }}
{%- endfor %}
{%- for m in messages %}{{- '<|im_start|>' + m.role + '\n' }}
{%- if m.reasoning_content %}{{- '<think>\n' + m.reasoning_content + '\n</think>\n\n' }}{% endif %}
{{- m.content or '' }}
{%- for call in m.tool_calls or [] %}{{- '<tool_call>\n{"name": "' + call.function.name + '", "arguments": ' }}
{{- call.function.arguments | tojson }}{{- '}\n</tool_call>' }}{% endfor %}{{- '<|im_end|>\n' }}{% endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}
{%- if enable_thinking is defined %}{{- '<think>\n' if enable_thinking else '<think>\n\n</think>\n\n' }}{% endif %}
{%- endif %}"""


@pytest.fixture(scope="module")
def model(smollm2):
    return smollm2


@pytest.fixture
def files(tmp_path):
    """The template and the tools, as options."""
    (tmp_path / "chat.jinja").write_text(TEMPLATE)
    (tmp_path / "tools.json").write_text(json.dumps([TOOL]))
    return ["--template", tmp_path / "chat.jinja"], ["--tools", tmp_path / "tools.json"]


def quern(command, *arguments, stdin=""):
    given = [ROOT / "quern", command, "-t", "1", "--temp", "0", *map(str, arguments)]
    return subprocess.run(given, input=stdin, capture_output=True, text=True, timeout=300)


def lines(done):
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_run_prints_calls(model, files):
    template, tools = files
    asked = ["-m", model, *template, *tools, "-p", QUESTION]
    [call] = lines(quern("run", *asked))
    assert call["type"] == "function" and call["function"] == CALL and len(call["id"]) == 9
    [answer] = lines(quern("run", *asked, "--json"))
    assert [each["function"] for each in answer["tool_calls"]] == [CALL]
    assert (answer["text"], answer["finish_reason"]) == ("", "tool_calls")
    [cut] = lines(quern("run", *asked, "--json", "-n", answer["completion_tokens"] - 12))
    assert (cut["tool_calls"], cut["finish_reason"]) == ([], "length")


def test_chat_prints_and_keeps_calls(model, files, tmp_path):
    template, tools = files
    given = f"{QUESTION}\n/save {tmp_path}/saved.json\nWhat is the weather in Paris?\n"
    calls = lines(quern("chat", "-m", model, *template, *tools, stdin=given))
    assert [json.loads(call["function"]["arguments"]) for call in calls] == [{"city": "Rome"}, {"city": "Paris"}]
    saved = json.loads((tmp_path / "saved.json").read_text())
    assert saved[1]["tool_calls"] == calls[:1]


def test_think(model, files):
    asked = ["-m", model, *files[0], "-p", "What is 2 + 2?", "-n", 24, "--json"]
    [on] = lines(quern("run", *asked, "--think", "on"))
    [short] = lines(quern("run", *asked, "--think", "3"))
    [off] = lines(quern("run", *asked, "--think", "off"))
    assert on["reasoning"].startswith(short["reasoning"]) and len(on["reasoning"]) > len(short["reasoning"]) > 0
    assert short["text"] and "</think>" not in short["text"] + off["text"]
    assert "reasoning" not in off and off["prompt_tokens"] > on["prompt_tokens"]
    [chat] = lines(quern("chat", *asked, "--think", "3"))
    assert (chat["reasoning"], chat["text"]) == (short["reasoning"], short["text"])
    plain = quern("run", *asked[:-1], "--think", "3")
    assert plain.stdout == f"{short['text']}\n" and short["reasoning"] in plain.stderr


def test_think_off_can_be_combined_with_a_grammar(model, files):
    asked = ["-m", model, *files[0], "-p", "What is 2 + 2?", "--think", "off", "--regex", "[0-9]!"]
    for command in ("run", "chat"):
        answer = quern(command, *asked).stdout
        assert answer[0].isdigit() and answer[1:] == "!\n"


def refused(status, *arguments, command="run"):
    done = quern(command, "-p", "a", *arguments)
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    return done.stderr.splitlines()[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"type": "function",\n  "functié": 5,}]', "is not JSON: line 2, column 16: expected a key"),
        ("[", "is not JSON: line 1, column 2: expected a value"),
        ("{}", "must be a JSON list with at least one tool"),
        ("[]", "must be a JSON list with at least one tool"),
        ("[null]", "#/0: must be an object"),
        ('[{"type": "web_search"}]', '#/0/type: must be "function"'),
        ('[{"name": "f"}]', "#/0/function: must be an object with a name"),
        ('[{"function": {"name": 5}}]', "#/0/function/name: must be a text"),
        ('[{"function": {"name": "f", "description": 5}}]', "#/0/function/description: must be a text"),
        ('[{"function": {"name": "f", "parameters": []}}]', "#/0/function/parameters: must be an object"),
        ('[{"function": {"name": "f"}}, {"function": {"name": "f"}}]', '#/1/function/name: "f" is there twice'),
    ],
)
def test_bad_files_of_tools(tmp_path, text, message):
    path = tmp_path / "tools.json"
    path.write_text(text)
    for command in ("run", "chat"):
        assert f"quern: {path}: {message}" in refused(1, "-m", "none.gguf", "--tools", path, command=command)


def test_files_of_tools_that_cannot_be_read(tmp_path):
    assert f"{tmp_path}/none.json: no such file" in refused(1, "--tools", tmp_path / "none.json")
    assert f"{tmp_path}: is a directory" in refused(1, "--tools", tmp_path)


def test_schemas_that_cannot_be_enforced(model, files, tmp_path):
    path = tmp_path / "unique.json"
    unique = {"type": "object", "properties": {"a": {"uniqueItems": True}}}
    path.write_text(json.dumps([TOOL, {"function": {"name": "g", "parameters": unique}}]))
    text = refused(1, "-m", model, *files[0], "--tools", path)
    assert f"{path}: #/1/function/parameters/properties/a/uniqueItems: is not supported" in text


@pytest.mark.parametrize("command", ["run", "chat"])
def test_templates_that_cannot_do_it(files, tmp_path, command):
    plain = tmp_path / "plain.jinja"
    plain.write_text("{% for m in messages %}{{ m.role + ': ' + (m.content or '') + '\\n' }}{% endfor %}")
    asked = ("-m", TINY, "--template", plain)
    assert f"{plain}: the chat template does not read tools" in refused(1, *asked, *files[1], command=command)
    for how, message in {"on": "has no reasoning", "5": "has no reasoning", "off": "has no switch"}.items():
        text = refused(1, *asked, "--think", how, command=command)
        assert f"{plain}: the chat template {message}" in text and f"--think {how}" in text


def test_usage(files):
    tools = files[1]
    for how in ("maybe", "0", "-1", "1.5", ""):
        assert "--think must be on, off, or a whole number" in refused(2, f"--think={how}")
    for more in (["--raw"], ["--regex", "a"], ["--mask-stats"]):
        assert f"--tools and {more[0]} exclude each other" in refused(2, *tools, *more)
        if more != ["--raw"]:
            assert f"--think and {more[0]} exclude each other" in refused(2, "--think", "on", *more)
    assert "--think and --raw exclude" in refused(2, "--think", "off", "--raw", command="chat")
    assert "--tools needs --host node" in refused(2, *tools, "--host", "wasmtime")
    assert "--think needs --host node" in refused(2, "--think", "off", "--host", "wasmtime")
