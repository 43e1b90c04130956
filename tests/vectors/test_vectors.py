"""Logits equal llama.cpp's within a bound, and have the same bits on every host and build.

The "spread" of a vector tells how much llama.cpp differs from itself when it decodes a prompt in one batch and token by
token. With F32 weights the spread is about 1e-7, and Quern's error must be below 1e-5. With quantized weights the
activations are quantized too. A difference in the last bit then changes the code of some activation, and within a few
layers the error grows to the size of the quantization noise, about 2e-3 for the two real models. That holds for
llama.cpp compared with itself as much as for Quern compared with llama.cpp, so the bound is twice the spread.
"""

import hashlib
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from engines import rows_sha256

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import dequantize  # noqa: E402
import fetch_model  # noqa: E402

RELEASE = pathlib.Path(os.environ.get("QUERN_RELEASE", ROOT / "build" / "native-release"))
REAL = {"smollm2": "smollm2", "gemma3": "gemma3"}
TINY = sorted(path.stem for path in HERE.glob("tiny-*.gguf"))


def model_of(name):
    if name in TINY:
        return HERE / f"{name}.gguf"
    base = name.removesuffix("-f32")
    path = fetch_model.cache() / "models" / fetch_model.MODELS[REAL[base]]["file"]
    if not path.exists():
        pytest.skip(f"{path} is missing: run tools/fetch_model.py {REAL[base]}")
    if base == name:
        return path
    dequantized = path.with_suffix(".f32.gguf")
    if not dequantized.exists():
        dequantize.main(path, dequantized)
    return dequantized


class Vector:
    def __init__(self, name):
        self.name = name
        self.about = json.loads((HERE / f"{name}.json").read_text())
        rows = np.fromfile(HERE / f"{name}.f32", "<f4").reshape(-1, len(self.about["subset"]))
        self.rows, at = {}, 0
        for prompt in self.about["prompts"]:
            self.rows[prompt["name"]] = rows[at : at + len(prompt["ids"])]
            at += len(prompt["ids"])


def cache(more):
    return ["--kv", *more] if more else []


def command_line(host, build, threads=1, bits=32):
    def logits(model, ids, batch, out, *more):
        command = [
            ROOT / "quern",
            "logits",
            "--host",
            host,
            "-m",
            model,
            "--tokens",
            ",".join(map(str, ids)),
            "--batch",
            str(batch),
            "-o",
            out,
            "--build",
            build,
            "-t",
            str(threads),
            "--bits",
            str(bits),
        ]
        subprocess.run([*command, *cache(more)], check=True)

    return logits


def native(kernels):
    def logits(model, ids, batch, out, *more):
        program = RELEASE / "tests" / "vectors" / f"logits_{kernels}"
        if not program.exists():
            pytest.skip(f"{program} has not been built (preset native-release)")
        subprocess.run([program, model, ",".join(map(str, ids)), str(batch), out, *more], check=True)

    return logits


NATIVE = {"native scalar": native("scalar"), "native simde": native("simde")}
MODULES = {
    "node plain": ("node", "plain"),
    "node relaxed": ("node", "relaxed"),
    "node relaxed, 2 threads": ("node", "relaxed", 2),
    "node relaxed, 3 threads": ("node", "relaxed", 3),
    "node relaxed, 8 threads": ("node", "relaxed", 8),
    "wasmtime plain": ("wasmtime", "plain"),
    "wasmtime relaxed": ("wasmtime", "relaxed"),
    "wasmtime plain, 64 bits": ("wasmtime", "plain", 1, 64),
    "wasmtime relaxed, 64 bits": ("wasmtime", "relaxed", 1, 64),
    "wasmtime relaxed, 64 bits, 3 threads": ("wasmtime", "relaxed", 3, 64),
}
HOSTS = NATIVE | {name: command_line(*module) for name, module in MODULES.items()}


def run(host, model, ids, batch, out, *more):
    HOSTS[host](model, ids, batch, out, *more)
    return np.fromfile(out, "<f4").reshape(len(ids), -1)


def nmse(a, b):
    return float(((a.astype(np.float64) - b) ** 2).sum() / (b.astype(np.float64) ** 2).sum())


def bound(name, spread):
    """The largest allowed error of a prompt."""
    if name.endswith("f32"):
        return 1e-5
    return max(1e-3, 2 * spread) if name in TINY else 2 * max(spread, 1e-3)


def cases():
    for path in sorted(HERE.glob("*.json")):
        if path.stem == "hashes":
            continue
        for prompt in json.loads(path.read_text())["prompts"]:
            yield pytest.param(path.stem, prompt["name"], id=f"{path.stem} {prompt['name']}")


