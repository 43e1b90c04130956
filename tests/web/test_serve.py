"""Tests ./quern serve with OpenAI's clients: Python here, JavaScript in serve-openai.test.mjs. The answers must equal
those of the command line."""

import concurrent.futures
import json
import math
import re
import socket
import subprocess
import time

import jsonschema
import pytest
from serve_helpers import ENCODER, HERE, MESSAGES, MODEL, NAME, ROOT, TINY, ask, checks_of, results_of, start

openai = pytest.importorskip("openai")
GREEDY = {"model": NAME, "messages": MESSAGES, "temperature": 0, "max_tokens": 24}
READS_TOOLS = r"""{%- for tool in tools or [] %}{{- tool | tojson + '\n' }}{% endfor %}
{%- for m in messages %}{{- '<|im_start|>' + m.role + '\n' }}
{%- if m.reasoning_content %}{{- '<think>\n' + m.reasoning_content + '\n</think>\n\n' }}{% endif %}
{{- m.content or '' }}
{%- for call in m.tool_calls or [] %}{{- '<tool_call>\n{"name": "' + call.function.name + '", "arguments": ' }}
{{- call.function.arguments | tojson }}{{- '}\n</tool_call>' }}{% endfor %}{{- '<|im_end|>\n' }}{% endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' + ('<think>\n' if think else '') }}{% endif %}"""
ENDLESS = {"2": -100, "0": -100}  # never choose a token that ends the answer


def test_models(client):
    listed = client.models.list().data
    assert [model.id for model in listed] == [NAME, TINY.stem, ENCODER.stem]
    assert client.models.retrieve(TINY.stem).object == "model"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4o")


