"""The kernel check as Wasm, in Node and in wasmtime; and that it finds planted faults there.

The modules are those of the builds wasm32-simd128 and wasm32-relaxed under QUERN_WASM_BUILDS (build): they are built
here when that is needed. QUERN_CHECK_SEED chooses the numbers."""

import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
BUILDS = ROOT / os.environ.get("QUERN_WASM_BUILDS", "build")
SEED = os.environ.get("QUERN_CHECK_SEED", "1")

HOSTS = {
    "node": ["node", HERE / "run_node.mjs"],
    "wasmtime": [sys.executable, HERE / "run_wasmtime.py"],
}
# As in fault.h
BIT, OVERWRITE, OVERREAD = 1, 2, 3


@pytest.fixture(scope="session", params=["wasm32-simd128", "wasm32-relaxed"])
def build(request):
    directory = BUILDS / request.param
    if not (directory / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", request.param, "-B", directory], cwd=ROOT, check=True)
    subprocess.run(["cmake", "--build", directory, "--target", "kernel_check", "kernel_check_fault"], check=True)
    return directory


@pytest.fixture(params=HOSTS)
def host(request):
    return HOSTS[request.param]


def check(host, module, *args):
    run = subprocess.run([*host, module, *map(str, args)], capture_output=True, text=True, check=False)
    print(run.stdout, run.stderr)
    return run


def test_variants_agree(build):
    runs = [check(host, build / "kernel_check.wasm", SEED) for host in HOSTS.values()]
    for run in runs:
        assert run.returncode == 0
        assert "ok swiglu simd128" in run.stdout
        assert "FAIL" not in run.stdout
    assert len({run.stdout for run in runs}) == 1


def test_one_bit_is_found(build, host):
    run = check(host, build / "kernel_check_fault.wasm", SEED, BIT)
    assert run.returncode == 1
    assert "FAIL scale simd128: n 61 " in run.stdout
    assert run.stdout.count("FAILED") == 1


def test_overwrite_is_found(build, host):
    run = check(host, build / "kernel_check_fault.wasm", SEED, OVERWRITE)
    assert run.returncode == 1
    assert "wrote before buffer 0" in run.stdout
    assert run.stdout.count("FAILED") == 1


def test_overread_traps(build, host):
    run = check(host, build / "kernel_check_fault.wasm", SEED, OVERREAD)
    assert run.returncode == 2
    assert "out of bounds" in run.stderr
