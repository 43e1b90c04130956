"""Quern's module in wasmtime: the exports of include/quern.h, called from Python. Needs the wasmtime package."""

import contextlib
import ctypes
import re
import threading
import time

import wasmtime
from wasmtime import _ffi as ffi

MORE, FORMAT = 1, -2
ADD_SPECIAL, PARSE_SPECIAL, SHOW_SPECIAL = 1, 2, 1
POOLINGS = {"model": -1, "none": 0, "mean": 1, "cls": 2, "last": 3}
LOGITS_NONE, LOGITS_LAST, LOGITS_ALL = 0, 1, 2
NO_OFFSET = 2**64 - 1
CHUNK = 16 << 20
SAVED_CHUNK = 1 << 20
CACHES = ("f16", "q8_0")


class QuernError(Exception):
    """What the engine says, and the byte in the file or template, or None."""

    def __init__(self, text, code, offset):
        super().__init__(text)
        self.code, self.offset = code, offset


class Error(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_int32),
        ("text_bytes", ctypes.c_uint32),
        ("offset", ctypes.c_uint64),
        ("text", ctypes.c_char * 496),
    ]


class Want(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("offset", "bytes", "address", "part")]


class Plan(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_uint64)
        for name in (
            "fileBytes",
            "tensorBytes",
            "metadataBytes",
            "kvPageBytes",
            "kvPageTokens",
            "kvBytes",
            "scratchBytes",
            "totalBytes",
        )
    ]
    _fields_ += [("context", ctypes.c_uint32), ("batch", ctypes.c_uint32)]


class Value(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("key_address", "key_bytes", "address", "bytes", "count")]
    _fields_ += [("type", ctypes.c_uint32), ("element_type", ctypes.c_uint32)]


