"""include/quern.h: its example runs, and what it says about names, layouts and modules is true."""

import ctypes
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "hosts" / "wasmtime"))
from engine import Decoder, Engine, Session, Want  # noqa: E402

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


STATES = ["opened", "planned", "placed", "loaded", "failed"]


def state_table():
    """{function: {state: cell}} of the table of model states."""
    lines = MANUAL[MANUAL.index("opened  planned") : MANUAL.index("(1) QN_ERR_ARGUMENT")].splitlines()
    start = MANUAL.index("opened  planned") - MANUAL.rindex("\n", 0, MANUAL.index("opened  planned")) - 1
    columns = [start + lines[0].index(state) for state in STATES]
    table, names = {}, []
    for line in lines[1:]:
        names += re.findall(r"qn_\w+", line)
        cells = [(re.match(r"\S+", line[column:]) or [""])[0] for column in columns]
        if any(cells):
            table.update({name: dict(zip(STATES, cells)) for name in names})
            names = []
    return table


class ModelInState:
    """A tiny model, brought into a state of the table."""

    def __init__(self, engine, state):
        self.engine, self.buffer = engine, engine.call("qn_alloc", 4096)
        self.address = engine.call("qn_model_open", 0)
        if state in ("planned", "placed", "loaded"):
            self.load()
        if state in ("placed", "loaded"):
            assert engine.call("qn_model_place", self.address) == 0
        if state == "loaded":
            self.load()
        if state == "failed":
            engine.call("qn_model_want", self.address, self.buffer)
            assert engine.call("qn_model_wrote", self.address, 0) < 0

    def load(self):
        data = (ROOT / "tests" / "vectors" / "tiny-llama-k.gguf").read_bytes()
        while self.engine.call("qn_model_want", self.address, self.buffer) == 1:
            want = Want.from_buffer_copy(self.engine.bytes(self.buffer, ctypes.sizeof(Want)))
            piece = data[want.offset :][: want.bytes]
            ctypes.memmove(self.engine.host_address(want.address), piece, len(piece))
            assert self.engine.call("qn_model_wrote", self.address, len(piece)) == 0

    def call(self, name):
        """The status or value of a call with harmless arguments; of a null pointer, the error's code."""
        ctypes.memmove(self.engine.host_address(self.buffer), b'{"messages":[]}'.ljust(64, b"\0"), 64)
        at = self.buffer
        arguments = {
            "qn_model_wrote": [1],
            "qn_model_wrote_at": [0, 2**40, 1],
            "qn_model_cache": [0],
            "qn_model_nfc": [1],
            "qn_model_order": [1],
            "qn_model_sampling": [at],
            "qn_model_plan": [0, 0, at],
            "qn_model_need": [0, at],
            "qn_model_metadata": [0, at],
            "qn_model_tensor": [0, at],
            "qn_model_want": [at],
            "qn_token_is_end": [2],
            "qn_tokenize": [at, 0, 1, at + 8, 4],
            "qn_detokenize": [at + 16, 1, 0, at + 64, 100],
            "qn_piece": [at + 16, 5, 0, at + 64, 100],
            "qn_prompt_render": [0, 0, at, 15],
            "qn_format_new": [0, 0],
            "qn_grammar_new": [0, at, 15, 0],
            "qn_session_new": [32, 0],
        }
        result = self.engine.call(name, self.address, *arguments.get(name, []))
        if name in ("qn_prompt_render", "qn_format_new", "qn_session_new", "qn_grammar_new"):
            return self.engine.error().code if result == 0 else 0
        return result


@pytest.mark.parametrize("state", STATES)
def test_state_table(state):
    notes = {"(1)": -1, "(4)": -7, "no": -5, "zero": 0}
    engine = Engine(str(ROOT / "build" / "wasm32-relaxed" / "quern.wasm"))
    checked = 0
    for name, cells in state_table().items():
        cell = cells[state]
        if cell in ("", "(2)") or (name.startswith("qn_session") and name != "qn_session_new"):
            continue
        if name in ("qn_model_free", "qn_prompt_tokens"):
            continue
        found = ModelInState(engine, state).call(name)
        assert found == notes[cell] if cell in notes else found != -5, name
        checked += 1
    assert checked >= 10


def test_state_tables_and_manual_name_functions():
    functions = re.findall(r"\b(qn_\w+)\(", re.sub(r"/\*.*?\*/", "", HEADER, flags=re.S))
    tables = MANUAL[MANUAL.index("STATES") : MANUAL.index("WEBASSEMBLY HOSTS")]
    restricted = [name for name in functions if re.match(r"qn_(model|tokenize|detokenize|piece|token_)", name)]
    assert not [name for name in restricted if name not in tables]
    assert set(re.findall(r"\bqn_\w+", MANUAL)) <= {*functions, *re.findall(r"struct (qn_\w+)", HEADER), "qn_status"}
