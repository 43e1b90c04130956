"""A bounded run of fuzz_serve.py."""

import socket

import pytest
from fuzz_serve import check, fuzz
from serve_helpers import TINY, start

REQUESTS = 300


@pytest.mark.parametrize("seed", [1, 2])
def test_changed_requests(seed):
    process, port = start("-m", TINY, "--ctx", "64")
    try:
        assert fuzz(process, port, seed, lambda count: count < REQUESTS) == REQUESTS
    finally:
        process.terminate()
        process.wait(60)


def test_a_refusal_arrives_although_the_body_is_not_wanted(port):
    """A server that closes a connection with unread bytes resets it."""
    body = b"a" * (4 << 20)
    for path, status in (("/none", 404), ("/v1/models", 405)):
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
                connection.sendall(head.encode())
                for at in range(0, len(body), 1 << 16):
                    connection.sendall(body[at : at + (1 << 16)])
                assert connection.recv(1 << 16).startswith(f"HTTP/1.1 {status} ".encode())


def test_what_counts_as_wrong():
    assert check(b"", b"") is None
    assert check(b"", None, True) is None
    assert check(b"", b"", True) == "no answer"
    assert check(b"", b'HTTP/1.1 400 Bad Request\r\n\r\n{"error":{}}') is None
    assert check(b"", b"HTTP/1.1 500 Internal Server Error\r\n\r\n") == "a server error"
    assert check(b"", b"HTTP/1.1 400 Bad Request\r\n\r\nx\n    at f (x.js:1:2)") == "a stack trace"
    assert check(b"", b"quern") == "no status line"
