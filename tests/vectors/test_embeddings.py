"""Embeddings equal llama.cpp's within a bound, and have the same bits on every host and build. The bounds are those
of test_vectors.py: 1e-5 with F32 weights, and 1e-3 with quantized weights, where llama.cpp quantizes activations as
Quern does."""

import hashlib
import json
import os
import pathlib
import subprocess

import numpy as np
import pytest
from engines import rows_sha256

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FOLDER = HERE / "embeddings"
RELEASE = pathlib.Path(os.environ.get("QUERN_RELEASE", ROOT / "build" / "native-release"))
POOLINGS = ["none", "mean", "cls", "last"]
HASHES = {entry["model"]: entry["sha256"] for entry in json.loads((FOLDER / "hashes.json").read_text())}


class Vector:
    def __init__(self, name):
        self.about = json.loads((FOLDER / f"{name}.json").read_text())
        self.model = next(
            folder / self.about["model"] for folder in (FOLDER, HERE) if (folder / self.about["model"]).exists()
        )
        rows = np.fromfile(FOLDER / f"{name}.f32", "<f4").reshape(-1, self.about["n_embd"]).astype(np.float64)
        self.ids, self.rows, at = {}, {}, 0
        for one in self.about["inputs"]:
            self.ids[one["name"]] = one["ids"]
            for pooling in POOLINGS:
                count = len(one["ids"]) if pooling == "none" else 1
                self.rows[one["name"], pooling] = rows[at : at + count]
                at += count


def native(kernels):
    def embed(model, ids, batch, out, pooling, normalize):
        program = RELEASE / "tests" / "vectors" / f"embeddings_{kernels}"
        if not program.exists():
            pytest.skip(f"{program} has not been built (preset native-release)")
        number = POOLINGS.index(pooling) if pooling in POOLINGS else -1
        command = [program, model, ",".join(map(str, ids)), str(batch), out, str(number), str(int(normalize))]
        return subprocess.run(command, capture_output=True, text=True)

    return embed


def command_line(host, build, threads=1, bits=None):
    def embed(model, ids, batch, out, pooling, normalize):
        command = [
            ROOT / "quern",
            "embed",
            "--host",
            host,
            "--build",
            build,
            "-t",
            str(threads),
            "-m",
            model,
            "-o",
            out,
            "--tokens",
            ",".join(map(str, ids)),
            "--batch",
            str(batch),
        ]
        command += [] if pooling == "model" else ["--pooling", pooling]
        command += [] if normalize else ["--raw"]
        command += ["--bits", str(bits)] if bits else []
        return subprocess.run(command, capture_output=True, text=True)

    return embed


NATIVE = {"native scalar": native("scalar"), "native simde": native("simde")}
MODULES = {
    "node plain": ("node", "plain"),
    "node relaxed": ("node", "relaxed"),
    "node relaxed, 2 threads": ("node", "relaxed", 2),
    "node plain, 3 threads": ("node", "plain", 3),
    "wasmtime plain": ("wasmtime", "plain"),
    "wasmtime relaxed": ("wasmtime", "relaxed"),
    "wasmtime relaxed, 64 bits": ("wasmtime", "relaxed", 1, 64),
}
HOSTS = NATIVE | {name: command_line(*module) for name, module in MODULES.items()}


def run(host, vector, ids, batch, out, pooling, normalize):
    done = HOSTS[host](vector.model, ids, batch, out, pooling, normalize)
    assert done.returncode == 0, done.stderr
    return np.fromfile(out, "<f4").reshape(-1, vector.about["n_embd"]).astype(np.float64)


def nmse(a, b):
    return float(((a - b) ** 2).sum() / (b**2).sum())


def cases():
    for name in sorted(HASHES):
        for one in json.loads((FOLDER / f"{name}.json").read_text())["inputs"]:
            yield pytest.param(name, one["name"], id=f"{name} {one['name']}")


