"""Compares the tokenizer with llama.cpp's results (vectors/, written by tools/make_tokenizer_vectors.py): for real
vocabularies, if `make test` has downloaded the models, and for small ones made by tokenizer_vocabularies.py."""

import json
import os
import pathlib
import random

import pytest
import tokenizer_vocabularies as vocabularies
from tokenizer_client import ADD_SPECIAL, PARSE_SPECIAL, SHOW_SPECIAL, Refused, Tokenizer

VECTORS = pathlib.Path(__file__).parent / "vectors"
CACHE = pathlib.Path(os.environ.get("QUERN_CACHE", pathlib.Path.home() / ".cache/quern")) / "models"
REAL = {"smollm2": "SmolLM2-135M-Instruct.Q4_1.gguf", "gemma3": "gemma-3-270m-q4_k_m.gguf"}


def load(name):
    return json.loads((VECTORS / f"tokenizer_{name}.json").read_text())


@pytest.fixture(scope="module", params=[*REAL, *vocabularies.SMALL])
def both(request, tmp_path_factory):
    """A tokenizer and its vectors."""
    if request.param in REAL:
        path = CACHE / REAL[request.param]
        if not path.exists():
            pytest.skip(f"no {path}; make test downloads it")
    else:
        path = tmp_path_factory.mktemp("vocabulary") / "small.gguf"
        vocabularies.SMALL[request.param](path)
    with Tokenizer(path) as tokenizer:
        yield tokenizer, load(request.param)


def cases(vectors):
    for text, plain, *special in vectors["cases"]:
        yield bytes.fromhex(text), plain, special[0] if special else vectors["before"] + plain + vectors["after"]


def test_tokens(both):
    tokenizer, vectors = both
    for text, plain, special in cases(vectors):
        assert tokenizer.tokenize(text) == plain, text
        assert tokenizer.tokenize(text, ADD_SPECIAL | PARSE_SPECIAL) == special, text


def test_a_mask_of_trusted_bytes_changes_nothing(both):
    tokenizer, vectors = both
    for text, _, special in cases(vectors):
        if text:
            assert tokenizer.tokenize(text, ADD_SPECIAL | PARSE_SPECIAL, bytes(len(text))) == special, text


def test_untrusted_text_makes_no_control_token(both):
    tokenizer, vectors = both
    for text, plain, _ in cases(vectors):
        if text and b"<|" not in text and b"|>" not in text:  # texts that look like control tokens are guarded too
            assert tokenizer.tokenize(text, PARSE_SPECIAL, b"\1" * len(text)) == plain, text


def test_detokenize(both):
    tokenizer, vectors = both
    for (text, _, special), shown in zip(cases(vectors), vectors["detokenized"], strict=True):
        hidden, shown = (text if part == 0 else bytes.fromhex(part) for part in shown or [0, 0])
        assert tokenizer.detokenize(special) == hidden, text
        assert tokenizer.detokenize(special, SHOW_SPECIAL) == shown, text


def test_streaming(both):
    """Streaming returns the bytes of the tokens as whole characters, without a first space that the encoder added."""
    tokenizer, vectors = both
    for text, _, special in cases(vectors):
        for flags in (0, SHOW_SPECIAL):
            pieces = b"".join(tokenizer.piece(token, flags) for token in special)
            streamed = tokenizer.stream(special, flags)
            assert streamed in (whole(pieces), whole(pieces)[1:] if pieces.startswith(b" ") else None), text


def whole(data):
    return data.decode(errors="replace").encode()


def test_pieces(both):
    tokenizer, vectors = both
    for token, hidden, shown in vectors["pieces"]:
        assert tokenizer.piece(token) == bytes.fromhex(hidden), token
        assert tokenizer.piece(token, SHOW_SPECIAL) == bytes.fromhex(shown), token


def test_ends(both):
    tokenizer, vectors = both
    assert tokenizer.ends([-(2**31), -2, -1, *range(tokenizer.size + 1), 2**31 - 1]) == vectors["ends"]


@pytest.mark.parametrize("name", vocabularies.NAMED)
def test_special_tokens_by_text(name, tmp_path):
    path = tmp_path / "named.gguf"
    vocabularies.write_named(path, vocabularies.NAMED[name])
    text = " a".join(vocabularies.NAMED[name]).encode()
    ends, plain, special = load("named")[name]
    with Tokenizer(path) as tokenizer:
        assert tokenizer.ends(range(tokenizer.size)) == ends
        assert tokenizer.tokenize(text) == plain
        assert tokenizer.tokenize(text, ADD_SPECIAL | PARSE_SPECIAL) == special


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    path = tmp_path_factory.mktemp("pairs") / "pairs.gguf"
    vocabularies.write_pairs(path, "gpt-2")
    return path


@pytest.mark.parametrize("family", vocabularies.FAMILIES)
def test_pretokenizer(family, pairs, tmp_path):
    path = tmp_path / "pairs.gguf"
    path.write_bytes(pairs.read_bytes())
    vocabularies.set_pre(path, family)
    texts = [bytes.fromhex(text) for text in load("texts")]
    with Tokenizer(path) as tokenizer:
        for text, ids in zip(texts, load(f"pre_{family}"), strict=True):
            assert tokenizer.tokenize(text) == ids, text


def test_runs_of_spaces(tmp_path):
    path = tmp_path / "triples.gguf"
    vocabularies.write_triples(path)
    texts = [b" " * n + end for n in vocabularies.SPACES for end in (b"x", b"")]
    with Tokenizer(path) as tokenizer:
        for text, runs in zip(texts, load("spaces"), strict=True):
            assert tokenizer.tokenize(text) == [token for token, count in runs for _ in range(count)], len(text)


