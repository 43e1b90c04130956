#!/usr/bin/env python3
"""Writes a GGUF file with the shapes and tensor types of a well-known model, and random weights.

Speed and memory depend only on shapes and types, so such a file can replace a model that cannot be downloaded. The same
arguments give the same bytes. Needs the gguf and numpy packages.

  synth_gguf.py --shape llama-3.2-1b --mix q4_k_m --vocab-from any.gguf -o llama-3.2-1b.q4_k_m.gguf

--vocab-from names a GGUF file with a tokenizer. Its tokens are truncated, or padded with unused ones, to the shape's
vocabulary size.
"""

import argparse
from dataclasses import dataclass

import numpy as np

import gguf
from gguf import GGMLQuantizationType as T


@dataclass
class Shape:
    arch: str
    layers: int
    embd: int
    ffn: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    rope_base: float
    context: int
    tied: bool = True  # the embedding is also the output matrix


SHAPES = {
    "tiny": Shape("llama", 2, 256, 512, 4, 2, 64, 1024, 1e4, 2048),
    "qwen2.5-0.5b": Shape("qwen2", 24, 896, 4864, 14, 2, 64, 151936, 1e6, 32768),
    "qwen3-0.6b": Shape("qwen3", 28, 1024, 3072, 16, 8, 128, 151936, 1e6, 40960),
    "llama-3.2-1b": Shape("llama", 16, 2048, 8192, 32, 8, 64, 128256, 5e5, 131072),
    "qwen3-1.7b": Shape("qwen3", 28, 2048, 6144, 16, 8, 128, 151936, 1e6, 40960),
    "llama-3.2-3b": Shape("llama", 28, 3072, 8192, 24, 8, 128, 128256, 5e5, 131072),
    "llama-3.1-8b": Shape("llama", 32, 4096, 14336, 32, 8, 128, 128256, 5e5, 131072, tied=False),
    "qwen2.5-7b": Shape("qwen2", 28, 3584, 18944, 28, 4, 128, 152064, 1e6, 32768, tied=False),
}

SPREAD = 0.02  # standard deviation of the weights


def type_of(mix, role, layer, layers, columns):
    """The type that llama.cpp's quantizer chooses for a matrix. role: output, attn_v, ffn_down, or any other name."""
    if mix != "q4_k_m":
        if mix == "q4_0" and role == "output":
            return T.Q8_0 if columns % 256 else T.Q6_K
        return {"f16": T.F16, "q8_0": T.Q8_0, "q4_0": T.Q4_0}[mix]
    eighth = layers // 8
    more_bits = layer < eighth or layer >= 7 * eighth or (layer - eighth) % 3 == 2
    six = role == "output" or (role in ("attn_v", "ffn_down") and more_bits)
    if columns % 256:
        return T.Q8_0 if six else T.Q5_0
    return T.Q6_K if six else T.Q4_K


