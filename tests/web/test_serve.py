"""./quern serve as others see it: through OpenAI's own clients (Python here, JavaScript in serve.mjs) and as plain HTTP. What
the model says is held to what the command line says."""

import concurrent.futures
import http.client
import json
import math
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

openai = pytest.importorskip("openai")
HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import fetch_model  # noqa: E402


def checks_of(script):
    return re.findall(r"^  async (\w+)\(", (HERE / script).read_text(), re.M)


MODEL = fetch_model.cache() / "models" / fetch_model.MODELS["smollm2"]["file"]
NAME = MODEL.stem
TINY = ROOT / "tests/vectors/tiny-llama-f32.gguf"
ENCODER = ROOT / "tests/vectors/embeddings/bert-f32.gguf"
MESSAGES = [{"role": "user", "content": "What is the capital of France?"}]
GREEDY = {"model": NAME, "messages": MESSAGES, "temperature": 0, "max_tokens": 24}
ENDLESS = {"2": -100, "0": -100}  # the tokens that end an answer are never taken


def start(*arguments):
    process = subprocess.Popen([ROOT / "quern", "serve", "--port", "0", "-t", "1", *arguments], stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    return process, re.search(r"http://localhost:(\d+)/v1", line)[1]


@pytest.fixture(scope="module")
def port():
    if not MODEL.exists():
        pytest.skip(f"no {MODEL.name}")
    process, port = start("-m", MODEL, "-m", TINY, "-m", ENCODER, "--ctx", "1024")
    yield int(port)
    process.terminate()
    assert process.wait(5) == 0


@pytest.fixture(scope="module")
def client(port):
    with openai.OpenAI(base_url=f"http://localhost:{port}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def said():
    run = [ROOT / "quern", "run", "-m", MODEL, "-p", MESSAGES[0]["content"], "-n", "24", "--temp", "0", "--json"]
    return json.loads(subprocess.run(run, capture_output=True, text=True, check=True).stdout)


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def error(self):
        return json.loads(self.body)["error"]


def ask(port, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers)
        if body is not None:
            headers["Content-Length"] = len(body)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(body)
        return Answer(connection.getresponse())
    finally:
        connection.close()


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


def test_stream_as_it_is_sent(port):
    answer = ask(port, "POST", "/v1/chat/completions", json.dumps({**GREEDY, "stream": True}).encode())
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    *events, last, nothing = answer.body.decode().split("\n\n")
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
        return client.embeddings.create(model=NAME, input="The harbour bell", extra_body={"pooling": "last"}).data[0].embedding

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
def test_a_client_that_leaves_frees_the_model(client, port, stream):
    begun = time.monotonic()
    answer = ask_all_but(port, {**GREEDY, "max_tokens": 900, "logit_bias": ENDLESS, "stream": stream})
    assert client.chat.completions.create(**GREEDY).choices[0].message.content
    assert time.monotonic() - begun < 8, "900 tokens were computed for nobody"
    assert answer == stream


def ask_all_but(port, request):
    """Asks, and leaves after the first bytes of a stream, or after half a second."""
    body = json.dumps(request).encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        if not request["stream"]:
            time.sleep(0.5)
            return False
        return b"200 OK" in connection.recv(100)


def test_abort_of_the_client(client, said):
    stream = client.chat.completions.create(**{**GREEDY, "max_tokens": 900}, logit_bias=ENDLESS, stream=True)
    for _ in range(3):
        next(stream)
    stream.close()
    begun = time.monotonic()
    assert client.chat.completions.create(**GREEDY).choices[0].message.content == said["text"]
    assert time.monotonic() - begun < 8


def test_clients_that_leave_while_they_wait_change_nothing(client, port):
    first = client.chat.completions.create(**GREEDY)
    asked = {**GREEDY, "messages": [*MESSAGES, {"role": "assistant", "content": first.choices[0].message.content}, {"role": "user", "content": "And of Spain?"}]}
    busy = client.chat.completions.create(**{**asked, "max_tokens": 40}, logit_bias=ENDLESS, stream=True)
    next(busy)
    other = json.dumps({**GREEDY, "messages": [{"role": "system", "content": "Another beginning."}, *MESSAGES]}).encode()
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(other), other))
    list(busy)
    usage = client.chat.completions.create(**asked).usage
    assert usage.prompt_tokens_details.cached_tokens == usage.prompt_tokens - 1


