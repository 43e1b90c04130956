"""The engine in wasmtime: calls the exports that include/quern.h documents. Needs the wasmtime package."""

import contextlib
import ctypes
import functools
import itertools
import os
import re
import string
import threading
import time

import wasmtime
from wasmtime import _ffi as ffi

MORE, FORMAT = 1, -2
ADD_SPECIAL, PARSE_SPECIAL, SHOW_SPECIAL = 1, 2, 1
POOLINGS = {"model": -1, "none": 0, "mean": 1, "cls": 2, "last": 3}
LOGITS_NONE, LOGITS_LAST, LOGITS_ALL = 0, 1, 2
NO_OFFSET = 2**64 - 1
READ_BYTES = 16 << 20  # of a model file at a time
SAVED_BYTES = 1 << 20  # of a saved session at a time
CACHES = ("f16", "q8_0")
ORDERS = ("distant", "distant-prefetch")  # enum qn_order


class QuernError(Exception):
    """An error of the engine: its text, the qn_status, and the offset in the file or template, or None."""

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
    _fields_ = [(name, ctypes.c_uint64) for name in ("offset", "bytes", "address", "split")]


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


SAMPLING_OTHER = 64  # enum qn_sampling_field
# enum qn_sampling_field, by field of struct qn_sampling.
RECOMMENDED = {
    "temperature": 1,
    "top_p": 2,
    "min_p": 4,
    "repeat_penalty": 8,
    "top_k": 16,
    "penalty_last_n": 32,
}


class SharedMemory(wasmtime.SharedMemory):
    """Works around wasmtime 50, which passes the address of the pointer as an import instead of the pointer."""

    def _as_extern(self):
        union = ffi.wasmtime_extern_union(sharedmemory=self.ptr())
        return ffi.wasmtime_extern_t(ffi.WASMTIME_EXTERN_SHAREDMEMORY, union)


def timer(model, session):
    """A function that computes a token (of an encoder: a short text) and returns the seconds it took."""

    def time_step():
        session.rewind(0)
        if model.is_encoder:
            session.embed([0] * min(model.context_size, 32), "mean")
        else:
            session.feed([0], LOGITS_NONE)
        start = time.perf_counter()
        while session.step():
            pass
        return time.perf_counter() - start

    return time_step


