"""Hostile templates in the modules: limits stop them before they exhaust a stack, and nothing traps."""

import collections
import ctypes
import json
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "hosts" / "wasmtime"), str(ROOT / "tests/engine/text/template")]
import template_hostile  # noqa: E402

from engine import Engine, QuernError  # noqa: E402

STACK = 262144  # bytes from address 0 (cmake/Wasm.cmake); the stack grows down
SPARE = STACK // 4
STATUSES = {0, -4, -7, -8}  # success, or an error of memory, of the template, of a limit
CASES = [case for case in template_hostile.templates() if len(case[1]) < 400_000]


def build(preset):
    path = ROOT / "build" / preset / "quern.wasm"
    if not path.exists():
        pytest.fail(f"{path} has not been built")
    return str(path)


def render(engine, template, context):
    """The status, and how many bytes of stack were used."""
    ctypes.memset(engine.host_address(0), 0xA5, STACK - 4096)
    try:
        engine.call("qn_prompt_free", engine.render(None, context, template.encode()))
        status = 0
    except QuernError as error:
        status = error.code
    stack = engine.bytes(0, STACK)
    return status, len(stack.lstrip(b"\xa5"))


@pytest.mark.parametrize("preset", ["wasm32-simd128", "wasm64-simd128"])
def test_in_wasmtime(preset):
    engine = Engine(build(preset))
    deepest, found = (0, ""), collections.Counter()
    for name, template, context in CASES:
        status, used = render(engine, template, context)
        found[status] += 1
        deepest = max(deepest, (used, name))
        assert status in STATUSES or (status == -1 and "JSON" in name), (name, status)
    print(f"\n{preset}: {dict(found)}; at most {deepest[0]} bytes of stack, for {deepest[1]}")
    assert found[0] > 50 and found[-8] > 200
    assert 8192 < deepest[0] <= STACK - SPARE, deepest


def test_in_node():
    cases = json.dumps([case[1:] for case in CASES])
    command = ["node", HERE / "render_templates.mjs", build("wasm32-simd128")]
    done = subprocess.run(command, input=cases.encode(), capture_output=True, check=True, timeout=600)
    engine = Engine(build("wasm32-simd128"))
    assert json.loads(done.stdout) == [render(engine, *case[1:])[0] for case in CASES]
