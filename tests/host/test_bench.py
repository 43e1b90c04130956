"""quern bench: its output, and that all hosts, browsers included, compute the same logits."""

import json
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TINY = ROOT / "tests" / "vectors" / "tiny-llama-k.gguf"
BROWSERS = {"chromium": "chromium", "firefox": "firefox-esr"}


def bench(*arguments):
    command = [ROOT / "quern", "bench", "-m", TINY, "-p", 40, "-n", 4, "--ctx", 24, "--runs", 2, "--json", *arguments]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def reference():
    return bench("--build", "plain", "-t", 1)


def test_single_measurement(reference):
    assert reference["engine"] == "quern" and reference["host"] == "node" and reference["build"] == "plain"
    assert (reference["prompt"], reference["generate"], reference["context"], reference["threads"]) == (40, 4, 24, 1)
    assert reference["rounds"] == 2 and reference["load_ms"] > 0
    assert reference["peak_bytes"] % 65536 == 0 and reference["peak_bytes"] > TINY.stat().st_size
    for phase in ("prefill_tps", "decode_tps"):
        rates = reference[phase]
        assert 0 < rates["min"] <= rates["median"] <= rates["max"]


@pytest.mark.parametrize("host", ["node", "wasmtime", *BROWSERS])
@pytest.mark.parametrize("build", ["plain", "relaxed"])
def test_every_host_computes_the_same(reference, host, build):
    if host in BROWSERS and not (shutil.which(BROWSERS[host]) and (ROOT / "bench" / "node_modules").exists()):
        pytest.skip(f"{BROWSERS[host]} or bench/node_modules is missing; tools/setup.sh bench installs both")
    for threads in (1, 3):
        cell = bench("--host", host, "--build", build, "-t", threads)
        assert cell["logits_crc32"] == reference["logits_crc32"], f"{threads} threads"


def test_memory_of_all_processes():
    cell = bench("-t", 1, "--memory")
    assert cell["peak_pss_bytes"] > cell["peak_bytes"] / 2  # pages of linear memory count only once they are touched
    assert cell["empty_pss_bytes"] >= 0


@pytest.mark.parametrize(
    "arguments, why",
    [
        (["--engine", "onnx"], "--engine"),
        (["-p", "0"], "from 1 to"),
        (["--host", "safari"], "--host"),
        (["-m", "/nowhere.gguf"], "nowhere"),
        (["--runs", "0"], "--runs"),
    ],
)
def test_refuses(arguments, why):
    done = subprocess.run(
        [ROOT / "quern", "bench", "-m", TINY, *arguments], capture_output=True, text=True, timeout=300
    )
    first = done.stderr.split("\n")[0]
    assert done.returncode != 0 and first.startswith("quern: ") and why in first
