#!/usr/bin/env python3
"""Compares Quern's tokenizer with llama.cpp's on vocabularies: GGUF files, or folders of them (llama.cpp's models/).
    tools/check_tokenizers.py LIBLLAMA [--seed N] [--count N] PATH...
The texts are those in NAME.gguf.inp next to a vocabulary, those written in make_tokenizer_vectors.py, and COUNT random
ones. Each is tokenized and detokenized, with and without special tokens. LIBLLAMA is libllama.so of llama.cpp at commit
0c1e57098, with libggml*.so in the same folder. Needs a native build (tokenizer_tool)."""

import argparse
import pathlib
import random
import sys

import make_tokenizer_vectors as vectors
from tokenizer_client import ADD_SPECIAL, PARSE_SPECIAL, SHOW_SPECIAL, Refused, Tokenizer

# Combining marks, flags, skin tones, joiners, right-to-left text, and characters with several encodings.
MIXED = [
    "e\u0301", "a\u0323\u0302", "\u0915\u094d\u0937", "\u0e01\u0e49\u0e33",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f44d\U0001f3fd", "\U0001f1e8\U0001f1ed", "1\ufe0f\u20e3", "\u05e9\u05c1", "\u0644\u0627",
    "\u1100\u1161\u11a8", "\uac01",
    "\uff21\uff42", "\u2460", "\ufb01", "\u0130", "\u1e9e", "\U00010400", "\u3000", "\u2029", "\ufeff", "\u00ad",
    "\u200f",
]  # fmt: skip


def random_text(source, special):
    parts = [vectors.random_text(source, special)]
    for _ in range(source.randint(0, 3)):
        kind = source.random()
        if kind < 0.4:
            parts.append("".join(source.choices(MIXED, k=source.randint(1, 6))).encode())
        elif kind < 0.6:
            parts.append(source.choice([*MIXED, *"a 0\n\t.='<", "\r\n", "ab", " x"]).encode() * source.randint(30, 400))
        elif kind < 0.8:  # with bytes missing, so that it is not UTF-8
            text = bytearray(source.choice(vectors.WRITTEN).encode())
            for _ in range(source.randint(1, 3)):
                if text:
                    del text[source.randrange(len(text))]
            parts.append(bytes(text) if readable(text) else b"")
        else:
            parts.append(vectors.random_text(source, special))
    source.shuffle(parts)
    return b"".join(parts)


def readable(text):
    """Whether llama.cpp can read the text: it fails on code points past U+10FFFF."""
    return all(byte < 0xF4 for byte in text)


def inputs(path):
    inputs_file = pathlib.Path(f"{path}.inp")
    return inputs_file.read_bytes().split(b"\n__ggml_vocab_test__\n") if inputs_file.is_file() else []


def compare(llama, tokenizer, texts):
    """Yields the texts that differ, and how."""
    for text in texts:
        for special, flags in ((False, 0), (True, ADD_SPECIAL | PARSE_SPECIAL)):
            ids = llama.tokenize(text, special)
            ours = tokenizer.tokenize(text, flags)
            if ours != ids:
                yield text, f"special {special}: llama.cpp {ids}, ours {ours}"
            elif llama.detokenize(ids, special) != tokenizer.detokenize(ids, SHOW_SPECIAL if special else 0):
                yield (
                    text,
                    f"special {special}, as text: ours {tokenizer.detokenize(ids, SHOW_SPECIAL if special else 0)}",
                )


def check(path, seed, count):
    """Whether all texts are equal; None if llama.cpp rejects the file or it has no vocabulary."""
    source = random.Random(f"{seed} {path.name}")
    try:
        llama = vectors.Llama(path)
    except ValueError as error:
        print(f"{path.name}: {error}")
        return None
    with llama:
        names = [llama.piece(i, True) for i in range(llama.size) if llama.piece(i, True) != llama.piece(i, False)]
        names = source.sample(names, min(len(names), 40)) + [b"<|im_end|>", b"</s>", b"[tag]"]
        texts = inputs(path) + [text.encode() for text in vectors.WRITTEN] + vectors.WRITTEN_BYTES
        texts += [random_text(source, names) for _ in range(count)]
        try:
            with Tokenizer(path) as tokenizer:
                wrong = list(compare(llama, tokenizer, texts))
        except Refused as error:
            print(f"{path.name}: REJECTED, {error}")
            return False
    for text, how in wrong[:3]:
        print(f"  {text!r}\n    {how[:600]}")
    print(
        f"{path.name}: {len(inputs(path))} cases and {len(texts) - len(inputs(path))} texts, {len(wrong)} differences",
        flush=True,
    )
    return not wrong


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("library")
    options.add_argument("paths", nargs="+", type=pathlib.Path)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--count", type=int, default=1000)
    options = options.parse_args()
    vectors.Llama.load(options.library)
    paths = [file for path in options.paths for file in (sorted(path.glob("*.gguf")) if path.is_dir() else [path])]
    results = [check(path, options.seed, options.count) for path in paths]
    print(
        f"{results.count(True)} of {len(results)} vocabularies equal, "
        f"{results.count(None)} rejected by llama.cpp (seed {options.seed})"
    )
    return not results or False in results


if __name__ == "__main__":
    sys.exit(main())