def test_chat(client, said):
    answer = client.chat.completions.create(**GREEDY)
    assert answer.object == "chat.completion"
    assert answer.model == NAME
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content == said["text"]
    assert answer.choices[0].finish_reason == said["finish_reason"]
    assert answer.usage.prompt_tokens == said["prompt_tokens"]
    assert answer.usage.completion_tokens == len(said["tokens"])
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_chat_stream(client, said):
    chunks = list(client.chat.completions.create(**GREEDY, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == said["text"]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len({chunk.id for chunk in chunks}) == 1
    assert {chunk.model for chunk in chunks} == {NAME}
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == said["finish_reason"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == len(said["tokens"])
    without = list(client.chat.completions.create(**GREEDY, stream=True))
    assert all(chunk.choices and chunk.usage is None for chunk in without)


def test_stream_format(port):
    answer = ask(port, "POST", "/v1/chat/completions", json.dumps({**GREEDY, "stream": True}).encode())
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    comment, *events, last, nothing = answer.body.decode().split("\n\n")
    assert comment.startswith(": ")
    assert (last, nothing) == ("data: [DONE]", "")
    assert all(json.loads(event.removeprefix("data: "))["object"] == "chat.completion.chunk" for event in events)


def test_stop(client, said):
    stop = said["text"][8:14]
    for form in (stop, [stop, "never said"]):
        choice = client.chat.completions.create(**GREEDY, stop=form).choices[0]
        assert choice.message.content == said["text"][:8]
        assert choice.finish_reason == "stop"


def test_max_tokens(client):
    for name in ("max_tokens", "max_completion_tokens"):
        answer = client.chat.completions.create(model=NAME, messages=MESSAGES, temperature=0, **{name: 3})
        assert answer.usage.completion_tokens == 3
        assert answer.choices[0].finish_reason == "length"


def test_seed_and_n(client):
    def texts(**more):
        answer = client.chat.completions.create(**{**GREEDY, "temperature": 1.5, "n": 2, **more})
        assert [choice.index for choice in answer.choices] == [0, 1]
        return [choice.message.content for choice in answer.choices]

    once = texts(seed=7)
    assert texts(seed=7) == once
    assert once[0] != once[1]
    assert texts(seed=8) != once


def test_logprobs(client, said):
    answer = client.chat.completions.create(**GREEDY, logprobs=True, top_logprobs=3)
    content = answer.choices[0].logprobs.content
    assert b"".join(bytes(token.bytes) for token in content).decode() == said["text"]
    for token in content:
        assert len(token.top_logprobs) == 3
        assert token.top_logprobs[0].token == token.token
        assert sum(math.exp(each.logprob) for each in token.top_logprobs) <= 1.0001
    assert client.chat.completions.create(**GREEDY).choices[0].logprobs is None


def test_completions(client):
    request = {"model": NAME, "prompt": "One, two, three,", "max_tokens": 8, "temperature": 0}
    whole = client.completions.create(**request, logprobs=2)
    assert whole.object == "text_completion"
    assert whole.choices[0].text.startswith(" four, five")
    assert "".join(whole.choices[0].logprobs.tokens) == whole.choices[0].text
    chunks = list(client.completions.create(**request, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == whole.choices[0].text
    assert chunks[-1].usage.completion_tokens == 8
    run = [ROOT / "quern", "tokenize", "-m", MODEL]
    ids = subprocess.run(run, input=request["prompt"], capture_output=True, text=True, check=True).stdout.split(",")
    by_ids = client.completions.create(**{**request, "prompt": [int(each) for each in ids]})
    assert by_ids.choices[0].text == whole.choices[0].text


def test_several_prompts(client):
    prompts = ["One, two, three,", "The capital of France is"]
    request = {"model": NAME, "max_tokens": 4, "temperature": 0.7, "seed": 5, "n": 2}
    whole = client.completions.create(**request, prompt=prompts)
    alone = [client.completions.create(**request, prompt=prompt) for prompt in prompts]
    assert [choice.index for choice in whole.choices] == [0, 1, 2, 3]
    assert [choice.text for choice in whole.choices] == [choice.text for answer in alone for choice in answer.choices]
    assert whole.usage.total_tokens == sum(answer.usage.total_tokens for answer in alone)
    streamed = ["", "", "", ""]
    for chunk in client.completions.create(**request, prompt=prompts, stream=True):
        streamed[chunk.choices[0].index] += chunk.choices[0].text
    assert streamed == [choice.text for choice in whole.choices]


def test_embeddings_beside_a_chat(client):
    def row():
        return (
            client.embeddings.create(model=NAME, input="The harbour bell", extra_body={"pooling": "last"})
            .data[0]
            .embedding
        )

    alone, chats = row(), []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        chat = pool.submit(lambda: client.chat.completions.create(**{**GREEDY, "max_tokens": 40}, logit_bias=ENDLESS))
        while not chat.done():
            chats.append(row())
    assert len(chats) > 1
    assert all(each == alone for each in chats)
    again = client.chat.completions.create(**{**GREEDY, "max_tokens": 40}, logit_bias=ENDLESS)
    assert chat.result().choices[0].message.content == again.choices[0].message.content


def test_requests_of_two_models_at_once(client):
    def one(i):
        model = [NAME, TINY.stem][i % 2]
        return client.completions.create(model=model, prompt="a b c", max_tokens=6, temperature=0).choices[0].text

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        texts = list(pool.map(one, range(6)))
    assert texts[0::2] == [texts[0]] * 3
    assert texts[1::2] == [texts[1]] * 3


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_frees_the_model(client, port, said, stream):
    answer = ask_and_leave(port, {**GREEDY, "max_tokens": 900, "logit_bias": ENDLESS, "stream": stream})
    assert client.chat.completions.create(**GREEDY).choices[0].message.content == said["text"]
    assert answer == stream


def ask_and_leave(port, request):
    """Sends a request and disconnects after the first bytes of a stream, or after half a second."""
    body = json.dumps(request).encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        if not request["stream"]:
            time.sleep(0.5)
            return False
        return b"200 OK" in connection.recv(100)


def test_abort_of_the_client(client, said):
    stream = client.chat.completions.create(**{**GREEDY, "max_tokens": 900}, logit_bias=ENDLESS, stream=True)
    for _ in range(3):
        next(stream)
    stream.close()
    assert client.chat.completions.create(**GREEDY).choices[0].message.content == said["text"]


def test_clients_that_leave_while_they_wait_change_nothing(client, port):
    first = client.chat.completions.create(**GREEDY)
    asked = {
        **GREEDY,
        "messages": [
            *MESSAGES,
            {"role": "assistant", "content": first.choices[0].message.content},
            {"role": "user", "content": "And of Spain?"},
        ],
    }
    busy = client.chat.completions.create(**{**asked, "max_tokens": 40}, logit_bias=ENDLESS, stream=True)
    next(busy)
    other = json.dumps(
        {**GREEDY, "messages": [{"role": "system", "content": "Another beginning."}, *MESSAGES]}
    ).encode()
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(
                b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s"
                % (len(other), other)
            )
    list(busy)
    usage = client.chat.completions.create(**asked).usage
    assert usage.prompt_tokens_details.cached_tokens == usage.prompt_tokens - 1


def test_a_split_model():
    parts = sorted((ROOT / "tests/vectors/split").glob("*.gguf"))
    process, port = start("-m", parts[0])
    try:
        with openai.OpenAI(base_url=f"http://localhost:{port}/v1", api_key="none") as client:
            assert [model.id for model in client.models.list()] == ["tiny-llama-f32"]
            assert (
                client.completions.create(model="tiny-llama-f32", prompt="a", max_tokens=4).usage.completion_tokens > 0
            )
        for part in parts:
            assert ask(int(port), "GET", f"/models/{part.name}").body == part.read_bytes()
    finally:
        process.terminate()
        process.wait(60)


def test_embeddings_of_a_decoder(client):
    with pytest.raises(openai.BadRequestError) as failure:
        client.embeddings.create(model=NAME, input="Hello")
    assert failure.value.param == "pooling" and "choose mean, cls, last or none" in failure.value.message
    [one] = client.embeddings.create(model=NAME, input="Hello", extra_body={"pooling": "last"}).data
    assert abs(math.hypot(*one.embedding) - 1) < 1e-5


def test_embeddings_of_an_encoder(client):
    texts = ["the harbour", "a bell rings"]
    for form in ({}, {"encoding_format": "float"}):
        answer = client.embeddings.create(model=ENCODER.stem, input=texts, **form)
        assert answer.model == ENCODER.stem and answer.usage.prompt_tokens == answer.usage.total_tokens > 4
        for text, one in zip(texts, answer.data, strict=True):
            shown = subprocess.run(
                [ROOT / "quern", "embed", "-m", ENCODER, "-p", text], capture_output=True, check=True
            ).stdout
            assert max(abs(a - b) for a, b in zip(one.embedding, json.loads(shown), strict=True)) < 1e-6
    with pytest.raises(openai.BadRequestError) as failure:
        client.chat.completions.create(model=ENCODER.stem, messages=MESSAGES)
    assert failure.value.param == "model" and "generates no text" in failure.value.message


WRONG = {
    "messages": [
        [],
        "hello",
        [{"content": "no role"}],
        [{"role": "user", "content": 5}],
        [{"role": "user", "content": [{"type": "image_url"}]}],
        [{"role": "user", "content": ["hi"]}],
        [{"role": "user", "content": [None]}],
        [{"role": "user", "content": [{"text": "hi"}]}],
        [None],
    ],
    "temperature": ["hot", -1],
    "top_p": [2],
    "top_k": [0.5],
    "n": [0, 1.5],
    "max_tokens": [-2, 0.5, "many"],
    "seed": ["x", 0.5],
    "stop": [[1], ["a"] * 17],
    "stop_token_ids": [5, [-1], ["a"], [2**30]],
    "min_tokens": [-1, 5, "a"],
    "ignore_eos": [1],
    "repetition_penalty": [0],
    "n_predict": [-2],
    "chat_template_kwargs": [5, [], {"messages": []}],
    "enable_thinking": ["no"],
    "continue_final_message": [1],
    "logit_bias": [5, {"a": 1}, {"1": "b"}, {"4294967297": 1}, [], [1]],
    "tools": [5, [5], [None], [[]]],
    "documents": [{}, ["a"]],
    "reasoning_effort": [5, {}],
    "top_logprobs": [21, "all"],
    "stream": ["yes"],
    "stream_options": [5, [], {"include_usage": "yes"}],
    "return_progress": [1, {}],
}


@pytest.mark.parametrize(("param", "value"), [(param, value) for param, values in WRONG.items() for value in values])
def test_wrong_values(client, param, value):
    with pytest.raises(openai.BadRequestError) as failure:
        client.chat.completions.create(
            **{"model": NAME, "messages": MESSAGES, "logprobs": True, "max_tokens": 4}, extra_body={param: value}
        )
    assert failure.value.param == param
    assert failure.value.type == "invalid_request_error"
    assert "undefined" not in failure.value.message


def test_wrong_requests(client, port):
    with pytest.raises(openai.NotFoundError) as failure:
        client.chat.completions.create(model="gpt-4o", messages=MESSAGES)
    assert failure.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as failure:
        client.chat.completions.create(model=NAME, messages=[{"role": "user", "content": "long " * 2000}])
    assert failure.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError, match="prompt"):
        client.completions.create(model=NAME, prompt=["a", 1])
    with pytest.raises(openai.BadRequestError):
        client.completions.create(model=NAME, prompt=[2**31 - 1, -5])
    with pytest.raises(openai.BadRequestError, match="top_logprobs needs logprobs"):
        client.chat.completions.create(model=NAME, messages=MESSAGES, top_logprobs=2)
    for ids in ([-1], [2**40], [2**53], [[5], [49152]]):
        with pytest.raises(openai.BadRequestError, match="input: there is no token"):
            client.embeddings.create(model=NAME, input=ids, extra_body={"pooling": "last"})
    with pytest.raises(openai.BadRequestError, match="echo"):
        client.completions.create(model=NAME, prompt="a", echo=True)
    for body in (b"{", b"", b"[]", b"3", b"\xff\xfe"):
        answer = ask(port, "POST", "/v1/chat/completions", body)
        assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")
    assert ask(port, "POST", "/v1/chat/completions", b" " * (9 << 20)).status == 413
    assert ask(port, "POST", "/v1/nothing", b"{}").error["message"]
    assert ask(port, "GET", "/v1/nothing").status == 404
    answer = ask(port, "GET", "/v1/chat/completions")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    answer = ask(port, "DELETE", "/v1/models")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert ask(port, "GET", "/v1/models/%").status == 400


def test_parameters_without_effect_are_ignored(client, said):
    answer = client.chat.completions.create(
        **GREEDY,
        user="me",
        store=False,
        metadata={"a": "b"},
        service_tier="auto",
        parallel_tool_calls=True,
        response_format={"type": "text"},
        tool_choice="auto",
        extra_body={"cache_prompt": True, "typical_p": 1, "mirostat": 0, "grammar": ""},
    )
    assert answer.choices[0].message.content == said["text"]


PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 12},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
    },
    "required": ["name", "age"],
    "additionalProperties": False,
}


def test_response_format(client):
    schema = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON, "strict": True}}
    hot = {"temperature": 1.2, "max_tokens": 60}
    for seed in range(3):
        answer = client.chat.completions.create(**{**GREEDY, **hot}, seed=seed, response_format=schema).choices[0]
        jsonschema.validate(json.loads(answer.message.content), PERSON)
        assert answer.finish_reason == "stop"
    whole = client.chat.completions.create(**GREEDY, response_format=schema).choices[0].message.content
    with client.chat.completions.create(**GREEDY, response_format=schema, stream=True) as chunks:
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole
    free = client.chat.completions.create(**GREEDY, response_format={"type": "json_object"})
    assert free.choices[0].message.content.startswith("{")
    text = client.responses.create(
        model=NAME,
        input="a",
        max_output_tokens=60,
        temperature=0,
        text={"format": {**schema["json_schema"], "type": "json_schema"}},
    ).output_text
    jsonschema.validate(json.loads(text), PERSON)


