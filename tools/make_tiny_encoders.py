#!/usr/bin/env python3
"""Writes the tiny encoders of tests/vectors/embeddings, with random weights from fixed seeds and a small vocabulary
of the architecture's usual kind. Needs gguf and numpy.

  make_tiny_encoders.py DIR [NAME ...]
"""

import pathlib
import sys

from make_tiny import Writer, add_bpe, add_spm

from gguf import GGMLQuantizationType as T
from gguf import PoolingType

CONTEXT = 160


def add_wordpiece(w):
    """Adds a WordPiece vocabulary: beginnings of words (marked by \u2581) and continuations. Returns its size."""
    control = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(c) for c in range(33, 127) if not chr(c).isupper()]
    words = ["the", "harbour", "keeper", "count", "boats", "in", "fog", "a", "bell", "ring", "two"]
    continuations = ["s", "ed", "ing", "er", *letters]
    tokens = (
        control
        + ["\u2581" + word for word in words + [c for c in letters if c not in words]]
        + list(dict.fromkeys(continuations))
    )
    w.add_tokenizer_model("bert")
    w.add_tokenizer_pre("default")
    w.add_token_list(tokens)
    w.add_token_types([3] * len(control) + [1] * (len(tokens) - len(control)))
    w.add_token_type_count(2)
    w.add_pad_token_id(0)
    w.add_unk_token_id(1)
    w.add_bos_token_id(2)
    w.add_sep_token_id(3)
    w.add_eos_token_id(3)
    w.add_mask_token_id(4)
    return len(tokens)


class Encoder:
    def __init__(self, path, arch, seed, layers, heads, vocabulary, pooling, type=T.F32, heads_kv=None):
        self.out = Writer(path, arch, seed)
        self.type = type
        self.embd, self.ff = embd, ff = (32, 48) if type == T.F32 else (64, 96)  # multiples of a block
        self.heads, self.heads_kv, self.dim = heads, heads_kv or heads, embd // heads
        self.out.shape(layers, embd, ff, heads, self.heads_kv, self.dim, CONTEXT)
        w = self.out.writer
        w.add_layer_norm_eps(1e-5)
        w.add_causal_attention(False)
        if pooling is not None:
            w.add_pooling_type(pooling)
        self.vocab = vocabulary(w)
        self.matrix("token_embd", self.vocab, embd, spread=0.5)

    def matrix(self, name, rows, cols, bias=False, spread=None):
        self.out.matrix(name + ".weight", rows, cols, self.type, spread=spread)
        if bias:
            self.out.vector(name + ".bias", rows, around=0.0)

    def norm(self, name, n, bias=False):
        self.out.vector(name + ".weight", n)
        if bias:
            self.out.vector(name + ".bias", n, around=0.0)

    def separate(self, b, bias=False):
        rows = self.heads_kv * self.dim
        for name, n in (("attn_q", self.heads * self.dim), ("attn_k", rows), ("attn_v", rows)):
            self.matrix(b + name, n, self.embd, bias)
        self.matrix(b + "attn_output", self.embd, self.heads * self.dim, bias)

    def ffn(self, b, gate=True, bias=False, fused=False):
        if gate and not fused:
            self.matrix(b + "ffn_gate", self.ff, self.embd, bias)
        self.matrix(b + "ffn_up", 2 * self.ff if fused else self.ff, self.embd, bias)
        self.matrix(b + "ffn_down", self.embd, self.ff, bias)


def bert(path, seed, pooling, type=T.F32):
    m = Encoder(path, "bert", seed, 3, 4, add_wordpiece, pooling, type)
    m.out.matrix("token_types.weight", 2, m.embd, spread=0.5)  # this one and the next stay f32 in quantized files
    m.out.matrix("position_embd.weight", CONTEXT, m.embd, spread=0.5)
    m.norm("token_embd_norm", m.embd, True)
    for i in range(3):
        b = f"blk.{i}."
        m.separate(b, True)
        m.norm(b + "attn_output_norm", m.embd, True)
        m.ffn(b, gate=False, bias=True)
        m.norm(b + "layer_output_norm", m.embd, True)
    m.out.close()