class Engine:
    """An instance of a module, and with threads > 1 one more per worker, all on one shared memory."""

    def __init__(self, path, threads=1):
        config = wasmtime.Config()
        config.wasm_relaxed_simd = True
        config.wasm_memory64 = True
        config.wasm_threads = True
        config.shared_memory = True
        # Address space, not memory: a shared memory cannot move when it grows, and a large one should not.
        config.memory_reservation = 16 << 30
        self.engine = wasmtime.Engine(config)
        self.module = wasmtime.Module.from_file(self.engine, path)
        limits = [one.type for one in self.module.imports if isinstance(one.type, wasmtime.MemoryType)]
        self.shared = SharedMemory(self.engine, limits[0]) if limits else None
        self.store, self.exports = self._instance()
        self.check(self.call("qn_self_check"))
        self.workers = []
        if threads > 1:
            self._start(threads)

    def _instance(self):
        store = wasmtime.Store(self.engine)
        return store, wasmtime.Instance(store, self.module, [self.shared] if self.shared else []).exports(store)

    def _start(self, threads):
        self.check(self.call("qn_threads_start", threads))

        def enter(worker, stack):
            store, exports = self._instance()  # wasmtime wants a store to stay in its thread
            exports["qn_worker_enter"](store, worker, stack)

        for worker in range(1, threads):
            thread = threading.Thread(target=enter, args=(worker, self.call("qn_worker_stack", worker)), daemon=True)
            thread.start()
            self.workers.append(thread)

    def use_threads(self, threads):
        """Sets how many of the started threads take part from now on."""
        self.check(self.call("qn_threads_use", threads))

    def tune(self, model, most, threads=None, order=None, tries=2):
        """Times a token (of an encoder: a short text) with more and more threads, up to `most`, then in each order of
        reading weights. Uses the smallest number that no larger one beats by a tenth, and the fastest order. What is
        given needs no trial. Returns (threads, order)."""

        def fastest(choices, use, gain):
            chosen, best = choices[0], float("inf")
            for choice in choices if len(choices) > 1 else []:
                use(choice)
                seconds = min(time_step() for _ in range(tries))
                if seconds < gain * best:
                    chosen, best = choice, seconds
            use(chosen)
            return chosen

        numbers = [threads] if threads else [2**i for i in range(most.bit_length()) if 2**i < most] + [most]
        orders = [order] if order else ORDERS[: 1 if model.is_encoder else None]
        session = None
        try:
            session = Session(model, context=min(model.context_size, 64))
            time_step = timer(model, session)
            if len(numbers) + len(orders) > 2:
                time_step()  # warms up
            return fastest(numbers, self.use_threads, 0.9), fastest(orders, model.use_order, 0.97)
        except (
            QuernError
        ):  # the model cannot compute: its file is damaged, or there is no memory; the calls will say so
            self.use_threads(numbers[-1])
            model.use_order(orders[0])
            return numbers[-1], orders[0]
        finally:
            if session:
                session.free()

    def stop(self):
        """Stops the workers. Free all sessions first."""
        if self.workers:
            self.call("qn_threads_stop")
            for thread in self.workers:
                thread.join()
            self.workers = []

    def call(self, name, *arguments):
        return self.exports[name](self.store, *arguments)

    def host_address(self, address):
        """The address in this process of a byte of linear memory. Valid until memory grows."""
        data = self.shared.data_ptr() if self.shared else self.exports["memory"].data_ptr(self.store)
        return ctypes.addressof(data.contents) + (address & 0xFFFFFFFF if address < 0 else address)

    def memory_bytes(self):
        return self.shared.data_len() if self.shared else self.exports["memory"].data_len(self.store)

    def bytes(self, address, size):
        return ctypes.string_at(self.host_address(address), size)

    def error(self):
        record = Error.from_buffer_copy(self.bytes(self.call("qn_last_error"), ctypes.sizeof(Error)))
        return QuernError(
            record.text.decode(errors="replace"), record.code, None if record.offset == NO_OFFSET else record.offset
        )

    def check(self, result):
        """Returns a status or count; raises the engine's error if it is negative."""
        if result < 0:
            raise self.error()
        return result

    def handle(self, address):
        """Returns a pointer; raises the engine's error if it is null."""
        if address == 0:
            raise self.error()
        return address

    def with_memory(self, size, use):
        """Returns use(address) for a block of `size` bytes, which is freed afterwards."""
        address = self.handle(self.call("qn_alloc", size))
        try:
            return use(address)
        finally:
            self.call("qn_free", address)

    def with_bytes(self, data, use):
        """Returns use(address, size) for a copy of `data` in linear memory."""

        def fill(address):
            ctypes.memmove(self.host_address(address), data, len(data))
            return use(address, len(data))

        return self.with_memory(len(data), fill)

    def with_ids(self, ids, use):
        """Returns use(address, count) for token ids in linear memory."""
        data = bytes((ctypes.c_int32 * len(ids))(*ids))
        return self.with_bytes(data, lambda address, _: use(address, len(ids)))

    def _fill(self, capacity, size, fill):
        def use(address):
            count = self.check(fill(address, capacity))
            return count, self.bytes(address, min(count, capacity) * size)

        return self.with_memory(capacity * size, use)

    def filled(self, capacity, size, fill):
        """The bytes that fill(address, capacity) writes: elements of `size` bytes. fill returns the number of elements;
        if that exceeds the capacity, it is called again with a larger buffer."""
        count, data = self._fill(capacity, size, fill)
        if count > capacity:
            count, data = self._fill(count, size, fill)
        return data

    def ids(self, capacity, fill):
        """The token ids that fill(address, capacity) writes."""
        data = self.filled(capacity, 4, fill)
        return list((ctypes.c_int32 * (len(data) // 4)).from_buffer_copy(data))

    def structure(self, kind, fill):
        """The structure that fill(address) writes; None if fill returns an error."""

        def use(address):
            return kind.from_buffer_copy(self.bytes(address, ctypes.sizeof(kind))) if fill(address) >= 0 else None

        return self.with_memory(ctypes.sizeof(kind), use)

    def open(self, path, whole=True, progress=None):
        """A model; only its directory unless `whole`. Calls progress(bytes so far, size) as bytes are read."""
        return Model(self, path, whole, progress)

    def render(self, model, context, template=b""):
        """Renders a chat template (by default the model's own) with its variables, a JSON text. Returns the handle of a
        prompt, for prompt_text and prompt_tokens."""
        model_address = model.address if model else 0

        def with_template(address, size):
            render = functools.partial(self.call, "qn_prompt_render", model_address, address, size)
            return self.with_bytes(context.encode(errors="replace"), render)

        return self.handle(self.with_bytes(template, with_template))

    def prompt_text(self, prompt):
        return self.filled(4096, 1, functools.partial(self.call, "qn_prompt_text", prompt))


def pieces_of(path):
    """The files that a raw piece belongs to, in order. Raw pieces are the bytes of one GGUF file, cut anywhere:
    name.part1of2, name.part2of2 or name-split-a, name-split-b. Other files are one piece."""
    if numbered := re.search(r"\.part(\d+)of(\d+)$", path):
        number, count = numbered.groups()
        start = path[: numbered.start()]
        return [f"{start}.part{i:0{len(number)}}of{count}" for i in range(1, int(count) + 1)]
    if not re.search("-split-[a-z]$", path):
        return [path]
    names = [path[:-1] + letter for letter in string.ascii_lowercase]
    present = [i for i, name in enumerate(names) if os.path.exists(name)]
    return names[: present[-1] + 1] if present else [path]


class Pieces:
    """Files whose bytes follow each other, read like one file."""

    def __init__(self, paths):
        self.position, self.size, self.pieces = 0, 0, []
        with contextlib.ExitStack() as opened:
            for path in paths:
                file = opened.enter_context(open(path, "rb", buffering=0))
                start, self.size = self.size, self.size + file.seek(0, 2)
                self.pieces.append((start, self.size, file))
            self.files = opened.pop_all()

    def seek(self, position):
        self.position = position

    def readinto(self, target):
        """Reads up to the end of a piece."""
        for start, end, file in self.pieces:
            if start <= self.position < end:
                file.seek(self.position - start)
                count = file.readinto(target)
                self.position += count
                return count
        return 0

    def close(self):
        self.files.close()


class Model:
    """A model file, or a model that is split into several files. Its directory is read here, its tensors if `whole`."""

    def __init__(self, engine, path, whole, progress):
        self.engine, self.progress = engine, progress
        self.path = str(path)
        with contextlib.ExitStack() as files:
            splits = {0: files.enter_context(contextlib.closing(Pieces(pieces_of(self.path))))}

            def split(number):
                if number not in splits:
                    splits[number] = files.enter_context(open(self._split_path(number), "rb", buffering=0))
                return splits[number]

            self.size = splits[0].size
            self.address = engine.handle(engine.call("qn_model_open", self.size))
            self._read(split)
            if whole:
                engine.check(engine.call("qn_model_place", self.address))
                self._read(split)

    def _split_path(self, split):
        """The path of split 1, 2, ... of a model whose first split is name-00001-of-00003.gguf."""
        end = re.search(r"-00001(-of-\d{5}\.gguf)$", self.path)
        if not end:
            raise OSError("the model is split into several files, but this name does not end like -00001-of-00003.gguf")
        return f"{self.path[: end.start()]}-{split + 1:05}{end[1]}"

    def _read(self, split):
        """Reads what the engine asks for into linear memory. split(number) is the open file of a split."""
        engine = self.engine
        address = engine.handle(engine.call("qn_alloc", ctypes.sizeof(Want)))
        while engine.check(engine.call("qn_model_want", self.address, address)) == MORE:
            want = Want.from_buffer_copy(engine.bytes(address, ctypes.sizeof(Want)))
            file = split(want.split)
            file.seek(want.offset)
            size = min(want.bytes, READ_BYTES)
            count = file.readinto((ctypes.c_char * size).from_address(engine.host_address(want.address)))
            engine.check(engine.call("qn_model_wrote", self.address, count))
            if self.progress:
                self.progress(want.offset + count, self.size)
        engine.call("qn_free", address)

    def use_order(self, order):
        """Sets the order in which a step of one token, or a few, reads the weights: one of ORDERS."""
        self.engine.check(self.engine.call("qn_model_order", self.address, ORDERS.index(order)))

    def use_nfc(self, on):
        """Chooses whether text is normalized to Unicode's NFC before it becomes tokens."""
        self.engine.call("qn_model_nfc", self.address, int(on))

    def use_cache(self, kind):
        """Sets the type of the KV cache for later plans and sessions: "f16", or "q8_0" at about half the bytes."""
        self.engine.check(self.engine.call("qn_model_cache", self.address, CACHES.index(kind)))

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
        """Whether the model computes embeddings only."""
        return self.engine.call("qn_model_is_encoder", self.address) != 0

    def plan(self, context=0, batch=0):
        def fill(address):
            return self.engine.check(self.engine.call("qn_model_plan", self.address, context, batch, address))

        return self.engine.structure(Plan, fill)

    def _entries(self, kind, name):
        for index in itertools.count():
            entry = self.engine.structure(kind, functools.partial(self.engine.call, name, self.address, index))
            if entry is None:
                return
            yield entry

    def recommended_sampling(self):
        """The settings that the file recommends, as {field of struct qn_sampling: value}, and whether it also
        recommends something that the sampler does not have. Raises QuernError if they are invalid."""
        found = {}
        bits = 0

        def use(address):
            nonlocal bits
            bits = self.engine.check(self.engine.call("qn_model_sampling", self.address, address))
            record = Sampling.from_address(self.engine.host_address(address))
            found.update({name: getattr(record, name) for name, bit in RECOMMENDED.items() if bits & bit})

        self.engine.with_memory(ctypes.sizeof(Sampling), use)
        return found, bool(bits & SAMPLING_OTHER)

    def metadata(self):
        """(key, type, element type, count, bytes) of each entry, in file order."""
        for value in self._entries(Value, "qn_model_metadata"):
            key = self.engine.bytes(value.key_address, value.key_bytes).decode(errors="replace")
            yield key, value.type, value.element_type, value.count, self.engine.bytes(value.address, value.bytes)

    def tensors(self):
        """(name, type, bytes) of each tensor, in file order."""
        for tensor in self._entries(Tensor, "qn_model_tensor"):
            name = self.engine.bytes(tensor.name_address, tensor.name_bytes).decode(errors="replace")
            yield name, tensor.type, tensor.bytes

    def tokenize(self, text, flags=ADD_SPECIAL | PARSE_SPECIAL):
        engine = self.engine

        def use(address, size):
            tokenize = functools.partial(engine.call, "qn_tokenize", self.address, address, size, flags)
            return engine.ids(size + 16, tokenize)

        return engine.with_bytes(text, use)

    def text_tokens(self, text):
        """The tokens of a prompt, with the begin-of-text token once, even if the text itself begins with it."""
        begin, ids = self.tokenize(b"")[:1], self.tokenize(text)
        return ids[1:] if begin and ids[:2] == begin * 2 else ids

    def detokenize(self, ids, flags=0):
        engine = self.engine

        def use(address, count):
            detokenize = functools.partial(engine.call, "qn_detokenize", self.address, address, count, flags)
            return engine.filled(16 * count + 64, 1, detokenize)

        return engine.with_ids(ids, use)

    def prompt_tokens(self, prompt):
        return self.engine.ids(4096, functools.partial(self.engine.call, "qn_prompt_tokens", self.address, prompt))

    def is_end(self, id):
        return self.engine.call("qn_token_is_end", self.address, id) != 0

    def free(self):
        self.engine.call("qn_model_free", self.address)


class Decoder:
    """Turns a stream of tokens into text. continues: they continue a text, such as a prompt."""

    def __init__(self, model, continues=False):
        self.model = model
        self.state = bytes(12) + int(continues).to_bytes(4, "little")

    def push(self, id):
        """The text that token `id` completes, as whole characters. -1 ends the text."""
        engine = self.model.engine
        state = self.state

        def piece(text, capacity):
            def call(address, size):
                count = engine.call("qn_piece", self.model.address, address, id, 0, text, capacity)
                self.state = engine.bytes(address, size)
                return count

            return engine.with_bytes(state, call)

        return engine.filled(256, 1, piece).decode(errors="replace")


class Session:
    """One sequence of tokens with its KV cache and sampler."""

    def __init__(self, model, context=0, batch=0, address=None):
        self.model, self.engine = model, model.engine
        self.address = address or self.engine.handle(self.engine.call("qn_session_new", model.address, context, batch))

    def sampling(self, **settings):
        """Sets the sampler: fields of struct qn_sampling. A field that is None or missing has the value that the model
        recommends in its file, or else its default."""
        engine = self.engine

        def use(address):
            engine.call("qn_model_sampling", self.model.address, address)
            record = Sampling.from_address(engine.host_address(address))
            for name, value in settings.items():
                if value is not None:
                    setattr(record, name, value)
            engine.check(engine.call("qn_session_sampling", self.address, address, 0, 0))

        engine.with_memory(ctypes.sizeof(Sampling), use)

    def feed(self, ids, logits=LOGITS_LAST):
        def use(address, count):
            return self.engine.check(self.engine.call("qn_session_feed", self.address, address, count, logits))

        self.engine.with_ids(ids, use)

    def embed(self, ids, pooling="model", normalize=True):
        """Forgets all tokens and queues ids, a whole input, for its embedding. Call step() until it returns False. The
        last step gives one row; with pooling "none", every step gives rows."""
        number = POOLINGS[pooling]

        def use(address, count):
            call = functools.partial(self.engine.call, "qn_session_embed", self.address, address, count, number)
            return self.engine.check(call(int(normalize)))

        self.engine.with_ids(ids, use)

    def embedding(self, row):
        """A row of embedding_size little-endian 32-bit floats."""
        address = self.engine.call("qn_session_embedding", self.address, row)
        return self.engine.bytes(address, 4 * self.model.embedding_size)

    def step(self):
        """Does one bounded piece of work. Returns whether more is queued."""
        return self.engine.check(self.engine.call("qn_session_step", self.address)) == MORE

    @property
    def rows(self):
        return self.engine.call("qn_session_rows", self.address)

    @property
    def position(self):
        return self.engine.call("qn_session_position", self.address)

    def logits(self, row):
        """A row of vocab_size little-endian 32-bit floats."""
        address = self.engine.call("qn_session_logits", self.address, row)
        return self.engine.bytes(address, 4 * self.model.vocab_size)

    def rewind(self, position):
        self.engine.check(self.engine.call("qn_session_rewind", self.address, position))

    def save(self):
        """The saved session in pieces. Do not change the session before the last one."""
        offset = 0
        save = functools.partial(self.engine.call, "qn_session_save", self.address)
        while piece := self.engine.filled(SAVED_BYTES, 1, functools.partial(save, offset)):
            yield piece
            offset += len(piece)

    def restore(self, pieces):
        """Restores a saved session from its pieces, the first of which has at least 256 bytes."""
        offset, status = 0, MORE
        restore = functools.partial(self.engine.call, "qn_session_restore", self.address)
        for piece in pieces:
            status = self.engine.check(self.engine.with_bytes(piece, functools.partial(restore, offset)))
            offset += len(piece)
        if status == MORE:
            raise QuernError(f"the saved session ends at byte {offset}", FORMAT, offset)

    def fork(self):
        """Another session with the same tokens, KV cache, logits and sampler."""
        return Session(self.model, address=self.engine.handle(self.engine.call("qn_session_fork", self.address)))

    def sample(self):
        return self.engine.check(self.engine.call("qn_session_sample", self.address))

    def free(self):
        self.engine.call("qn_session_free", self.address)
