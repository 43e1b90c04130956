#!/usr/bin/env python3
"""Writes tests/engine/text/tokenizer/vectors/*.json: llama.cpp's tokens of many texts, for test_tokenizer.py there.

    python3 tools/make_tokenizer_vectors.py path/to/libllama.so path/to/models

The library is llama.cpp's at commit 0c1e57098, with libggml*.so in the same folder. The folder of models contains
SmolLM2-135M-Instruct.Q4_1.gguf and gemma-3-270m-q4_k_m.gguf. The other vocabularies are made by
tests/engine/text/tokenizer/tokenizer_vocabularies.py."""

import ctypes
import itertools
import json
import pathlib
import random
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/engine/text/tokenizer"))
import tokenizer_vocabularies as vocabularies  # noqa: E402

OUT = ROOT / "tests/engine/text/tokenizer/vectors"
MODELS = {"smollm2": "SmolLM2-135M-Instruct.Q4_1.gguf", "gemma3": "gemma-3-270m-q4_k_m.gguf"}


class ModelParams(ctypes.Structure):
    """llama_model_params. Only vocab_only is set."""

    _fields_ = [
        ("devices", ctypes.c_void_p), ("buffer_types", ctypes.c_void_p), ("gpu_layers", ctypes.c_int32),
        ("split_mode", ctypes.c_int), ("load_mode", ctypes.c_int), ("lazy_mode", ctypes.c_int),
        ("main_gpu", ctypes.c_int32), ("tensor_split", ctypes.c_void_p), ("progress", ctypes.c_void_p),
        ("progress_data", ctypes.c_void_p), ("overrides", ctypes.c_void_p), ("vocab_only", ctypes.c_bool),
        ("check_tensors", ctypes.c_bool), ("extra_types", ctypes.c_bool), ("no_host", ctypes.c_bool),
        ("no_alloc", ctypes.c_bool), ("load_mtp", ctypes.c_bool),
    ]  # fmt: skip


class Llama:
    """The tokenizer of one model file."""

    lib = None

    @classmethod
    def load(cls, path):
        path = pathlib.Path(path).absolute()
        for name in ("libggml-base.so", "libggml-cpu.so", "libggml.so"):
            ctypes.CDLL(str(path.parent / name), mode=ctypes.RTLD_GLOBAL)
        lib = cls.lib = ctypes.CDLL(str(path))
        vocab, text, flag, i32 = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_bool, ctypes.c_int32
        lib.llama_model_default_params.restype = ModelParams
        lib.llama_model_load_from_file.restype = ctypes.c_void_p
        lib.llama_model_load_from_file.argtypes = [text, ModelParams]
        lib.llama_model_get_vocab.restype = vocab
        lib.llama_model_get_vocab.argtypes = [ctypes.c_void_p]
        lib.llama_model_free.argtypes = [ctypes.c_void_p]
        lib.llama_vocab_n_tokens.argtypes = [vocab]
        lib.llama_vocab_is_eog.argtypes = [vocab, i32]
        lib.llama_vocab_is_eog.restype = flag
        lib.llama_tokenize.argtypes = [vocab, text, i32, ctypes.c_void_p, i32, flag, flag]
        lib.llama_token_to_piece.argtypes = [vocab, i32, ctypes.c_void_p, i32, i32, flag]
        lib.llama_detokenize.argtypes = [vocab, ctypes.c_void_p, i32, ctypes.c_void_p, i32, flag, flag]
        callback = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
        cls.silence = callback(lambda *_: None)
        lib.llama_log_set.argtypes = [callback, ctypes.c_void_p]
        lib.llama_log_set(cls.silence, None)

    def __init__(self, path):
        params = self.lib.llama_model_default_params()
        params.vocab_only = True
        self.model = self.lib.llama_model_load_from_file(str(path).encode(), params)
        if not self.model:
            raise ValueError(f"llama.cpp refuses {path}")
        self.vocab = self.lib.llama_model_get_vocab(self.model)
        self.size = self.lib.llama_vocab_n_tokens(self.vocab)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lib.llama_model_free(self.model)

    def tokenize(self, text, special):
        """special: add begin- and end-of-text tokens, and parse special tokens."""
        ids = (ctypes.c_int32 * (2 * len(text) + 16))()
        n = self.lib.llama_tokenize(self.vocab, text, len(text), ids, len(ids), special, special)
        return list(ids[:n])

    def piece(self, token, special):
        buffer = ctypes.create_string_buffer(4096)
        n = self.lib.llama_token_to_piece(self.vocab, token, buffer, len(buffer), 0, special)
        return buffer.raw[:n]

    def detokenize(self, ids, special):
        array = (ctypes.c_int32 * len(ids))(*ids)
        buffer = ctypes.create_string_buffer(1 << 20)
        n = self.lib.llama_detokenize(self.vocab, array, len(ids), buffer, len(buffer), False, special)
        return buffer.raw[:n]

    def ends(self, token):
        return self.lib.llama_vocab_is_eog(self.vocab, token)