def test_code_points_past_unicode_are_invalid_bytes(pairs):
    """llama.cpp throws an exception for this text."""
    with Tokenizer(pairs) as tokenizer:
        ids = tokenizer.tokenize(b"\xf4\x90\x80\x80 \xf7\xbf\xbf\xbf")
        assert tokenizer.detokenize(ids) == "\ufffd\ufffd\ufffd\ufffd \ufffd\ufffd\ufffd\ufffd".encode()


def test_unknown_pretokenizer_is_rejected(pairs, tmp_path):
    path = tmp_path / "pairs.gguf"
    path.write_bytes(pairs.read_bytes())
    vocabularies.set_pre(path, "gpt-3")
    with pytest.raises(Refused, match="tokenizer.ggml.pre is gpt-3, which is not supported"):
        Tokenizer(path)


@pytest.mark.parametrize("family", ["spm", *vocabularies.FAMILIES])
def test_long_runs(family, pairs, tmp_path):
    """Runs of 100,000 equal characters: a quadratic step would take too long. Streaming restores the text."""
    path = tmp_path / "long.gguf"
    if family == "spm":
        vocabularies.write_spm(path, add_space_prefix=False)
    else:
        path.write_bytes(pairs.read_bytes())
        vocabularies.set_pre(path, family)
    text = "".join(
        unit * 100_000 for unit in ("a", " ", "0", "\n", "A ", "<", "\r ", "é", "\u0301", "'", "中")
    ).encode()
    with Tokenizer(path) as tokenizer:
        assert tokenizer.stream(tokenizer.tokenize(text, PARSE_SPECIAL)) == text


@pytest.mark.parametrize("name", ["wpm", "unigram"])
def test_long_runs_of_pieces(name, tmp_path):
    """Time is linear in the length of words and runs."""
    path = tmp_path / "long.gguf"
    vocabularies.SMALL[name](path)
    text = "".join(
        unit * 50_000 for unit in ("a", " ", "0", "é", "\u0301", "<", "中", "te", "the ", "e\u0301")
    ).encode()
    with Tokenizer(path) as tokenizer:
        assert len(tokenizer.tokenize(text)) > 1000


def test_any_charsmap_is_harmless(tmp_path):
    """Random bytes in the charsmap change the result, or the file is rejected. Sanitizers detect other effects."""
    path = tmp_path / "unigram.gguf"
    vocabularies.SMALL["unigram"](path)
    data = path.read_bytes()
    charsmap = vocabularies.charsmap(vocabularies.RULES)
    start = data.index(charsmap)
    texts = [" ".join(vocabularies.RULES).encode(), vocabularies.TEXT.encode(), bytes(range(256))]
    source, changed = random.Random(4), 0
    for round in range(120):
        bad = bytearray(data)
        for _ in range(source.choice([1, 30, 400])):
            bad[start + source.randrange(len(charsmap))] = source.randrange(256)
        if round > 100:  # a random array of the right size
            bad[start + 4 : start + len(charsmap)] = source.randbytes(len(charsmap) - 4)
        path.write_bytes(bad)
        try:
            with Tokenizer(path) as tokenizer:
                changed += [tokenizer.tokenize(text) for text in texts] != []
        except Refused as error:
            assert "precompiled_charsmap" in str(error)
    assert changed > 50


GUARDED = [b"<|im_start|>", b"<|im_end|>", b"<|user|>", b"</s>", b"<unk>"]


@pytest.mark.parametrize("name", GUARDED)
def test_special_tokens_need_trusted_bytes(name, pairs):
    text = b"x" + name + b"y"
    with Tokenizer(pairs) as tokenizer:
        (token,) = tokenizer.tokenize(name, PARSE_SPECIAL)
        assert token < 8
        assert token in tokenizer.tokenize(text, PARSE_SPECIAL, b"\1" + bytes(len(name)) + b"\1")
        for at in range(len(name)):  # one untrusted byte at any position
            mask = bytearray(len(text))
            mask[1 + at] = 1
            ids = tokenizer.tokenize(text, PARSE_SPECIAL, bytes(mask))
            assert all(token >= 8 for token in ids)
            assert tokenizer.detokenize(ids) == text


def test_user_defined_tokens_match_in_untrusted_text(pairs):
    """[X] is a user-defined token, [XY] a control token."""
    with Tokenizer(pairs) as tokenizer:
        assert tokenizer.tokenize(b"[X]") == tokenizer.tokenize(b"[X]", PARSE_SPECIAL, b"\1\1\1") == [6]
        assert tokenizer.tokenize(b"[XY]", PARSE_SPECIAL, b"\0\0\0\0") == [7]
        assert 7 not in tokenizer.tokenize(b"[XY]", PARSE_SPECIAL, b"\1\0\0\0")


def test_streaming_of_any_bytes(pairs):
    """Like Python's decoding with replacement: each maximal part of an ill-formed sequence becomes one U+FFFD."""
    source = random.Random(1)
    bounds = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
              0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFF]  # fmt: skip
    texts = [bytes(source.choices(bounds, k=source.randint(1, 12))) for _ in range(3000)]
    texts += [bytes([a, b, c]) for a in bounds for b in bounds for c in bounds]
    with Tokenizer(pairs) as tokenizer:
        assert tokenizer.piece(8 + 0xED) == b"\xed"  # the tokens of single bytes start at 8
        for text in texts:
            assert tokenizer.stream([8 + byte for byte in text]) == whole(text), text


def test_spm_without_byte_tokens_uses_the_unknown_token(tmp_path):
    path = tmp_path / "spm.gguf"
    vocabularies.write_spm(path, byte_tokens=False, add_space_prefix=False, unknown_token_id=0)
    with Tokenizer(path) as tokenizer:
        assert tokenizer.tokenize("\u2603".encode()) == [0, 0, 0]
