#!/usr/bin/env python3
"""Writes tiny models of the architectures gemma3n and gemma4 for tests/vectors, as make_tiny_decoders.py does for
others, and larger ones, because llama.cpp's test-llama-archs does not write these architectures. Needs gguf and
numpy.

  make_tiny_gemmas.py DIR [NAME ...]

MODELS with names in large- are written only if they are named.
llama.cpp hard-codes some sizes of gemma3n: 4 streams, 256 floats per layer and token, rank 64, own keys in the first 20
layers, sparse gates in the first 10. The tiny models omit the metadata keys of these.
"""

import pathlib
import sys

import numpy as np
from make_tiny import Writer
from make_tiny_decoders import add_key

from gguf import GGMLQuantizationType as T

# The facts of a model:
#   vocab, embd, ff, heads    sizes
#   window                    1 for each layer with a sliding window, 0 for the others; or a period n: all but each n-th
#   layers, window_size       number of layers if `window` is a period; tokens of the window
#   dim, kv                   head size and KV heads of layers without a window, and with one
#   shared                    number of last layers that use the keys and values of earlier layers
#   kept                      shared layers have (unused) key and value tensors nevertheless
#   per_layer                 floats per layer of a token's per-layer embedding
#   no_v                      layers without a window use their keys as values
#   double                    FFNs of shared layers are twice as wide
#   types                     types of tensors that would be too large as f32
ALTUP, LAUREL = 4, 64
SMALL = dict(vocab=48, embd=32, ff=24, heads=4, kv=(2, 2), dim=(8, 8), window_size=24)
SHARED_3N = {
    "per_layer_token_embd": T.Q2_K,
    "per_layer_model_proj": T.F16,
    "inp_gate": T.F16,
    "proj": T.F16,
    "laurel_l": T.F16,
    "laurel_r": T.F16,
}
MODELS = {
    "gemma4": SMALL | dict(window=[1, 1, 0, 1, 1, 0], shared=3, dim=(16, 8), per_layer=8, double=True),
    "gemma4-wide": SMALL
    | dict(arch="gemma4", window=[1, 1, 0], shared=0, dim=(16, 8), kv=(1, 2), per_layer=0, no_v=True),
    "gemma3n": SMALL | dict(vocab=24, embd=16, heads=2, kv=(1, 1), window=[1, 0, 1], shared=0, per_layer=256),
    "gemma3n-shared": SMALL
    | dict(
        arch="gemma3n",
        vocab=16,
        embd=4,
        ff=16,
        heads=1,
        kv=(1, 1),
        window=5,
        layers=22,
        shared=2,
        kept=True,
        per_layer=256,
        types=SHARED_3N,
    ),
    "large-gemma4": dict(
        arch="gemma4",
        vocab=512,
        embd=512,
        ff=1024,
        heads=8,
        kv=(2, 2),
        dim=(128, 64),
        window_size=48,
        window=[1, 1, 0, 1, 1, 0],
        shared=3,
        per_layer=256,
        double=True,
    ),
    "large-gemma4-wide": dict(
        arch="gemma4",
        vocab=512,
        embd=512,
        ff=1024,
        heads=8,
        kv=(2, 4),
        dim=(128, 64),
        window_size=48,
        window=[1, 1, 0, 1, 0],
        shared=0,
        per_layer=0,
        no_v=True,
    ),
    "large-gemma3n": dict(
        arch="gemma3n",
        vocab=512,
        embd=256,
        ff=512,
        heads=4,
        kv=(2, 2),
        dim=(64, 64),
        window_size=48,
        window=5,
        layers=24,
        shared=4,
        kept=True,
        per_layer=256,
    ),
    "large-gemma3n-few": dict(
        arch="gemma3n",
        vocab=512,
        embd=512,
        ff=1024,
        heads=8,
        kv=(2, 2),
        dim=(64, 64),
        window_size=48,
        window=[1, 1, 0, 1, 0],
        shared=0,
        per_layer=256,
    ),
}


