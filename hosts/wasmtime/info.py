"""quern info: a model's metadata, tensors and memory plan. Prints exactly what web/bin/info.js prints."""

import decimal
import json
import math
import struct

STRING, ARRAY = 8, 9  # value types of GGUF
SHOWN = 8  # elements of an array
NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
TYPES = {
    0: "f32",
    1: "f16",
    2: "q4_0",
    3: "q4_1",
    6: "q5_0",
    7: "q5_1",
    8: "q8_0",
    9: "q8_1",
    10: "q2_K",
    11: "q3_K",
    12: "q4_K",
    13: "q5_K",
    14: "q6_K",
    15: "q8_K",
    16: "iq2_xxs",
    17: "iq2_xs",
    18: "iq3_xxs",
    19: "iq1_s",
    20: "iq4_nl",
    21: "iq3_s",
    22: "iq2_s",
    23: "iq4_xs",
    24: "i8",
    25: "i16",
    26: "i32",
    27: "i64",
    28: "f64",
    29: "iq1_m",
    30: "bf16",
    34: "tq1_0",
    35: "tq2_0",
    39: "mxfp4",
    40: "nvfp4",
    41: "q1_0",
    42: "q2_0",
}


def number_text(number):
    """A number in the form that JavaScript prints."""
    if isinstance(number, int):
        return str(number if abs(number) < 2**53 else number_text(float(number)))
    if not math.isfinite(number):
        return "null"
    if number == 0 or 1e-6 <= abs(number) < 1e21:
        digits = format(decimal.Decimal(repr(number)), "f").removesuffix(".0")
        return "0" if digits == "-0" else digits
    digits, exponent = f"{decimal.Decimal(repr(number)).normalize():e}".split("e")
    return f"{digits}e{int(exponent):+}"


def to_json(value):
    if isinstance(value, dict):
        return "{" + ",".join(f"{to_json(key)}:{to_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(to_json, value)) + "]"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number_text(value)
    return json.dumps(value, ensure_ascii=False)


def metadata_value(type, element, count, data):
    """The value of a metadata entry; for a long array, its length and first elements."""
    if type == STRING:
        return data.decode(errors="replace")
    if type != ARRAY:
        return struct.unpack_from("<" + NUMBERS[type], data)[0]
    first, at = [], 0
    for _ in range(min(count, SHOWN)):
        if element == STRING:
            size = struct.unpack_from("<Q", data, at)[0]
            first.append(data[at + 8 : at + 8 + size].decode(errors="replace"))
            at += 8 + size
        else:
            first.append(struct.unpack_from("<" + NUMBERS[element], data, at)[0])
            at += struct.calcsize("<" + NUMBERS[element])
    return first if count <= SHOWN else {"count": count, "first": first}


def describe(engine, model, path, build, context, batch):
    """Everything that quern info prints, as a dictionary."""
    metadata = {key: metadata_value(*entry) for key, *entry in model.metadata()}
    tensors = {}
    for _, type, size in model.tensors():
        entry = tensors.setdefault(TYPES.get(type, f"type {type}"), {"count": 0, "bytes": 0})
        entry["count"] += 1
        entry["bytes"] += size
    plan = model.plan(context, batch)
    bits = engine.call("qn_features")
    features = {name: bool(bits >> i & 1) for i, name in enumerate(("simd128", "relaxed", "threads", "memory64"))}
    return {
        "file": path,
        "build": build,
        "features": features,
        "metadata": metadata,
        "tensors": tensors,
        "plan": {name: getattr(plan, name) for name, _ in plan._fields_},
    }


def value_text(value):
    if isinstance(value, dict):
        return f"{value['count']}: {to_json(value['first'])[:60]}..."
    return to_json(value)


def as_text(about):
    lines = [f"file {about['file']}", f"build {about['build']}", "", "metadata"]
    for key, value in about["metadata"].items():
        text = value_text(value)
        lines.append(f"  {key} = {text[:100] + '...' if len(text) > 100 else text}")
    lines += ["", "tensors"]
    for type, entry in about["tensors"].items():
        lines.append(f"  {type:<8}{entry['count']:>5}{entry['bytes']:>14} bytes")
    plan = about["plan"]
    lines += ["", f"memory in bytes, for a context of {plan['context']} tokens and micro-batches of {plan['batch']}"]
    for name, key in (
        ("tensors", "tensorBytes"),
        ("metadata", "metadataBytes"),
        ("full KV cache", "kvBytes"),
        ("scratch", "scratchBytes"),
        ("total", "totalBytes"),
    ):
        lines.append(f"  {name:<16}{plan[key]:>14}")
    return "\n".join([*lines, f"  the KV cache grows by {plan['kvPageBytes']} bytes per {plan['kvPageTokens']} tokens"])
