"""Writes small vocabularies as GGUF files without tensors, for the tokenizer's tests and for
tools/make_tokenizer_vectors.py, which records llama.cpp's results for the same files."""

import gguf

SPACE = "\u2581"
NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = range(1, 7)

# One pre-tokenizer for each distinct expression.
FAMILIES = [
    "default", "gpt-2", "smollm", "llama-bpe", "jais-2", "minicpm5", "qwen2", "qwen35", "ufakzeka", "laguna",
    "seed-coder", "exaone-moe", "falcon", "tekken", "gpt-4o", "granite-embed-multi-97m", "tiny_aya", "youtu",
    "kimi-k2", "deepseek-llm", "deepseek-coder", "deepseek-v3", "spark2_5", "afmoe", "bloom", "viking", "superbpe",
    "chameleon",
]  # fmt: skip


def printable_bytes():
    """The characters that represent the bytes 0 to 255 in byte-level BPE."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in plain else chr(next(others)) for byte in range(256)]


def write(path, model, tokens, types, pre=None, merges=None, scores=None, name=None, charsmap=None, **values):
    """values: further keys of tokenizer.ggml (ids and switches), with two underscores for a dot."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1)
    writer.add_context_length(8)
    writer.add_embedding_length(8)
    writer.add_feed_forward_length(8)
    writer.add_head_count(1)
    writer.add_layer_norm_rms_eps(1e-5)
    if name:
        writer.add_name(name)
    writer.add_tokenizer_model(model)
    if pre:
        writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if merges is not None:
        writer.add_token_merges(merges)
    if scores is not None:
        writer.add_token_scores(scores)
    if charsmap is not None:
        writer.add_precompiled_charsmap(charsmap)
    for key, value in values.items():
        add = writer.add_bool if isinstance(value, bool) else writer.add_uint32
        add(f"tokenizer.ggml.{key.replace('__', '.')}", value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def mixed(count, seed):
    """The numbers below `count` in a pseudorandom order that is the same everywhere."""
    return sorted(range(count), key=lambda i: ((i + seed) * 2654435761 % 2**32, i))


def write_pairs(path, pre):
    """Byte-level BPE in which any two bytes merge, in pseudorandom order: almost every difference in splitting a text
    into words changes the tokens."""
    single = printable_bytes()
    pairs = [(single[i >> 8], single[i & 255]) for i in mixed(65536, 5)]
    special = ["<s>", "</s>", "<unk>", "<|im_start|>", "<|im_end|>", "<|user|>", "[X]", "[XY]"]
    types = [CONTROL, CONTROL, UNKNOWN, CONTROL, CONTROL, USER, USER, CONTROL]
    tokens = special + single + [a + b for a, b in pairs]
    types += [NORMAL] * (len(tokens) - len(types))
    write(path, "gpt2", tokens, types, pre, [f"{a} {b}" for a, b in pairs], bos_token_id=0, eos_token_id=1)


def set_pre(path, pre):
    """Replaces the pre-tokenizer "gpt-2" of a file."""
    key = b"tokenizer.ggml.pre" + (8).to_bytes(4, "little")
    old = key + (5).to_bytes(8, "little") + b"gpt-2"
    data = path.read_bytes()
    assert data.count(old) == 1
    path.write_bytes(data.replace(old, key + len(pre).to_bytes(8, "little") + pre.encode()))


def train(text, count):
    """Trains byte-pair merges by frequency, across words."""
    symbols = [printable_bytes()[byte] for byte in text.encode()]
    merges = []
    for _ in range(count):
        counts = {}
        for pair in zip(symbols, symbols[1:]):
            counts[pair] = counts.get(pair, 0) + 1
        best = max(counts, key=lambda pair: (counts[pair], pair))
        merges.append(best)
        joined, i = [], 0
        while i < len(symbols):
            both = i + 1 < len(symbols) and (symbols[i], symbols[i + 1]) == best
            joined.append(symbols[i] + symbols[i + 1] if both else symbols[i])
            i += 1 + both
        symbols = joined
    return merges


TEXT = """\
The tokenizer cuts a text into words, and the words into pieces. It's fast; it doesn't copy, and they'll see that we've
tested it. 'Quoted' words, numbers like 12, 345 and 6789, a sum: 3.14 + 2.72 = 5.86!
    def indent(x):\n        return x + 1\n\n\nnaïve café, größer, Привет мир, 你好世界, こんにちは 🙂🙂
"""


def write_trained(path, pre, **values):
    """Byte-level BPE as in models, with merges of merged tokens."""
    merges = train(TEXT * 2, 250)
    special = ["<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|pad|>", "<tool>"]
    types = [CONTROL, CONTROL, CONTROL, CONTROL, USER, USER]
    tokens = list(dict.fromkeys(special + printable_bytes() + [a + b for a, b in merges]))
    types += [NORMAL] * (len(tokens) - len(types))
    merges = [f"{a} {b}" for a, b in merges]
    write(path, "gpt2", tokens, types, pre, merges, bos_token_id=0, eos_token_id=1, **values)


def write_spm(path, name=None, byte_tokens=True, **values):
    """SentencePiece BPE with many equal scores, user-defined tokens and byte tokens."""
    text = TEXT.replace(" ", SPACE)
    pieces = {text[i : i + n]: None for n in (1, 2, 3, 4, 6) for i in range(len(text) - n + 1) if (i + n) % 3 or n == 1}
    tokens = ["<unk>", "<s>", "</s>", "<mask>", "<|user|>", "[tag]", "<b>", "\n\n"]
    types = [UNKNOWN, CONTROL, CONTROL, CONTROL, CONTROL, USER, USER, USER]
    if byte_tokens:
        tokens += [f"<0x{byte:02X}>" for byte in range(256)]
        types += [BYTE] * 256
    tokens += [piece for piece in pieces if piece not in ("\n\n", "\n")]
    types += [NORMAL] * (len(tokens) - len(types))
    tokens += ["unused", "<|endoftext|>"]
    types += [UNUSED, CONTROL]
    scores = [-float(i * 7919 % 97) / 4 + len(token) / 8 for i, token in enumerate(tokens)]
    write(path, "llama", tokens, types, scores=scores, name=name, **values)


def write_raw(path):
    """BPE over plain UTF-8 with U+2581 for spaces, as in Gemma 4."""
    single = [chr(i) for i in range(0x21, 0x7F)] + [*"\n\t", SPACE, *"éß你好🙂", "\u0300"]
    pairs = [(single[i // len(single)], single[i % len(single)]) for i in mixed(len(single) ** 2, 3)]
    pairs = [pair for pair in pairs if "\n" not in pair]
    tokens = ["<pad>", "<eos>", "<bos>", "<unk>", "<|turn>", "<turn|>", "<|think|>"]
    types = [CONTROL, CONTROL, CONTROL, UNKNOWN, CONTROL, CONTROL, USER]
    tokens += [f"<0x{byte:02X}>" for byte in range(256)]
    types += [BYTE] * 256
    tokens += single + [a + b for a, b in pairs] + ["\n" * n for n in range(2, 6)]
    types += [NORMAL] * (len(tokens) - len(types))
    merges = [f"{a} {b}" for a, b in pairs]
    write(path, "gemma4", tokens, types, merges=merges, bos_token_id=2, eos_token_id=1, unknown_token_id=3)


def write_whitespace(path, **values):
    """BPE over plain UTF-8, within the words between white space; byte tokens for other than ASCII characters."""
    single = [chr(i) for i in range(0x21, 0x7F)]
    pairs = [(single[i // len(single)], single[i % len(single)]) for i in mixed(len(single) ** 2, 7)]
    tokens = ["<s>", "</s>", "<unk>", "<mask>", "[tag]", *(f"<0x{byte:02X}>" for byte in range(256)), *single]
    types = [CONTROL, CONTROL, UNKNOWN, CONTROL, USER] + [BYTE] * 256
    tokens += [a + b for a, b in pairs]
    types += [NORMAL] * (len(tokens) - len(types))
    write(
        path,
        "whitespace",
        tokens,
        types,
        "whitespace",
        [f"{a} {b}" for a, b in pairs],
        bos_token_id=0,
        eos_token_id=1,
        **values,
    )


def write_wpm(path, **values):
    """WordPiece as in BERT, lower-case and cased: words, word endings, and single characters of some scripts."""
    words = TEXT.replace("(", " ").split()
    starts = {word[:n]: None for word in [*words, *(word.lower() for word in words)] for n in (1, 2, 3, 5, len(word))}
    ends = {word[n:]: None for word in words for n in (1, 2, 4) if word[n:]}
    ends.update((end.lower(), None) for end in list(ends))
    alone = [
        *"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
        *"abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789",
        *"éßжиו世界한ᄒ\u0301🙂αω",
    ]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<mask>", "[tag]"]
    types = [CONTROL, UNKNOWN, CONTROL, CONTROL, CONTROL, CONTROL, USER]
    tokens += list(dict.fromkeys([SPACE + start for start in [*starts, *alone]] + [*ends, *alone]))
    types += [NORMAL] * (len(tokens) - len(types))
    ids = {"bos_token_id": 2, "seperator_token_id": 3, "unknown_token_id": 1, "padding_token_id": 0, "mask_token_id": 4}
    write(path, "bert", tokens, types, **ids, **values)


def charsmap(rules):
    """A SentencePiece charsmap: the size of a compact double array as u32, the array, then the replacements. A unit of
    the array has its byte in bits 0 to 7 and a flag in bit 8 if a text ends there; its index xor its bits from 10 on
    is the base of its children. The child for byte 0 holds the offset of the replacement."""
    texts, places = b"", {}
    for text in rules.values():
        places.setdefault(text, len(texts))
        if places[text] == len(texts):
            texts += text.encode() + b"\0"
    children = {}
    for key in rules:
        data = key.encode()
        for i in range(len(data)):
            children.setdefault(data[:i], set()).add(data[i])
    units, taken, queue = {0: 0}, set(), [(b"", 0)]
    ends = {key.encode(): places[text] for key, text in rules.items()}
    for node, at in queue:
        labels = sorted(children.get(node, set())) + [0] * (node in ends)
        base = next(b for b in range(1, 1 << 20) if b not in taken and not any(b ^ label in units for label in labels))
        taken.add(base)
        units[at] |= (at ^ base) << 10 | (node in ends) << 8
        for label in labels:
            units[base ^ label] = label if label else 1 << 31 | ends[node]
            if label:
                queue.append((node + bytes([label]), base ^ label))
    array = b"".join(units.get(i, 0).to_bytes(4, "little") for i in range(max(units) + 1))
    return len(array).to_bytes(4, "little") + array + texts


RULES = {"\t": " ", "\n": " ", "\r": "", "\u00a0": " ", "\u3000": " ", "\u200b": "", "ﬁ": "fi", "½": "1⁄2", "①": "1",
         "e\u0301": "é", "E\u0301": "É", "a\u0300\u0323": "ạ̀", "a\u0300": "à", "…": "...", "ﷺ": "صلى الله عليه وسلم",
         **{chr(0xFEE0 + i): chr(i) for i in range(0x21, 0x7F)}}  # fmt: skip


def write_unigram(path, **values):
    """Unigram pieces with equal scores, user-defined and unused ones, and a charsmap."""
    text = TEXT.replace(" ", SPACE)
    pieces = {text[i : i + n]: None for n in (1, 2, 3, 4, 6) for i in range(len(text) - n + 1) if (i + n) % 3 or n == 1}
    tokens = ["<pad>", "</s>", "<unk>", "<s>", "<mask>", "<extra_id_0>", "<b>", "e\u0301\u0301", "[tag]"]
    types = [CONTROL, CONTROL, UNKNOWN, CONTROL, CONTROL, USER, USER, USER, USER]
    tokens += [*pieces, "rare", "<0x41>", "</b>"]
    types += [NORMAL] * len(pieces) + [UNUSED, BYTE, NORMAL]
    scores = [-float(i * 7919 % 97) / 4 - 8 + 3 * len(token) for i, token in enumerate(tokens)]
    write(path, "t5", tokens, types, scores=scores, charsmap=charsmap(RULES), **values)


def write_named(path, names):
    """SentencePiece BPE with normal tokens of these texts, whose roles follow from the texts alone."""
    tokens = ["<unk>", "<s>", *names, *(f"<0x{byte:02X}>" for byte in range(256)), *"abc", SPACE]
    types = [UNKNOWN, CONTROL] + [NORMAL] * len(names) + [BYTE] * 256 + [NORMAL] * 4
    scores = [-float(i) for i in range(len(tokens))]
    write(path, "llama", tokens, types, scores=scores, bos_token_id=1, eos_token_id=1, unknown_token_id=0)


# Texts with a role, by model family.
NAMED = {
    "gpt-oss": ["<|return|>", "<|call|>", "<|end|>", "<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"],
    "solar": ["<|flush|>", "<|calls|>", "<|end|>", "</s>"],
    "phi": ["<|end|>", "<|call|>", "<|endoftext|>"],
    "gemma4": ["<eos>", "<turn|>", "<|tool_response>", "</s>", "<|channel>"],
    "llama3": ["<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|begin_of_text|>"],
    "qwen": ["<|im_end|>", "<|im_start|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|fim_pad|>",
             "<|repo_name|>", "<|file_sep|>", "<|endoftext|>"],
    "deepseek": ["<｜end▁of▁sentence｜>", "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>", "<EOT>"],
    "codellama": ["▁<PRE>", "▁<SUF>", "▁<MID>", "<PAD>", "<REPO>", "_<EOT>"],
    "others": ["[EOT]", "[EOS]", "[PAD]", "<end_of_turn>", "<end_of_utterance>", "[e~[", "<fim-prefix>", "<fim-suffix>",
               "<fim-middle>", "<fim-repo>"],
    "more": ["<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<fim_pad>", "<reponame>", "</s>", "<|plamo:eos|>"],
    "glm": ["<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>", "<fim-pad>", "<|fim_repo|>"],
    "falcon-h1": ["<|prefix|>", "<|suffix|>", "<|middle|>"],
}  # fmt: skip


def write_triples(path):
    """Merges of up to three spaces, which reveal where a run of spaces was split."""
    space = printable_bytes()[32]
    tokens = [*printable_bytes(), 2 * space, 3 * space]
    merges = [f"{2 * space} {space}", f"{space} {space}"]
    write(path, "gpt2", tokens, [NORMAL] * len(tokens), "jais-2", merges, bos_token_id=0, eos_token_id=1)


# Lengths of runs of spaces, each of which the pre-tokenizer jais-2 splits differently.
SPACES = [3, 4, 5, 7, 8, 9, 254, 255, 256, 257, 258, 511, 512, 513, 767, 1023, 1024, 1027, 1500]

SMALL = {
    "trained-gpt-2": lambda path: write_trained(path, "gpt-2"),
    "trained-llama-bpe": lambda path: write_trained(path, "llama-bpe"),
    "trained-qwen2": lambda path: write_trained(path, "qwen2", add_bos_token=True, add_eos_token=True),
    "trained-smollm": lambda path: write_trained(path, "smollm"),
    "spm": write_spm,
    "spm-no-prefix": lambda path: write_spm(path, add_space_prefix=False, add_eos_token=True),
    "spm-phi-3": lambda path: write_spm(path, name="Phi-3 mini"),
    "raw": write_raw,
    "whitespace": write_whitespace,
    "whitespace-lower": lambda path: write_whitespace(path, normalizer__lowercase=True),
    "wpm": write_wpm,
    "wpm-cased": lambda path: write_wpm(path, normalizer__lowercase=False),
    "wpm-accents": lambda path: write_wpm(path, normalizer__strip_accents=False),
    "unigram": lambda path: write_unigram(path, add_space_prefix=True, remove_extra_whitespaces=True),
    "unigram-bos": lambda path: write_unigram(path, add_space_prefix=True, bos_token_id=3, add_bos_token=True),
    "unigram-plain": lambda path: write_unigram(path, unknown_token_id=2, add_eos_token=False),
}