def test_grammar_and_regex(client):
    answer = client.chat.completions.create(**GREEDY, extra_body={"grammar": 'root ::= "yes" | "no"'})
    assert answer.choices[0].message.content in ("yes", "no")
    answer = client.completions.create(model=NAME, prompt="1, 2, 3,", extra_body={"regex": " [0-9]{2}"})
    assert re.fullmatch(" [0-9]{2}", answer.choices[0].text)


@pytest.mark.parametrize(
    "fields,param,message",
    [
        ({"regex": "["}, "regex", "not closed"),
        ({"regex": "a", "grammar": 'root ::= "a"'}, "regex", "exclude each other"),
        ({"grammar": "root ::= x"}, "grammar", "x"),
        ({"response_format": {"type": "xml"}}, "response_format", "json_schema"),
        ({"response_format": {"type": "json_object", "schema": PERSON}}, "response_format", "schema is not supported"),
        ({"response_format": {"type": "json_object", "json_schema": {}}}, "response_format", "json_schema is not"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": PERSON, "strictly": True}}},
            "response_format",
            "strictly",
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"schema": {"properties": {"a": {"pattern": "(?=a)b"}}}},
                }
            },
            "response_format",
            "#/properties/a/pattern",
        ),
    ],
)
def test_formats_that_cannot_be_enforced_are_refused(client, fields, param, message):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**GREEDY, extra_body=fields)
    assert caught.value.param == param and message in caught.value.message


