"""Runs kernels once in wasmtime, for instructions.py: trace.py <kernel_bench.wasm> <compiled module> <sizes as JSON>

Compiles the module if the second file does not exist. Prints the address of the compiled module."""

import json
import os
import re
import sys

import wasmtime


def main(wasm, compiled, sizes):
    config = wasmtime.Config()
    config.wasm_relaxed_simd = True
    config.wasm_relaxed_simd_deterministic = False
    engine = wasmtime.Engine(config)
    if not os.path.exists(compiled):
        with open(compiled, "wb") as file:
            file.write(wasmtime.Module.from_file(engine, wasm).serialize())
    store = wasmtime.Store(engine)
    exports = wasmtime.Instance(store, wasmtime.Module.deserialize_file(engine, compiled), []).exports(store)
    with open("/proc/self/maps") as maps:
        print(next(line.split("-")[0] for line in maps if compiled in line))

    def call(name, *arguments):
        return exports[name](store, *arguments)

    def text(address):
        return bytes(exports["memory"].read(store, address, address + 32)).split(b"\0")[0].decode()

    few = sizes["tokens"]
    for entry in range(call("bench_count")):
        name = text(call("bench_name", entry))
        if re.search(sizes["entries"], name):
            for work, tokens in (("gemv", 1), ("few", few), ("gemm", few), ("batch", few)):
                if work == "few" and call("bench_gemv_tokens", entry) < few:
                    continue
                call("bench_prepare", entry, sizes["rows"], sizes["n"], tokens)
                os.path.exists(f"/begin/{name.replace(' ', '_')}/{work}")
                call("bench_gemv" if work == "few" else f"bench_{work}", 1)
                os.path.exists("/end/")


main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
