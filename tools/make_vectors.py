#!/usr/bin/env python3
"""Writes tests/vectors/*.json and *.f32 with native llama.cpp. Needs numpy, a C++ compiler, and a build of llama.cpp.

  make_vectors.py --llama-cpp SOURCE --build BUILD [--only NAME]

SOURCE is llama.cpp's source (commit 0c1e57098), BUILD its CMake build folder (native CPU).

For each model, <name>.json lists prompts, their ids, and the greedy tokens that follow, with their margins.
<name>.f32 has the logits as float32: for every prompt and position, those of the ids in "subset". "spread" tells how
much llama.cpp differs from itself: the normalized mean square error between decoding a prompt in one batch and token
by token, which would be equal in exact arithmetic. Real models are recorded twice: as they are, and with their
weights dequantized to F32. In the latter no activation is quantized, so the spread shows rounding errors only.
"""

import argparse
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

import fetch_model
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
VECTORS = ROOT / "tests" / "vectors"
SUBSET, SMALL_SUBSET, GREEDY = 64, 16, 32  # SMALL_SUBSET: for vocabularies of fewer than 256 tokens

ENGLISH = (
    "The old lighthouse keeper climbed the stairs every evening, counting each step aloud so that he would not forget "
    "how many there were. On clear nights he could see the lights of three towns across the bay."
)
CODE = (
    "def running_mean(values, width):\n    total = sum(values[:width])\n    yield total / width\n"
    "    for old, new in zip(values, values[width:]):\n        total += new - old\n        yield total / width\n"
)
CHINESE = (
    "\u4eca\u5929\u5929\u6c14\u5f88\u597d\uff0c\u6211\u4eec\u53bb\u516c\u56ed\u6563\u6b65\u5427\uff01"
    "\U0001f31e\U0001f333 \u4f60\u60f3\u5403\u4ec0\u4e48\uff1f\U0001f35c"
)
LONG = " ".join(
    f"In year {1800 + 7 * i} the village kept {3 + i % 11} boats, {i % 5} wells and a bell that rang {1 + i % 9} "
    "times a day;"
    for i in range(80)
)
PROMPTS = {"english": ENGLISH, "code": CODE, "chinese": CHINESE, "long": LONG, "one": "The"}
TINY_IDS = [(7 * i * i + 3 * i + 5) % 257 for i in range(128)]


class Oracle:
    source_file = "oracle_logits.cpp"

    def __init__(self, source, build, folder):
        self.bin = build / "bin"
        self.tool = folder / "oracle"
        self.out = folder / "logits.f32"
        libraries = [f"-L{self.bin}", "-lllama", "-lggml", "-lggml-base", f"-Wl,-rpath,{self.bin}"]
        includes = [f"-I{source}/include", f"-I{source}/ggml/include"]
        subprocess.run(
            ["g++", "-O2", *includes, ROOT / "tools" / self.source_file, "-o", self.tool, *libraries], check=True
        )

    def tokens(self, model, text):
        command = [self.bin / "llama-tokenize", "-m", model, "--ids", "--log-disable", "-p", text]
        return json.loads(
            subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().splitlines()[-1]
        )

    def logits(self, model, ids, batch, greedy=0):
        command = [self.tool, model, ",".join(map(str, ids)), str(batch), self.out, str(greedy)]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        pairs = [pair.split(":") for pair in text.split(",")] if greedy else []
        rows = np.fromfile(self.out, "<f4").reshape(len(ids), -1)
        return rows, [[int(id), float(margin)] for id, margin in pairs]


def nmse(a, b):
    return float(((a - b) ** 2).sum() / (b**2).sum())


def record(oracle, name, model, prompts, greedy):
    rows, subset = [], None
    for prompt in prompts:
        together, prompt["greedy"] = oracle.logits(model, prompt["ids"], len(prompt["ids"]), greedy)
        alone, _ = oracle.logits(model, prompt["ids"], 1)
        prompt["spread"] = nmse(alone, together)
        if subset is None:
            count = SUBSET if together.shape[1] >= 256 else SMALL_SUBSET
            subset = np.sort(np.random.default_rng(1).choice(together.shape[1], count, replace=False))
        rows.append(together[:, subset])
        print(f"{name} {prompt['name']}: {len(prompt['ids'])} tokens, spread {prompt['spread']:.1e}", flush=True)
    np.concatenate(rows).astype("<f4").tofile(VECTORS / f"{name}.f32")
    about = {
        "command": "tools/make_vectors.py --llama-cpp SOURCE --build BUILD --only " + name,
        "llama.cpp": "0c1e57098, native CPU, flash attention off",
        "model": pathlib.Path(model).name,
        "sha256": hashlib.sha256(pathlib.Path(model).read_bytes()).hexdigest(),
        "n_vocab": int(together.shape[1]),
        "subset": subset.tolist(),
        "prompts": prompts,
    }
    (VECTORS / f"{name}.json").write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n")


def real(oracle, name, fetched, folder, only):
    model = fetch_model.fetch(fetched)
    prompts = []
    for prompt, text in PROMPTS.items():
        ids = oracle.tokens(model, text)
        ids = ids[:600] if prompt == "long" else ids[:1] if prompt == "one" else ids
        prompts.append({"name": prompt, "text": text, "ids": ids})
    if only in (None, name):
        record(oracle, name, model, [dict(prompt) for prompt in prompts], GREEDY)
    if only in (None, name + "-f32"):
        dequantized = fetch_model.cache() / "models" / f"{model.stem}.f32.gguf"
        if not dequantized.exists():
            subprocess.run([sys.executable, ROOT / "tools" / "dequantize.py", model, dequantized], check=True)
        record(
            oracle, name + "-f32", dequantized, [dict(prompt) for prompt in prompts if prompt["name"] != "long"], GREEDY
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama-cpp", type=pathlib.Path, required=True)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--only")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        oracle = Oracle(arguments.llama_cpp, arguments.build, folder)
        for model in sorted(VECTORS.glob("tiny-*.gguf")):
            if arguments.only in (None, model.stem):
                vocab = oracle.logits(model, [0], 1)[0].shape[1]
                record(oracle, model.stem, model, [{"name": "ids", "ids": [id % vocab for id in TINY_IDS]}], 16)
        for name, fetched in (("smollm2", "smollm2"), ("gemma3", "gemma3")):
            if arguments.only is None or arguments.only.startswith(name):
                real(oracle, name, fetched, folder, arguments.only)


if __name__ == "__main__":
    main()