@pytest.mark.parametrize(
    "path,field",
    [
        ("chat", {"functions": [{"name": "f"}]}),
        ("chat", {"guided_json": {}}),
        ("chat", {"mirostat": 2}),
        ("chat", {"typical_p": 0.5}),
        ("chat", {"made_up": 1}),
        ("chat", {"prompt": "a"}),
        ("text", {"messages": MESSAGES}),
        ("text", {"enable_thinking": False}),
        ("embeddings", {"temperature": 1}),
        ("embeddings", {"truncate": "END"}),
        ("chat", {"modalities": ["text", "audio"]}),
        ("chat", {"audio": {"voice": "a", "format": "wav"}}),
        ("text", {"suffix": "end"}),
        ("text", {"best_of": 3}),
    ],
)
def test_unsupported_parameters_are_refused(client, path, field):
    create, asked = {
        "chat": (client.chat.completions.create, {"messages": MESSAGES}),
        "text": (client.completions.create, {"prompt": "a"}),
        "embeddings": (client.embeddings.create, {"input": "a"}),
    }[path]
    with pytest.raises(openai.BadRequestError) as failure:
        create(model=NAME, **asked, extra_body=field)
    assert (failure.value.param, failure.value.code) == (next(iter(field)), "unsupported_parameter")


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "f"}}, "sometimes"])
def test_a_choice_needs_its_tools(client, choice):
    with pytest.raises(openai.BadRequestError) as failure:
        client.chat.completions.create(model=NAME, messages=MESSAGES, tool_choice=choice)
    assert failure.value.param == "tool_choice"


