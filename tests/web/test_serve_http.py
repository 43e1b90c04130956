"""./quern serve over plain HTTP and in Chromium: files, access control, startup and shutdown."""

import gzip
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tarfile

import pytest
from serve_helpers import ENCODER, HERE, MESSAGES, MODEL, NAME, ROOT, TINY, ask, checks_of, results_of, start


def test_access_control(port):
    assert ask(port, "GET", "/v1/models", Host="localhost").status == 200
    assert ask(port, "GET", "/v1/models", Host=f"[::1]:{port}").status == 200
    for host in (
        "evil.example",
        "127.0.0.1.evil.example",
        f"localhost.evil.example:{port}",
        "",
        "evil.example:80@localhost",
        "evil.example@localhost",
        "localhost/../evil.example",
        "localhost#evil.example",
        "localhost?evil.example",
        "localhost\\evil.example",
        "%6cocalhost",
        "local\thost",
        "localhost:80:80",
        "localhost:",
        "localhost:port",
        "::1",
        "[::1",
        "localhost localhost",
        "localhost,evil.example",
    ):
        assert ask(port, "GET", "/v1/models", Host=host).status == 403
    for origin in ("http://localhost:3000", "http://127.0.0.1", "https://[::1]:8443"):
        answer = ask(port, "GET", "/v1/models", Origin=origin)
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, origin)
        answer = ask(
            port,
            "OPTIONS",
            "/v1/chat/completions",
            Origin=origin,
            Access_Control_Request_Headers="authorization,x-stainless-os",
        )
        assert (answer.status, answer.headers["Access-Control-Allow-Headers"]) == (204, "authorization,x-stainless-os")
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    for origin in (
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
        "file://",
        "http://localhost@evil.example",
    ):
        for method in ("GET", "OPTIONS"):
            answer = ask(port, method, "/v1/models", Origin=origin)
            assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (403, None)


@pytest.mark.parametrize("form", ["option", "environment"])
def test_an_api_key(form):
    key = "s3cret-ünï"
    arguments = ["--api-key", key] if form == "option" else []
    environment = {"QUERN_API_KEY": key} if form == "environment" else {}
    process, port = start("-m", TINY, *arguments, env={**os.environ, **environment})
    try:
        body = json.dumps({"prompt": "a", "max_tokens": 1}).encode()
        needing = [("GET", "/v1/models"), ("GET", "/v1/models/x"), ("GET", f"/models/{TINY.name}"), ("GET", "/metrics")]
        needing += [("POST", "/v1/completions"), ("POST", "/tokenize"), ("GET", "//v1//models/"), ("GET", "/nothing")]
        needing += [("GET", "http://localhost/v1/models"), ("POST", "/v1/health/../completions")]
        for method, path in needing:
            for headers in (
                {},
                {"Authorization": key},
                {"Authorization": "Bearer "},
                {"Authorization": "Bearer s3cret"},
            ):
                answer = ask(port, method, path, body, **{n: v.encode() for n, v in headers.items()})
                assert (answer.status, answer.error["code"]) == (401, "invalid_api_key"), (path, headers)
                assert answer.headers["WWW-Authenticate"] == "Bearer"
        for path in ("/health", "/v1/health", "/quern/demo/", "/"):
            assert ask(port, "GET", path).status in (200, 302)
        bearer = f"Bearer {key}".encode()
        assert ask(port, "POST", "/v1/completions", body, Authorization=bearer).status == 200
        assert ask(port, "GET", f"/models/{TINY.name}", Authorization=bearer).status == 200
        assert ask(port, "OPTIONS", "/v1/completions", Origin="http://localhost:3000").status == 204
        assert TINY.stem.encode() not in ask(port, "GET", "/quern/demo/models.json").body
    finally:
        process.terminate()
        process.wait(60)