class Tensor(ctypes.Structure):
    _fields_ = [
        ("name_address", ctypes.c_uint64),
        ("name_bytes", ctypes.c_uint64),
        ("shape", ctypes.c_uint64 * 4),
        ("offset", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
        ("n_dims", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
    ]


class Sampling(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_float)
        for name in ("temperature", "top_p", "min_p", "repeat_penalty", "frequency_penalty", "presence_penalty")
    ]
    _fields_ += [("top_k", ctypes.c_int32), ("penalty_last_n", ctypes.c_int32), ("seed", ctypes.c_uint64)]


class SharedMemory(wasmtime.SharedMemory):
    """wasmtime 50's own passes the address of its pointer as an import, where the pointer is wanted."""

    def _as_extern(self):
        union = ffi.wasmtime_extern_union(sharedmemory=self.ptr())
        return ffi.wasmtime_extern_t(ffi.WASMTIME_EXTERN_SHAREDMEMORY, union)


class Engine:
    """One module, instantiated; with threads > 1 once more for each worker, on one shared memory."""

    def __init__(self, path, threads=1):
        config = wasmtime.Config()
        config.wasm_relaxed_simd = True
        config.wasm_memory64 = True
        config.wasm_threads = True
        config.shared_memory = True
        config.memory_reservation = (
            16 << 30
        )  # addresses, not memory: a shared one cannot move, and a large one should not
        self.engine = wasmtime.Engine(config)
        self.module = wasmtime.Module.from_file(self.engine, path)
        limits = [one.type for one in self.module.imports if isinstance(one.type, wasmtime.MemoryType)]
        self.shared = SharedMemory(self.engine, limits[0]) if limits else None
        self.store, self.exports = self._instance()
        self.workers = []
        if threads > 1:
            self._start(threads)

    def _instance(self):
        store = wasmtime.Store(self.engine)
        return store, wasmtime.Instance(store, self.module, [self.shared] if self.shared else []).exports(store)

    def _start(self, threads):
        self.check(self.call("qn_threads_start", threads))

        def enter(worker, stack):
            store, exports = self._instance()  # in the thread that uses it
            exports["qn_worker_enter"](store, worker, stack)

        for worker in range(1, threads):
            thread = threading.Thread(target=enter, args=(worker, self.call("qn_worker_stack", worker)), daemon=True)
            thread.start()
            self.workers.append(thread)

    def use_threads(self, threads):
        """So many of the threads that were started take part from now on."""
        self.check(self.call("qn_threads_use", threads))

    def tune(self, model, most, tries=2):
        """Computes a token, or of an encoder a short text, by more and more threads, up to `most`, and stays with the fewest that no larger number beats by a
        tenth; returns their number."""
        session = Session(model, context=min(model.context_size, 64))

        def step():
            session.rewind(0)
            if model.is_encoder:
                session.embed([0] * min(model.context_size, 32), "mean")
            else:
                session.feed([0], LOGITS_NONE)
            start = time.perf_counter()
            while session.step():
                pass
            return time.perf_counter() - start

        step()  # warms up
        chosen, best = 1, float("inf")
        for threads in [2**i for i in range(most.bit_length()) if 2**i < most] + [most]:
            self.use_threads(threads)
            if (taken := min(step() for _ in range(tries))) < 0.9 * best:
                chosen, best = threads, taken
        session.free()
        self.use_threads(chosen)
        return chosen

    def stop(self):
        """Ends the workers. Sessions must have been freed."""
        if self.workers:
            self.call("qn_threads_stop")
            for thread in self.workers:
                thread.join()
            self.workers = []

    def call(self, name, *arguments):
        return self.exports[name](self.store, *arguments)

    def host_address(self, at):
        """Of a byte of linear memory, in this process; until memory grows."""
        data = self.shared.data_ptr() if self.shared else self.exports["memory"].data_ptr(self.store)
        return ctypes.addressof(data.contents) + (at & 0xFFFFFFFF if at < 0 else at)

    def memory_bytes(self):
        return self.shared.data_len() if self.shared else self.exports["memory"].data_len(self.store)

    def bytes(self, at, size):
        return ctypes.string_at(self.host_address(at), size)

    def error(self):
        record = Error.from_buffer_copy(self.bytes(self.call("qn_last_error"), ctypes.sizeof(Error)))
        return QuernError(
            record.text.decode(errors="replace"), record.code, None if record.offset == NO_OFFSET else record.offset
        )

    def check(self, result):
        if result < 0:
            raise self.error()
        return result

    def handle(self, address):
        if address == 0:
            raise self.error()
        return address

    def with_room(self, size, use):
        address = self.handle(self.call("qn_alloc", size))
        try:
            return use(address)
        finally:
            self.call("qn_free", address)

    def with_bytes(self, data, use):
        def fill(address):
            ctypes.memmove(self.host_address(address), data, len(data))
            return use(address, len(data))

        return self.with_room(len(data), fill)

    def filled(self, capacity, size, fill):
        """Calls fill(address, capacity), which returns how much there is in all; again with more room if it was too little."""
        while True:

            def attempt(address):
                count = self.check(fill(address, capacity))
                return count, self.bytes(address, min(count, capacity) * size)

            count, data = self.with_room(capacity * size, attempt)
            if count <= capacity:
                return data
            capacity = count

    def ids(self, capacity, fill):
        data = self.filled(capacity, 4, fill)
        return list((ctypes.c_int32 * (len(data) // 4)).from_buffer_copy(data))

    def structure(self, kind, fill):
        """A structure that fill(address) writes; None when it says that there is none."""

        def attempt(address):
            return kind.from_buffer_copy(self.bytes(address, ctypes.sizeof(kind))) if fill(address) >= 0 else None

        return self.with_room(ctypes.sizeof(kind), attempt)

    def open(self, path, whole=True, progress=None):
        """A model, or its directory only. progress(loaded, total) is called as bytes come."""
        return Model(self, path, whole, progress)

    def render(self, model, context, template=b""):
        """A chat template over its variables, as JSON: the handle of a prompt, for prompt_text and prompt_tokens."""
        return self.handle(
            self.with_bytes(
                template,
                lambda at, size: self.with_bytes(
                    context.encode(errors="replace"),
                    lambda data, length: self.call(
                        "qn_prompt_render", model.address if model else 0, at, size, data, length
                    ),
                ),
            )
        )

    def prompt_text(self, prompt):
        return self.filled(4096, 1, lambda at, capacity: self.call("qn_prompt_text", prompt, at, capacity))


class Model:
    def __init__(self, engine, path, whole, progress):
        self.engine, self.progress = engine, progress
        self.path = str(path)
        with contextlib.ExitStack() as files:
            parts = {0: files.enter_context(open(path, "rb", buffering=0))}

            def part(number):
                if number not in parts:
                    parts[number] = files.enter_context(open(self._part_path(number), "rb", buffering=0))
                return parts[number]

            self.size = parts[0].seek(0, 2)
            self.address = engine.handle(engine.call("qn_model_open", self.size))
            self._read(part)
            if whole:
                engine.check(engine.call("qn_model_place", self.address))
                self._read(part)

    def _part_path(self, part):
        """The file of part 1, 2, ... of a model whose first part is name-00001-of-00003.gguf."""
        end = re.search(r"-00001(-of-\d{5}\.gguf)$", self.path)
        if not end:
            raise OSError("the model goes on in other files, but the name does not end as -00001-of-00003.gguf does")
        return f"{self.path[: end.start()]}-{part + 1:05}{end[1]}"

    def _read(self, part):
        engine = self.engine
        room = engine.handle(engine.call("qn_alloc", ctypes.sizeof(Want)))
        while engine.check(engine.call("qn_model_want", self.address, room)) == MORE:
            want = Want.from_buffer_copy(engine.bytes(room, ctypes.sizeof(Want)))
            file = part(want.part)
            file.seek(want.offset)
            place = (ctypes.c_char * min(want.bytes, CHUNK)).from_address(engine.host_address(want.address))
            got = file.readinto(place)
            engine.check(engine.call("qn_model_wrote", self.address, got))
            if self.progress:
                self.progress(want.offset + got, self.size)
        engine.call("qn_free", room)

    def use_cache(self, form):
        """The form of the KV cache in plans and sessions from now on: "f16", or "q8_0" of about half the bytes."""
        self.engine.check(self.engine.call("qn_model_cache", self.address, CACHES.index(form)))

    @property
    def vocab_size(self):
        return self.engine.call("qn_model_vocab_size", self.address)

    @property
    def context_size(self):
        return self.engine.call("qn_model_context_size", self.address)

    @property
    def embedding_size(self):
        return self.engine.call("qn_model_embedding_size", self.address)

    @property
    def is_encoder(self):
        """Whether it gives embeddings only."""
        return self.engine.call("qn_model_is_encoder", self.address) != 0

    def plan(self, context=0, batch=0):
        def fill(at):
            return self.engine.check(self.engine.call("qn_model_plan", self.address, context, batch, at))

        return self.engine.structure(Plan, fill)

    def metadata(self):
        """(key, type, element type, count, bytes) in file order."""
        index = 0
        while value := self.engine.structure(
            Value, lambda at: self.engine.call("qn_model_metadata", self.address, index, at)
        ):
            key = self.engine.bytes(value.key_address, value.key_bytes).decode(errors="replace")
            yield key, value.type, value.element_type, value.count, self.engine.bytes(value.address, value.bytes)
            index += 1

    def tensors(self):
        """(name, type, bytes) in file order."""
        index = 0
        while tensor := self.engine.structure(
            Tensor, lambda at: self.engine.call("qn_model_tensor", self.address, index, at)
        ):
            yield (
                self.engine.bytes(tensor.name_address, tensor.name_bytes).decode(errors="replace"),
                tensor.type,
                tensor.bytes,
            )
            index += 1

    def tokenize(self, text, flags=ADD_SPECIAL | PARSE_SPECIAL):
        engine = self.engine
        return engine.with_bytes(
            text,
            lambda at, size: engine.ids(
                size + 16,
                lambda ids, capacity: engine.call("qn_tokenize", self.address, at, size, flags, ids, capacity),
            ),
        )

    def detokenize(self, ids, flags=0):
        engine = self.engine
        return engine.with_bytes(
            bytes((ctypes.c_int32 * len(ids))(*ids)),
            lambda at, size: engine.filled(
                16 * len(ids) + 64,
                1,
                lambda text, capacity: engine.call("qn_detokenize", self.address, at, len(ids), flags, text, capacity),
            ),
        )

    def prompt_tokens(self, prompt):
        return self.engine.ids(
            4096, lambda at, capacity: self.engine.call("qn_prompt_tokens", self.address, prompt, at, capacity)
        )

    def is_end(self, id):
        return self.engine.call("qn_token_is_end", self.address, id) != 0

    def free(self):
        self.engine.call("qn_model_free", self.address)


class Decoder:
    """Text of tokens as they come, whole characters only; -1 flushes."""

    def __init__(self, model):
        self.model = model
        self.state = bytes(16)

    def push(self, id):
        engine = self.model.engine

        def piece(text, capacity):
            def call(state, _):
                count = engine.call("qn_piece", self.model.address, state, id, 0, text, capacity)
                self.next = engine.bytes(state, 16)
                return count

            return engine.with_bytes(self.state, call)

        text = engine.filled(256, 1, piece)
        self.state = self.next
        return text.decode(errors="replace")


class Session:
    def __init__(self, model, context=0, batch=0, address=None):
        self.model, self.engine = model, model.engine
        self.address = address or self.engine.handle(self.engine.call("qn_session_new", model.address, context, batch))

    def sampling(self, **settings):
        """Settings of struct qn_sampling; those that are None or left out have their defaults."""
        engine = self.engine

        def use(at):
            engine.call("qn_sampling_default", at)
            record = Sampling.from_address(engine.host_address(at))
            for name, value in settings.items():
                if value is not None:
                    setattr(record, name, value)
            engine.check(engine.call("qn_session_sampling", self.address, at, 0, 0))

        engine.with_room(ctypes.sizeof(Sampling), use)

    def feed(self, ids, logits=LOGITS_LAST):
        self.engine.with_bytes(
            bytes((ctypes.c_int32 * len(ids))(*ids)),
            lambda at, _: self.engine.check(self.engine.call("qn_session_feed", self.address, at, len(ids), logits)),
        )

    def embed(self, ids, pooling="model", normalize=True):
        """Starts anew with ids, a whole input, for its embedding: step() until it is False. With pooling "none" rows come with each
        step, else one with the last."""
        self.engine.with_bytes(
            bytes((ctypes.c_int32 * len(ids))(*ids)),
            lambda at, _: self.engine.check(
                self.engine.call("qn_session_embed", self.address, at, len(ids), POOLINGS[pooling], int(normalize))
            ),
        )

    def embedding(self, row):
        """float32, little-endian, embedding_size of them."""
        return self.engine.bytes(
            self.engine.call("qn_session_embedding", self.address, row), 4 * self.model.embedding_size
        )

    def step(self):
        """One bounded piece of work; True while more is left."""
        return self.engine.check(self.engine.call("qn_session_step", self.address)) == MORE

    @property
    def rows(self):
        return self.engine.call("qn_session_rows", self.address)

    @property
    def position(self):
        return self.engine.call("qn_session_position", self.address)

    def logits(self, row):
        """float32, little-endian, n_vocab of them."""
        at = self.engine.call("qn_session_logits", self.address, row)
        return self.engine.bytes(at, 4 * self.model.vocab_size)

    def rewind(self, position):
        self.engine.check(self.engine.call("qn_session_rewind", self.address, position))

    def save(self):
        """The saved form in pieces: write each one before the next is taken."""
        offset = 0
        while piece := self.engine.filled(
            SAVED_CHUNK, 1, lambda at, room: self.engine.call("qn_session_save", self.address, offset, at, room)
        ):
            yield piece
            offset += len(piece)

    def restore(self, pieces):
        """Takes in a saved form; the first piece has 256 bytes at least."""
        offset, status = 0, MORE
        for piece in pieces:
            status = self.engine.with_bytes(
                piece,
                lambda at, size: self.engine.check(
                    self.engine.call("qn_session_restore", self.address, offset, at, size)
                ),
            )
            offset += len(piece)
        if status == MORE:
            raise QuernError(f"the saved session ends at byte {offset}", FORMAT, offset)

    def fork(self):
        """Another session with the same tokens, cache, logits and sampler."""
        return Session(self.model, address=self.engine.handle(self.engine.call("qn_session_fork", self.address)))

    def sample(self):
        return self.engine.check(self.engine.call("qn_session_sample", self.address))

    def free(self):
        self.engine.call("qn_session_free", self.address)