WRITTEN = [
    "", " ", "  ", "   ", "\t", "\n", "\n\n", "\n\n\n", "\n\n\n\n\n\n", "\r\n", " \r \n\n ", "Hello", "Hello World",
    " Hello World!", "Hello,  y'all! How are you 😁 ?我想在apple工作1314151天～",
    "don't WE'LL it'S I'm you've they'd he'll",
    "'s 't 're 've 'm 'll 'd 'S 'RE '", "1 12 123 1234 12345 1234567 12.5e-3 1,234,567.89", "٣٤٥ १२३ ²³ ½ Ⅷ 𝟙𝟚",
    "HTTPServer getURLFromXML parseÄÖÜß camelCase ABCdef aBcD", "foo_bar(baz)/*!*/\n// x\n",
    "if (a<=b) { return a*b; }\n\n\n",
    "http://example.org/a/b?c=d&e=f#g", "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    "<s>a</s> <s> b </s>",
    "<start_of_turn>user\nHi<end_of_turn>\n<bos><eos>", "<|endoftext|><table><tr></tr>[multimodal]",
    "a<|im_end|> b<|im_end|>",
    "naïve café größer Straße ſ İi", "e\u0301 a\u0300\u0323 \u0301 x\u0308y", "Привет, мир! Γειά σου Κόσμε",
    "مرحبا بالعالم، كيف؟ שלום עולם", "नमस्ते दुनिया। ভাষা தமிழ் ภาษาไทย ລາວ ខ្មែរ မြန်မာ",
    "你好，世界！「中文」…— 漢字かな交じり文カタカナ",
    "안녕하세요 ㄱㄴㄷ 세계", "🙂🙂 👨‍👩‍👧‍👦 🏳️‍🌈 👍🏽 ☃ ™ © →",
    "\u00a0\u2003\u3000 x\u3000y\u2028z\u0085w\x0b\x0c", "\x00\x01\x7f\u00ad\u200b\ufeff\u0378\ue000",
    "▁ ▁▁a ▁b▁", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "=" * 70,
    " " * 70 + "x" + " " * 33,
    "\t\tx = y\t# z\n    \n        return", "Who , what ? no ! yes . ' s 's 'm 're ' x",
    "IMGIMGABCZ IMGIMGABCDEZ<sentinel:12><sentinel:x>",
    "[X][XY][X]Y <|user|> <|user|>x", "  <mask>  x <mask>\n", "\U00020000\U0002a6d6豈\uf900 ㄅㄆ ！，：；‘’“”",
    "a\uf900b c\u9fa5d\ufaffe \u3400f", "中  \n🙂   \n☃ ☃\t",
    "don´t l’été O'Neil rock'n'roll",
]  # fmt: skip
WRITTEN_BYTES = [
    b"\xff", b"a\xffb", b"\xc3", b"\xe4\xb8", b"\xf0\x9f\x98", b"\xc0\x80\xc1\x81", b"\xed\xa0\x80\xed\xbf\xbf",
    b"\x80\x80 \xbf",
    b"\xf8\x88\x80\x80\x80", b"ok \xe4\xb8 \xc3( \xf0\x28\x8c\xbc",
]  # fmt: skip

POOLS = [
    range(0x20, 0x7F), range(0x61, 0x7B), range(0x30, 0x3A),
    [0x20, 0x20, 9, 10, 13, 0x85, 0xA0, 0x3000, 0x2003, 11, 12],
    range(0xC0, 0x250), range(0x300, 0x370), range(0x370, 0x530), range(0x600, 0x700), range(0x900, 0x980),
    range(0xE00, 0xE80), range(0x1000, 0x1100), range(0x1680, 0x16A0), range(0x2000, 0x2070), range(0x2100, 0x2300),
    range(0x3000, 0x3200), range(0x4E00, 0x4F00), range(0xAC00, 0xAC80), range(0xFE30, 0xFE50), range(0xFF00, 0xFFA0),
    range(0x10400, 0x10450), range(0x1E900, 0x1E960), range(0x1F300, 0x1F650),
    [0x200D, 0xFE0F, 0x1F468, 0x1F469, 0x1F3FD],
    [*range(0x660, 0x66A), *range(0x966, 0x970), 0xB2, 0xBD, 0x2160, 0x1D7D8],
    [*range(0x20000, 0x20010), 0x8C48, 0xF900],
    b"'stmdreveLLSTMDREVE ", b"aAbBzZ'/", b"$+<=>^~|`!?.,;:-_()[]{}@#%&*\"\\/",
    [0, 1, 0x7F, 0xAD, 0x378, 0xFFFD, 0xE000, 0xD7FF],
]  # fmt: skip