def test_a_split_model():
    parts = sorted((ROOT / "tests/vectors/split").glob("*.gguf"))
    process, port = start("-m", parts[0])
    try:
        with openai.OpenAI(base_url=f"http://localhost:{port}/v1", api_key="none") as client:
            assert [model.id for model in client.models.list()] == ["tiny-llama-f32"]
            assert client.completions.create(model="tiny-llama-f32", prompt="a", max_tokens=4).usage.completion_tokens > 0
        for part in parts:
            assert ask(int(port), "GET", f"/models/{part.name}").body == part.read_bytes()
    finally:
        process.terminate()
        process.wait(5)


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
            shown = subprocess.run([ROOT / "quern", "embed", "-m", ENCODER, "-p", text], capture_output=True, check=True).stdout
            assert max(abs(a - b) for a, b in zip(one.embedding, json.loads(shown), strict=True)) < 1e-6
    with pytest.raises(openai.BadRequestError) as failure:
        client.chat.completions.create(model=ENCODER.stem, messages=MESSAGES)
    assert failure.value.param == "model" and "writes no text" in failure.value.message


WRONG = {
    "messages": [[], "hello", [{"content": "no role"}], [{"role": "user", "content": 5}], [{"role": "user", "content": [{"type": "image_url"}]}], [None]],
    "temperature": ["hot", -1], "top_p": [2], "top_k": [0.5], "n": [0, 1.5], "max_tokens": [0, -1, "many"], "seed": ["x", 0.5], "stop": [[1], ["a"] * 5],
    "logit_bias": [5, {"a": 1}, {"1": "b"}, {"4294967297": 1}], "tools": [5], "top_logprobs": [21], "stream": ["yes"], "response_format": [{"type": "json_object"}],
    "tool_choice": ["required"],
}


@pytest.mark.parametrize(("param", "value"), [(param, value) for param, values in WRONG.items() for value in values])
def test_wrong_values(client, param, value):
    with pytest.raises(openai.BadRequestError) as failure:
        client.chat.completions.create(**{"model": NAME, "messages": MESSAGES, "logprobs": True, "max_tokens": 4}, extra_body={param: value})
    assert failure.value.param == param
    assert failure.value.type == "invalid_request_error"


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


def test_who_may_ask(port):
    assert ask(port, "GET", "/v1/models", Host="localhost").status == 200
    assert ask(port, "GET", "/v1/models", Host=f"[::1]:{port}").status == 200
    for host in ("evil.example", "127.0.0.1.evil.example", f"localhost.evil.example:{port}", ""):
        assert ask(port, "GET", "/v1/models", Host=host).status == 403
    for origin in ("http://localhost:3000", "http://127.0.0.1", "https://[::1]:8443"):
        answer = ask(port, "GET", "/v1/models", Origin=origin)
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, origin)
        answer = ask(port, "OPTIONS", "/v1/chat/completions", Origin=origin, Access_Control_Request_Headers="authorization,x-stainless-os")
        assert (answer.status, answer.headers["Access-Control-Allow-Headers"]) == (204, "authorization,x-stainless-os")
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    for origin in ("https://evil.example", "null", "http://localhost.evil.example", "file://", "http://localhost@evil.example"):
        for method in ("GET", "OPTIONS"):
            answer = ask(port, method, "/v1/models", Origin=origin)
            assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (403, None)


TYPES = {
    "/quern/demo/": "text/html", "/quern/index.js": "text/javascript", "/quern/demo/style.css": "text/css", "/quern/demo/icon.svg": "image/svg+xml",
    "/quern/wasm/quern-simd128.wasm": "application/wasm", "/quern/demo/manifest.webmanifest": "application/manifest+json",
    f"/models/{MODEL.name}": "application/octet-stream",
}


@pytest.mark.parametrize("path", TYPES)
def test_files(port, path):
    answer = ask(port, "HEAD", path)
    assert answer.status == 200
    assert answer.body == b""
    assert answer.headers["Content-Type"].split(";")[0] == TYPES[path]
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert answer.headers["Accept-Ranges"] == "bytes"
    again = ask(port, "GET", path, If_None_Match=answer.headers["ETag"])
    assert (again.status, again.body) == (304, b"")


def test_the_page(port):
    answer = ask(port, "GET", "/")
    assert (answer.status, answer.headers["Location"]) == (302, "/quern/demo/")
    assert b"<title>Quern" in ask(port, "GET", "/quern/demo/").body
    first, *others = json.loads(ask(port, "GET", "/quern/demo/models.json").body)
    assert ENCODER.stem not in {each["name"] for each in others}
    assert ask(port, "HEAD", first["url"]).headers["Content-Length"] == str(MODEL.stat().st_size)


