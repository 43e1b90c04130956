#!/usr/bin/env python3
"""Quern in wasmtime as a competitor, spoken to as child.js says. Needs the wasmtime package."""
import ctypes
import json
import sys
import threading
import time

import wasmtime
from wasmtime import _ffi as ffi

QN_MORE, QN_LOGITS_LAST = 1, 1
CHUNK = 1 << 26


class SharedMemory(wasmtime.SharedMemory):
    """wasmtime 50's own passes the address of its pointer as an import, where the pointer is wanted."""

    def _as_extern(self):
        union = ffi.wasmtime_extern_union(sharedmemory=self.ptr())
        return ffi.wasmtime_extern_t(ffi.WASMTIME_EXTERN_SHAREDMEMORY, union)


class Engine:
    def __init__(self, path, threads):
        config = wasmtime.Config()
        config.wasm_relaxed_simd = True
        config.wasm_threads = True
        config.shared_memory = True
        self.engine = wasmtime.Engine(config)
        self.module = wasmtime.Module.from_file(self.engine, path)
        limits = [one.type for one in self.module.imports if isinstance(one.type, wasmtime.MemoryType)]
        self.shared = SharedMemory(self.engine, limits[0]) if limits else None
        self.store, self.exports = self.instance()
        self.workers = []
        if threads > 1:
            self.start(threads)

    def instance(self):
        store = wasmtime.Store(self.engine)
        return store, wasmtime.Instance(store, self.module, [self.shared] if self.shared else []).exports(store)

    def start(self, threads):
        if self.call("qn_threads_start", threads) != 0:
            raise RuntimeError(f"{threads} threads could not be started")

        def enter(worker, stack):
            store, exports = self.instance()  # in the thread that uses it
            exports["qn_worker_enter"](store, worker, stack)

        for worker in range(1, threads):
            thread = threading.Thread(target=enter, args=(worker, self.call("qn_worker_stack", worker)), daemon=True)
            thread.start()
            self.workers.append(thread)

    def stop(self):
        if self.workers:
            self.call("qn_threads_stop")
            for thread in self.workers:
                thread.join()

    def call(self, name, *arguments):
        return self.exports[name](self.store, *arguments)

    def address(self, at):
        """Of a byte of linear memory, in this process; until memory grows."""
        data = self.shared.data_ptr() if self.shared else self.exports["memory"].data_ptr(self.store)
        return ctypes.addressof(data.contents) + at

    def memory_bytes(self):
        return self.shared.data_len() if self.shared else self.exports["memory"].data_len(self.store)

    def check(self, status):
        if status < 0:
            error = self.call("qn_last_error")
            size = ctypes.c_uint32.from_address(self.address(error + 4)).value
            raise RuntimeError(ctypes.string_at(self.address(error + 16), size).decode())
        return status


def load_model(engine, path):
    want = engine.call("qn_alloc", 24)
    with open(path, "rb", buffering=0) as file:
        model = engine.call("qn_model_open", file.seek(0, 2))
        for placed in (False, True):
            while engine.check(engine.call("qn_model_want", model, want)) == QN_MORE:
                offset, size, address = (ctypes.c_uint64 * 3).from_address(engine.address(want))
                file.seek(offset)
                place = (ctypes.c_char * min(size, CHUNK)).from_address(engine.address(address))
                engine.check(engine.call("qn_model_wrote", model, file.readinto(place)))
            if not placed:
                engine.check(engine.call("qn_model_place", model))
    engine.call("qn_free", want)
    return model


def random_tokens(count, vocabulary, seed):
    """As tokens.js has them."""
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
        longest = cell["context"] + max(cell["prompt"], cell["generate"])
        self.session = engine.call("qn_session_new", model, longest, 0)
        self.tokens = engine.call("qn_alloc", 4 * longest)
        ids = random_tokens(longest, engine.call("qn_model_vocab_size", model), cell["seed"])
        (ctypes.c_int32 * longest).from_address(engine.address(self.tokens))[:] = ids
        if cell["context"]:
            self.compute(0, cell["context"])

    def compute(self, start, count):
        engine = self.engine
        engine.check(engine.call("qn_session_feed", self.session, self.tokens + 4 * start, count, QN_LOGITS_LAST))
        while engine.check(engine.call("qn_session_step", self.session)) == QN_MORE:
            pass

    def seconds(self, total, each):
        context = self.cell["context"]
        self.engine.check(self.engine.call("qn_session_rewind", self.session, context))
        start = time.perf_counter()
        for at in range(context, context + total, each):
            self.compute(at, each)
        return time.perf_counter() - start

    def round(self):
        prompt, generate = self.cell["prompt"], self.cell["generate"]
        return {"prefill_s": self.seconds(prompt, prompt), "decode_s": self.seconds(generate, 1),
                "peak_bytes": self.engine.memory_bytes()}


def main():
    def answer(value):
        print(json.dumps(value), flush=True)

    cell = json.loads(sys.stdin.readline())
    start = time.perf_counter()
    engine = Engine(cell["wasm"], cell["threads"])
    model = load_model(engine, cell["model"])
    load_ms = 1000 * (time.perf_counter() - start)
    measured = Measured(engine, model, cell)
    answer({"load_ms": load_ms, "peak_bytes": engine.memory_bytes()})
    for line in sys.stdin:
        if line == "round\n":
            answer(measured.round())
    engine.call("qn_session_free", measured.session)
    engine.stop()


if __name__ == "__main__":
    main()
