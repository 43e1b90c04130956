"""./quern serve: when a stream begins and how it reports progress, forms of request targets, bodies that must not be a
server error, and the endpoints for a model's text and state."""

import concurrent.futures
import json
import pathlib
import re
import socket
import subprocess
import tempfile

import pytest
from serve_helpers import ENCODER, MESSAGES, MODEL, NAME, ROOT, TINY, ask, start

ENDLESS = {"2": -100, "0": -100}  # never choose a token that ends the answer
LONG = [{"role": "user", "content": "word " * 300}]


def post(port, path, body):
    answer = ask(port, "POST", path, json.dumps(body).encode())
    return answer.status, json.loads(answer.body)


def begin(port, body, path="/v1/chat/completions"):
    """Sends a request and returns its connection as a file."""
    data = json.dumps(body).encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"POST {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n".encode())
        connection.sendall(data)
        return connection.makefile("rb")


def head_of(file):
    """The status line of an answer; reads up to its body."""
    status = file.readline()
    while file.readline() not in (b"\r\n", b""):
        pass
    return status


# ---- streams ----


def test_a_stream_begins_before_its_prompt_is_computed(port):
    """A request that waits behind a long one gets its status and a comment at once; bad ones get their status."""
    long = {"messages": MESSAGES, "stream": True, "max_tokens": 900, "logit_bias": ENDLESS}
    with begin(port, long) as first:
        assert b" 200 " in head_of(first)
        with begin(port, {"messages": LONG, "stream": True, "max_tokens": 1}) as second:
            assert b" 200 " in head_of(second)
            assert second.readline() == b": accepted\n"
            for bad, status in (
                ({"temperature": -1}, 400),
                ({"messages": []}, 400),
                ({"messages": [{"role": "user", "content": "long " * 2000}]}, 400),
                ({"logit_bias": {"999999": 1}}, 400),
                ({"stop": [1]}, 400),
                ({"n": 0}, 400),
                ({"model": "none"}, 404),
            ):
                with begin(port, {"messages": MESSAGES, "stream": True, **bad}) as third:
                    assert f" {status} ".encode() in head_of(third), bad
            with begin(port, {"prompt": [1, 2**30], "stream": True}, "/v1/completions") as third:
                assert b" 400 " in head_of(third)
            ended = any(line == b"data: [DONE]\n" for line in (first.readline() for _ in range(3)))
            assert not ended, "the first answer ended before the others were looked at"