def test_ranges(port):
    path, whole = f"/models/{TINY.name}", TINY.read_bytes()
    size = len(whole)
    assert ask(port, "GET", path).body == whole
    etag = ask(port, "HEAD", path).headers["ETag"]
    for asked, (first, last) in {"0-3": (0, 3), "5-": (5, size - 1), "-7": (size - 7, size - 1), f"{size - 1}-{size + 9}": (size - 1, size - 1)}.items():
        answer = ask(port, "GET", path, Range=f"bytes={asked}", If_Range=etag)
        assert (answer.status, answer.body) == (206, whole[first:last + 1])
        assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
        assert ask(port, "HEAD", path, Range=f"bytes={asked}").headers["Content-Length"] == str(last + 1 - first)
    for asked in (f"{size}-", "-0"):
        answer = ask(port, "GET", path, Range=f"bytes={asked}")
        assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{size}")
    for asked in ("bytes=0-1,4-5", "bytes=9-2", "lines=1-2", "bytes=-"):
        assert ask(port, "GET", path, Range=asked).status == 200
    assert ask(port, "GET", path, Range="bytes=0-3", If_Range='"old"').status == 200


OUTSIDE = "bench/package.json"  # of a type that is served


@pytest.mark.parametrize("path", [
    f"/quern/../{OUTSIDE}", f"/quern/%2e%2e/{OUTSIDE}", f"/quern/demo/..%2f..%2f{OUTSIDE}", f"/quern/{ROOT}/{OUTSIDE}", f"/quern/%2f{ROOT}/{OUTSIDE}",
    f"/quern/demo/..%5c..%5c..%5c{OUTSIDE}", f"/../{OUTSIDE}", f"/{ROOT}/{OUTSIDE}", "/quern/demo/index.html%00.js", f"/models/..%2f{OUTSIDE}",
    f"/models/{TINY.parent}/tiny-llama-k.gguf", "/models/tiny-llama-k.gguf", "/models/", "/quern/README.md", "/quern/bin", "/quern/quern",
    f"http://localhost/{OUTSIDE}", "*",
])
def test_nothing_else_is_served(port, path):
    answer = ask(port, "GET", path)
    assert (answer.status, answer.error["code"]) == (404, "not_found")


def test_what_cannot_be_started():
    for arguments, reason in {("-m", "nothing.gguf"): "there is no such file", ("-m", ROOT): "not a regular file", ("-m", TINY, "-m", TINY): "two models",
                              ("-m", HERE / "serve.mjs"): "serve.mjs"}.items():
        done = subprocess.run([ROOT / "quern", "serve", "--port", "0", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert reason in done.stderr
        assert len(done.stderr.splitlines()) == 1
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        done = subprocess.run([ROOT / "quern", "serve", "--port", str(taken), "-m", TINY], capture_output=True, text=True, check=False)
        assert (done.returncode, f"port {taken} is taken" in done.stderr) == (1, True)


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_ends_when_it_is_told_to(which):
    process, port = start("-m", TINY)
    process.send_signal(which)
    assert process.wait(5) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)))


def results(script, *arguments):
    done = subprocess.run(["node", HERE / script, *map(str, arguments)], capture_output=True, text=True, check=False)
    print(done.stderr)
    return {line["name"]: line["wrong"] for line in map(json.loads, done.stdout.splitlines())}


@pytest.fixture(scope="module")
def npm():
    if not (HERE / "node_modules/openai").exists():
        pytest.skip("the npm packages of tests/web are not installed; tools/setup.sh test does it")


@pytest.fixture(scope="module")
def failing(npm):
    return results("serve-failing.mjs")


@pytest.mark.parametrize("name", checks_of("serve-failing.mjs"))
def test_models_that_fail(failing, name):
    assert failing.get(name, "did not run") is None


@pytest.fixture(scope="module")
def script(npm, port, said):
    return results("serve.mjs", f"http://localhost:{port}/v1", NAME, said["text"])


@pytest.mark.parametrize("name", checks_of("serve.mjs"))
def test_javascript_client(script, name):
    assert script.get(name, "did not run") is None


@pytest.fixture(scope="module")
def page(port):
    if not (ROOT / "bench/node_modules/playwright-core").exists():
        pytest.skip("bench/node_modules is not installed")
    if not pathlib.Path(os.environ.get("QUERN_CHROMIUM", "/usr/bin/chromium")).exists():
        pytest.skip("no chromium")
    return results("serve-page.mjs", port, NAME)


@pytest.mark.parametrize("name", checks_of("serve-page.mjs"))
def test_page(page, name):
    assert page.get(name, "did not run") is None