def test_encodings_of_bodies(port):
    body = json.dumps({"messages": MESSAGES, "max_tokens": 1}).encode()
    path = "/v1/chat/completions"
    assert ask(port, "POST", path, b"\xef\xbb\xbf" + body).status == 200  # a byte order mark, as PowerShell writes it
    gbk = '{"messages": [{"role": "user", "content": "你好"}]}'.encode("gbk")
    for bad, offset in ((gbk, 43), (body.decode().encode("utf-16"), 0), (body[:-1] + b'"\xf0\x9f"}', len(body))):
        answer = ask(port, "POST", path, bad)
        assert (answer.status, answer.error["message"]) == (
            400,
            f"the request body is not valid UTF-8 at byte {offset}; JSON is sent as UTF-8",
        )
    for encoding in ("gzip", "br", "deflate, gzip"):
        answer = ask(port, "POST", path, gzip.compress(body), Content_Encoding=encoding)
        assert (answer.status, answer.error["message"]) == (
            415,
            f"the request body has the Content-Encoding {encoding}; send it without one",
        )
    assert ask(port, "POST", path, body, Content_Encoding="identity").status == 200


def test_a_prompt_does_not_begin_twice():
    """Prompts copied from a chat template begin with the token that a tokenizer adds by itself."""
    process, port = start("-m", ROOT / "tests/vectors/tiny-gemma3-f32.gguf")
    try:
        counts = []
        for prompt in ("a", "<bos>a", "<bos><bos>a"):
            answer = ask(port, "POST", "/v1/completions", json.dumps({"prompt": prompt, "max_tokens": 1}).encode())
            counts.append(json.loads(answer.body)["usage"]["prompt_tokens"])
        assert counts == [2, 2, 3]
    finally:
        process.terminate()
        process.wait()


