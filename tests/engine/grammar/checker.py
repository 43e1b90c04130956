"""Runs grammar_tool: which texts does a grammar accept?"""

import os
import pathlib
import struct
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
TOOL = pathlib.Path(os.environ.get("QUERN_BUILD", ROOT / "build" / "native")) / "tests" / "engine" / "grammar_tool"


def packed(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<I", len(data)) + data


def check(cases):
    """For each (notation, grammar, texts): a string of 1 and 0, one for each text, or the error."""
    data = b"".join(
        notation.encode() + packed(grammar) + struct.pack("<I", len(texts)) + b"".join(map(packed, texts))
        for notation, grammar, texts in cases
    )
    done = subprocess.run([TOOL], input=data, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stdout.decode().split("\n")[:-1]
    assert len(lines) == len(cases)
    return lines
