"""Runs grammar_tool: which texts does a grammar accept?"""

import itertools
import json
import os
import pathlib
import struct
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
TOOL = pathlib.Path(os.environ.get("QUERN_BUILD", ROOT / "build" / "native")) / "tests" / "engine" / "grammar_tool"


def packed(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<I", len(data)) + data


def run(parts, count):
    done = subprocess.run([TOOL], input=b"".join(parts), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stdout.decode().split("\n")[:-1]
    assert len(lines) == count
    return lines


def check(cases):
    """For each (notation, grammar, texts): a string of 1 and 0, one for each text, or the error."""
    parts = [
        notation.encode() + packed(grammar) + struct.pack("<II", 0, len(texts)) + b"".join(map(packed, texts))
        for notation, grammar, texts in cases
    ]
    return run(parts, len(cases))


def walk(cases, count, seed=1):
    """For each (notation, grammar): up to `count` random texts that it accepts, or the error."""
    parts = [
        notation.encode() + packed(grammar) + struct.pack("<II", seed + i, count)
        for i, (notation, grammar) in enumerate(cases)
    ]
    lines = run(parts, len(cases))
    return [line if ":" in line or "[" in line else [bytes.fromhex(t) for t in line.split()] for line in lines]


def is_answer(line):
    return set(line) <= {"0", "1"}


def forms(value, most=200):
    """The texts of a JSON value as a schema's grammar writes them, with the members of objects in every order."""
    if isinstance(value, dict):
        members = [[json.dumps(key, ensure_ascii=False) + ":" + form for form in forms(value[key])] for key in value]
        orders = (order for chosen in itertools.product(*members) for order in itertools.permutations(chosen))
        return ["{" + ",".join(order) + "}" for order in itertools.islice(orders, most)]
    if isinstance(value, list):
        return ["[" + ",".join(c) + "]" for c in itertools.islice(itertools.product(*map(forms, value)), most)]
    if isinstance(value, float) and value.is_integer():
        return [str(int(value))]
    return [json.dumps(value, ensure_ascii=False)]
