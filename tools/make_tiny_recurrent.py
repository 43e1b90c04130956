#!/usr/bin/env python3
"""Writes a tiny model of each architecture with recurrent layers for tests/vectors, as make_tiny_decoders.py does for
others. Needs gguf and numpy.

  make_tiny_recurrent.py DIR [NAME ...]

ARCHITECTURES has the facts of make_tiny_decoders.py, and these:
  mixer      the mixer of recurrent layers
  heads_kv   KV heads per layer, 0 if the layer is recurrent
  every      each n-th layer has attention, the others are recurrent
  both       each layer has attention and the recurrent mixer
  bare       no FFN and no attention anywhere
  draft      the last layer drafts tokens and is not run
  unnormed   no norm in the mixer
"""

import pathlib
import sys

import numpy as np
from make_tiny_decoders import CONTEXT, EMBD, HEADS_KV, VOCAB, Decoder, add_key

INNER = 2 * EMBD
MAMBA = {"ssm.conv_kernel": 4, "ssm.inner_size": INNER, "ssm.state_size": 8, "ssm.time_step_rank": 6}
MAMBA2 = {
    "ssm.conv_kernel": 4,
    "ssm.inner_size": INNER,
    "ssm.state_size": 12,
    "ssm.time_step_rank": 8,
    "ssm.group_count": 2,
}
DELTA = {
    "ssm.conv_kernel": 4,
    "ssm.inner_size": INNER,
    "ssm.state_size": 8,
    "ssm.time_step_rank": 8,
    "ssm.group_count": 2,
}
GRANITE = {
    "embedding_scale": 12.0,
    "residual_scale": 0.22,
    "attention.scale": 0.125,
    "logit_scale": 8.0,
    "rope.scaling.finetuned": False,
}
ARCHITECTURES = {
    "lfm2": dict(
        layers=4,
        heads_kv=[0, 2, 0, 2],
        mixer="shortconv",
        qk="head",
        output_norm="token_embd_norm",
        keys={"shortconv.l_cache": 3},
    ),
    "lfm2moe": dict(
        layers=4,
        heads_kv=[0, 2, 0, 2],
        mixer="shortconv",
        qk="head",
        output_norm="token_embd_norm",
        experts={"length": True, "choice": True},
        keys={"shortconv.l_cache": 3, "leading_dense_block_count": 2, "expert_gating_func": 2},
    ),
    "mamba": dict(bare=True, mixer="mamba", keys=MAMBA),
    "mamba-normed": dict(arch="mamba", bare=True, mixer="mamba", keys=MAMBA | {"ssm.dt_b_c_rms": True}, output=True),
    "mamba2": dict(bare=True, mixer="mamba2", keys=MAMBA2),
    "falcon-h1": dict(both=True, heads_kv=[2, 2], mixer="mamba2", keys=MAMBA2, output=True, unnormed=True),
    "granitehybrid": dict(layers=3, heads_kv=[0, 2, 0], mixer="mamba2", keys=MAMBA2 | GRANITE),
    "granitehybrid-experts": dict(
        arch="granitehybrid",
        layers=3,
        heads_kv=[0, 2, 0],
        mixer="mamba2",
        experts={"shared": 12},
        keys=MAMBA2 | GRANITE,
    ),
    "qwen35": dict(
        layers=4,
        every=2,
        mixer="delta",
        qk="head",
        gated=True,
        late_norm=True,
        draft=True,
        keys=DELTA
        | {
            "full_attention_interval": 2,
            "nextn_predict_layers": 1,
            "rope.dimension_count": 6,
            "rope.dimension_sections": [1, 1, 0, 1],
        },
    ),
}


