"""docs/openapi.json describes what ./quern serve does: schemathesis sends requests that match it, and requests that do
not, and checks the answers."""

import json
import pathlib
import subprocess
import sys

import pytest
from serve_helpers import ROOT, TINY, start

DESCRIPTION = ROOT / "docs/openapi.json"
SCHEMAS = json.loads(DESCRIPTION.read_text())["components"]["schemas"]
# Not positive_data_acceptance: whether a prompt fits, or a token exists, depends on the model.
CHECKS = ("--checks", "all", "--exclude-checks", "positive_data_acceptance")


@pytest.mark.parametrize("seed", [1, 2])
def test_the_server_does_what_its_description_says(tmp_path, seed):
    template = tmp_path / "template.jinja"
    template.write_text("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}")
    process, port = start("-m", TINY, "--ctx", "64", "--template", template)
    try:
        tool = pathlib.Path(sys.executable).with_name("schemathesis")
        arguments = ("--url", f"http://localhost:{port}", "-n", "20", "--seed", str(seed), "--continue-on-failure")
        done = subprocess.run(
            [tool, "run", DESCRIPTION, *arguments, *CHECKS], capture_output=True, text=True, cwd=tmp_path, check=False
        )
        assert done.returncode == 0, done.stdout
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("chat", "ChatRequest"),
        ("chat", "TemplateRequest"),
        ("completion", "CompletionRequest"),
        ("embedding", "EmbeddingRequest"),
        ("tokenize", "TokenizeRequest"),
        ("detokenize", "DetokenizeRequest"),
    ],
)
def test_the_description_lists_all_fields(kind, name):
    script = (
        f"import {{ fieldNames }} from '{ROOT}/web/api/fields.js'; console.log(JSON.stringify(fieldNames('{kind}')))"
    )
    done = subprocess.run(["node", "--input-type=module", "-e", script], capture_output=True, check=True)
    assert set(SCHEMAS[name]["properties"]) == set(json.loads(done.stdout))