@pytest.mark.parametrize("name, prompt_name", list(cases()))
def test_logits_equal_llama_cpp(name, prompt_name, tmp_path):
    model, vector = model_of(name), Vector(name)
    prompt = next(one for one in vector.about["prompts"] if one["name"] == prompt_name)
    ids = prompt["ids"] + [id for id, _ in prompt["greedy"][:-1]]
    logits = run("node relaxed", model, ids, 512, tmp_path / "logits.f32")
    assert logits.shape[1] == vector.about["n_vocab"]
    error = nmse(logits[: len(prompt["ids"]), vector.about["subset"]], vector.rows[prompt_name])
    print(f"{name} {prompt_name}: error {error:.1e}, llama.cpp's own spread {prompt['spread']:.1e}")
    assert error <= bound(name, prompt["spread"])
    # Greedy tokens, each after llama.cpp's previous ones. They must be equal unless the margin is within the noise.
    scale = float(np.sqrt((vector.rows[prompt_name] ** 2).mean()))
    noise = max(0.05, 6 * scale * bound(name, prompt["spread"]) ** 0.5) if not name.endswith("f32") else 0.05
    for i, (id, margin) in enumerate(prompt["greedy"]):
        if margin > noise:
            assert int(logits[len(prompt["ids"]) - 1 + i].argmax()) == id, f"greedy token {i}, margin {margin}"


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


CONFORMANCE = json.loads((HERE / "hashes.json").read_text()) if (HERE / "hashes.json").exists() else []


@pytest.mark.parametrize("batch", [1, 7, 512])
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("entry", [e for e in CONFORMANCE if e["model"] in TINY], ids=lambda entry: entry["model"])
def test_tiny_models_give_the_same_bits_everywhere(entry, host, batch, tmp_path):
    model = model_of(entry["model"])
    if host in NATIVE:
        run(host, model, entry["ids"], batch, tmp_path / "logits.f32")
        found = digest(tmp_path / "logits.f32")
    else:
        found = rows_sha256({"model": model, "ids": entry["ids"], "batch": batch}, *MODULES[host])
    assert found == entry["sha256"]


# Every host, build and batch size occurs, but not every combination, because that takes too long.
REAL_RUNS = [
    ("native scalar", 512),
    ("native simde", 7),
    ("node plain", 1),
    ("node plain", 512),
    ("node relaxed", 1),
    ("node relaxed", 7),
    ("node relaxed", 512),
    ("wasmtime relaxed", 512),
    ("wasmtime relaxed", 7),
    ("wasmtime plain", 1),
    ("node relaxed, 2 threads", 512),
    ("node relaxed, 3 threads", 7),
    ("node relaxed, 8 threads", 1),
    ("wasmtime relaxed, 64 bits", 512),
]


@pytest.mark.parametrize("host, batch", REAL_RUNS)
@pytest.mark.parametrize("entry", [e for e in CONFORMANCE if e["model"] not in TINY], ids=lambda entry: entry["model"])
def test_real_models_give_the_same_bits_everywhere(entry, host, batch, tmp_path):
    run(host, model_of(entry["model"]), entry["ids"], batch, tmp_path / "logits.f32")
    assert digest(tmp_path / "logits.f32") == entry["sha256"]


# On these prompts llama.cpp's own logits with a q8_0 cache differ from those with an f16 cache by 2e-5 to 1e-4.
@pytest.mark.parametrize("name", ["smollm2-f32", "gemma3-f32"])
def test_q8_0_cache_adds_little_error(name, tmp_path):
    vector = Vector(name)
    ids = next(one["ids"] for one in vector.about["prompts"] if one["name"] == "english")
    logits = run("node relaxed", model_of(name), ids, 512, tmp_path / "logits.f32", "q8_0")
    error = nmse(logits[:, vector.about["subset"]], vector.rows["english"])
    print(f"{name}: error {error:.1e}")
    assert 1e-5 < error < 5e-4


@pytest.mark.parametrize(
    "host, batch", [("node plain", 1), ("node relaxed", 512), ("node relaxed, 3 threads", 7), ("wasmtime relaxed", 512)]
)
@pytest.mark.parametrize("name", ["smollm2", "gemma3"])
def test_q8_0_cache_gives_the_same_bits_everywhere(name, host, batch, tmp_path):
    ids = next(e["ids"] for e in CONFORMANCE if e["model"] == name)
    for at, size, out in (("native scalar", 512, "reference"), (host, batch, "logits")):
        run(at, model_of(name), ids, size, tmp_path / out, "q8_0")
    assert digest(tmp_path / "logits") == digest(tmp_path / "reference")
