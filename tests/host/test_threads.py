"""Results do not depend on the number of threads. Workers start, stop and restart, and do not keep a process alive."""

import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import fetch_model  # noqa: E402

MODELS = ["tiny-llama-k", "tiny-gemma3-q8", "smollm2"]
IDS = ",".join(str(17 + 29 * i % 200) for i in range(21))  # two micro-batches of 16, the second one partial


@pytest.fixture(params=MODELS)
def model(request):
    path = ROOT / "tests" / "vectors" / f"{request.param}.gguf"
    if request.param == "smollm2":
        path = fetch_model.cache() / "models" / fetch_model.MODELS["smollm2"]["file"]
        if not path.exists():
            pytest.skip(f"{path} is missing; tools/fetch_model.py smollm2 downloads it")
    return path


def logits(model, host, build, threads, batch, out):
    command = [
        ROOT / "quern",
        "logits",
        "-m",
        model,
        "--tokens",
        IDS,
        "--batch",
        batch,
        "--host",
        host,
        "--build",
        build,
        "-t",
        threads,
        "-o",
        out,
    ]
    subprocess.run(list(map(str, command)), check=True, timeout=300)
    return out.read_bytes()


@pytest.mark.parametrize("build", ["plain", "relaxed"])
def test_any_number_of_threads_gives_the_same_bytes(model, build, tmp_path):
    alone = logits(model, "node", "plain", 1, 16, tmp_path / "1.f32")
    assert len(alone) > 0 and len(alone) % (21 * 4) == 0
    for threads in (2, 3, 8):
        assert logits(model, "node", build, threads, 16, tmp_path / "n.f32") == alone, f"{threads} threads"
    # With one token at a time, products are split differently and most jobs have fewer items than there are threads.
    assert logits(model, "node", build, 8, 1, tmp_path / "n.f32") == alone, "8 threads, one token at a time"
    assert logits(model, "wasmtime", build, 3, 16, tmp_path / "n.f32") == alone, "3 threads in wasmtime"


@pytest.mark.parametrize(
    "check",
    [
        "starts again",
        "divides the attention of one token",
        "reads weights in any order",
        "uses some of them",
        "changes their number often",
        "ends by itself",
        "refuses impossible numbers",
        "steps the maximum down",
    ],
)
def test_workers(check):
    subprocess.run(["node", HERE / "check_threads.mjs", check], check=True, timeout=300)
