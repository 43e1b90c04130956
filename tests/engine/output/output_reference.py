"""Reads outputs of models with Quern's output parser, through output_tool."""

import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
KINDS = ["text", "reasoning", "call", "arguments", "end", "invalid"]


def tool():
    """The path of output_tool in the build directory that QUERN_BUILD names; None if it is not built."""
    path = ROOT / os.environ.get("QUERN_BUILD", "build/native") / "tests/engine/output_tool"
    return path if path.is_file() else None


def read(cases):
    """Returns (format, events) for each (template, prompt, tools, output). An event is [kind, flags, call, text]. Also
    checks that the events do not depend on how the output is split: see output_tool.c."""
    given = b""
    for template, prompt, tools, output in cases:
        texts = [template, prompt, json.dumps(tools) if tools else "", output]
        texts = [text if isinstance(text, bytes) else text.encode() for text in texts]
        given += b"%d %d %d %d\n" % tuple(map(len, texts)) + b"".join(texts)
    run = subprocess.run([tool()], input=given, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode("utf-8", "replace")[-4000:]
    results, at = [], 0
    while at < len(run.stdout):
        end = run.stdout.index(b"\n", at)
        described, count = map(int, run.stdout[at:end].split())
        middle = end + 1 + described
        lines = run.stdout[middle : middle + count].decode().split("\n")[1:]
        results.append((json.loads(run.stdout[end + 1 : middle]), [event(line) for line in lines]))
        at = middle + count
    return results


def event(line):
    kind, flags, call, text = line.split(" ")
    return [KINDS[int(kind)], int(flags), int(call), bytes.fromhex(text).decode("utf-8", "replace")]


def message(events):
    """The assistant's message that the events make, in OpenAI's form, with the arguments parsed."""
    made = {"role": "assistant", "content": "", "reasoning_content": "", "tool_calls": []}
    for kind, _, _, text in events:
        if kind in ("text", "reasoning"):
            made["content" if kind == "text" else "reasoning_content"] += text
        elif kind == "call":
            made["tool_calls"].append({"type": "function", "function": {"name": text, "arguments": ""}})
        elif kind == "arguments":
            made["tool_calls"][-1]["function"]["arguments"] += text
        elif kind == "invalid":
            made["tool_calls"].pop()
    for one in made["tool_calls"]:
        one["function"]["arguments"] = json.loads(one["function"]["arguments"])
    return {name: value for name, value in made.items() if value or name in ("role", "content")}
