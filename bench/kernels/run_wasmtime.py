"""measure.js for wasmtime: run_wasmtime.py <kernel_bench.wasm> <options as JSON>. Prints the rows as JSON."""

import json
import math
import re
import sys
import time

import wasmtime

SLICE = 0.002  # s


def main(path, options):
    given = json.loads(options)
    n, tokens, rounds = given["n"], given["tokens"], given["rounds"]
    config = wasmtime.Config()
    config.wasm_simd = True
    config.wasm_relaxed_simd = True
    config.wasm_relaxed_simd_deterministic = False
    engine = wasmtime.Engine(config)
    module = wasmtime.Module.from_file(engine, path)
    store = wasmtime.Store(engine)

    def instance():
        exports = wasmtime.Instance(store, module, []).exports(store)
        return lambda name, *args: exports[name](store, *args), exports["memory"]

    call, memory = instance()

    def choose(count, name):
        def name_of(entry):
            at = call(name, entry)
            return memory.read(store, at, at + 40).split(b"\0")[0].decode()

        rows = [{"entry": entry, "name": name_of(entry)} for entry in range(call(count))]
        return [row for row in rows if re.search(given["entries"], row["name"])]

    chosen = choose("bench_count", "bench_name")
    vectors = choose("bench_vector_count", "bench_vector_name")
    works = [
        ("gemm", "bench_gemm", lambda e: (8, tokens), lambda e: 8 * n * tokens),
        ("batch", "bench_batch", lambda e: (128, tokens), lambda e: 128 * n * tokens),
        ("gemv", "bench_gemv", lambda e: (256, 1), lambda e: 256 * n),
    ]
    if given["dramBytes"]:

        def rows_of(e):
            return int(given["dramBytes"] // call("bench_bytes", e, n))

        works.append(
            ("dram", "bench_gemv", lambda e: (rows_of(e), 1), lambda e: rows_of(e) * call("bench_bytes", e, n))
        )
    for key, function, shape, unit in works:
        jobs = []
        for item in chosen:
            store_call, _ = instance()
            rows, batch = shape(item["entry"])
            if not store_call("bench_prepare", item["entry"], rows, n, batch):
                continue
            times = 1
            while timed(store_call, function, times) < SLICE / 2:
                times *= 2
            jobs.append([item, store_call, times, math.inf])
        for _ in range(max(1, rounds // 10) if key == "dram" else rounds):
            for job in jobs:
                job[3] = min(job[3], timed(job[1], function, job[2]) / job[2])
        for item, _, _, best in jobs:
            item[key] = unit(item["entry"]) / best / 1e9
    for item in vectors:
        times = 1
        while timed(call, "bench_vector", item["entry"], times) < SLICE / 2:
            times *= 2
        best = min(timed(call, "bench_vector", item["entry"], times) / times for _ in range(rounds))
        item["cache"] = call("bench_vector_bytes", item["entry"]) / best / 1e9
    print(json.dumps([machine(instance()[0], given), *chosen, *vectors]))


def machine(call, given):
    """What the machine gives a small loop at most, as measure.js has it."""
    row = {"name": "machine peak"}

    def loop(key, function, amount):
        times = 1
        while timed(call, function, times) < SLICE / 2:
            times *= 2
        row[key] = amount / min(timed(call, function, times) / times for _ in range(given["rounds"])) / 1e9

    loop("gemm", "bench_peak", call("bench_peak_products"))
    rows = int(given["dramBytes"] // call("bench_bytes", 0, given["n"]))
    if rows and call("bench_prepare", 0, rows, given["n"], 1):
        loop("dram", "bench_read", rows * call("bench_bytes", 0, given["n"]))
    return row


def timed(call, function, *args):
    start = time.perf_counter()
    call(function, *args)
    return time.perf_counter() - start


if __name__ == "__main__":
    main(*sys.argv[1:])
