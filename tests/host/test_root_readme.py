"""README.md: its program for wasmtime runs as it stands, with SmolLM2 as the model."""

import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import fetch_model  # noqa: E402


def test_the_program_for_wasmtime_streams_an_answer(tmp_path):
    model = fetch_model.cache() / "models" / fetch_model.MODELS["smollm2"]["file"]
    if not model.exists():
        pytest.skip(f"no {model.name}")
    (program,) = re.findall(r"^```py\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    program = program.replace("../../build", str(ROOT / "build"))
    (tmp_path / "model.gguf").symlink_to(model)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "hosts/wasmtime")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 10
