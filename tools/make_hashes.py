#!/usr/bin/env python3
"""Writes tests/vectors/hashes.json: for each model the ids, and the sha256 of their logits (little-endian float32,
one row per token). Also tests/vectors/embeddings/hashes.json: for each model and pooling the sha256 of normalized
embeddings. The native scalar build, which is the reference, computes them. Needs the preset native-release built and
the models fetched."""

import hashlib
import json
import pathlib
import subprocess
import tempfile

import fetch_model

ROOT = pathlib.Path(__file__).resolve().parent.parent
VECTORS = ROOT / "tests" / "vectors"
PROGRAMS = ROOT / "build" / "native-release" / "tests" / "vectors"
PROGRAM = PROGRAMS / "logits_scalar"
POOLINGS = ["none", "mean", "cls", "last"]


def embeddings(out):
    entries = []
    for path in sorted((VECTORS / "embeddings").glob("*.json")):
        if path.stem == "hashes":
            continue
        about = json.loads(path.read_text())
        model = next(
            folder / about["model"]
            for folder in (VECTORS / "embeddings", VECTORS)
            if (folder / about["model"]).exists()
        )
        ids = about["inputs"][0]["ids"]
        sha256 = {}
        for number, pooling in enumerate(POOLINGS):
            subprocess.run(
                [PROGRAMS / "embeddings_scalar", model, ",".join(map(str, ids)), "512", out, str(number), "1"],
                check=True,
            )
            sha256[pooling] = hashlib.sha256(out.read_bytes()).hexdigest()
        entries.append({"model": path.stem, "sha256": sha256})
    return entries


def write(path, entries):
    path.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n")


def main():
    entries = []
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "logits.f32"
        for path in sorted(VECTORS.glob("*.json")):
            if path.stem == "hashes" or (path.stem.endswith("-f32") and not path.stem.startswith("tiny")):
                continue
            about = json.loads(path.read_text())
            tiny = VECTORS / f"{path.stem}.gguf"
            model = tiny if tiny.exists() else fetch_model.cache() / "models" / about["model"]
            ids = about["prompts"][0]["ids"][: 128 if tiny.exists() else 24]
            subprocess.run([PROGRAM, model, ",".join(map(str, ids)), "512", out], check=True)
            entries.append(
                {
                    "model": path.stem,
                    "file": model.name,
                    "ids": ids,
                    "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
                }
            )
        write(VECTORS / "embeddings" / "hashes.json", embeddings(out))
    write(VECTORS / "hashes.json", entries)


if __name__ == "__main__":
    main()