def events_of(answer):
    lines = [line for line in answer.body.decode().split("\n\n") if line.startswith("data: {")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


@pytest.mark.parametrize(
    ("path", "prompt"), [("chat/completions", {"messages": LONG}), ("completions", {"prompt": "a " * 300})]
)
def test_progress_on_request(port, path, prompt):
    body = {**prompt, "stream": True, "return_progress": True, "max_tokens": 2, "seed": 1}
    chunks = events_of(ask(port, "POST", f"/v1/{path}", json.dumps(body).encode()))
    progress = [chunk["prompt_progress"] for chunk in chunks if "prompt_progress" in chunk]
    assert len(progress) > 2 and all("prompt_progress" in chunk for chunk in chunks[: len(progress)])
    assert all(chunk["choices"] == [] for chunk in chunks[: len(progress)])
    assert len({chunk["id"] for chunk in chunks}) == 1
    done = [each["processed"] for each in progress]
    assert done == sorted(done) and done[0] == 0 and done[-1] == progress[-1]["total"] > 300
    without = events_of(ask(port, "POST", f"/v1/{path}", json.dumps({**body, "return_progress": None}).encode()))
    assert not any("prompt_progress" in chunk for chunk in without)


# ---- targets and hosts ----


def test_forms_of_a_target(port):
    expected = ask(port, "GET", "/v1/models").body
    for target in (
        "//v1/models",
        "/v1/models/",
        "/v1//models//",
        "/v1/models?a=b",
        "http://localhost/v1/models",
        f"http://localhost:{port}//v1/models/",
        f"HTTP://[::1]:{port}/v1/models?a=b",
    ):
        answer = ask(port, "GET", target)
        assert (answer.status, answer.body) == (200, expected), target
    assert ask(port, "GET", f"/v1/models/{NAME}/").status == 200
    assert ask(port, "GET", "http://localhost").status == 302
    assert post(port, "//v1/chat/completions/", {"messages": MESSAGES, "max_tokens": 1})[0] == 200


def test_the_host_of_an_absolute_target_counts(port):
    assert ask(port, "GET", "http://evil.example/v1/models").status == 403
    assert ask(port, "GET", "http://localhost@evil.example/v1/models").status == 403
    assert ask(port, "GET", "http://localhost/v1/models", Host="evil.example").status == 200


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6")
def test_ipv6(port):
    """By default the server listens on both addresses of localhost, as clients try either first."""
    with socket.create_connection(("::1", port)) as connection:
        connection.sendall(f"GET /v1/models HTTP/1.0\r\nHost: [::1]:{port}\r\n\r\n".encode())
        assert b" 200 " in connection.makefile("rb").readline()
    process, own = start("-m", TINY, "--listen", "[::1]")
    try:
        with socket.create_connection(("::1", int(own))) as connection:
            connection.sendall(b"GET /v1/models HTTP/1.0\r\nHost: [::1]\r\n\r\n")
            assert b" 200 " in connection.makefile("rb").readline()
    finally:
        process.terminate()
        process.wait(60)


# ---- bodies that must not be a server error ----


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/tokenize"])
@pytest.mark.parametrize("name", ["messages", "tools", "stop", "input", "prompt", "made_up"])
def test_deep_json_is_a_bad_request(port, path, name):
    for deep in ("[" * 100_000 + "]" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000, "[" * 1_000_000):
        answer = ask(port, "POST", path, f'{{"{name}": {deep}}}'.encode())
        assert answer.status == 400 and "nests" in answer.error["message"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"tokens": [%s0], "x": 1}' % ("0," * (2**18 - 1)), "x is not supported"),
        ('{"tokens": [%s0], "x": 1}' % ("0," * 2**18), "has more than 262144 values"),
        (json.dumps(dict.fromkeys(range(2**16), 1)), "0 is not supported"),
        (json.dumps(dict.fromkeys(range(2**16 + 1), 1)), "has more than 65536 keys"),
        ('{"content": "%s", "x": 1}' % (",:" * 2**18), "x is not supported"),
    ],
    ids=["values", "too many values", "keys", "too many keys", "a text"],
)
def test_bodies_that_take_long_to_parse_are_refused(port, body, words):
    answer = ask(port, "POST", "/detokenize" if "tokens" in body else "/tokenize", body.encode())
    assert answer.status == (413 if "more than" in words else 400)
    assert words in answer.error["message"]


LARGE = "word " * 1_400_000
MANY = [{"role": "user", "content": "word " * 1000}] * 1400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": LARGE}]}),
        ("/v1/chat/completions", {"messages": MANY, "stream": True}),
        ("/v1/chat/completions", {"messages": [*MESSAGES, {"role": "assistant", "content": LARGE}]}),
        ("/v1/chat/completions", {"messages": MESSAGES, "tools": [{"name": LARGE}], "model": "tools"}),
        ("/v1/completions", {"prompt": LARGE}),
        ("/v1/completions", {"prompt": ["a", LARGE]}),
        ("/v1/embeddings", {"input": LARGE, "pooling": "mean"}),
        ("/v1/embeddings", {"input": ["a", LARGE], "model": ENCODER.stem}),
        ("/v1/responses", {"input": LARGE}),
        ("/v1/responses", {"input": "a", "instructions": LARGE}),
        ("/tokenize", {"content": LARGE}),
        ("/apply-template", {"messages": MANY}),
        ("/apply-template", {"messages": MESSAGES * 4000}),
        ("/v1/chat/completions", {"messages": MESSAGES * 4000}),
    ],
)
def test_texts_that_no_context_can_hold_are_not_tokenized(large, path, body):
    status, answer = post(large, path, body)
    assert (status, answer["error"]["code"]) == (400, "context_length_exceeded")
    wanted = r"(has \d{7} characters; the context cannot hold more than \d+|are 4000 messages; .* \d+ tokens)$"
    assert re.search(wanted, answer["error"]["message"])


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "tools.gguf"
    path.symlink_to(TINY)
    template = path.with_suffix(".jinja")
    template.write_text("{{ tools | tojson }}{% for m in messages %}{{ m.content }}{% endfor %}")
    process, port = start("-m", TINY, "-m", path, "-m", ENCODER, "--template", template)
    yield int(port)
    process.terminate()
    process.wait(60)


