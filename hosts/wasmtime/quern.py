#!/usr/bin/env python3
"""The commands of the command line on wasmtime. `./quern COMMAND ... --host wasmtime` calls it; alone it takes the same
options, with --model, and --wasm for the module."""

import argparse
import json
import os
import pathlib
import random
import re
import signal
import stat
import struct
import sys
import time

from engine import (
    ADD_SPECIAL,
    CACHES,
    LOGITS_ALL,
    PARSE_SPECIAL,
    POOLINGS,
    SHOW_SPECIAL,
    Decoder,
    Engine,
    QuernError,
    Session,
)
from info import as_text, describe, to_json

MODULE = pathlib.Path(__file__).resolve().parents[2] / "build" / "wasm32-relaxed" / "quern.wasm"
REASONS = {
    FileNotFoundError: "no such file",
    PermissionError: "permission denied",
    IsADirectoryError: "is a directory",
}


class Failure(Exception):
    """What is to be said in one line."""


def ids(text):
    return [int(part) for part in text.split(",")]


def arguments():
    parser = argparse.ArgumentParser(prog="quern.py", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--wasm", default=str(MODULE))
    parser.add_argument("--build", default="relaxed", help="the module's name in what is printed")
    for names in (
        ["-m", "--model"],
        ["-p", "--prompt"],
        ["--system"],
        ["--template"],
        ["--bos"],
        ["--eos"],
        ["-o", "--output"],
    ):
        parser.add_argument(*names)
    parser.add_argument(
        "--bits", type=int, choices=[32, 64], help="of addresses; without it as many as the model needs"
    )
    parser.add_argument("--kv", choices=CACHES, help="the form of the KV cache")
    parser.add_argument(
        "--pooling", choices=POOLINGS, default="model", help="how an embedding comes from those of tokens"
    )
    for names in (["-n", "--n"], ["--top-k"], ["--seed"], ["--now"]):
        parser.add_argument(*names, type=int)
    for names, default in ((["-c", "--context"], 0), (["-b", "--batch"], 0), (["-t", "--threads"], 1)):
        parser.add_argument(*names, type=int, default=default)
    for name in ("temp", "top-p", "min-p", "repeat-penalty", "frequency-penalty", "presence-penalty"):
        parser.add_argument(f"--{name}", type=float)
    for name in ("raw", "json", "no-special", "no-bos", "tune"):
        parser.add_argument(f"--{name}", action="store_true")
    for name in ("ids", "tokens"):
        parser.add_argument(f"--{name}", type=ids)
    return parser.parse_args()


def write(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


class Progress:
    """A line on the terminal while something takes more than a second."""

    def __init__(self, what):
        self.what, self.start, self.shown = what, time.monotonic(), 0

    def show(self, done, total):
        now = time.monotonic()
        if sys.stderr.isatty() and now - self.start > 1 and now - self.shown > 0.1:
            self.shown = now
            print(f"\r\033[K{self.what}: {100 * done // total}%", end="", file=sys.stderr, flush=True)

    def done(self):
        if self.shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def naming(path, use):
    """What use() returns; what the engine says in it names the file."""
    try:
        return use()
    except QuernError as error:
        raise Failure(f"{path}: {error}{'' if error.offset is None else f' (byte {error.offset})'}") from None
    except OSError as error:
        raise Failure(f"{error.filename or path}: {REASONS.get(type(error), error.strerror or error)}") from None


def open_model(engine, options, whole=True):
    def use():
        mode = os.stat(options.model).st_mode  # before opening: that would wait at a pipe
        if not stat.S_ISREG(mode):
            raise Failure(f"{options.model}: is {'a directory' if stat.S_ISDIR(mode) else 'not a regular file'}")
        bar = Progress("loading")
        model = engine.open(options.model, whole, bar.show)
        if options.kv:
            model.use_cache(options.kv)
        if whole and options.tune:
            options.threads = engine.tune(model, options.threads)
        bar.done()
        return model

    return naming(options.model, use)


def tokenize(engine, options):
    flags = (0 if options.no_bos else ADD_SPECIAL) | (0 if options.no_special else PARSE_SPECIAL)
    found = open_model(engine, options, whole=False).tokenize(sys.stdin.buffer.read(), flags)
    write((",".join(map(str, found)) + "\n").encode())


def detokenize(engine, options):
    write(open_model(engine, options, whole=False).detokenize(options.ids, SHOW_SPECIAL))


def logits(engine, options):
    model = open_model(engine, options)
    session = Session(model, len(options.tokens), options.batch)
    session.feed(options.tokens, LOGITS_ALL)
    bar = Progress("computing")
    with naming(options.output, lambda: open(options.output, "wb")) as out:
        more = True
        while more:
            more = session.step()
            for row in range(session.rows):
                out.write(session.logits(row))
            bar.show(session.position, len(options.tokens))
    bar.done()
    session.free()


def embed(engine, options):
    text = (
        sys.stdin.buffer.read().decode("utf-8-sig", "replace")
        if options.prompt is None and not options.tokens
        else options.prompt
    )
    model = open_model(engine, options)
    ids = options.tokens or model.tokenize(text.encode(errors="replace"))

    def use():
        session = Session(model, max(len(ids), 1), options.batch)
        session.embed(ids, options.pooling, not options.raw)
        out = options.output and naming(options.output, lambda: open(options.output, "wb"))
        more = True
        while more:
            more = session.step()
            for row in range(session.rows):
                data = session.embedding(row)
                values = struct.unpack(f"<{len(data) // 4}f", data)
                out.write(data) if out else write(f"[{','.join(f'{value:.8f}' for value in values)}]\n".encode())
        if out:
            out.close()
        session.free()

    naming(options.model, use)


def template_context(text, options):
    """The JSON of a template's variables from messages, or from an object with messages and tools. The text that came stays
    as it is; of equal keys the last counts."""
    try:
        value = json.loads(text)
    except ValueError:
        raise Failure("standard input is not JSON") from None
    if not isinstance(value.get("messages") if isinstance(value, dict) else value, list):
        raise Failure('standard input must be a JSON array of messages, or an object with "messages"')
    given = f'"messages":{text}' if isinstance(value, list) else text.strip()[1:-1]
    more = {"bos_token": options.bos, "eos_token": options.eos, "now": options.now}
    return (
        f'{{"add_generation_prompt":true,{given}'
        + "".join(f',"{key}":{json.dumps(value)}' for key, value in more.items() if value is not None)
        + "}"
    )


def template(engine, options):
    own = b"" if options.template is None else naming(options.template, pathlib.Path(options.template).read_bytes)
    if options.template is not None and not own:
        return
    model = None if options.model is None else open_model(engine, options, whole=False)
    context = template_context(sys.stdin.buffer.read().decode("utf-8-sig", "replace"), options)
    prompt = naming(options.template or options.model, lambda: engine.render(model, context, own))
    write(engine.prompt_text(prompt))


def info(engine, options):
    model = open_model(engine, options, whole=False)
    about = naming(
        options.model, lambda: describe(engine, model, options.model, options.build, options.context, options.batch)
    )
    write(((to_json(about) if options.json else as_text(about)) + "\n").encode())


def prompt_tokens(engine, model, text, options):
    has_template = any(key == "tokenizer.chat_template" for key, *_ in model.metadata())
    if options.raw or not has_template:
        if not options.raw:
            print("quern: the model has no chat template; the prompt is used as is (like --raw)", file=sys.stderr)
        return model.tokenize(text.encode(errors="replace"))
    messages = [{"role": "user", "content": text}]
    if options.system is not None:
        messages.insert(0, {"role": "system", "content": options.system})
    context = {"messages": messages, "add_generation_prompt": True, "now": int(time.time())}
    return model.prompt_tokens(naming(options.model, lambda: engine.render(model, json.dumps(context))))


class Answer:
    """Pieces as they come, and what the engine chose."""

    def __init__(self, model, quiet):
        self.decoder, self.quiet = Decoder(model), quiet
        self.tokens, self.text, self.reason = [], "", "length"

    def push(self, id):
        piece = self.decoder.push(id)
        self.text += piece
        if not self.quiet:
            write(piece.encode())


class Interrupts:
    """Takes the first Ctrl-C between two steps: an exception wherever Python happens to be can be lost, as in a __del__."""

    def __enter__(self):
        self.asked = False
        self.before = signal.signal(signal.SIGINT, self.ask)
        return self

    def __exit__(self, *_):
        signal.signal(signal.SIGINT, self.before)

    def ask(self, *_):
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def steps(self, session):
        """Computes what is queued, and yields between the steps."""
        while session.step():
            self.check()
            yield
        self.check()

    def check(self):
        if self.asked:
            raise KeyboardInterrupt


def generate(session, model, answer, most, context, interrupts):
    while len(answer.tokens) < most:
        id = session.sample()
        if model.is_end(id):
            answer.reason = "stop"
            return
        answer.tokens.append(id)
        answer.push(id)
        if len(answer.tokens) == most or session.position == context:
            return
        session.feed([id])
        for _ in interrupts.steps(session):
            pass


def run(engine, options):
    text = sys.stdin.buffer.read().decode("utf-8-sig", "replace") if options.prompt is None else options.prompt
    model = open_model(engine, options)
    if model.is_encoder:
        raise Failure(f"{options.model}: is an encoder, which generates no text; use quern embed for its embeddings")
    prompt = prompt_tokens(engine, model, text, options)
    if not prompt:
        raise Failure("the prompt is empty")
    most = 512 if options.n is None else options.n
    context = options.context or min(model.context_size, len(prompt) + most)
    if len(prompt) > context:
        raise Failure(
            f"the prompt has {len(prompt)} tokens, but the context holds {context}; set a larger context with -c"
        )
    session = Session(model, context, options.batch)
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
    bar, start, status = Progress("reading the prompt"), time.perf_counter(), 0
    answer, prefilled = Answer(model, options.json), None
    try:
        with Interrupts() as interrupts:
            session.feed(prompt)
            for _ in interrupts.steps(session):
                bar.show(session.position, len(prompt))
            bar.done()
            prefilled = time.perf_counter()
            generate(session, model, answer, most, context, interrupts)
    except KeyboardInterrupt:
        status = 130
    answer.push(-1)
    end = time.perf_counter()
    prefilled = prefilled or end
    prefill = session.position and len(prompt) / (prefilled - start)
    decode = max(len(answer.tokens) - 1, 0) / (end - prefilled) if end > prefilled else 0
    if options.json:
        write(
            (
                to_json(
                    {
                        "text": answer.text,
                        "tokens": answer.tokens,
                        "prompt_tokens": len(prompt),
                        "prefill_tps": prefill,
                        "decode_tps": decode,
                        "finish_reason": answer.reason,
                    }
                )
                + "\n"
            ).encode()
        )
    else:
        write(b"\n")
        print(
            f"\nprefill {prefill:.1f} tokens/s ({len(prompt)}), decode {decode:.1f} tokens/s ({len(answer.tokens)}); "
            f"{options.build}, {options.threads} thread{'s' if options.threads > 1 else ''}",
            file=sys.stderr,
        )
    session.free()
    return status


NARROW_BYTES = 2**32 - 2**26  # what a 32-bit module can hold, less some room for blocks that do not fit a gap
MUCH = 2**30  # bytes of a file; below, nothing is asked of the plan
USUAL_CONTEXT = 4096


def needs_wide(options):
    """Whether the model needs 64-bit addresses, as --bits or its plan says."""
    if options.bits or not options.model or not os.path.isfile(options.model):
        return options.bits == 64
    parts = re.search(r"-of-\d{5}\.gguf$", options.model)
    if options.command not in ("run", "logits", "embed") or not (
        parts or os.path.getsize(options.model) >= MUCH or options.context > USUAL_CONTEXT
    ):
        return False
    engine = Engine(options.wasm)
    model = open_model(engine, options, whole=False)
    return (
        model.plan(options.context or min(model.context_size, USUAL_CONTEXT), options.batch).totalBytes > NARROW_BYTES
    )


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
    options = arguments()
    try:
        if needs_wide(options):
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
