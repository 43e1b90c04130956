"""Shared by the tests of ./quern serve: starting a server, sending requests, and running the JavaScript checks."""

import http.client
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import fetch_model  # noqa: E402

MODEL = fetch_model.cache() / "models" / fetch_model.MODELS["smollm2"]["file"]
NAME = MODEL.stem
TINY = ROOT / "tests/vectors/tiny-llama-f32.gguf"
ENCODER = ROOT / "tests/vectors/embeddings/bert-f32.gguf"
MESSAGES = [{"role": "user", "content": "What is the capital of France?"}]


def start(*arguments, command=(ROOT / "quern",), env=None):
    process = subprocess.Popen(
        [*command, "serve", "--port", "0", "-t", "1", *arguments], stdout=subprocess.PIPE, text=True, env=env
    )
    match = re.search(r"http://localhost:(\d+)/v1", process.stdout.readline())
    assert match, "the server did not start"
    return process, match[1]


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


def checks_of(script):
    return re.findall(r"^  async (\w+)\(", (HERE / script).read_text(), re.M)


def results_of(script, *arguments):
    done = subprocess.run(["node", HERE / script, *map(str, arguments)], capture_output=True, text=True, check=False)
    print(done.stderr)
    return {line["name"]: line["error"] for line in map(json.loads, done.stdout.splitlines())}
