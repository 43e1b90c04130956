"""NFC against Python's unicodedata, of Unicode 15.1: every code point, those that NFC changes next to others, and
random strings."""

import pathlib
import random
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[4]
sys.path.insert(0, str(ROOT / "tests/engine/text/tokenizer"))
from tokenizer_client import ADD_SPECIAL, PARSE_SPECIAL, Tokenizer  # noqa: E402

unicodedata = pytest.importorskip("unicodedata2")
MODEL = ROOT / "tests/vectors/tiny-gemma3-f32.gguf"
QN_NFC = 4
CODES = [chr(code) for code in range(0x110000)]
NFD = {code: unicodedata.normalize("NFD", code) for code in CODES}
PARTS = sorted({part for code in CODES for part in NFD[code] if part != code})
# Those that NFC changes or that may change others.
CHANGING = sorted({*PARTS, *(code for code in CODES if unicodedata.combining(code) or NFD[code] != code)})


@pytest.fixture(scope="module")
def tokenizer():
    with Tokenizer(MODEL) as tokenizer:
        yield tokenizer


def check(tokenizer, text):
    expected = unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")
    found = tokenizer.nfc(text.encode("utf-8", "surrogatepass"))
    if found != expected:
        pairs = zip(text.split("\n"), found.split(b"\n"), expected.split(b"\n"), strict=True)
        wrong = [(ascii(line), is_, should) for line, is_, should in pairs if is_ != should]
        pytest.fail(f"{len(wrong)} are wrong: {wrong[:5]}")


def test_every_code_point(tokenizer):
    assert unicodedata.unidata_version == "15.1.0"
    check(tokenizer, "\n".join(code for code in CODES if code != "\n"))


@pytest.mark.parametrize("before", ["e", "e\u0301", "\u0323\u0301", "\u1100", "\uac00", "\u09c7", "\U00011131\u0338"])
def test_after_others(tokenizer, before):
    check(tokenizer, "\n".join(before + code for code in CHANGING))


def test_before_marks(tokenizer):
    check(tokenizer, "\n".join(code + "\u0301\u0323\u0345" for code in CHANGING))


def test_decomposed_text(tokenizer):
    check(tokenizer, unicodedata.normalize("NFD", "\n".join(CHANGING)))


def test_random_strings(tokenizer):
    choose = random.Random(1)
    marks = [code for code in CHANGING if unicodedata.combining(code)]
    jamo = [chr(code) for code in (*range(0x1100, 0x1113), *range(0x1161, 0x1176), *range(0x11A7, 0x11C3))]
    alphabets = [marks, PARTS, CHANGING, jamo, CODES, list("aeo<>=")]
    lines = []
    for _ in range(30000):
        some = choose.choices(alphabets, k=choose.randint(1, 3))
        line = "".join(choose.choice(choose.choice(some)) for _ in range(choose.randint(1, 12)))
        lines.append(line.replace("\n", ""))
    check(tokenizer, "\n".join(lines))


def test_long_runs_of_marks(tokenizer):
    choose = random.Random(2)
    marks = [code for code in CHANGING if unicodedata.combining(code)]
    check(tokenizer, "a" + "".join(choose.choices(marks, k=2000)))
    # Python takes quadratic time. These marks have different classes, and do not compose with the letter.
    run = choose.choices("\u0316\u0334\u0345", k=300000)
    assert (
        tokenizer.nfc(("a" + "".join(run)).encode()) == ("a" + "".join(sorted(run, key=unicodedata.combining))).encode()
    )


def test_invalid_bytes_stay(tokenizer):
    choose = random.Random(3)
    for _ in range(2000):
        text = bytes(
            choose.choices([*b"ae\xcc\x81\x80\xc3\xe1\xb8\xff\xf0\xc0", *"e\u0301".encode()], k=choose.randint(1, 20))
        )
        expected = unicodedata.normalize("NFC", text.decode("utf-8", "surrogateescape")).encode(
            "utf-8", "surrogateescape"
        )
        assert tokenizer.nfc(text) == expected, text


def test_tokens(tokenizer):
    for text in ("e\u0301", "\u1100\u1161\u11a8", "\u212b"):
        normal = tokenizer.tokenize(unicodedata.normalize("NFC", text).encode())
        assert tokenizer.tokenize(text.encode(), QN_NFC) == normal != tokenizer.tokenize(text.encode())
    # Special tokens are found first: nothing composes with their last character.
    flags = ADD_SPECIAL | PARSE_SPECIAL
    assert tokenizer.tokenize("<eos>\u0338".encode(), flags | QN_NFC) == tokenizer.tokenize(
        "<eos>\u0338".encode(), flags
    )
