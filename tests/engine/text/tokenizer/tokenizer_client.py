"""Runs tokenizer_tool, the native tool around the tokenizer. QUERN_BUILD names the build directory."""

import os
import pathlib
import struct
import subprocess

ROOT = pathlib.Path(__file__).parents[4]
TOOL = ROOT / os.environ.get("QUERN_BUILD", "build/native") / "tests/engine/text/tokenizer_tool"

ADD_SPECIAL = 1
PARSE_SPECIAL = 2
SHOW_SPECIAL = 1


class Refused(Exception):
    """The file was rejected; the text says why."""


class Tokenizer:
    def __init__(self, path):
        self.tool = subprocess.Popen([TOOL, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        first = self.tool.stdout.readline().decode(errors="replace").strip()
        if first != "ready":
            self.__exit__()
            raise Refused(first)
        _, facts = self._ask(b"i", 0, 0, b"", 4)
        self.size, self.bos, self.eos, self.adds_bos, self.adds_eos = struct.unpack("<5i", facts)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tool.stdin.close()
        self.tool.stdout.close()
        assert self.tool.wait() == 0

    def _ask(self, letter, flags, count, payload, size):
        self.tool.stdin.write(letter + struct.pack("<II", flags, count) + payload)
        self.tool.stdin.flush()
        (n,) = struct.unpack("<q", self.tool.stdout.read(8))
        return n, self.tool.stdout.read(n * size) if n > 0 else b""

    def tokenize(self, text, flags=0, untrusted=None):
        n, ids = self._ask(b"m" if untrusted else b"t", flags, len(text), text + (untrusted or b""), 4)
        assert n >= 0, f"status {n}"
        return list(struct.unpack(f"<{n}i", ids))

    def nfc(self, text):
        n, normalized = self._ask(b"n", 0, len(text), text, 1)
        assert n >= 0, f"status {n}"
        return normalized

    def _text(self, letter, ids, flags):
        return self._ask(letter, flags, len(ids), struct.pack(f"<{len(ids)}i", *ids), 1)[1]

    def detokenize(self, ids, flags=0):
        return self._text(b"d", ids, flags)

    def stream(self, ids, flags=0):
        return self._text(b"p", ids, flags)

    def piece(self, token, flags=0):
        return self._text(b"b", [token], flags)

    def ends(self, tokens):
        """The tokens that end generation."""
        n, ids = self._ask(b"e", 0, len(tokens), struct.pack(f"<{len(tokens)}i", *tokens), 4)
        return list(struct.unpack(f"<{n}i", ids))
