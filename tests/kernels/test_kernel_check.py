"""The kernel check as a Wasm module in Node, wasmtime, Chromium and Firefox: all variants agree with the reference, and
planted faults are found. Browsers are driven by bench/node_modules and skipped if it is not installed.

The modules are built here if necessary, in the directories of the presets wasm32-simd128 and wasm32-relaxed (for
wasmtime also wasm64) below QUERN_WASM_BUILDS (default: build). QUERN_CHECK_SEED is the seed of the check's random
numbers."""

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
    "chromium": ["node", HERE / "run_browser.mjs", "chromium"],
    "firefox": ["node", HERE / "run_browser.mjs", "firefox"],
}
BROWSERS = {
    "chromium": os.environ.get("QUERN_CHROMIUM", "/usr/bin/chromium"),
    "firefox": os.environ.get("QUERN_FIREFOX", "/usr/bin/firefox-esr"),
}
# enum fault of fault.h
BIT, OVERWRITE, OVERREAD = 1, 2, 3

BUILDS_AND_HOSTS = [(f"wasm32-{kernels}", host) for kernels in ("simd128", "relaxed") for host in HOSTS]
BUILDS_AND_HOSTS += [(f"wasm64-{kernels}", "wasmtime") for kernels in ("simd128", "relaxed")]


@pytest.fixture(scope="session")
def build(request):
    directory = BUILDS / request.param
    if not (directory / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", request.param, "-B", directory], cwd=ROOT, check=True)
    subprocess.run(["cmake", "--build", directory, "--target", "kernel_check", "kernel_check_fault"], check=True)
    return directory


@pytest.fixture
def host(request):
    if request.param in BROWSERS:
        if not (ROOT / "bench/node_modules/playwright-core").exists():
            pytest.skip("bench/node_modules is not installed")
        if not pathlib.Path(BROWSERS[request.param]).exists():
            pytest.skip(f"{request.param} is not installed")
    return HOSTS[request.param]


def check(host, module, *args):
    run = subprocess.run([*host, module, *map(str, args)], capture_output=True, text=True, check=False)
    print(run.stdout, run.stderr)
    return run


@pytest.fixture(scope="session")
def reports():
    return {}


@pytest.mark.parametrize("build, host", BUILDS_AND_HOSTS, indirect=True)
def test_variants_agree(build, host, reports):
    run = check(host, build / "kernel_check.wasm", SEED)
    assert run.returncode == 0
    assert "ok swiglu simd128" in run.stdout
    assert "FAIL" not in run.stdout
    assert run.stdout == reports.setdefault(build, run.stdout), "the reports of two hosts differ"


@pytest.mark.parametrize("build, host", BUILDS_AND_HOSTS, indirect=True)
def test_one_bit_is_found(build, host):
    run = check(host, build / "kernel_check_fault.wasm", SEED, BIT)
    assert run.returncode == 1
    assert "FAIL scale simd128: n 61 " in run.stdout
    assert run.stdout.count("FAILED") == 1


@pytest.mark.parametrize("build, host", BUILDS_AND_HOSTS, indirect=True)
def test_overwrite_is_found(build, host):
    run = check(host, build / "kernel_check_fault.wasm", SEED, OVERWRITE)
    assert run.returncode == 1
    assert "wrote before buffer 0" in run.stdout
    assert run.stdout.count("FAILED") == 1


@pytest.mark.parametrize("build, host", BUILDS_AND_HOSTS, indirect=True)
def test_overread_traps(build, host):
    run = check(host, build / "kernel_check_fault.wasm", SEED, OVERREAD)
    assert run.returncode == 2
    assert "trapped: " in run.stdout
