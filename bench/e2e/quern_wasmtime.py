#!/usr/bin/env python3
"""Quern in wasmtime as a competitor. child.js defines the protocol."""

import json
import math
import sys
import time
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "hosts" / "wasmtime"))
from engine import Engine, Session  # noqa: E402


def random_tokens(count, vocabulary, seed):
    """The same tokens as in tokens.js."""
    ids, state = [], seed or 1
    for _ in range(count):
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        ids.append(state % vocabulary)
    return ids


class Measured:
    def __init__(self, engine, model, cell):
        self.engine, self.cell = engine, cell
        self.rows = cell.get("rows", [1])
        longest = cell["context"] + max(cell["prompt"], *(k * self.passes(k) for k in self.rows))
        self.session = Session(model, longest)
        self.tokens = random_tokens(longest, model.vocab_size, cell["seed"])
        if cell["context"]:
            self.compute(0, cell["context"])

    def passes(self, k):
        return math.ceil(self.cell["generate"] / k)

    def compute(self, start, count):
        self.session.feed(self.tokens[start : start + count])
        while self.session.step():
            pass

    def seconds(self, total, each):
        context = self.cell["context"]
        self.engine.check(self.engine.call("qn_session_rewind", self.session.address, context))
        start = time.perf_counter()
        for at in range(context, context + total, each):
            self.compute(at, each)
        return time.perf_counter() - start

    def round(self):
        prompt = self.cell["prompt"]
        prefill = self.seconds(prompt, prompt)
        logits = self.session.logits(0)
        passes = [self.seconds(k * self.passes(k), k) / self.passes(k) for k in self.rows]
        return {
            "prefill_s": prefill,
            "pass_s": passes,
            "decode_s": passes[0] * self.cell["generate"],
            "peak_bytes": self.engine.memory_bytes(),
            "crc32": zlib.crc32(logits),
        }


def main():
    def answer(value):
        print(json.dumps(value), flush=True)

    cell = json.loads(sys.stdin.readline())
    start = time.perf_counter()
    engine = Engine(cell["wasm"], cell["threads"])
    model = engine.open(cell["model"])
    model.use_cache(cell.get("kv", "f16"))
    load_ms = 1000 * (time.perf_counter() - start)
    measured = Measured(engine, model, cell)
    answer({"load_ms": load_ms, "peak_bytes": engine.memory_bytes()})
    for line in sys.stdin:
        if line == "round\n":
            answer(measured.round())
    measured.session.free()
    engine.stop()


if __name__ == "__main__":
    main()