@pytest.fixture(scope="module")
def npm():
    if not (HERE / "node_modules/openai").exists():
        pytest.skip("the npm packages of tests/web are missing; tools/setup.sh test installs them")


@pytest.fixture(scope="module")
def failing(npm):
    return results_of("serve-failing.test.mjs")


@pytest.mark.parametrize("name", checks_of("serve-failing.test.mjs"))
def test_failing_models(failing, name):
    assert failing.get(name, "did not run") is None


@pytest.fixture(scope="module")
def script(npm, port, said):
    return results_of("serve-openai.test.mjs", f"http://localhost:{port}/v1", NAME, said["text"])


@pytest.fixture(scope="module")
def tools(npm, tmp_path_factory):
    template = tmp_path_factory.mktemp("tools") / "tools.jinja"
    template.write_text(READS_TOOLS)
    process, port = start("-m", MODEL, "--ctx", "512", "--template", template)
    try:
        return results_of("serve-tools.test.mjs", f"http://localhost:{port}/v1", NAME)
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.parametrize("name", checks_of("serve-tools.test.mjs"))
def test_tools_of_responses(tools, name):
    assert tools.get(name, "did not run") is None


@pytest.mark.parametrize("name", checks_of("serve-openai.test.mjs"))
def test_javascript_client(script, name):
    assert script.get(name, "did not run") is None
