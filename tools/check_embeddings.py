#!/usr/bin/env python3
"""Compares embeddings with llama.cpp's for model files, as they are and quantized, as check_architectures.py does for
logits. Needs numpy, gguf, a C++ compiler, and a build of llama.cpp.

  check_embeddings.py --llama-cpp SOURCE --build BUILD [--types f32,q8_0,q4_k] [--tokens 128] [--seed 1] FILE ...

The type f32 means the file as it is. Quern's embeddings come from the program embeddings_simde (preset
native-release) and are not normalized.

Columns: the normalized mean square error between Quern and llama.cpp for the embeddings of all tokens, and for those
pooled by mean, first token and last token. In brackets is llama.cpp's spread: the error between its results with and
without flash attention, which differ only in rounding. A file passes if every error is at most 1e-5 (f32) or 1e-3
(quantized) or twice the spread, and if Quern gives the same bits in batches of 7 and of all tokens.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from check_architectures import quantized
from make_embeddings import Embedder, own_pooling
from make_vectors import ROOT, nmse

PROGRAM = ROOT / "build" / "native-release" / "tests" / "vectors" / "embeddings_simde"


def ours(model, ids, batch, pooling, out):
    command = [PROGRAM, model, ",".join(map(str, ids)), str(batch), out, str(pooling), "0"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(result.stderr.strip())
    return np.fromfile(out, "<f4")


def check(oracle, model, type, arguments, folder):
    path = quantized(oracle, model, type, folder)
    ids = np.random.default_rng(arguments.seed).integers(0, own_pooling(path)[1], arguments.tokens).tolist()
    errors, spreads, same = [], [], True
    for pooling in range(4):
        together, sevens = (ours(path, ids, batch, pooling, folder / "ours.f32") for batch in (len(ids), 7))
        same = same and together.tobytes() == sevens.tobytes()
        theirs = oracle.rows(path, ids, pooling)
        errors.append(nmse(together, theirs))
        spreads.append(nmse(oracle.rows(path, ids, pooling, "flash"), theirs))
    limit = 1e-5 if type == "f32" else 1e-3
    passed = same and all(error <= max(limit, 2 * spread) for error, spread in zip(errors, spreads))
    columns = (
        f"{name} {error:.1e} ({spread:.1e})"
        for name, error, spread in zip(("tokens", "mean", "first", "last"), errors, spreads)
    )
    verdict = f"{'' if same else '  BATCHES DIFFER'}{'' if passed else '  FAILED'}"
    print(f"{model.stem:24} {type:5} {'  '.join(columns)}{verdict}", flush=True)
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama-cpp", type=pathlib.Path, required=True)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--types", default="f32,q8_0,q4_k")
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("files", type=pathlib.Path, nargs="+")
    arguments = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        oracle = Embedder(arguments.llama_cpp, arguments.build, pathlib.Path(folder))
        for model in arguments.files:
            for type in arguments.types.split(","):
                failed += not check(oracle, model, type, arguments, pathlib.Path(folder))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