@pytest.mark.parametrize("name, input", list(cases()))
def test_embeddings_equal_llama_cpp(name, input, tmp_path):
    vector = Vector(name)
    for pooling in POOLINGS if input == "ids" else ["none", "mean"]:
        truth = vector.rows[input, pooling]
        rows = run("node relaxed", vector, vector.ids[input], 512, tmp_path / "rows", pooling, False)
        error = nmse(rows, truth)
        print(f"{name} {input} {pooling}: error {error:.1e}")
        assert error <= (1e-5 if name.endswith("f32") else 1e-3)
    if input == "ids":
        unit = run("node relaxed", vector, vector.ids[input], 512, tmp_path / "rows", pooling, True)
        assert np.allclose(unit, rows / np.sqrt((rows**2).sum(axis=1, keepdims=True)), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", sorted(HASHES))
def test_pooling_that_the_model_names(name, tmp_path):
    vector = Vector(name)
    own = vector.about["own"]
    if own is None:
        done = HOSTS["node relaxed"](vector.model, [1, 2, 3], 512, tmp_path / "rows", "model", True)
        assert done.returncode != 0 and "choose mean, cls, last or none" in done.stderr
        return
    for pooling, out in (("model", "own"), (POOLINGS[own], "named")):
        run("node relaxed", vector, vector.ids["ids"], 512, tmp_path / out, pooling, True)
    assert (tmp_path / "own").read_bytes() == (tmp_path / "named").read_bytes()


# Encoders always read the whole input in one batch. Decoders use the requested batch size.
BATCHES = [(host, batch) for host in HOSTS for batch in ([1, 7, 512] if host in NATIVE else [7])]


@pytest.mark.parametrize("host, batch", BATCHES)
@pytest.mark.parametrize("name", sorted(HASHES))
def test_same_bits_everywhere(name, host, batch, tmp_path):
    vector = Vector(name)
    ids = vector.ids["ids"]
    for pooling in POOLINGS:
        if host in NATIVE:
            run(host, vector, ids, batch, tmp_path / "rows", pooling, True)
            found = hashlib.sha256((tmp_path / "rows").read_bytes()).hexdigest()
        else:
            found = rows_sha256(
                {"model": vector.model, "ids": ids, "batch": batch, "pooling": pooling, "normalize": True},
                *MODULES[host],
            )
        assert found == HASHES[name][pooling], pooling


TEXTS = [
    (name, one["text"])
    for name in sorted(HASHES)
    for one in json.loads((FOLDER / f"{name}.json").read_text())["inputs"]
    if "text" in one
]


@pytest.mark.parametrize("host", ["node", "wasmtime"])
def test_text_and_ids_give_the_same_embedding(host, tmp_path):
    for name, text in TEXTS[:6]:
        vector = Vector(name)
        input = next(one["name"] for one in vector.about["inputs"] if one.get("text") == text)
        command = [ROOT / "quern", "embed", "--host", host, "-m", vector.model, "--pooling", "mean"]
        shown = [
            subprocess.run([*command, *more], check=True, capture_output=True, input=text.encode()).stdout
            for more in (["-p", text], [])
        ]
        assert shown[0] == shown[1]
        truth = vector.rows[input, "mean"][0]
        assert nmse(np.array(json.loads(shown[0])), truth / np.sqrt((truth**2).sum())) <= (
            1e-5 if name.endswith("f32") else 1e-3
        )
        raw = subprocess.run([*command, "--raw", "-p", text], check=True, capture_output=True).stdout
        assert nmse(np.array(json.loads(raw)), truth) <= (1e-5 if name.endswith("f32") else 1e-3)


def refused(*arguments, host):
    done = subprocess.run([ROOT / "quern", *map(str, arguments), "--host", host], capture_output=True, text=True)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("host", ["node", "wasmtime"])
def test_invalid_requests_are_refused(host, tmp_path):
    bert, qwen = FOLDER / "bert-f32.gguf", HERE / "tiny-qwen3-f32.gguf"
    assert "is an encoder, which generates no text; use quern embed" in refused("run", "-m", bert, "-p", "a", host=host)
    assert "this bert model reads a whole text at once" in refused(
        "logits", "-m", bert, "--tokens", "1", "-o", tmp_path / "x", host=host
    )
    assert "choose mean, cls, last or none" in refused("embed", "-m", qwen, "--tokens", "1", host=host)
    long = ",".join(["5"] * 161)
    assert "the model has learned 160 positions" in refused("embed", "-m", bert, "--tokens", long, host=host)
    assert "an embedding needs at least one token" in refused(
        "embed", "-m", FOLDER / "llama-both-ways-f32.gguf", "-p", "", host=host
    )
    rank = tmp_path / "rank.gguf"
    key = b"bert.pooling_type\x04\x00\x00\x00"  # of u32
    assert key in bert.read_bytes()
    at = bert.read_bytes().index(key) + len(key)
    rank.write_bytes(bert.read_bytes()[:at] + b"\x04" + bert.read_bytes()[at + 1 :])
    assert "a reranking model" in refused("embed", "-m", rank, "-p", "a", host=host)
