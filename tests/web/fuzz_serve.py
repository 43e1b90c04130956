"""Fuzzes the request handling of ./quern serve over raw sockets: fuzz_serve.py [--seconds 60] [--seed 1]

Each request starts as a valid one. Its JSON, its bytes or the way it is sent are then changed at random. Whatever
arrives, the server answers with a status below 500 or closes the connection, shows no stack trace, and goes on
answering others."""

import argparse
import json
import random
import re
import socket
import sys
import time

from serve_helpers import TINY, ask, start

MODEL = TINY.stem
CHAT = [{"role": "user", "content": "a b"}]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {}}}}}
BODIES = [
    ("/v1/chat/completions", {"model": MODEL, "messages": CHAT, "max_tokens": 2, "temperature": 0}),
    ("/v1/chat/completions", {"messages": CHAT, "max_tokens": 2, "stream": True, "tools": [TOOL], "logprobs": True}),
    (
        "/v1/chat/completions",
        {
            "messages": [{"role": "system", "content": [{"type": "text", "text": "x"}]}, *CHAT],
            "max_completion_tokens": 2,
            "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "integer"}}},
            "logit_bias": {"3": -100, "5": 1.5},
            "stop": ["a", "b"],
            "n": 2,
            "seed": 7,
            "top_logprobs": 2,
            "logprobs": True,
        },
    ),
    ("/v1/completions", {"prompt": "a b", "max_tokens": 2, "logprobs": 1, "stop": "x", "top_k": 3}),
    ("/v1/completions", {"prompt": [1, 2, 3], "max_tokens": 1, "stream": True, "stream_options": {}}),
    ("/v1/responses", {"input": "a", "max_output_tokens": 2, "instructions": "b"}),
    ("/v1/embeddings", {"input": ["a", "b"], "pooling": "mean", "encoding_format": "base64"}),
    ("/tokenize", {"content": "a b", "add_special": True, "with_pieces": True}),
    ("/detokenize", {"tokens": [1, 2, 3]}),
    ("/apply-template", {"messages": CHAT}),
]
GETS = ["/v1/models", f"/v1/models/{MODEL}", f"/models/{TINY.name}", "/health", "/metrics", "/", "/quern/index.js"]
GETS += ["/quern/../package.json", "/quern/%2e%2e/x", "//v1//models", "http://localhost/v1/models", "*"]
VALUES = [None, True, False, 0, -1, 1, 2, 1.5, 1e308, -1e-9, 2**31, 2**53, 10**30, "", "a", "\0", "é🦉\ud800", "1"]
VALUES += [[], [[]], {}, {"a": []}, [None], ["a", 1], "x" * 5000, [3] * 300, "__proto__", {"__proto__": {"a": 1}}]
HEADERS = ["Content-Length: 5", "Content-Length: -1", "Content-Length: 99999999999999999999", "Expect: 100-continue"]
HEADERS += [
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip",
    "Content-Encoding: gzip",
    "Origin: null",
    "Upgrade: x",
]
HEADERS += [
    "Origin: http://localhost",
    "Host: evil.example",
    "Host:",
    "Range: bytes=0-3",
    "Range: bytes=9-1,-",
    "X: \x80\xff",
]
HEADERS += [
    "Range: bytes=-5",
    "If-None-Match: *",
    "Authorization: Bearer",
    "Connection: keep-alive",
    "Cookie: " + "a" * 20000,
]


def changed(chance, value, depth=0):
    """A copy of a JSON value in which one thing differs."""
    if not isinstance(value, (dict, list)) or not value or (depth and chance.random() < 0.3):
        return chance.choice(VALUES)
    copy = value.copy()
    key = chance.choice(list(copy) if isinstance(copy, dict) else range(len(copy)))
    how = chance.randrange(6)
    if how == 0:
        del copy[key]
    elif how == 1 and isinstance(copy, dict):
        copy[chance.choice(["", "__proto__", "n", "stop", "user", "constructor", "echo"])] = chance.choice(VALUES)
    elif how == 1:
        copy.insert(key, chance.choice(VALUES))
    else:
        copy[key] = changed(chance, copy[key], depth + 1)
    return copy


