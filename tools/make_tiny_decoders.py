#!/usr/bin/env python3
"""Writes a tiny model of each decoder architecture for tests/vectors, with random weights from fixed seeds and
without a tokenizer. Needs gguf and numpy.

  make_tiny_decoders.py DIR [NAME ...]

ARCHITECTURES states how each differs from the plain case: RMSNorm before each sublayer, attention with separate Q, K
and V and without biases, a gated FFN, the embedding as output matrix, RoPE over the whole head.
"""

import pathlib
import sys

import numpy as np
from make_tiny import Writer

VOCAB, EMBD, FF, HEADS, HEADS_KV, DIM, CONTEXT = 48, 32, 24, 4, 2, 8, 256

# The facts of an architecture:
#   layers, heads_kv        numbers of layers and KV heads
#   keys                    further metadata
#   layer_norm, norm_bias   LayerNorm instead of RMSNorm; norms have biases
#   no_pre, post            no norms before the sublayers; norms after them
#   one_norm                both sublayers take the same norm
#   late_norm               the norm before the FFN is called post_attention_norm
#   inner                   norms before the last matrix of each sublayer
#   output_norm             another name of the norm before the output
#   qk                      Q and K norms over a head ("head"), over all heads ("all") or with weights per head ("each")
#   qkv                     Q, K and V in one matrix
#   bias, more_bias         biases of Q, K and V; of the other matrices
#   output_bias_unused      a bias of attn_output that the architecture ignores
#   ungated, fused_gate     FFN without a gate; with gate and up in one matrix
#   output, output_bias     an output matrix of its own; with a bias
#   extra, factors          further tensors of the model; RoPE factors
#   sinks, gated            attention sinks; a gate for each head
#   experts                 a mixture of experts, with the facts in which it differs from a plain one
#   latent                  latent attention whose heads are expanded before ("heads") or after attention ("absorbed")
EXPERTS, USED, EXPERT_FF = 6, 2, 16
LATENT, QUERY, PLAIN, ROTATED, LATENT_V = 16, 24, 8, 8, 8
ARCHITECTURES = {  # in the order of their seeds, so new ones go last
    "cohere2": dict(
        layers=4,
        layer_norm=True,
        one_norm=True,
        keys={"logit_scale": 0.25, "attention.sliding_window": 24, "attention.sliding_window_pattern": 4},
    ),
    "ernie4_5": dict(output_bias_unused=True),
    "exaone4": dict(no_pre=True, post=True, qk="head"),
    "falcon": dict(layer_norm=True, norm_bias=True, one_norm=True, qkv=True, ungated=True, heads_kv=1, output=True),
    "gemma": dict(),
    "gemma2": dict(
        post=True, keys={"attention.sliding_window": 24, "attn_logit_softcapping": 2.0, "final_logit_softcapping": 3.0}
    ),
    "gpt2": dict(
        layer_norm=True,
        norm_bias=True,
        qkv=True,
        bias=True,
        more_bias=True,
        ungated=True,
        heads_kv=4,
        extra={"position_embd.weight": (CONTEXT, EMBD)},
    ),
    "granite": dict(
        keys={"embedding_scale": 12.0, "residual_scale": 0.22, "attention.scale": 0.125, "logit_scale": 8.0}
    ),
    "hunyuan-dense": dict(qk="head", keys={"rope.scaling.alpha": 50.0}),
    "internlm2": dict(output=True, keys={"rope.scaling.type": "linear", "rope.scaling.factor": 2.0}),
    "minicpm": dict(keys={"embedding_scale": 12.0, "residual_scale": 0.22, "logit_scale": 9.0}),
    "mistral3": dict(
        output=True,
        keys={
            "rope.scaling.type": "yarn",
            "rope.scaling.factor": 16.0,
            "attention.temperature_scale": 0.1,
            "rope.scaling.original_context_length": 32,
            "rope.scaling.yarn_log_multiplier": 0.7,
            "rope.freq_base": 50.0,
            "rope.scaling.yarn_beta_fast": 1.5,
            "rope.scaling.yarn_beta_slow": 0.25,
        },
    ),
    "olmo2": dict(
        layers=4,
        no_pre=True,
        post=True,
        qk="all",
        output=True,
        keys={
            "attention.sliding_window": 24,
            "rope.scaling.type": "yarn",
            "rope.scaling.factor": 8.0,
            "rope.scaling.original_context_length": 64,
            "rope.scaling.attn_factor": 1.2,
        },
    ),
    "phi2": dict(
        layer_norm=True,
        norm_bias=True,
        one_norm=True,
        qkv=True,
        bias=True,
        more_bias=True,
        ungated=True,
        output=True,
        heads_kv=4,
        keys={"rope.dimension_count": 4},
        output_bias=True,
    ),
    "phi3": dict(
        qkv=True,
        fused_gate=True,
        output=True,
        keys={
            "rope.scaling.original_context_length": 64,
            "rope.scaling.attn_factor": 1.19,
            "attention.sliding_window": 16,
        },
        factors=("rope_factors_long.weight", "rope_factors_short.weight"),
    ),
    "qwen2": dict(
        bias=True,
        keys={"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 64},
    ),
    "qwen2vl": dict(bias=True, keys={"rope.dimension_sections": [1, 1, 1, 1]}),
    "qwen3": dict(qk="head"),
    "smollm3": dict(layers=4),
    "stablelm": dict(layer_norm=True, norm_bias=True, qk="each", output=True, keys={"rope.dimension_count": 2}),
    "stablelm-parallel": dict(arch="stablelm", layer_norm=True, norm_bias=True, one_norm=True, bias=True, output=True),
    "starcoder2": dict(layer_norm=True, norm_bias=True, bias=True, more_bias=True, ungated=True),
    "bitnet": dict(inner=True),
    "gpt-oss": dict(
        output=True,
        bias=True,
        output_bias_unused=True,
        late_norm=True,
        sinks=True,
        experts={"bias": True, "length": True},
        keys={"attention.sliding_window": 24},
    ),
    "granitemoe": dict(
        experts={"shared": 12},
        keys={"embedding_scale": 12.0, "residual_scale": 0.22, "attention.scale": 0.125, "logit_scale": 8.0},
    ),
    "llama-experts": dict(arch="llama", experts={}),
    "olmoe": dict(qk="all", output=True, heads_kv=4, experts={}),
    "qwen2moe": dict(bias=True, output=True, experts={"shared": 20, "shared_gate": True, "length": True}),
    "qwen3moe": dict(qk="head", experts={"length": True}),
    "deepseek2": dict(
        latent="absorbed",
        experts={"length": True, "shared_count": 2, "choice": True},
        output=True,
        heads_kv=1,
        keys={
            "leading_dense_block_count": 1,
            "expert_gating_func": 2,
            "expert_weights_norm": True,
            "expert_weights_scale": 2.5,
        },
    ),
    "deepseek2-heads": dict(
        arch="deepseek2",
        latent="heads",
        experts={"length": True, "shared_count": 1},
        heads_kv=4,
        keys={
            "leading_dense_block_count": 1,
            "rope.scaling.type": "yarn",
            "rope.scaling.factor": 40.0,
            "rope.scaling.original_context_length": 64,
            "rope.scaling.yarn_log_multiplier": 0.0707,
        },
    ),
}


def add_key(w, name, value):
    if isinstance(value, bool):
        w.add_bool(name, value)
    elif isinstance(value, list):
        w.add_array(name, value)
    elif isinstance(value, str):
        w.add_string(name, value)
    elif isinstance(value, float):
        w.add_float32(name, value)
    else:
        w.add_uint32(name, value)


class Decoder:
    def __init__(self, path, name, facts, seed):
        self.facts = facts
        self.arch = facts.get("arch", name)
        self.out = Writer(path, self.arch, seed)
        self.layers = facts.get("layers", 2)
        self.heads_kv = facts.get("heads_kv", HEADS_KV)

    def keys(self):
        w = self.out.writer
        self.out.shape(self.layers, EMBD, FF, HEADS, self.heads_kv, None if self.facts.get("latent") else DIM, CONTEXT)
        if self.facts.get("latent"):
            self.latent_keys(w)
        w.add_layer_norm_eps(1e-5)
        w.add_vocab_size(VOCAB)
        w.add_tokenizer_model("no_vocab")
        experts = self.facts.get("experts")
        if experts is not None:
            w.add_expert_count(EXPERTS)
            w.add_expert_used_count(USED)
            if experts.get("length"):
                w.add_expert_feed_forward_length(EXPERT_FF)
            if experts.get("shared_count"):
                w.add_expert_shared_count(experts["shared_count"])
            if experts.get("shared"):
                w.add_expert_shared_feed_forward_length(experts["shared"])
        for name, value in self.facts.get("keys", {}).items():
            add_key(w, f"{self.arch}.{name}", value)

    def latent_keys(self, w):
        absorbed = self.facts["latent"] == "absorbed"
        w.add_rope_dimension_count(ROTATED)
        w.add_kv_lora_rank(LATENT)
        w.add_key_length(LATENT + ROTATED if absorbed else PLAIN + ROTATED)
        w.add_value_length(LATENT if absorbed else LATENT_V)
        w.add_q_lora_rank(QUERY)
        if absorbed:
            w.add_key_length_mla(PLAIN + ROTATED)
            w.add_value_length_mla(LATENT_V)

    def latent(self, b):
        rng, dim = self.out.rng, PLAIN + ROTATED
        self.matrix(b + "attn_kv_a_mqa", LATENT + ROTATED, EMBD, False)
        self.out.vector(b + "attn_kv_a_norm.weight", LATENT)
        self.matrix(b + "attn_q_a", QUERY, EMBD, False)
        self.out.vector(b + "attn_q_a_norm.weight", QUERY)
        self.matrix(b + "attn_q_b", HEADS * dim, QUERY, False)
        if self.facts["latent"] == "absorbed":
            for name, rows, cols in (("attn_k_b", LATENT, PLAIN), ("attn_v_b", LATENT_V, LATENT)):
                values = rng.standard_normal((HEADS, rows, cols)) / np.sqrt(cols)
                self.out.writer.add_tensor(f"{b}{name}.weight", values.astype(np.float32))
        else:
            self.matrix(b + "attn_kv_b", HEADS * (PLAIN + LATENT_V), LATENT, False)
        self.matrix(b + "attn_output", EMBD, HEADS * LATENT_V, False)

    def norm(self, name, n=EMBD):
        self.out.vector(name + ".weight", n)
        if self.facts.get("norm_bias"):
            self.out.vector(name + ".bias", n, around=0.0)

    def matrix(self, name, rows, cols, bias):
        self.out.matrix(name + ".weight", rows, cols)
        if bias:
            self.out.vector(name + ".bias", rows, around=0.0)

    def attention(self, b):
        facts, dim = self.facts, DIM
        query, key = HEADS * dim, self.heads_kv * dim
        if facts.get("qkv"):
            self.matrix(b + "attn_qkv", query + 2 * key, EMBD, facts.get("bias"))
        else:
            for name, rows in (
                ("attn_q", 2 * query if facts.get("gated") else query),
                ("attn_k", key),
                ("attn_v", key),
            ):
                self.matrix(b + name, rows, EMBD, facts.get("bias"))
        for name, width, heads in (("attn_q_norm", query, HEADS), ("attn_k_norm", key, self.heads_kv)):
            if facts.get("qk") == "each":
                values = 1.0 + 0.1 * self.out.rng.standard_normal((heads, dim))
                self.out.writer.add_tensor(f"{b}{name}.weight", values.astype(np.float32))
            elif facts.get("qk"):
                self.out.vector(f"{b}{name}.weight", width if facts["qk"] == "all" else dim)
        if facts.get("sinks"):
            self.out.vector(b + "attn_sinks.weight", HEADS, around=0.0, spread=1.0)
        if facts.get("inner"):
            self.out.vector(b + "attn_sub_norm.weight", query)
        self.matrix(b + "attn_output", EMBD, query, facts.get("more_bias") or facts.get("output_bias_unused"))

    def stack(self, name, rows, cols, bias):
        values = self.out.rng.standard_normal((EXPERTS, rows, cols)) / np.sqrt(cols)
        self.out.writer.add_tensor(name + ".weight", values.astype(np.float32))
        if bias:
            values = 0.1 * self.out.rng.standard_normal((EXPERTS, rows))
            self.out.writer.add_tensor(name + ".bias", values.astype(np.float32))

    def mixture(self, b, facts):
        width, shared, bias = EXPERT_FF if facts.get("length") else FF, facts.get("shared"), facts.get("bias")
        if facts.get("shared_count"):
            shared = facts["shared_count"] * width
        self.out.matrix(b + "ffn_gate_inp.weight", EXPERTS, EMBD, spread=0.5)  # so that the scores differ clearly
        if bias:
            self.out.vector(b + "ffn_gate_inp.bias", EXPERTS, around=0.0)
        if facts.get("choice"):
            self.out.vector(b + "exp_probs_b.bias", EXPERTS, around=0.0, spread=0.3)
        self.stack(b + "ffn_gate_exps", width, EMBD, bias)
        self.stack(b + "ffn_up_exps", width, EMBD, bias)
        self.stack(b + "ffn_down_exps", EMBD, width, bias)
        if shared:
            self.matrix(b + "ffn_gate_shexp", shared, EMBD, False)
            self.matrix(b + "ffn_up_shexp", shared, EMBD, False)
            self.matrix(b + "ffn_down_shexp", EMBD, shared, False)
        if facts.get("shared_gate"):
            self.out.vector(b + "ffn_gate_inp_shexp.weight", EMBD, around=0.0)

    def ffn(self, b, layer):
        bias = self.facts.get("more_bias")
        dense = self.facts.get("keys", {}).get("leading_dense_block_count", 0)
        if self.facts.get("experts") is not None and layer >= dense:
            self.mixture(b, self.facts["experts"])
            return
        if self.facts.get("inner"):
            self.out.vector(b + "ffn_sub_norm.weight", FF)
        if not self.facts.get("ungated") and not self.facts.get("fused_gate"):
            self.matrix(b + "ffn_gate", FF, EMBD, bias)
        self.matrix(b + "ffn_up", 2 * FF if self.facts.get("fused_gate") else FF, EMBD, bias)
        self.matrix(b + "ffn_down", EMBD, FF, bias)

    def write(self):
        facts = self.facts
        self.keys()
        self.out.matrix("token_embd.weight", VOCAB, EMBD, spread=0.5)
        self.norm(facts.get("output_norm", "output_norm"))
        if facts.get("output"):
            self.matrix("output", VOCAB, EMBD, facts.get("output_bias"))
        for name, (rows, cols) in facts.get("extra", {}).items():
            self.out.matrix(name, rows, cols, spread=0.5)
        for k, name in enumerate(facts.get("factors", ())):
            self.out.writer.add_tensor(name, np.linspace(1.0, 8.0 - 6.0 * k, DIM // 2).astype(np.float32))
        for i in range(self.layers):
            b = f"blk.{i}."
            if not facts.get("no_pre"):
                self.norm(b + "attn_norm")
                if not facts.get("one_norm"):
                    self.norm(b + ("post_attention_norm" if facts.get("late_norm") else "ffn_norm"))
            if facts.get("post"):
                self.norm(b + "post_attention_norm")
                self.norm(b + "post_ffw_norm")
            if facts.get("latent"):
                self.latent(b)
            else:
                self.attention(b)
            self.ffn(b, i)
        self.out.close()


def main():
    folder = pathlib.Path(sys.argv[1])
    for seed, (name, facts) in enumerate(ARCHITECTURES.items(), 100):
        if len(sys.argv) == 2 or name in sys.argv[2:]:
            Decoder(folder / f"tiny-{name}-f32.gguf", name, facts, seed).write()


if __name__ == "__main__":
    main()
