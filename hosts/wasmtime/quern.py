#!/usr/bin/env python3
"""The commands of the command line on wasmtime. `./quern COMMAND ... --host wasmtime` calls it:

  quern.py COMMAND SETTINGS      SETTINGS: the command's options as JSON, with the module's path as "wasm"
"""
import json
import os
import random
import struct
import sys
import time

from engine import ADD_SPECIAL, LOGITS_ALL, PARSE_SPECIAL, SHOW_SPECIAL, Decoder, Engine, QuernError, Session

STRING, ARRAY, SHOWN = 8, 9, 8
NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
TYPES = {0: "f32", 1: "f16", 2: "q4_0", 3: "q4_1", 6: "q5_0", 7: "q5_1", 8: "q8_0", 9: "q8_1", 10: "q2_K", 11: "q3_K", 12: "q4_K",
         13: "q5_K", 14: "q6_K", 15: "q8_K", 16: "iq2_xxs", 17: "iq2_xs", 18: "iq3_xxs", 19: "iq1_s", 20: "iq4_nl", 21: "iq3_s",
         22: "iq2_s", 23: "iq4_xs", 24: "i8", 25: "i16", 26: "i32", 27: "i64", 28: "f64", 29: "iq1_m", 30: "bf16", 34: "tq1_0",
         35: "tq2_0", 39: "mxfp4", 40: "nvfp4", 41: "q1_0", 42: "q2_0"}


def ids_of(name, text):
    if not text or not all(part.strip().isdigit() for part in text.split(",")):
        raise ValueError(f"--{name}: token ids, separated by commas, are wanted")
    return [int(part) for part in text.split(",")]


