"""Embeddings against llama.cpp's, and the same bits from every host and build. The bounds are those of test_vectors.py: 1e-5
with F32 weights; 1e-3 with quantised ones, where llama.cpp quantises activations as we do."""
import hashlib
import json
import os
import pathlib
import subprocess

import numpy as np
import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FOLDER = HERE / "embeddings"
RELEASE = pathlib.Path(os.environ.get("QUERN_RELEASE", ROOT / "build" / "native-release"))
POOLINGS = ["none", "mean", "cls", "last"]
HASHES = {entry["model"]: entry["sha256"] for entry in json.loads((FOLDER / "hashes.json").read_text())}


class Vector:
    def __init__(self, name):
        self.about = json.loads((FOLDER / f"{name}.json").read_text())
        self.model = next(folder / self.about["model"] for folder in (FOLDER, HERE) if (folder / self.about["model"]).exists())
        rows = np.fromfile(FOLDER / f"{name}.f32", "<f4").reshape(-1, self.about["n_embd"]).astype(np.float64)
        self.ids, self.rows, at = {}, {}, 0
        for one in self.about["inputs"]:
            self.ids[one["name"]] = one["ids"]
            for pooling in POOLINGS:
                count = len(one["ids"]) if pooling == "none" else 1
                self.rows[one["name"], pooling] = rows[at:at + count]
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


HOSTS = {"native scalar": native("scalar"), "native simde": native("simde")}


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
def test_embeddings_are_llama_cpps(name, input, tmp_path):
    vector = Vector(name)
    for pooling in POOLINGS:
        truth = vector.rows[input, pooling]
        rows = run("native simde", vector, vector.ids[input], 512, tmp_path / "rows", pooling, False)
        error = nmse(rows, truth)
        print(f"{name} {input} {pooling}: error {error:.1e}")
        assert error <= (1e-5 if name.endswith("f32") else 1e-3)
        unit = run("native simde", vector, vector.ids[input], 512, tmp_path / "rows", pooling, True)
        assert np.allclose(unit, rows / np.sqrt((rows**2).sum(axis=1, keepdims=True)), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", sorted(HASHES))
def test_the_models_own_pooling(name, tmp_path):
    vector = Vector(name)
    own = vector.about["own"]
    if own is None:
        done = HOSTS["native simde"](vector.model, [1, 2, 3], 512, tmp_path / "rows", "model", True)
        assert done.returncode != 0 and "choose mean, cls, last or none" in done.stderr
        return
    for pooling, out in (("model", "own"), (POOLINGS[own], "named")):
        run("native simde", vector, vector.ids["ids"], 512, tmp_path / out, pooling, True)
    assert (tmp_path / "own").read_bytes() == (tmp_path / "named").read_bytes()


@pytest.mark.parametrize("batch", [1, 7, 512])
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("name", sorted(HASHES))
def test_the_same_bits_everywhere(name, host, batch, tmp_path):
    vector = Vector(name)
    for pooling in POOLINGS:
        run(host, vector, vector.ids["ids"], batch, tmp_path / "rows", pooling, True)
        assert hashlib.sha256((tmp_path / "rows").read_bytes()).hexdigest() == HASHES[name][pooling], pooling