def random_matrix(rng, kind, rows, columns):
    """Random weights with a standard deviation of about SPREAD: blocks as uint8 (rows, bytes per row), or floats."""
    if kind in (T.F32, T.F16):
        values = rng.standard_normal((rows, columns), np.float32) * SPREAD
        return values if kind == T.F32 else values.astype(np.float16)
    block, size = gguf.GGML_QUANT_SIZES[kind]
    raw = rng.integers(0, 256, (rows * columns // block, size), np.uint8)

    def put(at, value):  # writes the same f16 into each block
        raw[:, at : at + 2] = np.array([value], np.float16).view(np.uint8)

    # A uniform code of b bits has a standard deviation of 2^b / sqrt(12).
    if kind == T.Q8_0:
        put(0, SPREAD / 73.9)
    elif kind == T.Q4_0:
        put(0, SPREAD / 4.6)
    elif kind == T.Q5_0:
        put(0, SPREAD / 9.2)
    elif kind in (T.Q4_K, T.Q5_K):
        middle, deviation = (7.5, 4.6) if kind == T.Q4_K else (15.5, 9.2)
        put(0, SPREAD / deviation / 32)
        put(2, middle * SPREAD / deviation / 32)
        # The minimum of each sub-block equals its scale, so that its weights have a mean of zero.
        raw[:, 8:12] = raw[:, 4:8]
        raw[:, 12:16] = (raw[:, 12:16] & 15) * 17
    elif kind == T.Q6_K:
        put(208, SPREAD / 18.5 / 73.9)
    else:
        raise ValueError(f"no random blocks of {kind.name}")
    return raw.reshape(rows, columns // block * size)


def tensors(shape, mix):
    """Yields (name, (rows, columns) or (length,), type) in the order of the file."""
    s, query, key = shape, shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim

    def matrix(name, role, rows, columns, layer=0):
        return name + ".weight", (rows, columns), type_of(mix, role, layer, s.layers, columns)

    yield matrix("token_embd", "output" if s.tied else "token_embd", s.vocab, s.embd)
    yield "output_norm.weight", (s.embd,), T.F32
    if not s.tied:
        yield matrix("output", "output", s.vocab, s.embd)
    for i in range(s.layers):
        at = f"blk.{i}."
        yield at + "attn_norm.weight", (s.embd,), T.F32
        for name, rows in (("attn_q", query), ("attn_k", key), ("attn_v", key)):
            yield matrix(at + name, name, rows, s.embd, i)
            if s.arch == "qwen2":
                yield at + name + ".bias", (rows,), T.F32
        if s.arch == "qwen3":
            yield at + "attn_q_norm.weight", (s.head_dim,), T.F32
            yield at + "attn_k_norm.weight", (s.head_dim,), T.F32
        yield matrix(at + "attn_output", "attn_output", s.embd, query, i)
        yield at + "ffn_norm.weight", (s.embd,), T.F32
        yield matrix(at + "ffn_gate", "ffn_gate", s.ffn, s.embd, i)
        yield matrix(at + "ffn_up", "ffn_up", s.ffn, s.embd, i)
        yield matrix(at + "ffn_down", "ffn_down", s.embd, s.ffn, i)


def add_hparams(writer, shape):
    writer.add_block_count(shape.layers)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.embd)
    writer.add_feed_forward_length(shape.ffn)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(shape.vocab)


def add_vocabulary(writer, source, size):
    fields = gguf.GGUFReader(source).fields

    def array(key, convert):
        return [convert(fields[key].parts[i]) for i in fields[key].data] if key in fields else []

    tokens = array("tokenizer.ggml.tokens", bytes)[:size]
    padding = size - len(tokens)
    writer.add_tokenizer_model(bytes(fields["tokenizer.ggml.model"].parts[-1]).decode())
    if "tokenizer.ggml.pre" in fields:
        writer.add_tokenizer_pre(bytes(fields["tokenizer.ggml.pre"].parts[-1]).decode())
    writer.add_token_list(tokens + [b"<unused_%d>" % i for i in range(padding)])
    types = array("tokenizer.ggml.token_type", lambda part: int(part[0]))[:size]
    writer.add_token_types(types + [int(gguf.TokenType.UNUSED)] * padding)
    known = set(tokens)
    # A truncated vocabulary keeps the merges whose result is still in it.
    merges = [m for m in array("tokenizer.ggml.merges", bytes) if m.replace(b" ", b"", 1) in known]
    if merges:
        writer.add_token_merges(merges)
    scores = array("tokenizer.ggml.scores", lambda part: float(part[0]))[:size]
    if scores:
        writer.add_token_scores(scores + [-1000.0] * padding)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--shape", choices=SHAPES, required=True)
    p.add_argument("--mix", choices=("q4_k_m", "q8_0", "q4_0", "f16"), default="q4_k_m")
    p.add_argument("--vocab-from", required=True, metavar="GGUF")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("-o", "--output", required=True)
    a = p.parse_args()
    shape = SHAPES[a.shape]
    rng = np.random.default_rng(a.seed)
    writer = gguf.GGUFWriter(a.output, shape.arch)
    writer.add_name(f"synthetic {a.shape} {a.mix}")
    writer.add_quantization_version(2)
    add_hparams(writer, shape)
    add_vocabulary(writer, a.vocab_from, shape.vocab)
    todo = list(tensors(shape, a.mix))
    for name, dims, kind in todo:
        block, size = gguf.GGML_QUANT_SIZES[kind]
        plain = {T.F32: np.float32, T.F16: np.float16}.get(kind)
        stored = dims if plain else dims[:-1] + (dims[-1] // block * size,)
        writer.add_tensor_info(
            name,
            stored,
            np.dtype(plain or np.uint8),
            int(np.prod(dims)) // block * size,
            raw_dtype=None if plain else kind,
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for name, dims, kind in todo:
        if len(dims) == 2:
            writer.write_tensor_data(random_matrix(rng, kind, *dims))
        else:
            writer.write_tensor_data(np.full(dims, "norm" in name, np.float32))
    writer.close()


if __name__ == "__main__":
    main()