def write(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def tokenize(engine, options):
    flags = (0 if options.get("no-bos") else ADD_SPECIAL) | (0 if options.get("no-special") else PARSE_SPECIAL)
    ids = engine.open(options["model"], whole=False).tokenize(sys.stdin.buffer.read(), flags)
    write((",".join(map(str, ids)) + "\n").encode())


def detokenize(engine, options):
    ids = ids_of("ids", options.get("ids"))
    write(engine.open(options["model"], whole=False).detokenize(ids, SHOW_SPECIAL))


def logits(engine, options):
    tokens = ids_of("tokens", options.get("tokens"))
    model = engine.open(options["model"])
    session = Session(model, len(tokens), options.get("batch", 0))
    session.feed(tokens, LOGITS_ALL)
    with open(options["output"], "wb") as out:
        more = True
        while more:
            more = session.step()
            for row in range(session.rows):
                out.write(session.logits(row))
    session.free()


def template(engine, options):
    path = options.get("template")
    text = ""
    if path is not None:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if not text:
            return
    model = engine.open(options["model"], whole=False) if options["model"] else None
    try:
        value = json.loads(sys.stdin.buffer.read())
    except ValueError as error:
        raise ValueError(f"standard input is not JSON: {error}") from None
    context = {"messages": value} if isinstance(value, list) else value
    if not isinstance(context, dict) or not isinstance(context.get("messages"), list):
        raise ValueError("standard input must be a JSON array of messages")
    context = {"add_generation_prompt": True, **context}
    for name, key in (("bos", "bos_token"), ("eos", "eos_token"), ("now", "now")):
        if options.get(name) is not None:
            context[key] = options[name]
    write(engine.prompt_text(engine.render(model, context, text)))


def value_of(type, element, count, data):
    if type == STRING:
        return data.decode(errors="replace")
    if type != ARRAY:
        return struct.unpack_from("<" + NUMBERS[type], data)[0]
    first, at = [], 0
    for _ in range(min(count, SHOWN)):
        if element == STRING:
            size = struct.unpack_from("<Q", data, at)[0]
            first.append(data[at + 8:at + 8 + size].decode(errors="replace"))
            at += 8 + size
        else:
            first.append(struct.unpack_from("<" + NUMBERS[element], data, at)[0])
            at += struct.calcsize("<" + NUMBERS[element])
    return first if count <= SHOWN else {"count": count, "first": first}


def info(engine, options):
    model = engine.open(options["model"], whole=False)
    metadata = {key: value_of(*rest) for key, *rest in model.metadata()}
    tensors = {}
    for _, type, size in model.tensors():
        entry = tensors.setdefault(TYPES.get(type, f"type {type}"), {"count": 0, "bytes": 0})
        entry["count"] += 1
        entry["bytes"] += size
    plan = model.plan(options.get("context", 0), options.get("batch", 0))
    plan = {name: getattr(plan, name) for name, _ in plan._fields_}
    bits = engine.call("qn_features")
    features = {name: bool(bits >> i & 1) for i, name in enumerate(("simd128", "relaxed", "threads", "wide"))}
    about = {"file": options["model"], "build": options["build"], "features": features, "metadata": metadata, "tensors": tensors,
             "plan": plan}
    print(json.dumps(about, ensure_ascii=False) if options.get("json") else json.dumps(about, ensure_ascii=False, indent=1))


def prompt_tokens(engine, model, text, options):
    has_template = any(key == "tokenizer.chat_template" for key, *_ in model.metadata())
    if options.get("raw") or not has_template:
        if not options.get("raw"):
            print("quern: the model has no chat template; the prompt is taken as it is (as with --raw)", file=sys.stderr)
        return model.tokenize(text.encode())
    messages = [{"role": "user", "content": text}]
    if options.get("system") is not None:
        messages.insert(0, {"role": "system", "content": options["system"]})
    context = {"messages": messages, "add_generation_prompt": True, "now": int(time.time())}
    return model.prompt_tokens(engine.render(model, context))


def run(engine, options):
    text = options["prompt"] if options.get("prompt") is not None else sys.stdin.read()
    model = engine.open(options["model"])
    prompt = prompt_tokens(engine, model, text, options)
    if not prompt:
        raise ValueError("the prompt is empty")
    most = options.get("n", 512)
    context = options.get("context") or min(model.context_size, len(prompt) + most)
    if len(prompt) > context:
        raise ValueError(f"the prompt has {len(prompt)} tokens, the context holds {context}; -c takes a larger one")
    session = Session(model, context, options.get("batch", 0))
    session.sampling(temperature=options.get("temp"), top_k=options.get("top-k"), top_p=options.get("top-p"),
                     min_p=options.get("min-p"), repeat_penalty=options.get("repeat-penalty"),
                     frequency_penalty=options.get("frequency-penalty"), presence_penalty=options.get("presence-penalty"),
                     seed=int(options["seed"]) if options.get("seed") else random.getrandbits(52))
    start = time.perf_counter()
    session.feed(prompt)
    while session.step():
        pass
    prefilled = time.perf_counter()
    decoder, tokens, answer, reason = Decoder(model), [], "", "length"

    def emit(piece):
        nonlocal answer
        answer += piece
        if not options.get("json"):
            write(piece.encode())

    while len(tokens) < most:
        id = session.sample()
        if model.is_end(id):
            reason = "stop"
            break
        tokens.append(id)
        emit(decoder.push(id))
        if len(tokens) == most or session.position == context:
            break
        session.feed([id])
        while session.step():
            pass
    emit(decoder.push(-1))
    prefill = len(prompt) / (prefilled - start)
    decode = max(len(tokens) - 1, 0) / (time.perf_counter() - prefilled)
    if options.get("json"):
        print(json.dumps({"text": answer, "tokens": tokens, "prompt_tokens": len(prompt), "prefill_tps": prefill,
                          "decode_tps": decode, "finish_reason": reason}, ensure_ascii=False))
    else:
        write(b"\n")
        print(f"\nprefill {prefill:.1f} tokens/s ({len(prompt)}), decode {decode:.1f} tokens/s ({len(tokens)}); "
              f"{options['build']}, {options['threads']} thread{'s' if options['threads'] > 1 else ''}", file=sys.stderr)
    session.free()


COMMANDS = {"run": run, "tokenize": tokenize, "detokenize": detokenize, "logits": logits, "template": template, "info": info}


def main():
    name, options = sys.argv[1], json.loads(sys.argv[2])
    try:
        engine = Engine(options["wasm"], options["threads"])
        COMMANDS[name](engine, options)
        engine.stop()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    except QuernError as error:
        where = "" if error.offset is None else f" (byte {error.offset})"
        print(f"quern: {options['model'] or options.get('template')}: {error}{where}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"quern: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except ValueError as error:
        print(f"quern: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
