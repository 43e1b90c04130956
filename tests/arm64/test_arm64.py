"""On 64-bit ARM, the kernels agree with the reference and the tiny models give the bits of tests/vectors/hashes.json:
in Node and in wasmtime, with the dot product instruction of ARM and without it.

QEMU runs the programs. It does not reorder memory accesses as an ARM CPU may, so only one thread is tested."""

import json
import pathlib
import subprocess
import sys

import arm64
import pytest

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent
BUILD = arm64.ROOT / "build"
MODULES = {"plain": "wasm32-simd128", "relaxed": "wasm32-relaxed"}
PROGRAMS = {"node": arm64.node, "wasmtime": arm64.python}
# Each emulated check takes half a minute.
CHECKS = [("node", "relaxed", "DotProd"), ("node", "plain", "DotProd"), ("wasmtime", "relaxed", "no DotProd")]
VECTORS = [("node", "plain", "DotProd")]
VECTORS += [(host, "relaxed", cpu) for host in PROGRAMS for cpu in arm64.CPUS]

pytestmark = pytest.mark.skipif(arm64.missing() is not None, reason=str(arm64.missing()))


def output(command, **more):
    run = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    print(run.stdout, run.stderr)
    return run.stdout


@pytest.mark.parametrize("cpu", arm64.CPUS)
def test_cpus_differ_in_the_dot_product(cpu):
    """Bit 20 of the capabilities (entry 16 of the auxiliary vector) stands for DotProd."""
    program = "import ctypes, platform; print(platform.machine(), ctypes.CDLL(None).getauxval(16) >> 20 & 1)"
    assert output([*arm64.python(cpu), "-c", program]) == f"aarch64 {int(cpu == 'DotProd')}\n"


@pytest.mark.parametrize("host, build, cpu", CHECKS)
def test_kernels_agree_with_the_reference(host, build, cpu):
    runner = {"node": "run_node.mjs", "wasmtime": "run_wasmtime.py"}[host]
    module = BUILD / MODULES[build] / "kernel_check.wasm"
    report = output([*PROGRAMS[host](cpu), TESTS / "kernels" / runner, module])
    assert " variants checked, 0 failed" in report
    assert report == output([sys.executable, TESTS / "kernels" / "run_wasmtime.py", module])


@pytest.mark.parametrize("host, build, cpu", VECTORS)
def test_tiny_models_give_the_same_bits(host, build, cpu):
    entries = json.loads((TESTS / "vectors" / "hashes.json").read_text())
    entries = [(entry, batch) for entry in entries if entry["model"].startswith("tiny-") for batch in (1, 512)]
    jobs = [
        json.dumps({"model": str(TESTS / "vectors" / f"{entry['model']}.gguf"), "ids": entry["ids"], "batch": batch})
        for entry, batch in entries
    ]
    rows = {"node": [TESTS / "vectors" / "rows.mjs", build, "1"], "wasmtime": [HERE / "rows.py", build]}[host]
    found = output([*PROGRAMS[host](cpu), *rows], input="\n".join(jobs)).split("\n")[: len(entries)]
    assert found == [entry["sha256"] for entry, _ in entries]