def test_long_work_does_not_block_other_requests(port):
    """A text is tokenized in one step, which takes as long as many small requests."""
    body = json.dumps({"content": "word " * 52_000}).encode()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        long = [pool.submit(ask, port, "POST", "/tokenize", body) for _ in range(4)]
        count = 0
        while not all(each.done() for each in long):
            assert ask(port, "GET", "/v1/models").status == 200
            assert post(port, "/v1/embeddings", {"model": ENCODER.stem, "input": "a"})[0] == 200
            count += 1
    assert all(len(json.loads(each.result().body)["tokens"]) == 52_001 for each in long)
    assert count > 10


def test_brackets_in_texts_are_no_nesting(port):
    text = '\\"[{' * 1000
    assert post(port, "/tokenize", {"content": text})[0] == 200


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A server with a model that has no vocabulary."""
    path = tmp_path_factory.mktemp("models") / "bare.gguf"
    whole = TINY.read_bytes()
    for name in (b"model", b"tokens"):
        whole = whole.replace(b"tokenizer.ggml." + name, b"tokenizer.that." + name)
    path.write_bytes(whole)
    process, port = start("-m", path)
    yield int(port)
    process.terminate()
    process.wait(60)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": MESSAGES}),
        ("/v1/chat/completions", {"messages": MESSAGES, "stream": True}),
        ("/v1/completions", {"prompt": "a"}),
        ("/v1/completions", {"prompt": [1, 2]}),
        ("/v1/embeddings", {"input": "a", "pooling": "mean"}),
        ("/tokenize", {"content": "a"}),
        ("/detokenize", {"tokens": [1]}),
        ("/apply-template", {"messages": MESSAGES}),
    ],
)
def test_a_model_without_a_vocabulary(bare, path, body):
    status, answer = post(bare, path, body)
    assert status == 400 and answer["error"]["code"] == "unsupported_model"
    assert "no vocabulary" in answer["error"]["message"]


def test_embeddings_need_no_vocabulary(bare):
    assert post(bare, "/v1/embeddings", {"input": [1, 2], "pooling": "mean"})[0] == 200


# ---- null ----

SHARED = (
    "max_completion_tokens temperature top_p top_k min_p repeat_penalty frequency_penalty presence_penalty logit_bias "
    "stop n stream stream_options return_progress model user"
)


@pytest.mark.parametrize(
    ("path", "body", "names"),
    [
        (
            "chat/completions",
            {"messages": MESSAGES, "max_tokens": 3, "seed": 1},
            f"{SHARED} tools tool_choice logprobs",
        ),
        ("chat/completions", {"messages": MESSAGES, "max_tokens": 3, "seed": 1}, "response_format store metadata"),
        ("completions", {"prompt": "One, two,", "max_tokens": 3, "seed": 1}, f"{SHARED} logprobs suffix echo best_of"),
        ("embeddings", {"model": ENCODER.stem, "input": "a"}, "encoding_format pooling dimensions user"),
    ],
)
def test_null_is_the_same_as_an_absent_field(port, path, body, names):
    def answer(more):
        status, found = post(port, f"/v1/{path}", {**body, **more})
        assert status == 200, found
        return found.get("choices", found.get("data"))

    assert answer(dict.fromkeys(names.split())) == answer({})


def test_null_in_nested_fields(port):
    body = {"messages": MESSAGES, "max_tokens": 3, "seed": 1, "stream": True}
    for options in (None, {"include_usage": None}, {"include_usage": None, "include_obfuscation": None}):
        data = json.dumps({**body, "stream_options": options}).encode()
        assert not any("usage" in chunk for chunk in events_of(ask(port, "POST", "/v1/chat/completions", data)))
    for fields in ({}, {"name": None, "tool_calls": None, "function_call": None, "refusal": None}):
        prompt = post(port, "/apply-template", {"messages": [{**MESSAGES[0], **fields}], "tools": None})[1]["prompt"]
        assert prompt == post(port, "/apply-template", {"messages": MESSAGES})[1]["prompt"]


# ---- fields of other servers ----


def chat(port, **more):
    body = {"messages": MESSAGES, "temperature": 0, "max_tokens": 12, "logprobs": True, **more}
    status, answer = post(port, "/v1/chat/completions", body)
    assert status == 200, answer
    choice = answer["choices"][0]
    ids = [each["id"] for each in (choice["logprobs"] or {"content": []})["content"]]
    return choice["message"]["content"], ids, answer["usage"]["completion_tokens"], choice["finish_reason"]


def test_aliases(port):
    plain = chat(port)
    penalized = chat(port, repeat_penalty=3)
    assert chat(port, repetition_penalty=3) == penalized != plain
    assert chat(port, repeat_penalty=3, repeat_last_n=0) == plain
    assert chat(port, max_tokens=None, n_predict=5) == chat(port, max_tokens=5) != plain
    assert chat(port, n_predict=5) == plain, "max_tokens takes precedence"


def test_top_k_of_minus_one_is_no_limit(port):
    def drawn(**more):
        return chat(port, temperature=2, min_p=0, top_p=1, seed=1, **more)

    assert drawn(top_k=-1) == drawn(top_k=0) != drawn(top_k=2)
    assert post(port, "/v1/chat/completions", {"messages": MESSAGES, "top_k": -2})[0] == 400


def test_max_tokens_of_minus_one_and_zero(port):
    for name in ("max_tokens", "max_completion_tokens", "n_predict"):
        text, _, count, finish = chat(port, **{"max_tokens": None, "stop": "France", name: -1})
        assert (text, finish) == ("The capital of ", "stop")
        assert chat(port, **{"max_tokens": None, name: 0})[::2] == ("", 0)


def test_sixteen_stop_strings(port):
    assert chat(port, stop=["never said"] * 15 + ["capital"])[0] == "The "


def test_end_of_an_answer(port):
    _, ids, _, _ = chat(port, max_tokens=40)
    text, before, count, finish = chat(port, max_tokens=40, stop_token_ids=[ids[3], 7])
    assert (before, count, finish) == (ids[:3], 3, "stop")
    for more in ({"min_tokens": 6, "stop": "capital", "stop_token_ids": [ids[2]]}, {"min_tokens": 6, "seed": 1}):
        _, longer, _, _ = chat(port, **more)
        assert len(longer) >= 6 and ("seed" in more or ids[2] not in longer[:6])
    end = {"logit_bias": {"2": 100}}
    assert chat(port, **end) == ("", [], 0, "stop")
    assert chat(port, **end, ignore_eos=True)[2:] == (12, "length")
    text, ids, count, finish = chat(port, **end, min_tokens=4)
    assert (count, finish) == (4, "stop") and 2 not in ids
    assert chat(port, min_tokens=0, ignore_eos=False, stop_token_ids=[]) == chat(port)


def test_random_tokens_after_min_tokens(port):
    """The rest of an answer does not repeat the random sequence of its start."""
    seeds = [chat(port, temperature=1.5, seed=1, min_tokens=6, max_tokens=12)[1] for _ in range(2)]
    assert seeds[0] == seeds[1]
    assert chat(port, temperature=1.5, seed=1, max_tokens=6, ignore_eos=True)[1] == seeds[0][:6]


def test_variables_of_the_template():
    template = (
        "{{ enable_thinking }} {{ reasoning_effort }} {{ color }} {{ messages[0].content }} {{ tools }} {{ documents }}"
        "{% if add_generation_prompt %}!{% endif %}"
    )
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "template.jinja"
        file.write_text(template)
        process, own = start("-m", MODEL, "--template", file)
        try:

            def prompt(**more):
                messages = [{"role": "user", "content": "Hi"}]
                status, answer = post(int(own), "/apply-template", {"messages": messages, **more})
                return answer["prompt"] if status == 200 else answer["error"]["message"]

            assert prompt() == "   Hi  !"
            kwargs = {"color": "red", "enable_thinking": True, "none": None}
            assert prompt(chat_template_kwargs=kwargs) == "True  red Hi  !"
            assert prompt(chat_template_kwargs=kwargs, enable_thinking=False) == "False  red Hi  !"
            assert prompt(reasoning_effort="low", documents=[]) == " low  Hi  []!"
            assert prompt(add_generation_prompt=False) == "   Hi  "
            assert prompt(chat_template_kwargs={"add_generation_prompt": False}) == "   Hi  "
            assert prompt(tools=[], tool_choice="none") == "   Hi  !"
            begun = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Oh <|im_end|> "}]
            assert prompt(messages=begun, continue_final_message=True) == "   Hi  !Oh <|im_end|> "
            assert "needs a last message of the assistant" in prompt(continue_final_message=True)
            both = prompt(continue_final_message=True, add_generation_prompt=True)
            assert both == "continue_final_message needs add_generation_prompt false"
        finally:
            process.terminate()
            process.wait(60)


def test_the_final_message_is_continued(port):
    """The answer goes on as if the model itself had begun it."""
    text, ids, _, _ = chat(port)
    begun = {"role": "assistant", "content": "The capital of"}
    rest, more, _, _ = chat(port, messages=[*MESSAGES, begun], continue_final_message=True, max_tokens=9)
    assert begun["content"] + rest == text and more == ids[3:]
    status, answer = post(
        port,
        "/v1/chat/completions",
        {"messages": [*MESSAGES, {**begun, "content": ""}], "continue_final_message": True},
    )
    assert status == 400 and "needs a last message" in answer["error"]["message"]


def test_any_name_of_the_only_model():
    process, own = start("-m", TINY)
    try:
        for name in ("gpt-4o", "", None, TINY.stem):
            for path, body in (
                ("completions", {"prompt": "a", "max_tokens": 1}),
                ("embeddings", {"input": "a", "pooling": "mean"}),
            ):
                status, answer = post(int(own), f"/v1/{path}", {**body, "model": name})
                assert (status, answer["model"]) == (200, TINY.stem)
        assert post(int(own), "/v1/completions", {"prompt": "a", "model": 5})[0] == 400
        assert ask(int(own), "GET", "/v1/models/gpt-4o").status == 404
    finally:
        process.terminate()
        process.wait(60)


# ---- a model's text ----


def test_tokenize_and_detokenize(port):
    text = "Hello, wörld! 🌞<|im_start|>"
    shown = subprocess.run(
        [ROOT / "quern", "tokenize", "-m", MODEL], input=text.encode(), capture_output=True, check=True
    )
    ids = [int(each) for each in shown.stdout.split(b",")]
    assert post(port, "/tokenize", {"content": text}) == (200, {"tokens": ids})
    assert post(port, "/detokenize", {"tokens": ids}) == (200, {"content": text})
    pieces = post(port, "/tokenize", {"content": text, "with_pieces": True})[1]["tokens"]
    assert [each["id"] for each in pieces] == ids
    joined = b"".join(bytes(p) if isinstance(p := each["piece"], list) else p.encode() for each in pieces)
    assert joined == text.encode() and any(isinstance(each["piece"], list) for each in pieces)
    plain = post(port, "/tokenize", {"content": "<|im_start|>", "parse_special": False})[1]["tokens"]
    assert len(plain) > 1
    with_start, without = (
        post(port, "/tokenize", {"model": ENCODER.stem, "content": "a", "add_special": add})[1]["tokens"]
        for add in (True, False)
    )
    assert len(with_start) > len(without) > 0
    for path, body, param in (
        ("/tokenize", {}, "content"),
        ("/tokenize", {"content": 5}, "content"),
        ("/tokenize", {"content": "a", "add_special": 1}, "add_special"),
        ("/detokenize", {"tokens": [-1]}, "tokens"),
        ("/detokenize", {"tokens": ["a"]}, "tokens"),
        ("/detokenize", {}, "tokens"),
        ("/apply-template", {}, "messages"),
    ):
        status, answer = post(port, path, body)
        assert (status, answer["error"]["param"]) == (400, param)
    assert post(port, "/tokenize", {"content": "a", "model": "none"})[0] == 404
    assert ask(port, "GET", "/tokenize").status == 405


@pytest.mark.parametrize("name", ["__proto__", "constructor", "toString", "made_up"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": MESSAGES}),
        ("/v1/completions", {"prompt": "a"}),
        ("/v1/embeddings", {"input": "a", "pooling": "mean"}),
        ("/v1/responses", {"input": "a"}),
        ("/tokenize", {"content": "a"}),
        ("/detokenize", {"tokens": [1]}),
        ("/apply-template", {"messages": MESSAGES}),
    ],
)
def test_unknown_fields_are_refused_everywhere(port, path, body, name):
    """Also those that every object in JavaScript has."""
    status, answer = post(port, path, {**body, name: {"a": 1}})
    assert (status, answer["error"]["code"], answer["error"]["param"]) == (400, "unsupported_parameter", name)


def test_apply_template(port):
    run = [ROOT / "quern", "template", "-m", MODEL]
    shown = subprocess.run(run, input=json.dumps(MESSAGES).encode(), capture_output=True, check=True).stdout
    assert post(port, "/apply-template", {"messages": MESSAGES}) == (200, {"prompt": shown.decode()})


# ---- state ----


def test_health(port):
    for path in ("/health", "/v1/health"):
        answer = ask(port, "GET", path)
        assert (answer.status, json.loads(answer.body)) == (200, {"status": "ok"})


def metrics(port):
    answer = ask(port, "GET", "/metrics")
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = {}
    for line in answer.body.decode().splitlines():
        if not line.startswith("#"):
            name, value = re.fullmatch(r'(quern_\w+\{model="[^"]+"(?:,status="\d+")?\}) ([\d.e+-]+)', line).groups()
            found[name] = float(value)
    return found


def test_metrics(port):
    before = metrics(port)
    used = {"prompt": 0, "generated": 0, "cached": 0}
    for stream in (False, True):
        body = {"messages": MESSAGES, "max_tokens": 3, "stream": stream, "stream_options": {"include_usage": True}}
        answer = ask(port, "POST", "/v1/chat/completions", json.dumps(body).encode())
        usage = events_of(answer)[-1]["usage"] if stream else json.loads(answer.body)["usage"]
        used["prompt"] += usage["prompt_tokens"]
        used["generated"] += usage["completion_tokens"]
        used["cached"] += usage["prompt_tokens_details"]["cached_tokens"]
    without = {"messages": MESSAGES, "max_tokens": 3, "stream": True}
    assert not any(
        "usage" in chunk for chunk in events_of(ask(port, "POST", "/v1/chat/completions", json.dumps(without).encode()))
    )
    post(port, "/v1/chat/completions", {"messages": []})
    after = metrics(port)

    def change(name, status=None):
        key = f'quern_{name}{{model="{NAME}"' + (f',status="{status}"' if status else "") + "}"
        return after[key] - before.get(key, 0)

    assert change("requests_total", 200) == 3 and change("requests_total", 400) == 1
    assert change("prompt_tokens_total") > used["prompt"] and change("generated_tokens_total") == used["generated"] + 3
    assert change("cached_tokens_total") > used["cached"]
    assert change("prompt_seconds_total") > 0 and change("generation_seconds_total") > 0
    assert after[f'quern_model_loaded{{model="{NAME}"}}'] == 1 and after[f'quern_memory_bytes{{model="{NAME}"}}'] > 1e6
    assert after[f'quern_requests_running{{model="{NAME}"}}'] == 0


def test_pooling_is_the_default_of_decoders():
    process, own = start("-m", TINY, "-m", ENCODER, "--pooling", "mean")
    try:
        for model, same, other in ((TINY.stem, "mean", "last"), (ENCODER.stem, None, None)):
            asked = {"model": model, "input": "a b c"}
            rows = {
                pooling: post(
                    int(own), "/v1/embeddings", asked if pooling == "default" else {**asked, "pooling": pooling}
                )[1]["data"][0]["embedding"]
                for pooling in ("default", "mean", "last", "cls")
            }
            if same:
                assert rows["default"] == rows[same] != rows[other]
            else:
                shown = subprocess.run(
                    [ROOT / "quern", "embed", "-m", ENCODER, "-p", "a b c"], capture_output=True, check=True
                ).stdout
                assert max(abs(a - b) for a, b in zip(rows["default"], json.loads(shown), strict=True)) < 1e-6
    finally:
        process.terminate()
        process.wait(60)
