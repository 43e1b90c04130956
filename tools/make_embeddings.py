#!/usr/bin/env python3
"""Writes tests/vectors/embeddings/*.json and *.f32 with native llama.cpp, as make_vectors.py does for logits. Needs
numpy, gguf, a C++ compiler, and a build of llama.cpp.

  make_embeddings.py --llama-cpp SOURCE --build BUILD [--only NAME]

For each model, <name>.json lists inputs with their ids, and "own", llama.cpp's number of the pooling that the model
file names (null: it names none). <name>.f32 has the embeddings as float32, not normalized: for every input those of
all tokens, then those pooled by mean, first token and last token.
"""

import argparse
import hashlib
import json
import pathlib
import subprocess
import tempfile

import numpy as np
from make_vectors import VECTORS, Oracle

import gguf

TEXTS = {"text": "The harbour keeper counted two boats in the fog, and rings a bell!", "one": "a"}
DECODERS = ["tiny-qwen3-f32", "tiny-gemma3-q8"]


class Embedder(Oracle):
    source_file = "oracle_embeddings.cpp"

    def rows(self, model, ids, pooling, *flash):
        subprocess.run([self.tool, model, ",".join(map(str, ids)), str(pooling), self.out, *flash], check=True)
        return np.fromfile(self.out, "<f4")


def own_pooling(model):
    """(pooling that the file names or None, size of the vocabulary, whether the file has a tokenizer)."""
    reader = gguf.GGUFReader(model)
    arch = reader.get_field("general.architecture").contents()
    field = reader.get_field(f"{arch}.pooling_type")
    vocab = next(int(tensor.shape[1]) for tensor in reader.tensors if tensor.name == "token_embd.weight")
    return field and int(field.contents()), vocab, reader.get_field("tokenizer.ggml.model").contents() != "no_vocab"


def record(oracle, name, model):
    own, vocab, has_text = own_pooling(model)
    inputs = [{"name": "ids", "ids": [(7 * i * i + 3 * i + 5) % vocab for i in range(128)]}]
    if has_text:
        inputs += [{"name": key, "text": text, "ids": oracle.tokens(model, text)} for key, text in TEXTS.items()]
    values = [oracle.rows(model, one["ids"], pooling) for one in inputs for pooling in range(4)]
    np.concatenate(values).astype("<f4").tofile(VECTORS / "embeddings" / f"{name}.f32")
    about = {
        "command": "tools/make_embeddings.py --llama-cpp SOURCE --build BUILD --only " + name,
        "llama.cpp": "0c1e57098, native CPU, flash attention off",
        "model": model.name,
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "n_embd": values[1].size,
        "own": own,
        "inputs": inputs,
    }
    (VECTORS / "embeddings" / f"{name}.json").write_text(json.dumps(about, ensure_ascii=False) + "\n")
    print(name, [len(one["ids"]) for one in inputs], "tokens, of", values[1].size, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama-cpp", type=pathlib.Path, required=True)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--only")
    arguments = parser.parse_args()
    models = [*sorted((VECTORS / "embeddings").glob("*.gguf")), *(VECTORS / f"{name}.gguf" for name in DECODERS)]
    with tempfile.TemporaryDirectory() as folder:
        oracle = Embedder(arguments.llama_cpp, arguments.build, pathlib.Path(folder))
        for model in models:
            if arguments.only in (None, model.stem):
                record(oracle, model.stem, model)


if __name__ == "__main__":
    main()