def body_of(chance, value):
    for _ in range(chance.choice([0, 1, 1, 1, 2, 5])):
        value = changed(chance, value)
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5, allow_nan=True)
    if chance.random() < 0.03:
        text = "[" * 100000 + text
    return text.encode("utf-8", "surrogatepass")


def bytes_changed(chance, data):
    data = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 4, 16])):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice([0, 1, 1, 2, 30]))
        data[at:end] = chance.choice(
            [b"", b"\0", b"\r\n", b"\r\n\r\n", b" ", b":", b"\xff", b"%", bytes([chance.randrange(256)])]
        )
    return bytes(data)


def chunks_of(chance, body):
    size = chance.choice([len(body), 1 + len(body) // 3])
    parts = [body[at : at + size] for at in range(0, len(body), size or 1)]
    end = chance.choice([b"0\r\n\r\n", b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"zz\r\n", b"ffffffffffffffff\r\n", b""])
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + end


def request_of(chance):
    """The bytes of one request, and whether the server must answer it."""
    if chance.random() < 0.15:
        method, path, body = chance.choice(["GET", "GET", "HEAD", "OPTIONS", "DELETE", "PUT"]), chance.choice(GETS), b""
    else:
        path, value = chance.choice(BODIES)
        method, body = "POST", body_of(chance, value)
    if chance.random() < 0.05:
        path = chance.choice([path + "?" + "a" * 9000, path + "/%zz", path + "#x", "/" + path, path.upper()])
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    chunked = chance.random() < 0.1
    head.append("Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}")
    more = chance.choice([0, 0, 0, 1, 2])
    for _ in range(more):
        head.insert(chance.randrange(1, len(head) + 1), chance.choice(HEADERS))
    data = "\r\n".join([*head, "", ""]).encode("latin-1") + (chunks_of(chance, body) if chunked else body)
    if chance.random() < 0.2:
        return bytes_changed(chance, data), False
    return data, not more and not chunked


def exchange(port, chance, data, whole):
    """Sends the bytes, in pieces or not to their end, and returns all that comes back. whole: it is a request that the
    server answers and after which it closes the connection; after any other, this side ends it."""
    answer = b""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            piece = chance.choice([len(data), len(data), 100, 7]) or 1
            piece = max(piece, len(data) // 200 + 1)
            for at in range(0, len(data), piece):
                connection.sendall(data[at : at + piece])
            if chance.random() < 0.05:
                return None  # leaves without waiting
            if not whole:
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(1 << 16):
                answer += part
    except TimeoutError:
        raise
    except OSError:
        pass  # the server need not read all of a bad request
    return answer


def check(data, answer, whole=False):
    """Why the answer is wrong, or None."""
    if not answer:
        return "no answer" if answer == b"" and whole else None
    status = re.match(rb"HTTP/1\.1 (\d\d\d) ", answer)
    if not status:
        return "no status line"
    if int(status[1]) >= 500:
        return "a server error"
    if re.search(rb"\n    at |node:internal|\.js:\d+", answer) and b"/quern/" not in data:
        return "a stack trace"
    return None


def fuzz(process, port, seed, more):
    """Sends requests until more(count) is false, and returns their number. Raises at the first finding."""
    chance = random.Random(seed)
    port = int(port)
    plain = json.dumps({"prompt": "a b", "max_tokens": 2, "temperature": 0}).encode()
    expected = json.loads(ask(port, "POST", "/v1/completions", plain).body)["choices"]
    count = 0
    while more(count):
        data, whole = request_of(chance)
        try:
            answer = exchange(port, chance, data, whole)
        except TimeoutError:
            answer = b""
        wrong = check(data, answer, whole)
        if wrong or process.poll() is not None:
            raise AssertionError(f"{wrong or 'the server ended'}\nsent: {data[:3000]!r}\ngot: {answer[:3000]!r}")
        count += 1
        if count % 50 == 0:
            assert ask(port, "GET", "/v1/models").status == 200
            answer = json.loads(ask(port, "POST", "/v1/completions", plain).body)
            assert answer["choices"] == expected, "other requests change the answer"
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    process, port = start("-m", TINY, "--ctx", "64")
    try:
        count = fuzz(process, port, options.seed, lambda _: time.monotonic() < end)
    finally:
        process.terminate()
        process.wait(60)
    print(f"{count} requests from seed {options.seed}")


if __name__ == "__main__":
    sys.exit(main())