def nomic_bert(path, seed):
    m = Encoder(path, "nomic-bert", seed, 3, 4, add_wordpiece, PoolingType.MEAN)
    m.out.writer.add_rope_freq_base(1000.0)
    m.out.matrix("token_types.weight", 2, m.embd, spread=0.5)
    m.norm("token_embd_norm", m.embd, True)
    for i in range(3):
        b = f"blk.{i}."
        m.matrix(b + "attn_qkv", 3 * m.embd, m.embd)
        m.matrix(b + "attn_output", m.embd, m.embd)
        m.norm(b + "attn_output_norm", m.embd, True)
        m.ffn(b)
        m.norm(b + "layer_output_norm", m.embd, True)
    m.out.close()


def modern_bert(path, seed, pooling, act=None, type=T.F32):
    m = Encoder(path, "modern-bert", seed, 4, 4, add_bpe, pooling, type)
    m.out.writer.add_rope_freq_base(160000.0)
    m.out.writer.add_sliding_window(20)
    if act:
        m.out.writer.add_string("modern-bert.hidden_activation", act)
    else:
        m.out.writer.add_uint32("modern-bert.attention.sliding_window_pattern", 3)
    m.norm("token_embd_norm", m.embd)
    m.norm("output_norm", m.embd)
    for i in range(4):
        b = f"blk.{i}."
        if i:
            m.norm(b + "attn_norm", m.embd)
        m.norm(b + "ffn_norm", m.embd)
        m.matrix(b + "attn_qkv", 3 * m.embd, m.embd)
        m.matrix(b + "attn_output", m.embd, m.embd)
        m.ffn(b, fused=True)
    m.out.close()


def gemma_embedding(path, seed, dense, type=T.F32):
    m = Encoder(path, "gemma-embedding", seed, 7, 2, add_spm, PoolingType.MEAN, type, heads_kv=1)
    m.out.writer.add_rope_freq_base(1000000.0)
    m.out.writer.add_sliding_window(24)
    m.norm("output_norm", m.embd)
    if dense:
        for key, width in (("2_feat_in", m.embd), ("2_feat_out", 160), ("3_feat_in", 160), ("3_feat_out", m.embd)):
            m.out.writer.add_uint32("gemma-embedding.dense_" + key, width)
        m.matrix("dense_2", 160, m.embd)
        m.matrix("dense_3", m.embd, 160)
    for i in range(7):
        b = f"blk.{i}."
        for name in ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"):
            m.norm(b + name, m.embd)
        m.norm(b + "attn_q_norm", m.dim)
        m.norm(b + "attn_k_norm", m.dim)
        m.separate(b)
        m.ffn(b)
    m.out.close()


def llama(path, seed):
    """A decoder architecture whose file states that attention is not causal."""
    m = Encoder(path, "llama", seed, 2, 4, add_bpe, PoolingType.MEAN, heads_kv=2)
    m.out.writer.add_rope_dimension_count(m.dim)
    m.norm("output_norm", m.embd)
    for i in range(2):
        b = f"blk.{i}."
        m.norm(b + "attn_norm", m.embd)
        m.norm(b + "ffn_norm", m.embd)
        m.separate(b)
        m.ffn(b)
    m.out.close()


MODELS = {
    "bert-f32": lambda path: bert(path, 200, PoolingType.CLS),
    "bert-q8": lambda path: bert(path, 201, PoolingType.MEAN, type=T.Q8_0),
    "nomic-bert-f32": lambda path: nomic_bert(path, 202),
    "modern-bert-f32": lambda path: modern_bert(path, 203, PoolingType.CLS),
    "modern-bert-silu-q8": lambda path: modern_bert(path, 204, None, "silu", type=T.Q8_0),
    "gemma-embedding-f32": lambda path: gemma_embedding(path, 205, False),
    "gemma-embedding-dense-q8": lambda path: gemma_embedding(path, 206, True, type=T.Q8_0),
    "llama-both-ways-f32": lambda path: llama(path, 207),
}


def main():
    folder = pathlib.Path(sys.argv[1])
    for name, write in MODELS.items():
        if len(sys.argv) == 2 or name in sys.argv[2:]:
            write(folder / f"{name}.gguf")


if __name__ == "__main__":
    main()