class Gemma:
    def __init__(self, path, name, facts, seed):
        self.facts = facts
        self.arch = facts.get("arch", name)
        self.out = Writer(path, self.arch, seed)
        every = facts["window"]
        self.window = every if isinstance(every, list) else [i % every < every - 1 for i in range(facts["layers"])]
        self.layers = len(self.window)
        self.own = self.layers - facts["shared"]
        self.after = 1.0 if self.layers < 20 else 0.5  # many layers of random weights amplify rounding errors
        self.ff = [facts["ff"] * (2 if facts.get("double") and i >= self.own else 1) for i in range(self.layers)]

    def keys(self):
        f, w = self.facts, self.out.writer
        self.out.shape(
            self.layers,
            f["embd"],
            self.ff if f.get("double") else f["ff"],
            f["heads"],
            [f["kv"][1 if windowed else 0] for windowed in self.window],
            f["dim"][0],
            256,
        )
        w.add_vocab_size(f["vocab"])
        w.add_tokenizer_model("no_vocab")
        keys = {"attention.sliding_window": f["window_size"], "rope.freq_base": 1000.0}
        if isinstance(f["window"], list):
            keys["attention.sliding_window_pattern"] = [bool(one) for one in self.window]
        if self.arch == "gemma4":
            keys |= {
                "attention.key_length_swa": f["dim"][1],
                "attention.value_length_swa": f["dim"][1],
                "attention.shared_kv_layers": f["shared"],
                "rope.dimension_count": f["dim"][0],
                "rope.dimension_count_swa": f["dim"][1],
                "rope.freq_base_swa": 100.0,
                "embedding_length_per_layer_input": f["per_layer"],
                "final_logit_softcapping": 3.0,
            }
        for name, value in keys.items():
            add_key(w, f"{self.arch}.{name}", value)

    def matrix(self, name, rows, cols, spread=None):
        self.out.matrix(
            name + ".weight", rows, cols, self.facts.get("types", {}).get(name.rpartition(".")[2], T.F32), spread
        )

    def stack(self, name, count, rows, cols):
        values = self.out.rng.standard_normal((count, rows, cols)) / np.sqrt(cols)
        self.out.writer.add_tensor(name + ".weight", values.astype(np.float32))

    def model_tensors(self):
        f, embd = self.facts, self.facts["embd"]
        self.out.matrix("token_embd.weight", f["vocab"], embd, spread=0.5)
        self.out.vector("output_norm.weight", embd)
        if f["per_layer"]:
            width = self.layers * f["per_layer"]
            self.matrix("per_layer_token_embd", f["vocab"], width, spread=0.1)
            self.matrix("per_layer_model_proj", width, embd)
            self.out.vector("per_layer_proj_norm.weight", f["per_layer"])
        if self.arch == "gemma3n":
            self.stack("altup_proj", ALTUP - 1, embd, embd)
            self.stack("altup_unembd_proj", ALTUP - 1, embd, embd)
        else:
            pairs = f["dim"][0] // 2
            self.out.writer.add_tensor(
                "rope_freqs.weight", np.float32([1.0] * (pairs // 4) + [1e30] * (pairs - pairs // 4))
            )

    def attention(self, b, i):
        f, embd, windowed = self.facts, self.facts["embd"], self.window[i]
        dim, kv = f["dim"][1 if windowed else 0], f["kv"][1 if windowed else 0]
        self.matrix(b + "attn_q", f["heads"] * dim, embd)
        scale = dim**-0.25  # for Q and K, because this architecture does not scale scores by dim**-0.5
        self.out.vector(b + "attn_q_norm.weight", dim, around=scale)
        if i < self.own or f.get("kept"):
            self.matrix(b + "attn_k", kv * dim, embd)
            self.out.vector(b + "attn_k_norm.weight", dim, around=scale)
            if windowed or not f.get("no_v"):
                self.matrix(b + "attn_v", kv * dim, embd)
        self.matrix(b + "attn_output", embd, f["heads"] * dim)

    def side_inputs(self, b):
        f, embd = self.facts, self.facts["embd"]
        if f["per_layer"]:
            self.matrix(b + "inp_gate", f["per_layer"], embd)
            self.matrix(b + "proj", embd, f["per_layer"])
            self.out.vector(b + "post_norm.weight", embd, around=self.after)
        if self.arch == "gemma4":
            self.out.vector(b + "layer_output_scale.weight", 1, around=0.8)
            return
        self.out.matrix(
            b + "altup_router.weight", ALTUP, embd, spread=2.0 * np.sqrt(embd)
        )  # the input is divided by embd
        self.out.vector(b + "altup_router_norm.weight", embd)
        self.out.matrix(b + "altup_predict_coef.weight", ALTUP * ALTUP, ALTUP, spread=0.05)
        self.out.matrix(b + "altup_correct_coef.weight", ALTUP, ALTUP, spread=0.05)
        self.out.vector(b + "altup_correct_scale.weight", embd)
        self.matrix(b + "laurel_l", LAUREL, embd)
        self.matrix(b + "laurel_r", embd, LAUREL)
        self.out.vector(b + "laurel_post_norm.weight", embd, around=self.after)

    def write(self):
        embd = self.facts["embd"]
        self.keys()
        self.model_tensors()
        for i in range(self.layers):
            b = f"blk.{i}."
            for norm in ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"):
                self.out.vector(f"{b}{norm}.weight", embd, around=self.after if norm.startswith("post_") else 1.0)
            self.attention(b, i)
            self.matrix(b + "ffn_gate", self.ff[i], embd)
            self.matrix(b + "ffn_up", self.ff[i], embd)
            self.matrix(b + "ffn_down", embd, self.ff[i])
            self.side_inputs(b)
        self.out.close()


def main():
    folder = pathlib.Path(sys.argv[1])
    for seed, (name, facts) in enumerate(MODELS.items(), 300):
        large = name.startswith("large-")
        if name in sys.argv[2:] or (len(sys.argv) == 2 and not large):
            tiny = f"tiny-{name}.gguf" if "types" in facts else f"tiny-{name}-f32.gguf"
            Gemma(folder / (f"{name}.gguf" if large else tiny), name, facts, seed).write()


if __name__ == "__main__":
    main()
