"""include/quern.h: its example runs, and what it says about names, layouts and modules is true."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "hosts" / "wasmtime"))
from engine import Decoder, Engine, Session  # noqa: E402

HEADER = (ROOT / "include" / "quern.h").read_text()
MANUAL = HEADER[: HEADER.index("#ifndef QUERN_H")]
EXAMPLE = ROOT / "hosts" / "c" / "generate.c"
GENERATE = ROOT / os.environ.get("QUERN_BUILD", "build/native") / "tests/host/generate"
TARGETS = ["x86_64-unknown-linux-gnu", "wasm32-unknown-unknown", "wasm64-unknown-unknown"]


def test_example_is_the_file():
    quoted = "\n".join(line[3:].removeprefix("    ") for line in MANUAL.splitlines())
    assert EXAMPLE.read_text().rstrip("\n") in quoted


def test_example_answers_as_other_hosts_do():
    model_path = ROOT / "tests" / "vectors" / "tiny-llama-k.gguf"
    answer = subprocess.run([GENERATE, model_path, "a b c"], capture_output=True, check=True, timeout=300).stdout
    engine = Engine(str(ROOT / "build" / "wasm32-relaxed" / "quern.wasm"))
    model = engine.open(model_path)
    context = '{"messages": [{"role": "user", "content": "a b c"}], "add_generation_prompt": true}'
    session, decoder, text = Session(model, 512), Decoder(model), ""
    session.sampling(temperature=0)
    ids = model.prompt_tokens(engine.render(model, context))
    for _ in range(64):
        session.feed(ids)
        while session.step():
            pass
        ids = [session.sample()]
        if model.is_end(ids[0]):
            break
        text += decoder.push(ids[0])
    assert len(text) > 20
    assert answer.decode() == f"{text}{decoder.push(-1)}\n"


def test_example_reports_errors():
    done = subprocess.run([GENERATE, EXAMPLE, "x"], capture_output=True, timeout=300)
    assert done.returncode == 1 and b"GGUF" in done.stderr


@pytest.mark.parametrize("target", TARGETS)
def test_struct_layouts(target):
    rows = re.findall(r"^ \*   (qn_\w+) +(\d+)   (.*\n(?: \* {20,}.*\n)*)", MANUAL, re.M)
    assert sorted(name for name, *_ in rows) == sorted(re.findall(r"^struct (qn_\w+) \{", HEADER, re.M))
    asserts = []
    for name, size, fields in rows:
        offsets = dict(re.findall(r"(\w+) (\d+)", fields))
        body = re.sub(r"/\*.*?\*/", "", re.search(rf"^struct {name} \{{(.*?)\}};", HEADER, re.M | re.S)[1], flags=re.S)
        assert list(offsets) == re.findall(r"(\w+)(?:\[\d+\])?;", body), name
        asserts.append(f'_Static_assert(sizeof(struct {name}) == {size}, "{name}");')
        for field, offset in offsets.items():
            asserts.append(f'_Static_assert(offsetof(struct {name}, {field}) == {offset}, "{name}.{field}");')
    source = '#include "quern.h"\n' + "\n".join(asserts)
    command = ["clang-19", f"--target={target}", "-ffreestanding", "-std=c11", "-fsyntax-only", "-x", "c", "-"]
    subprocess.run([*command, "-I", ROOT / "include"], input=source.encode(), check=True)


def test_header_is_cpp():
    command = ["clang++-19", "-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-x", "c++"]
    subprocess.run([*command, ROOT / "include" / "quern.h", "-Wno-pragma-once-outside-header"], check=True)


def test_state_tables_and_manual_name_functions():
    functions = re.findall(r"\b(qn_\w+)\(", re.sub(r"/\*.*?\*/", "", HEADER, flags=re.S))
    tables = MANUAL[MANUAL.index("STATES") : MANUAL.index("WEBASSEMBLY HOSTS")]
    restricted = [name for name in functions if re.match(r"qn_(model|tokenize|detokenize|piece|token_)", name)]
    assert not [name for name in restricted if name not in tables]
    assert set(re.findall(r"\bqn_\w+", MANUAL)) <= {*functions, *re.findall(r"struct (qn_\w+)", HEADER), "qn_status"}
