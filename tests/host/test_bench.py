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


def skip_without(host):
    if host in BROWSERS and not (shutil.which(BROWSERS[host]) and (ROOT / "bench" / "node_modules").exists()):
        pytest.skip(f"{BROWSERS[host]} or bench/node_modules is missing; tools/setup.sh bench installs both")


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
    skip_without(host)
    for threads in (1, 3):
        cell = bench("--host", host, "--build", build, "-t", threads)
        assert cell["logits_crc32"] == reference["logits_crc32"], f"{threads} threads"


@pytest.mark.parametrize("host", ["node", "wasmtime", "chromium"])
def test_rows(reference, host):
    """A pass of one token is always measured, because it is the unit."""
    skip_without(host)
    cell = bench("--host", host, "--build", "plain", "-t", 2, "--rows", "5,2,5")
    assert [row["k"] for row in cell["rows"]] == [1, 2, 5] and cell["rows"][0]["c"] == 1
    assert cell["prompt_token_s"] > 0
    for row in cell["rows"]:
        assert 0 < row["over_bound"] <= row["c"] and row["pass_s"]["median"] > 0
    assert cell["logits_crc32"] == reference["logits_crc32"]


ROUNDS = """
import { cellResult } from './bench/e2e/rates.js';
const round = (slow) => ({ pass_s: [2 * slow, 3 * slow, 8 * slow], prefill_s: 10 * slow });
const cell = { rows: [1, 2, 8], prompt: 20 };
console.log(JSON.stringify(cellResult(cell, {}, [round(1), round(4), round(2)])));
"""


def test_ratios_of_rows_cancel_drift():
    done = subprocess.run(["node", "--input-type=module", "-e", ROUNDS], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert [row["c"] for row in result["rows"]] == [1, 1.5, 4]
    assert [row["over_bound"] for row in result["rows"]] == [1, 1.5, 2]  # 8 of the prompt take as long as 2 passes
    assert [row["pass_s"]["median"] for row in result["rows"]] == [4, 6, 16] and result["prompt_token_s"] == 1


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
        (["--rows", "1,,2"], 'whole numbers from 1 to 128 with commas between them, not "1,,2"'),
        (["--rows", "2,200"], "from 1 to 128"),
        (["--rows", "1.5"], "from 1 to 128"),
        (["--rows", "2", "--engine", "llama.cpp"], "--rows measures only quern"),
    ],
)
def test_refuses(arguments, why):
    done = subprocess.run(
        [ROOT / "quern", "bench", "-m", TINY, *arguments], capture_output=True, text=True, timeout=300
    )
    first = done.stderr.split("\n")[0]
    assert done.returncode != 0 and first.startswith("quern: ") and why in first
