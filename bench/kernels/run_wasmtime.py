"""Measures kernel_bench.wasm in wasmtime, as measure.js does in JavaScript hosts. Prints the rows as JSON.

run_wasmtime.py <kernel_bench.wasm> <options as JSON>
"""

import json
import math
import re
import sys
import time

import wasmtime

SLICE = 0.002  # s


class Bench:
    """kernel_bench.wasm, its options, and an instance with the table of entries."""

    def __init__(self, path, options):
        self.options = options
        config = wasmtime.Config()
        config.wasm_simd = True
        config.wasm_relaxed_simd = True
        config.wasm_relaxed_simd_deterministic = False
        engine = wasmtime.Engine(config)
        self.module = wasmtime.Module.from_file(engine, path)
        self.store = wasmtime.Store(engine)
        self.call, self.memory = self.instance()

    def instance(self):
        exports = wasmtime.Instance(self.store, self.module, []).exports(self.store)
        return lambda name, *args: exports[name](self.store, *args), exports["memory"]

    def entries(self, count, name):
        def name_of(entry):
            at = self.call(name, entry)
            return self.memory.read(self.store, at, at + 40).split(b"\0")[0].decode()

        rows = [{"entry": entry, "name": name_of(entry)} for entry in range(self.call(count))]
        return [row for row in rows if re.search(self.options["entries"], row["name"])]

    def products(self):
        """(key of the result, function, shape of an entry, multiplications or bytes of an entry)."""
        n, tokens, dram = (self.options[key] for key in ("n", "tokens", "dramBytes"))
        yield "gemm", "bench_gemm", lambda e: (8, tokens), lambda e: 8 * n * tokens
        yield "batch", "bench_batch", lambda e: (128, tokens), lambda e: 128 * n * tokens
        yield "gemv", "bench_gemv", lambda e: (256, 1), lambda e: 256 * n
        if dram:

            def rows(e):
                return int(dram // self.call("bench_bytes", e, n))

            yield "dram", "bench_gemv", lambda e: (rows(e), 1), lambda e: rows(e) * self.call("bench_bytes", e, n)


def calibrated(call, *args):
    """The number of repetitions that takes about a slice."""
    times = 1
    while timed(call, *args, times) < SLICE / 2:
        times *= 2
    return times


def measure_products(bench, rows):
    rounds = bench.options["rounds"]
    for key, function, shape, amount in bench.products():
        jobs = []
        for row in rows:
            call, _ = bench.instance()
            n_rows, tokens = shape(row["entry"])
            if call("bench_prepare", row["entry"], n_rows, bench.options["n"], tokens):
                jobs.append([row, call, calibrated(call, function), math.inf])
        for _ in range(max(1, rounds // 10) if key == "dram" else rounds):
            for job in jobs:
                job[3] = min(job[3], timed(job[1], function, job[2]) / job[2])
        for row, _, _, best in jobs:
            row[key] = amount(row["entry"]) / best / 1e9


def measure_vectors(bench, rows):
    for row in rows:
        times = calibrated(bench.call, "bench_vector", row["entry"])
        rounds = range(bench.options["rounds"])
        best = min(timed(bench.call, "bench_vector", row["entry"], times) / times for _ in rounds)
        row["cache"] = bench.call("bench_vector_bytes", row["entry"]) / best / 1e9


def measure_machine(bench):
    """The limits of the machine, as in measure.js."""
    row, options, (call, _) = {"name": "machine peak"}, bench.options, bench.instance()

    def loop(key, function, amount):
        times = calibrated(call, function)
        row[key] = amount / min(timed(call, function, times) / times for _ in range(options["rounds"])) / 1e9

    loop("gemm", "bench_peak", call("bench_peak_products"))
    rows = int(options["dramBytes"] // call("bench_bytes", 0, options["n"]))
    if rows and call("bench_prepare", 0, rows, options["n"], 1):
        loop("dram", "bench_read", rows * call("bench_bytes", 0, options["n"]))
    return row


def timed(call, function, *args):
    start = time.perf_counter()
    call(function, *args)
    return time.perf_counter() - start


def main(path, options):
    bench = Bench(path, json.loads(options))
    products = bench.entries("bench_count", "bench_name")
    vectors = bench.entries("bench_vector_count", "bench_vector_name")
    measure_products(bench, products)
    measure_vectors(bench, vectors)
    print(json.dumps([measure_machine(bench), *products, *vectors]))


if __name__ == "__main__":
    main(*sys.argv[1:])
