#!/usr/bin/env python3
"""Writes the tiny Llama and Gemma 3 models of tests/vectors, with random weights from fixed seeds. Needs gguf and
numpy.

make_tiny.py DIR
"""

import pathlib
import sys

import numpy as np

import gguf
from gguf import GGMLQuantizationType as T

TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SIZES = {T.Q2_K: 84, T.Q3_K: 110, T.Q4_K: 144, T.Q5_K: 176, T.Q6_K: 210}


def k_blocks(rng, type, rows, cols, spread):
    """Random blocks of a K-quant, with scales for weights of about this standard deviation."""
    raw = rng.integers(0, 256, (rows * cols // 256, SIZES[type]), np.uint8)

    def put(at, value):
        raw[:, at : at + 2] = np.frombuffer(np.float16(value).tobytes(), np.uint8)

    if type in (T.Q4_K, T.Q5_K):
        mid = 7.5 if type == T.Q4_K else 15.5
        put(0, spread / mid / 16)
        put(2, spread / 16)
        raw[:, 12:16] = (raw[:, 12:16] & 0x0F) * 0x11  # equal scales and minimums in the last four sub-blocks ...
        raw[:, 8:12] = raw[:, 4:8]  # ... and in the first four
    elif type == T.Q2_K:
        put(80, spread / 8)
        put(82, spread / 8)
        raw[:, :16] = (raw[:, :16] & 0x0F) * 0x11
    elif type == T.Q3_K:
        put(108, spread / 40)
    elif type == T.Q6_K:
        put(208, spread / 18.5 / 74)
    return raw.reshape(rows, cols // 256 * SIZES[type])


# The offset of the f16 scale in a block, and the typical size of a weight divided by that scale.
F16_SCALES = {
    T.IQ1_S: (0, 8),
    T.IQ2_XXS: (0, 50),
    T.IQ2_XS: (0, 50),
    T.IQ2_S: (0, 50),
    T.IQ3_XXS: (0, 132),
    T.IQ3_S: (0, 128),
    T.IQ4_NL: (0, 60),
    T.IQ4_XS: (0, 900),
    T.TQ1_0: (52, 1),
    T.TQ2_0: (64, 1),
    T.Q1_0: (0, 1),
}


def rare_blocks(rng, type, rows, cols, spread):
    """Random blocks, as above, of types that the gguf package cannot quantize to."""
    weights, size = gguf.GGML_QUANT_SIZES[type]
    raw = rng.integers(0, 256, (rows * cols // weights, size), np.uint8)
    if type in F16_SCALES:
        at, large = F16_SCALES[type]
        raw[:, at : at + 2] = np.frombuffer(np.float16(spread / large).tobytes(), np.uint8)
    elif type == T.IQ1_M:  # the top nibbles of four 16-bit words
        bits = np.float16(spread / 8).view(np.uint16)
        for i in range(4):
            raw[:, 49 + 2 * i] = raw[:, 49 + 2 * i] & 0x0F | (int(bits) >> 4 * i & 15) << 4
    elif type == T.MXFP4:
        raw[:, 0] = 127 + round(np.log2(spread / 3))
    elif type == T.NVFP4:
        raw[:, :4] = rng.integers(8, 16, (len(raw), 4), np.uint8)  # 2^-6 to 2^-5
    return raw.reshape(rows, cols // weights * size)


class Writer:
    def __init__(self, path, arch, seed):
        self.writer = gguf.GGUFWriter(str(path), arch)
        self.rng = np.random.default_rng(seed)

    def vector(self, name, n, around=1.0, spread=0.1):
        self.writer.add_tensor(name, (around + spread * self.rng.standard_normal(n)).astype(np.float32))

    def matrix(self, name, rows, cols, type=T.F32, spread=None):
        spread = spread or 1.0 / np.sqrt(cols)
        if type in SIZES:
            self.writer.add_tensor(name, k_blocks(self.rng, type, rows, cols, spread), raw_dtype=type)
            return
        if type in F16_SCALES or type in (T.IQ1_M, T.MXFP4, T.NVFP4):
            self.writer.add_tensor(name, rare_blocks(self.rng, type, rows, cols, spread), raw_dtype=type)
            return
        values = (spread * self.rng.standard_normal((rows, cols))).astype(np.float32)
        if type == T.F32:
            self.writer.add_tensor(name, values)
        else:
            self.writer.add_tensor(name, gguf.quants.quantize(values, type), raw_dtype=type)

    def shape(self, layers, embd, ff, heads, heads_kv, dim, context=512):
        w = self.writer
        w.add_block_count(layers)
        w.add_context_length(context)
        w.add_embedding_length(embd)
        w.add_feed_forward_length(ff)
        w.add_head_count(heads)
        w.add_head_count_kv(heads_kv)
        if dim:
            w.add_key_length(dim)
            w.add_value_length(dim)
        w.add_layer_norm_rms_eps(1e-5)

    def close(self):
        self.writer.write_header_to_file()
        self.writer.write_kv_data_to_file()
        self.writer.write_tensors_to_file()
        self.writer.close()


def byte_alphabet():
    """The printable characters that stand for bytes in byte-level BPE, in the order of the bytes."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(b) if b in printable else chr(next(others)) for b in range(256)]


def add_bpe(w):
    """Adds a byte-level vocabulary with a few merges and control tokens. Returns its size."""
    pairs = [
        "\u0120 t",
        "h e",
        "\u0120t he",
        "i n",
        "a n",
        "e r",
        "o n",
        "\u0120 a",
        "r e",
        "an d",
        "\u0120 and",
        "o u",
    ]
    control = ["<|endoftext|>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"]
    tokens = control + byte_alphabet() + [pair.replace(" ", "") for pair in pairs]
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list(tokens)
    w.add_token_types([3] * len(control) + [1] * (len(tokens) - len(control)))
    w.add_token_merges(pairs)
    w.add_bos_token_id(0)
    w.add_eos_token_id(4)
    w.add_add_bos_token(False)
    w.add_chat_template(TEMPLATE)
    return len(tokens)


def add_spm(w):
    """Adds a SentencePiece vocabulary with byte tokens. Returns its size."""
    pieces = ["\u2581", "\u2581t", "he", "\u2581the", "in", "an", "er", "on", "\u2581a", "re", "and", "\u2581and"]
    letters = [chr(c) for c in range(33, 127)]
    tokens = ["<pad>", "<eos>", "<bos>", "<unk>"] + [f"<0x{b:02X}>" for b in range(256)] + pieces + letters
    w.add_tokenizer_model("llama")
    w.add_token_list(tokens)
    w.add_token_scores([0.0] * 260 + [-float(i) for i in range(len(tokens) - 260)])
    w.add_token_types([3, 3, 3, 2] + [6] * 256 + [1] * (len(tokens) - 260))
    w.add_bos_token_id(2)
    w.add_eos_token_id(1)
    w.add_unk_token_id(3)
    w.add_add_bos_token(True)
    w.add_add_space_prefix(False)
    return len(tokens)


def llama(path, seed, types, layers, embd, ff, heads, heads_kv, dim, extras=False):
    out = Writer(path, "llama", seed)
    out.shape(layers, embd, ff, heads, heads_kv, dim)
    out.writer.add_rope_dimension_count(dim)
    out.writer.add_rope_freq_base(10000.0)
    vocab = add_bpe(out.writer)
    out.matrix("token_embd.weight", vocab, embd, types.get("token_embd", types["all"]), spread=1.0)
    out.vector("output_norm.weight", embd)
    if "output" in types:
        out.matrix("output.weight", vocab, embd, types["output"])
    if extras:
        out.writer.add_tensor("rope_freqs.weight", np.linspace(1.0, 8.0, dim // 2).astype(np.float32))
    for i in range(layers):
        b = f"blk.{i}."
        out.vector(b + "attn_norm.weight", embd)
        out.vector(b + "ffn_norm.weight", embd)
        for name, rows, cols in (
            ("attn_q", heads * dim, embd),
            ("attn_k", heads_kv * dim, embd),
            ("attn_v", heads_kv * dim, embd),
            ("attn_output", embd, heads * dim),
            ("ffn_gate", ff, embd),
            ("ffn_up", ff, embd),
            ("ffn_down", embd, ff),
        ):
            out.matrix(f"{b}{name}.weight", rows, cols, types.get(f"{b}{name}", types.get(name, types["all"])))
            if extras:
                out.vector(f"{b}{name}.bias", rows, around=0.0)
    out.close()


def gemma3(path, seed, types, layers, embd, ff, heads, heads_kv, dim, window):
    out = Writer(path, "gemma3", seed)
    out.shape(layers, embd, ff, heads, heads_kv, dim)
    out.writer.add_rope_freq_base(1000000.0)
    out.writer.add_sliding_window(window)
    vocab = add_spm(out.writer)
    out.matrix("token_embd.weight", vocab, embd, types.get("token_embd", types["all"]), spread=0.3)
    out.vector("output_norm.weight", embd)
    for i in range(layers):
        b = f"blk.{i}."
        for name in ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"):
            out.vector(f"{b}{name}.weight", embd)
        out.vector(b + "attn_q_norm.weight", dim)
        out.vector(b + "attn_k_norm.weight", dim)
        for name, rows, cols in (
            ("attn_q", heads * dim, embd),
            ("attn_k", heads_kv * dim, embd),
            ("attn_v", heads_kv * dim, embd),
            ("attn_output", embd, heads * dim),
            ("ffn_gate", ff, embd),
            ("ffn_up", ff, embd),
            ("ffn_down", embd, ff),
        ):
            out.matrix(f"{b}{name}.weight", rows, cols, types.get(name, types["all"]))
    out.close()


# The function that writes each model, and its arguments. types: by name of the matrix, "all" for the others.
MODELS = {
    "tiny-llama-f32.gguf": (
        llama,
        dict(
            seed=1,
            types={"all": T.F32},
            layers=2,
            embd=32,
            ff=64,
            heads=4,
            heads_kv=2,
            dim=8,
        ),
    ),
    "tiny-llama-extras-f32.gguf": (
        llama,
        dict(
            seed=2,
            types={"all": T.F32},
            layers=2,
            embd=32,
            ff=64,
            heads=4,
            heads_kv=2,
            dim=8,
            extras=True,
        ),
    ),
    "tiny-llama-legacy.gguf": (
        llama,
        dict(
            seed=3,
            types={
                "all": T.F32,
                "token_embd": T.Q8_0,
                "output": T.BF16,
                "attn_q": T.Q4_0,
                "attn_k": T.Q4_1,
                "attn_v": T.F16,
                "attn_output": T.Q5_1,
                "ffn_gate": T.Q5_0,
                "ffn_up": T.Q8_0,
                "ffn_down": T.Q4_1,
            },
            layers=2,
            embd=64,
            ff=128,
            heads=4,
            heads_kv=2,
            dim=16,
        ),
    ),
    "tiny-llama-k.gguf": (
        llama,
        dict(
            seed=4,
            types={
                "all": T.Q4_K,
                "token_embd": T.Q8_0,
                "output": T.Q6_K,
                "attn_q": T.Q2_K,
                "attn_k": T.Q3_K,
                "attn_v": T.Q6_K,
                "attn_output": T.Q5_0,
                "ffn_gate": T.Q4_K,
                "ffn_up": T.Q5_K,
                "ffn_down": T.Q6_K,
            },
            layers=1,
            embd=256,
            ff=256,
            heads=4,
            heads_kv=2,
            dim=16,
        ),
    ),
    "tiny-llama-rare.gguf": (
        llama,
        dict(
            seed=7,
            types={
                "all": T.F32,
                "token_embd": T.Q8_0,
                "blk.0.attn_q": T.IQ1_S,
                "blk.0.attn_k": T.IQ1_M,
                "blk.0.attn_v": T.IQ2_XXS,
                "blk.0.attn_output": T.IQ2_XS,
                "blk.0.ffn_gate": T.IQ2_S,
                "blk.0.ffn_up": T.IQ3_XXS,
                "blk.0.ffn_down": T.IQ3_S,
                "blk.1.attn_q": T.IQ4_NL,
                "blk.1.attn_k": T.IQ4_XS,
                "blk.1.attn_v": T.TQ1_0,
                "blk.1.attn_output": T.TQ2_0,
                "blk.1.ffn_gate": T.MXFP4,
                "blk.1.ffn_up": T.NVFP4,
                "blk.1.ffn_down": T.Q1_0,
            },
            layers=2,
            embd=256,
            ff=256,
            heads=4,
            heads_kv=2,
            dim=64,
        ),
    ),
    "tiny-gemma3-f32.gguf": (
        gemma3,
        dict(
            seed=5,
            types={"all": T.F32},
            layers=6,
            embd=32,
            ff=48,
            heads=4,
            heads_kv=1,
            dim=16,
            window=24,
        ),
    ),
    "tiny-gemma3-q8.gguf": (
        gemma3,
        dict(
            seed=6,
            types={"all": T.Q8_0},
            layers=6,
            embd=64,
            ff=96,
            heads=4,
            heads_kv=1,
            dim=16,
            window=24,
        ),
    ),
}


def main():
    folder = pathlib.Path(sys.argv[1])
    for name, (write, arguments) in MODELS.items():
        write(folder / name, **arguments)


if __name__ == "__main__":
    main()
