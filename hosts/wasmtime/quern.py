#!/usr/bin/env python3
"""The commands of the command line in wasmtime. `./quern COMMAND ... --host wasmtime` runs this program. On its own it
takes the same options; --model is required, and --wasm names the module."""

import argparse
import contextlib
import json
import math
import os
import pathlib
import random
import re
import signal
import stat
import struct
import sys
import time

from info import as_text, describe, to_json

from engine import (
    ADD_SPECIAL,
    CACHES,
    LOGITS_ALL,
    ORDERS,
    PARSE_SPECIAL,
    POOLINGS,
    SHOW_SPECIAL,
    Decoder,
    Engine,
    QuernError,
    Session,
    pieces_of,
)

MODULE = pathlib.Path(__file__).resolve().parents[2] / "build" / "wasm32-relaxed" / "quern.wasm"
REASONS = {
    FileNotFoundError: "no such file",
    PermissionError: "permission denied",
    IsADirectoryError: "is a directory",
}


# ./quern forwards SIGINT as another signal, because a terminal sends SIGINT to both processes.
IS_FORWARDED = "--forwarded" in sys.argv
INTERRUPT = signal.SIGUSR1 if IS_FORWARDED else signal.SIGINT


DEFAULT_LIMIT = 512  # tokens of an answer
DEFAULT_CONTEXT = 4096


class Failure(Exception):
    """An error that is reported in one line."""


def ids(text):
    return [int(id) for id in text.split(",")]


