#!/usr/bin/env python3
"""Compares logits with llama.cpp's for every model of a folder, as it is and quantized. Needs numpy, a C++ compiler,
and a build of llama.cpp.

  check_architectures.py --llama-cpp SOURCE --build BUILD DIR [NAME ...] [--types f32,q8_0,q4_k] [--tokens 128]
                         [--seed 1]

SOURCE is llama.cpp's source (commit 0c1e57098), BUILD its CMake build folder (native CPU). DIR has GGUF files, for
example those that `test-llama-archs -s SEED -o DIR` of that build writes. With NAMEs, only files whose name contains
one are compared. Quern's logits come from the program logits_simde (preset native-release).

Columns: the normalized mean square error between Quern and llama.cpp with all tokens in one batch, and token by token.
"spread" is the error of llama.cpp's two results relative to each other. A model passes if both errors are at most 1e-5
(f32) or 1e-3 (quantized) or twice the spread, and if Quern gives the same bits in batches of 1, of 7 and of all tokens.
A model that Quern cannot run is reported with the reason.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from make_vectors import ROOT, Oracle, nmse

LIMITS = {"f32": 1e-5, "q8_0": 1e-3, "q4_k": 1e-3}


def ours(model, ids, batch, out):
    program = ROOT / "build" / "native-release" / "tests" / "vectors" / "logits_simde"
    result = subprocess.run([program, model, ",".join(map(str, ids)), str(batch), out], capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(result.stderr.strip().partition(": ")[2])
    return np.fromfile(out, "<f4").reshape(len(ids), -1)


def quantized(oracle, model, type, folder):
    if type == "f32":
        return model
    out = folder / "quantized.gguf"
    subprocess.run([oracle.bin / "llama-quantize", model, out, type], check=True, capture_output=True)
    return out


def check(oracle, model, type, arguments, folder):
    path = quantized(oracle, model, type, folder)
    ids = [0]
    vocab = ours(path, ids, 1, folder / "ours.f32").shape[1]
    ids = np.random.default_rng(arguments.seed).integers(0, vocab, arguments.tokens).tolist()
    together, alone, sevens = (ours(path, ids, batch, folder / "ours.f32") for batch in (len(ids), 1, 7))
    same = together.tobytes() == alone.tobytes() == sevens.tobytes()
    theirs, _ = oracle.logits(path, ids, len(ids))
    theirs_alone, _ = oracle.logits(path, ids, 1)
    spread = nmse(theirs_alone, theirs)
    errors = nmse(together, theirs), nmse(alone, theirs_alone)
    passed = same and bool(max(errors) <= max(LIMITS[type], 2 * spread))
    print(
        f"{model.stem:24} {type:5} batch {errors[0]:.1e}  one by one {errors[1]:.1e}  spread {spread:.1e}"
        f"{'' if same else '  BATCHES DIFFER'}{'' if passed else '  FAILED'}",
        flush=True,
    )
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama-cpp", type=pathlib.Path, required=True)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--types", default="f32,q8_0,q4_k")
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_intermixed_args()
    ran = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        oracle = Oracle(arguments.llama_cpp, arguments.build, folder)
        for model in sorted(arguments.folder.glob("*.gguf")):
            if arguments.names and not any(name in model.stem for name in arguments.names):
                continue
            for type in arguments.types.split(","):
                try:
                    ran += 1
                    failed += not check(oracle, model, type, arguments, folder)
                except RuntimeError as error:
                    ran -= 1
                    print(f"{model.stem:24} not run: {error}", flush=True)
                    break
                except subprocess.CalledProcessError as error:
                    failed += 1
                    print(f"{model.stem:24} {type:5} llama.cpp fails: {pathlib.Path(error.cmd[0]).name}", flush=True)
    print(f"{ran} compared, {failed} failed")
    return 1 if failed or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
