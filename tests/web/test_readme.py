"""The programs in web/README.md run in Node unchanged, with SmolLM2. test_bundle.py tests its page."""

import http.server
import json
import pathlib
import re
import subprocess
import sys
import threading

import pytest

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import fetch_model  # noqa: E402

TEXT = (ROOT / "web/README.md").read_text()
PROGRAMS = dict(re.findall(r"^## ([^\n]+)\n[^#]*?^```js\n(.*?)^```", TEXT, re.M | re.S))
SAID = {
    "Asking early": r"[^\n]*Paris",
    "Sessions": r"(.+\n)+",
    "Node": r"[^\n]*Paris",
    "Errors": r"The server answered 404\.\n",
}


def test_each_program_is_known():
    assert PROGRAMS.keys() == SAID.keys()
    assert len(PROGRAMS) == TEXT.count("```js\n")


@pytest.mark.parametrize("page", ["README.md", "web/README.md"])
def test_the_package_is_made_before_it_is_installed(page):
    version = json.loads((ROOT / "web/package.json").read_text())["version"]
    steps = re.search(
        rf"make package.*\n(?:.*\n)*?npm install \S+/build/quern-{version}\.tgz", (ROOT / page).read_text()
    )
    assert steps and "```" not in steps.group()
    assert re.search(r"^package: modules\n\t@tools/package_wasm.py --tarball$", (ROOT / "Makefile").read_text(), re.M)


@pytest.fixture(scope="module")
def missing():
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/missing.gguf"
        server.shutdown()


@pytest.mark.parametrize("name", SAID)
def test_program(name, missing, tmp_path):
    model = fetch_model.cache() / "models" / fetch_model.MODELS["smollm2"]["file"]
    if not model.exists():
        pytest.skip(f"no {model.name}")
    if not (ROOT / "web/wasm").exists():
        pytest.skip("web/wasm is not there; tools/package_wasm.py makes it")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/quern").symlink_to(ROOT / "web", target_is_directory=True)
    (tmp_path / "model.gguf").symlink_to(model)
    (tmp_path / "program.mjs").write_text(PROGRAMS[name].replace("https://example.org/missing.gguf", missing))
    done = subprocess.run(
        ["node", "program.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.match(SAID[name], done.stdout), done.stdout