def parse_arguments():
    parser = argparse.ArgumentParser(prog="quern.py", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--wasm", default=str(MODULE))
    parser.add_argument("--build", default="relaxed", help="the module's name in messages")
    parser.add_argument("-m", "--model")
    parser.add_argument("-p", "--prompt")
    parser.add_argument("-o", "--output")
    for name in ("system", "template", "bos", "eos"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--bits", type=int, choices=[32, 64], help="bits of an address; by default as the model needs")
    parser.add_argument("--kv", choices=CACHES, help="type of the KV cache")
    parser.add_argument("--weight-order", choices=ORDERS, help="how weights are read for one token")
    parser.add_argument("--pooling", choices=POOLINGS, default="model", help="how tokens become one embedding")
    parser.add_argument("-n", "--n", type=int)
    for name in ("top-k", "seed", "now"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("-c", "--context", type=int, default=0)
    parser.add_argument("-b", "--batch", type=int, default=0)
    parser.add_argument("-t", "--threads", type=int, default=1)
    for name in ("temp", "top-p", "min-p", "repeat-penalty", "frequency-penalty", "presence-penalty"):
        parser.add_argument(f"--{name}", type=float)
    for name in ("raw", "json", "no-special", "no-bos", "nfc", "tune"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--forwarded", action="store_true", help="take SIGUSR1 as an interrupt, and ignore SIGINT")
    for name in ("ids", "tokens"):
        parser.add_argument(f"--{name}", type=ids)
    return parser.parse_args()


def write(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def without_mark(data):
    """The text without the byte order mark that some editors put at its start."""
    return data.removeprefix(b"\xef\xbb\xbf")


def standard_text():
    return without_mark(sys.stdin.buffer.read()).decode(errors="replace")


class Progress:
    """Shows progress on the terminal once something has taken longer than a second."""

    def __init__(self, label):
        self.label, self.start, self.shown = label, time.monotonic(), 0

    def show(self, done, total):
        now = time.monotonic()
        if sys.stderr.isatty() and now - self.start > 1 and now - self.shown > 0.1:
            self.shown = now
            print(f"\r\033[K{self.label}: {100 * done // total}%", end="", file=sys.stderr, flush=True)

    def done(self):
        if self.shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def naming(path, use):
    """Returns the result of use(). Adds the file's name to errors."""
    try:
        return use()
    except QuernError as error:
        raise Failure(f"{path}: {error}{'' if error.offset is None else f' (byte {error.offset})'}") from None
    except OSError as error:
        raise Failure(f"{error.filename or path}: {REASONS.get(type(error), error.strerror or error)}") from None


def read_text(path):
    """The bytes of a text file."""
    return without_mark(naming(path, pathlib.Path(path).read_bytes))


def create(path):
    """Opens a command's output for writing: a file, or - for standard output."""
    if path == "-":
        return contextlib.nullcontext(sys.stdout.buffer)
    return naming(path, lambda: open(path, "wb"))  # noqa: SIM115


def open_model(engine, options, whole=True):
    def use():
        for path in pieces_of(options.model):
            mode = os.stat(path).st_mode  # before opening, which would block on a pipe
            if not stat.S_ISREG(mode):
                raise Failure(f"{path}: is {'a directory' if stat.S_ISDIR(mode) else 'not a regular file'}")
        bar = Progress("loading")
        model = engine.open(options.model, whole, bar.show)
        if options.kv:
            model.use_cache(options.kv)
        model.use_nfc(options.nfc)
        if whole:
            given = None if options.tune else options.threads
            options.threads, options.order = engine.tune(model, options.threads, given, options.weight_order)
        bar.done()
        return model

    return naming(options.model, use)


def tokenize(engine, options):
    flags = (0 if options.no_bos else ADD_SPECIAL) | (0 if options.no_special else PARSE_SPECIAL)
    found = open_model(engine, options, whole=False).tokenize(without_mark(sys.stdin.buffer.read()), flags)
    write((",".join(map(str, found)) + "\n").encode())


def detokenize(engine, options):
    write(open_model(engine, options, whole=False).detokenize(options.ids, SHOW_SPECIAL))


def logits(engine, options):
    model = open_model(engine, options)
    session = Session(model, len(options.tokens), options.batch)
    session.feed(options.tokens, LOGITS_ALL)
    bar = Progress("computing")
    with create(options.output) as out:
        more = True
        while more:
            more = session.step()
            for row in range(session.rows):
                out.write(session.logits(row))
            bar.show(session.position, len(options.tokens))
    bar.done()
    session.free()


def embed(engine, options):
    text = standard_text() if options.prompt is None and not options.tokens else options.prompt
    model = open_model(engine, options)
    ids = options.tokens or model.tokenize(text.encode(errors="replace"))

    def emit(row, out):
        if out:
            out.write(row)
        else:
            values = struct.unpack(f"<{len(row) // 4}f", row)
            write(f"[{','.join(f'{value:.8f}' for value in values)}]\n".encode())

    def use():
        session = Session(model, max(len(ids), 1), options.batch)
        session.embed(ids, options.pooling, not options.raw)
        with create(options.output) if options.output else contextlib.nullcontext() as out:
            more = True
            while more:
                more = session.step()
                for row in range(session.rows):
                    emit(session.embedding(row), out)
        session.free()

    naming(options.model, use)


def template_context(text, options):
    """A template's variables as JSON. text: a JSON array of messages, or an object with messages and tools. It is
    passed on unchanged; of duplicate keys, the last one counts."""
    try:
        value = json.loads(text)
    except ValueError:
        raise Failure("standard input is not JSON") from None
    if not isinstance(value.get("messages") if isinstance(value, dict) else value, list):
        raise Failure('standard input must be a JSON array of messages, or an object with "messages"')
    given = f'"messages":{text}' if isinstance(value, list) else text.strip()[1:-1]
    more = {"bos_token": options.bos, "eos_token": options.eos, "now": options.now}
    defined = "".join(f',"{key}":{json.dumps(value)}' for key, value in more.items() if value is not None)
    return f'{{"add_generation_prompt":true,{given}{defined}}}'


def template(engine, options):
    text = b"" if options.template is None else read_text(options.template)
    if options.template is not None and not text:
        return
    model = None if options.model is None else open_model(engine, options, whole=False)
    context = template_context(standard_text(), options)
    prompt = naming(options.template or options.model, lambda: engine.render(model, context, text))
    write(engine.prompt_text(prompt))


def info(engine, options):
    model = open_model(engine, options, whole=False)
    about = naming(
        options.model, lambda: describe(engine, model, options.model, options.build, options.context, options.batch)
    )
    write(((to_json(about) if options.json else as_text(about)) + "\n").encode())


def prompt_tokens(engine, model, text, options):
    has_template = any(re.match(r"tokenizer\.chat_template($|\.)", key) for key, *_ in model.metadata())
    own = b"" if options.template is None else read_text(options.template)
    if options.raw or not (own or has_template):
        if not options.raw:
            print("quern: the model has no chat template; the prompt is used as is (like --raw)", file=sys.stderr)
        return model.text_tokens(text.encode(errors="replace"))
    messages = [{"role": "user", "content": text}]
    if options.system is not None:
        messages.insert(0, {"role": "system", "content": options.system})
    context = {"messages": messages, "add_generation_prompt": True, "now": int(time.time())}
    where = options.template or options.model
    return model.prompt_tokens(naming(where, lambda: engine.render(model, json.dumps(context), own)))


class Answer:
    """The generated tokens and their text, which is printed as it is completed unless `quiet`."""

    def __init__(self, model, quiet):
        self.decoder, self.quiet = Decoder(model, continues=True), quiet
        self.tokens, self.text, self.reason = [], "", "length"

    def push(self, id):
        piece = self.decoder.push(id)
        self.text += piece
        if not self.quiet:
            write(piece.encode())


class Interrupts:
    """Handles the first Ctrl-C between two steps. Raised at any point of the program, KeyboardInterrupt can get lost,
    for example in __del__. A second Ctrl-C is raised at once."""

    def __enter__(self):
        self.requested = False
        self.previous = signal.signal(INTERRUPT, self.request)
        return self

    def __exit__(self, *_):
        signal.signal(INTERRUPT, self.previous)

    def request(self, *_):
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True

    def steps(self, session):
        """Computes the queue, and yields between steps."""
        while session.step():
            self.check()
            yield
        self.check()

    def check(self):
        if self.requested:
            raise KeyboardInterrupt


def prefill(session, prompt, interrupts):
    bar = Progress("reading the prompt")
    session.feed(prompt)
    for _ in interrupts.steps(session):
        bar.show(session.position, len(prompt))
    bar.done()


def generate(session, answer, limit, context, interrupts):
    """Generates up to `limit` tokens, or until the context is full."""
    while len(answer.tokens) < limit:
        id = session.sample()
        if session.model.is_end(id):
            answer.reason = "stop"
            return
        answer.tokens.append(id)
        answer.push(id)
        if len(answer.tokens) == limit or session.position == context:
            return
        session.feed([id])
        for _ in interrupts.steps(session):
            pass


def note_sampling(model):
    """Says which sampling settings of the file apply."""
    try:
        found, others = model.recommended_sampling()
    except QuernError as error:
        print(f"quern: the file's sampling settings are ignored, because they are invalid: {error}", file=sys.stderr)
        return
    if found:
        values = ", ".join(f"{name} {value:.7g}" for name, value in found.items())
        note = f"these sampling settings of the file apply unless others are given: {values}"
        print(f"quern: {note}", file=sys.stderr)
    if others:
        note = "the file also recommends Mirostat, XTC or an order of samplers, which are not supported"
        print(f"quern: {note}", file=sys.stderr)


def set_sampler(session, options):
    session.sampling(
        temperature=options.temp,
        top_k=options.top_k,
        top_p=options.top_p,
        min_p=options.min_p,
        repeat_penalty=options.repeat_penalty,
        frequency_penalty=options.frequency_penalty,
        presence_penalty=options.presence_penalty,
        seed=random.getrandbits(52) if options.seed is None else options.seed,
    )


def report(answer, prompt, rates, options):
    prefill, decode = rates
    if options.json:
        result = {
            "text": answer.text,
            "tokens": answer.tokens,
            "prompt_tokens": len(prompt),
            "prefill_tps": prefill,
            "decode_tps": decode,
            "finish_reason": answer.reason,
            "threads": options.threads,
            "weight_order": options.order,
        }
        write(f"{to_json(result)}\n".encode())
        return
    write(b"\n")
    print(
        f"\nprefill {prefill:.1f} tokens/s ({len(prompt)}), decode {decode:.1f} tokens/s ({len(answer.tokens)}); "
        f"{options.build}, {options.threads} thread{'s' if options.threads > 1 else ''}",
        file=sys.stderr,
    )


def run(engine, options):
    text = standard_text() if options.prompt is None else options.prompt
    model = open_model(engine, options)
    if model.is_encoder:
        raise Failure(f"{options.model}: is an encoder, which generates no text; use quern embed for its embeddings")
    prompt = prompt_tokens(engine, model, text, options)
    if not prompt:
        raise Failure("the prompt is empty")
    limit = DEFAULT_LIMIT if options.n is None else math.inf if options.n == -1 else options.n
    needed = max(DEFAULT_CONTEXT, len(prompt) + DEFAULT_LIMIT) if limit == math.inf else len(prompt) + limit
    context = options.context or min(model.context_size, needed)
    if len(prompt) > context:
        raise Failure(
            f"the prompt has {len(prompt)} tokens, but the context holds {context}; set a larger context with -c"
        )
    session = Session(model, context, options.batch)
    set_sampler(session, options)
    note_sampling(model)
    answer, prefilled, status = Answer(model, options.json), None, 0
    start = time.perf_counter()
    try:
        with Interrupts() as interrupts:
            prefill(session, prompt, interrupts)
            prefilled = time.perf_counter()
            generate(session, answer, limit, context, interrupts)
    except KeyboardInterrupt:
        status = 130
    answer.push(-1)
    end = time.perf_counter()
    prefilled = prefilled or end
    prefill_rate = session.position and len(prompt) / (prefilled - start)
    decode_rate = max(len(answer.tokens) - 1, 0) / (end - prefilled) if end > prefilled else 0
    report(answer, prompt, (prefill_rate, decode_rate), options)
    session.free()
    return status


MAX_BYTES_32 = 2**32 - 2**26  # that a 32-bit module can hold, with a margin for fragmentation
LARGE_FILE = 2**30  # bytes; below this, a single file with a short context fits 32-bit addresses


def needs_64_bits(options):
    """Whether the model needs 64-bit addresses, from --bits or its plan."""
    pieces = pieces_of(options.model or "")
    if options.bits or not all(map(os.path.isfile, pieces)):
        return options.bits == 64
    split = re.search(r"-of-\d{5}\.gguf$", options.model)
    large = split or sum(map(os.path.getsize, pieces)) >= LARGE_FILE or options.context > DEFAULT_CONTEXT
    if options.command not in ("run", "logits", "embed") or not large:
        return False
    model = open_model(Engine(options.wasm), options, whole=False)
    context = options.context or min(model.context_size, DEFAULT_CONTEXT)
    return model.plan(context, options.batch).totalBytes > MAX_BYTES_32


COMMANDS = {
    "run": run,
    "tokenize": tokenize,
    "detokenize": detokenize,
    "logits": logits,
    "embed": embed,
    "template": template,
    "info": info,
}


def main():
    options = parse_arguments()
    if IS_FORWARDED:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        if needs_64_bits(options):
            options.wasm, options.build = options.wasm.replace("wasm32-", "wasm64-"), f"{options.build}, 64 bits"
        engine = Engine(options.wasm, options.threads)
        status = COMMANDS[options.command](engine, options)
        engine.stop()
        return status or 0
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except (Failure, QuernError, OSError) as error:
        print(f"quern: {error}".replace("\n", " "), file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
