"""Measures how long other requests wait while ./quern serve works on a request of 7 MB.

    serve_latency.py [--seconds 3] [--only NAME]

For each form of a large request, one client sends it again and again. Another asks for the models, and a third for a
short chat with a second model. Prints the longest time to an answer, with and without the large requests.
"""

import argparse
import json
import threading
import time

from serve_helpers import MESSAGES, MODEL, NAME, TINY, ask, start

BYTES = 7_000_000
WORD = "word " * (BYTES // 5)


def many(key, item, **body):
    """A body with as many items in a list as fit."""
    count = BYTES // (len(json.dumps(item)) + 2)
    return {**body, key: [item] * count}


BODIES = {
    "a text": ("/v1/completions", {"prompt": WORD}),
    "a message": ("/v1/chat/completions", {"messages": [{"role": "user", "content": WORD}]}),
    "messages": ("/v1/chat/completions", many("messages", {"role": "user", "content": "a"})),
    "long messages": ("/v1/chat/completions", many("messages", {"role": "user", "content": "word " * 1000})),
    "message parts": (
        "/v1/chat/completions",
        {"messages": [{"role": "user", **many("content", {"type": "text", "text": "a"})}]},
    ),
    "tools": (
        "/v1/chat/completions",
        many("tools", {"type": "function", "function": {"name": "a"}}, messages=MESSAGES),
    ),
    "token ids": ("/v1/completions", many("prompt", 1)),
    "prompts": ("/v1/completions", many("prompt", "a")),
    "biases": (
        "/v1/chat/completions",
        {"messages": MESSAGES, "logit_bias": {str(i): 1 for i in range(BYTES // 12)}, "max_tokens": 1},
    ),
    "stops": ("/v1/chat/completions", many("stop", "a", messages=MESSAGES)),
    "a schema": (
        "/v1/chat/completions",
        {"messages": MESSAGES, "response_format": {"type": "json_schema", "json_schema": {
            "name": "a", "schema": many("enum", "a")}}},
    ),
    "a grammar": ("/v1/chat/completions", {"messages": MESSAGES, "grammar": 'root ::= "' + "a" * BYTES + '"'}),
    "inputs": ("/v1/embeddings", many("input", "a", pooling="mean")),
    "items": ("/v1/responses", many("input", {"role": "user", "content": "a"})),
    "tokenize": ("/tokenize", {"content": WORD}),
    "tokenize 1 MB": ("/tokenize", {"content": WORD[:1_000_000]}),
    "detokenize": ("/detokenize", many("tokens", 1)),
    "a template": ("/apply-template", many("messages", {"role": "user", "content": "a"})),
    "invalid JSON": ("/v1/completions", b'{"prompt": [' + b"1, " * (BYTES // 3) + b"x]}"),
    "invalid UTF-8": ("/v1/completions", WORD.encode() + b"\xff"),
    "unknown fields": ("/v1/completions", {f"k{i}": 1 for i in range(BYTES // 13)}),
    # The most that the limits of the server allow, and 7 MB with it.
    "65,000 fields": ("/v1/completions", {"x": "a" * 6_000_000, **{f"k{i}": 1 for i in range(65_000)}}),
    "32,000 messages": (
        "/v1/chat/completions",
        {"messages": [{"role": "user", "content": "a" * 180 + str(i)} for i in range(32_000)]},
    ),
    "260,000 prompts": ("/v1/completions", {"prompt": ["a" * 16 + str(i) for i in range(260_000)]}),
    "260,000 lists": ("/v1/completions", {"prompt": [[1]] * 260_000, "x": "a" * 5_000_000}),
    "65,000 biases": (
        "/v1/chat/completions",
        {"messages": MESSAGES, "logit_bias": {str(i): 1.5 for i in range(65_000)}, "user": WORD[:6_000_000]},
    ),
}  # fmt: skip


def bytes_of(body):
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def probe(port, seconds, statuses, work=None):
    """The longest times of a list of models and of a short chat, in ms, and how often both were asked."""
    chat = json.dumps({"model": NAME, "messages": MESSAGES[:1], "max_tokens": 1, "temperature": 0}).encode()
    done = threading.Event()

    def send():
        while not done.is_set():
            statuses.add(ask(port, "POST", *work).status)

    sender = threading.Thread(target=send)
    if work:
        sender.start()
    longest, count, end = [0.0, 0.0], 0, time.monotonic() + seconds
    while time.monotonic() < end:
        for i, request in enumerate((("GET", "/v1/models"), ("POST", "/v1/chat/completions", chat))):
            begin = time.monotonic()
            assert ask(port, *request).status == 200
            longest[i] = max(longest[i], 1000 * (time.monotonic() - begin))
        count += 1
    done.set()
    if work:
        sender.join()
    return longest, count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    process, port = start("-m", TINY, "-m", MODEL)
    try:
        port = int(port)
        probe(port, 1, set())
        (models, chat), count = probe(port, options.seconds, set())
        print(f"{'request':16} {'status':12} {'models':>9} {'chat':>9}  longest of")
        print(f"{'none':16} {'':12} {models:6.0f} ms {chat:6.0f} ms  {count}", flush=True)
        for name, (path, body) in BODIES.items():
            if options.only in name:
                statuses = set()
                (models, chat), count = probe(port, options.seconds, statuses, (path, bytes_of(body)))
                seen = " ".join(map(str, sorted(statuses)))
                print(f"{name:16} {seen:12} {models:6.0f} ms {chat:6.0f} ms  {count}", flush=True)
    finally:
        process.terminate()
        process.wait(60)


if __name__ == "__main__":
    main()
