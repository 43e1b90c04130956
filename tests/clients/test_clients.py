"""./quern serve with other clients of OpenAI's API, and SmolLM2: LangChain for Python; in clients.test.mjs, the AI SDK
and LangChain for JavaScript. make test-clients runs it; the packages are too large for the other tests."""

import pathlib
import re
import sys
from typing import Literal

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "web"))
import serve_helpers  # noqa: E402
from test_serve import READS_TOOLS  # noqa: E402

langchain_openai = pytest.importorskip("langchain_openai", reason="make test-clients installs it")
pydantic = pytest.importorskip("pydantic")
messages = pytest.importorskip("langchain_core.messages")

SCRIPT = HERE / "clients.test.mjs"
QUESTION = "What is the weather in Rome?"


class Person(pydantic.BaseModel):
    """A person."""

    name: str = pydantic.Field(max_length=12)
    age: int = pydantic.Field(ge=0, le=120)
    color: Literal["red", "blue"]


class GetWeather(pydantic.BaseModel):
    """The weather in a city."""

    city: Literal["Paris", "Rome"]


@pytest.fixture(scope="module")
def url(smollm2, tmp_path_factory):
    template = tmp_path_factory.mktemp("clients") / "tools.jinja"
    template.write_text(READS_TOOLS)
    process, port = serve_helpers.start("-m", smollm2, "--ctx", "1024", "--template", template)
    yield f"http://localhost:{port}/v1"
    process.terminate()
    process.wait(60)


@pytest.fixture(scope="module")
def results(url):
    if not (HERE / "node_modules/ai").exists():
        pytest.skip("the npm packages of tests/clients are missing; make test-clients installs them")
    return serve_helpers.results_of(SCRIPT, url, serve_helpers.NAME)


@pytest.mark.parametrize("name", re.findall(r"^  async (\w+)\(", SCRIPT.read_text(), re.M))
def test_javascript(results, name):
    assert results.get(name, "did not run") is None


@pytest.fixture(scope="module")
def chat(url):
    return langchain_openai.ChatOpenAI(
        model=serve_helpers.NAME, base_url=url, api_key="none", temperature=0, max_tokens=120, max_retries=0
    )


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_structured_output(chat, method):
    assert isinstance(chat.with_structured_output(Person, method=method).invoke("Describe a person."), Person)


def test_structured_output_in_json_mode(chat):
    answer = chat.with_structured_output(None, method="json_mode", include_raw=True).invoke("Write JSON: a person.")
    assert answer["raw"].content.startswith("{")
    assert answer["parsed"] is not None or answer["raw"].response_metadata["finish_reason"] == "length"


def test_tools(chat):
    asked = [messages.HumanMessage(QUESTION)]
    bound = chat.bind_tools([GetWeather], tool_choice="required")
    answer = bound.invoke(asked)
    (call, *_) = answer.tool_calls
    assert GetWeather(**call["args"]) and call["name"] == "GetWeather" and answer.response_metadata
    result = messages.ToolMessage("clear", tool_call_id=call["id"])
    assert chat.bind_tools([GetWeather], tool_choice="none").invoke([*asked, answer, result]).content
    whole = None
    for chunk in bound.stream(asked):
        whole = chunk if whole is None else whole + chunk
    assert whole.tool_calls[0]["args"] == call["args"]


def test_streams_and_counts(chat):
    text = "".join(chunk.content for chunk in chat.stream(QUESTION))
    answer = chat.invoke(QUESTION)
    assert text == answer.content
    assert answer.usage_metadata["output_tokens"] > 0