def random_text(source, special):
    parts = []
    for _ in range(source.randint(1, 6)):
        kind = source.random()
        if kind < 0.12:
            parts.append(source.choice(special))
        elif kind < 0.2:  # bytes below 0xf4: llama.cpp fails on code points past U+10FFFF
            parts.append(bytes(source.randrange(0xF4) for _ in range(source.randint(1, 4))))
        elif kind < 0.3:
            parts.append(chr(source.choice(source.choice(POOLS))).encode() * source.randint(2, 40))
        elif kind < 0.45:
            parts.append(source.choice(WRITTEN).encode()[:40])
        else:
            pool = source.choice(POOLS)
            parts.append("".join(chr(source.choice(pool)) for _ in range(source.randint(1, 8))).encode())
    return b"".join(parts)


def texts(count, seed, special):
    source = random.Random(seed)
    return [text.encode() for text in WRITTEN] + WRITTEN_BYTES + [random_text(source, special) for _ in range(count)]


def vectors(llama, count, seed):
    """Each case is [text, ids, ids with special tokens]; the last is omitted if it equals before + ids + after. Texts
    and bytes are hexadecimal."""
    plain, special = llama.tokenize(b"a", False), llama.tokenize(b"a", True)
    start = next(i for i in range(len(special)) if special[i : i + len(plain)] == plain)
    before, after = special[:start], special[start + len(plain) :]
    names = [llama.piece(i, True) for i in range(llama.size) if llama.piece(i, True) != llama.piece(i, False)]
    names = random.Random(seed).sample(names, min(len(names), 12)) + [b"<|im_end|>", b"<b>", b"[tag]", b"<tool>"]
    cases, shown = [], []
    for text in texts(count, seed, names):
        plain, special = llama.tokenize(text, False), llama.tokenize(text, True)
        cases.append([text.hex(), plain] + ([] if special == before + plain + after else [special]))
        back = [llama.detokenize(special, flag) for flag in (False, True)]
        shown.append(0 if back == [text, text] else [0 if part == text else part.hex() for part in back])
    tokens = random.Random(seed).sample(range(llama.size), min(llama.size, 150))
    tokens = sorted({*range(min(llama.size, 20)), *tokens})
    return {
        "before": before,
        "after": after,
        "cases": cases,
        # The ids with special tokens as text, first without the names of special tokens, then with; 0: the text itself.
        "detokenized": shown,
        "pieces": [[token, *(llama.piece(token, flag).hex() for flag in (False, True))] for token in tokens],
        "ends": [token for token in range(llama.size) if llama.ends(token)],
    }


def write(name, value):
    text = json.dumps(value, separators=(",", ":")).replace("],[", "],\n[")
    (OUT / f"{name}.json").write_text(text + "\n")
    print(name, len(text))


def main():
    Llama.load(sys.argv[1])
    OUT.mkdir(exist_ok=True)
    for name, file in MODELS.items():
        with Llama(pathlib.Path(sys.argv[2]) / file) as llama:
            write(f"tokenizer_{name}", vectors(llama, 200, 1))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "small.gguf"
        for name, make in vocabularies.SMALL.items():
            make(path)
            with Llama(path) as llama:
                write(f"tokenizer_{name}", vectors(llama, 60, 2))
        named = {}
        for name, names in vocabularies.NAMED.items():
            vocabularies.write_named(path, names)
            text = " a".join(names).encode()
            with Llama(path) as llama:
                ends = [token for token in range(llama.size) if llama.ends(token)]
                named[name] = [ends, llama.tokenize(text, False), llama.tokenize(text, True)]
        write("tokenizer_named", named)
        vocabularies.write_triples(path)
        with Llama(path) as llama:
            runs = [llama.tokenize(b" " * n + end, False) for n in vocabularies.SPACES for end in (b"x", b"")]
        write("tokenizer_spaces", [[[key, len([*group])] for key, group in itertools.groupby(ids)] for ids in runs])
        strings = texts(80, 3, [b"<|im_start|>", b"[XY]"])
        families = {}
        for family in vocabularies.FAMILIES:
            vocabularies.write_pairs(path, "gpt-2")
            vocabularies.set_pre(path, family)
            with Llama(path) as llama:
                families[family] = [llama.tokenize(text, False) for text in strings]
        write("tokenizer_texts", [text.hex() for text in strings])
        for family, ids in families.items():
            write(f"tokenizer_pre_{family}", ids)


if __name__ == "__main__":
    main()