TYPES = {
    "/quern/demo/": "text/html",
    "/quern/index.js": "text/javascript",
    "/quern/demo/style.css": "text/css",
    "/quern/demo/icon.svg": "image/svg+xml",
    "/quern/wasm/quern-simd128.wasm": "application/wasm",
    "/quern/demo/manifest.webmanifest": "application/manifest+json",
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
    for path in ("/?model=a&x=%20", "/quern?model=a&x=%20", "http://localhost/?model=a&x=%20", "//?model=a&x=%20"):
        assert ask(port, "GET", path).headers["Location"] == "/quern/demo/?model=a&x=%20"
    assert b"<title>Quern" in ask(port, "GET", "/quern/demo/").body
    first, *others = json.loads(ask(port, "GET", "/quern/demo/models.json").body)
    assert ENCODER.stem not in {each["name"] for each in others}
    assert ask(port, "HEAD", first["url"]).headers["Content-Length"] == str(MODEL.stat().st_size)


def test_ranges(port):
    path, whole = f"/models/{TINY.name}", TINY.read_bytes()
    size = len(whole)
    assert ask(port, "GET", path).body == whole
    etag = ask(port, "HEAD", path).headers["ETag"]
    for asked, (first, last) in {
        "0-3": (0, 3),
        "5-": (5, size - 1),
        "-7": (size - 7, size - 1),
        f"{size - 1}-{size + 9}": (size - 1, size - 1),
    }.items():
        answer = ask(port, "GET", path, Range=f"bytes={asked}", If_Range=etag)
        assert (answer.status, answer.body) == (206, whole[first : last + 1])
        assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
        assert ask(port, "HEAD", path, Range=f"bytes={asked}").headers["Content-Length"] == str(last + 1 - first)
    for asked in (f"{size}-", "-0"):
        answer = ask(port, "GET", path, Range=f"bytes={asked}")
        assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{size}")
    for asked in ("bytes=0-1,4-5", "bytes=9-2", "lines=1-2", "bytes=-"):
        assert ask(port, "GET", path, Range=asked).status == 200
    assert ask(port, "GET", path, Range="bytes=0-3", If_Range='"old"').status == 200


OUTSIDE = "bench/package.json"  # a file type that the server serves


@pytest.mark.parametrize(
    "path",
    [
        f"/quern/../{OUTSIDE}",
        f"/quern/%2e%2e/{OUTSIDE}",
        f"/quern/demo/..%2f..%2f{OUTSIDE}",
        f"/quern/{ROOT}/{OUTSIDE}",
        f"/quern/%2f{ROOT}/{OUTSIDE}",
        f"/quern/demo/..%5c..%5c..%5c{OUTSIDE}",
        f"/../{OUTSIDE}",
        f"/{ROOT}/{OUTSIDE}",
        "/quern/demo/index.html%00.js",
        f"/models/..%2f{OUTSIDE}",
        f"/models/{TINY.parent}/tiny-llama-k.gguf",
        "/models/tiny-llama-k.gguf",
        "/models/",
        "/quern/README.md",
        "/quern/bin",
        "/quern/quern",
        f"http://localhost/{OUTSIDE}",
        "*",
    ],
)
def test_nothing_else_is_served(port, path):
    answer = ask(port, "GET", path)
    assert (answer.status, answer.error["code"]) == (404, "not_found")


@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm")
def test_the_packed_package_serves_and_runs(port, tmp_path):
    """The fixture's server has copied the modules into the package."""
    subprocess.run(
        ["npm", "pack", "--silent", "--pack-destination", tmp_path],
        cwd=ROOT / "web",
        check=True,
        stdout=subprocess.PIPE,
    )
    with tarfile.open(next(tmp_path.glob("*.tgz"))) as packed:
        packed.extractall(tmp_path, filter="data")
    command = ["node", tmp_path / "package/bin/quern.js"]
    process, own = start("-m", TINY, command=command)
    try:
        request = json.dumps({"model": TINY.stem, "prompt": "a b", "max_tokens": 6, "temperature": 0}).encode()
        texts = [
            json.loads(ask(int(each), "POST", "/v1/completions", request).body)["choices"][0]["text"]
            for each in (own, port)
        ]
        assert texts[0] == texts[1] != ""
        for path in ("/", "/quern/demo/", "/quern/demo/models.json"):
            assert ask(int(own), "GET", path).status in (302, 404)
        assert ask(int(own), "GET", "/quern/index.js").status == 200
    finally:
        process.terminate()
        process.wait(60)
    run = ["run", "-m", TINY, "-p", "a b", "--raw", "-n", "6", "--temp", "0", "--json"]
    said = [
        subprocess.run([*each, *run], capture_output=True, check=True).stdout for each in (command, [ROOT / "quern"])
    ]
    assert json.loads(said[0])["tokens"] == json.loads(said[1])["tokens"]


def test_startup_errors():
    for arguments, reason in {
        ("-m", "nothing.gguf"): "no such file",
        ("-m", ROOT): "not a regular file",
        ("-m", TINY, "-m", TINY): "two models have the name",
        ("-m", HERE / "serve-openai.test.mjs"): "serve-openai.test.mjs",
    }.items():
        done = subprocess.run(
            [ROOT / "quern", "serve", "--port", "0", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert reason in done.stderr
        assert len(done.stderr.splitlines()) == 1
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        done = subprocess.run(
            [ROOT / "quern", "serve", "--port", str(taken), "-m", TINY], capture_output=True, text=True, check=False
        )
        assert (done.returncode, f"port {taken} is in use" in done.stderr) == (1, True)


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_shutdown(which):
    process, port = start("-m", TINY)
    process.send_signal(which)
    assert process.wait(60) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)))


@pytest.fixture(scope="module")
def page(port):
    if not (ROOT / "bench/node_modules/playwright-core").exists():
        pytest.skip("bench/node_modules is not installed")
    if not pathlib.Path(os.environ.get("QUERN_CHROMIUM", "/usr/bin/chromium")).exists():
        pytest.skip("no chromium")
    return results_of("serve-page.test.mjs", port, NAME)


@pytest.mark.parametrize("name", checks_of("serve-page.test.mjs"))
def test_page(page, name):
    assert page.get(name, "did not run") is None
