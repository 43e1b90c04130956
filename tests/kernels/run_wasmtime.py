"""Runs the kernel check in wasmtime: run_wasmtime.py <kernel_check.wasm> [seed] [fault]

Prints the report. Exits with 1 if a variant failed and with 2 if the module trapped. Relaxed SIMD instructions run as
the CPU executes them, not in wasmtime's deterministic form."""

import sys

import wasmtime


def main(path, seed="1", fault=None):
    config = wasmtime.Config()
    config.wasm_simd = True
    config.wasm_relaxed_simd = True
    config.wasm_memory64 = True
    config.wasm_relaxed_simd_deterministic = False
    engine = wasmtime.Engine(config)
    store = wasmtime.Store(engine)
    exports = wasmtime.Instance(store, wasmtime.Module.from_file(engine, path), []).exports(store)

    def call(name, *args):
        return exports[name](store, *args)

    if fault is not None:
        call("check_plant", int(fault))
    failed = None
    trapped = ""
    try:
        failed = call("check_run", int(seed))
    except wasmtime.Trap as trap:
        trapped = f"trapped: {trap}"
    at = call("check_text")
    print(exports["memory"].read(store, at, at + call("check_text_bytes")).decode())
    if failed is None:
        print(trapped)
        return 2
    count = call("check_count")
    print(f"{count} variants checked, {failed} failed")
    return 0 if failed == 0 and count > 0 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