class Recurrent(Decoder):
    def keys(self):
        if not self.facts.get("bare"):
            super().keys()
            return
        w = self.out.writer
        w.add_block_count(self.layers)
        w.add_context_length(CONTEXT)
        w.add_embedding_length(EMBD)
        w.add_feed_forward_length(0)
        w.add_head_count(0)
        w.add_layer_norm_rms_eps(1e-5)
        w.add_vocab_size(VOCAB)
        w.add_tokenizer_model("no_vocab")
        for name, value in self.facts["keys"].items():
            add_key(w, f"{self.arch}.{name}", value)

    def norm(self, name, n=EMBD):
        if name.endswith("ffn_norm") and self.facts.get("both"):
            self.out.vector(name, n)  # llama.cpp's converter writes it without .weight
        elif not (name.endswith("ffn_norm") and self.facts.get("bare")):
            super().norm(name, n)

    def attention(self, b):
        layer, every = int(b.split(".")[1]), self.facts.get("every")
        if self.facts.get("bare"):
            heads_kv = 0
        elif every:
            heads_kv = 0 if (layer + 1) % every else HEADS_KV
        else:
            heads_kv = self.facts["heads_kv"][layer]
        if heads_kv:
            self.heads_kv = heads_kv
            super().attention(b)
        if not heads_kv or self.facts.get("both"):
            getattr(self, self.facts["mixer"])(b, self.facts["keys"])

    def ffn(self, b, i):
        if not self.facts.get("bare"):
            super().ffn(b, i)
        if self.facts.get("draft") and i + 1 == self.layers:
            self.draft_tensors(b)

    def values(self, name, values):
        self.out.writer.add_tensor(name, values.astype(np.float32))

    def taps(self, name, channels, taps):
        self.values(name + ".weight", self.out.rng.standard_normal((channels, taps)) / np.sqrt(taps))

    def shortconv(self, b, keys):
        self.matrix(b + "shortconv.in_proj", 3 * EMBD, EMBD, False)
        self.taps(b + "shortconv.conv", EMBD, keys["shortconv.l_cache"])
        self.matrix(b + "shortconv.out_proj", EMBD, EMBD, False)

    def mamba(self, b, keys):
        rng, rank, state = self.out.rng, keys["ssm.time_step_rank"], keys["ssm.state_size"]
        self.matrix(b + "ssm_in", 2 * INNER, EMBD, False)
        self.taps(b + "ssm_conv1d", INNER, keys["ssm.conv_kernel"])
        self.out.vector(b + "ssm_conv1d.bias", INNER, around=0.0)
        self.matrix(b + "ssm_x", rank + 2 * state, INNER, False)
        self.matrix(b + "ssm_dt", INNER, rank, False)
        self.out.vector(b + "ssm_dt.bias", INNER, around=-3.0, spread=1.0)  # so that most of the state decays slowly
        self.values(b + "ssm_a", -rng.uniform(0.5, 2.0, (INNER, state)))
        self.out.vector(b + "ssm_d", INNER)
        self.matrix(b + "ssm_out", EMBD, INNER, False)

    def mamba2(self, b, keys):
        rng, heads, state, groups = (
            self.out.rng,
            keys["ssm.time_step_rank"],
            keys["ssm.state_size"],
            keys["ssm.group_count"],
        )
        channels = INNER + 2 * groups * state
        self.matrix(b + "ssm_in", INNER + channels + heads, EMBD, False)
        self.taps(b + "ssm_conv1d", channels, keys["ssm.conv_kernel"])
        self.out.vector(b + "ssm_conv1d.bias", channels, around=0.0)
        self.out.vector(b + "ssm_dt.bias", heads, around=-3.0, spread=1.0)
        self.values(b + "ssm_a", -rng.uniform(0.5, 2.0, (heads, 1)))
        self.values(b + "ssm_d", 1.0 + 0.1 * rng.standard_normal((heads, 1)))
        if not self.facts.get("unnormed"):
            self.values(b + "ssm_norm.weight", 1.0 + 0.1 * rng.standard_normal((groups, INNER // groups)))
        self.matrix(b + "ssm_out", EMBD, INNER, False)

    def delta(self, b, keys):
        rng, heads, state, groups = (
            self.out.rng,
            keys["ssm.time_step_rank"],
            keys["ssm.state_size"],
            keys["ssm.group_count"],
        )
        channels = INNER + 2 * groups * state
        self.matrix(b + "attn_qkv", channels, EMBD, False)
        self.matrix(b + "attn_gate", INNER, EMBD, False)
        self.matrix(b + "ssm_beta", heads, EMBD, False)
        self.matrix(b + "ssm_alpha", heads, EMBD, False)
        self.taps(b + "ssm_conv1d", channels, keys["ssm.conv_kernel"])
        self.out.vector(b + "ssm_dt.bias", heads, around=-3.0, spread=1.0)
        self.values(b + "ssm_a", -rng.uniform(0.5, 2.0, heads))
        self.out.vector(b + "ssm_norm.weight", state)
        self.matrix(b + "ssm_out", EMBD, INNER, False)

    def draft_tensors(self, b):
        self.matrix(b + "nextn.eh_proj", EMBD, 2 * EMBD, False)
        for name in ("nextn.enorm", "nextn.hnorm", "nextn.shared_head_norm"):
            self.out.vector(f"{b}{name}.weight", EMBD)


def main():
    folder = pathlib.Path(sys.argv[1])
    for seed, (name, facts) in enumerate(ARCHITECTURES.items(), 200):
        if len(sys.argv) == 2 or name in sys.argv[2:]:
            Recurrent(folder / f"tiny-{name}-f32.gguf", name, facts, seed).write()


if __name__ == "__main__":
    main()
