"""Fixtures for the tests of ./quern serve: a running server, OpenAI's client, and the command line's answer."""

import json
import subprocess

import pytest
from serve_helpers import ENCODER, MESSAGES, MODEL, ROOT, TINY, start


@pytest.fixture(scope="session")
def port():
    if not MODEL.exists():
        pytest.skip(f"{MODEL} is missing; tools/fetch_model.py smollm2 fetches it")
    process, port = start("-m", MODEL, "-m", TINY, "-m", ENCODER, "--ctx", "1024")
    yield int(port)
    process.terminate()
    assert process.wait(60) == 0


@pytest.fixture(scope="session")
def client(port):
    openai = pytest.importorskip("openai")
    with openai.OpenAI(base_url=f"http://localhost:{port}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture(scope="session")
def said():
    run = [ROOT / "quern", "run", "-m", MODEL, "-p", MESSAGES[0]["content"], "-n", "24", "--temp", "0", "--json"]
    return json.loads(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
