"""A session that is saved in one host and build continues identically in the others."""

import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "hosts" / "wasmtime"))
from engine import Engine, QuernError, Session  # noqa: E402

MODEL = ROOT / "tests" / "vectors" / "tiny-gemma3-q8.gguf"


def module(preset):
    return ROOT / "build" / preset / "quern.wasm"


def in_node(preset, action, path):
    """Saves or restores a session; returns the tokens that it draws next."""
    command = ["node", HERE / "save_session.mjs", module(preset), MODEL, action, path]
    done = subprocess.run(command, check=True, capture_output=True, timeout=300)
    return [int(id) for id in done.stdout.decode().split(",")]


def in_wasmtime(preset, path, piece=1 << 20):
    """Restores a session from pieces of that many bytes; returns the tokens that it draws next."""
    model = Engine(str(module(preset))).open(MODEL)
    session = Session(model, 100)
    data = path.read_bytes()
    session.restore(data[i : i + piece] for i in range(0, len(data), piece))
    fork, answers = session.fork(), []
    assert b"".join(session.save()) == b"".join(fork.save())
    for one in (fork, session):
        answers.append([])
        for _ in range(20):
            answers[-1].append(one.sample())
            one.feed(answers[-1][-1:])
            while one.step():
                pass
    assert answers[0] == answers[1]
    return answers[0]


def test_continues_in_another_host_and_build(tmp_path):
    path = tmp_path / "session"
    expected = in_node("wasm32-simd128", "save", path)
    assert len(set(expected)) > 5
    assert in_node("wasm32-simd128", "restore", path) == expected
    assert in_wasmtime("wasm32-simd128", path) == expected[:20]
    assert in_wasmtime("wasm32-relaxed", path, 3000) == expected[:20]


def test_truncated_session_is_refused(tmp_path):
    path = tmp_path / "session"
    in_node("wasm32-simd128", "save", path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(QuernError, match="ends at byte"):
        in_wasmtime("wasm32-simd128", path)
    with pytest.raises(subprocess.CalledProcessError) as failed:
        in_node("wasm32-simd128", "restore", path)
    assert b"ends at byte" in failed.value.stderr
