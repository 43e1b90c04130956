#!/usr/bin/env python3
"""Runs the linters and every test. The last line has the counts. The exit status is 1 if a test failed or none ran."""

import os
import pathlib
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

import fetch_model

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
MODULES = [f"wasm{bits}-{build}" for bits in (32, 64) for build in ("simd128", "relaxed", "simd128-mt", "relaxed-mt")]
# tests/conftest.py says which tests stay in one process, and in which order the groups start.
SHARED = ["-n", str(min(os.cpu_count() or 2, 4)), "--dist", "loadgroup", "--no-loadscope-reorder"]
PYTHON = fetch_model.cache() / "venv" / "bin" / "python"


def step(text):
    print(f"\n== {text}", flush=True)


def build(preset):
    start = time.monotonic()
    built = subprocess.run([ROOT / "tools" / "build.sh", preset]).returncode == 0
    print(f"{preset}: {'built' if built else 'FAILED'}, {time.monotonic() - start:.0f} s", flush=True)
    return built


def fetched(name):
    """A model that cannot be fetched counts as a failure. The tests that need it are skipped."""
    try:
        print(fetch_model.fetch(name), flush=True)
    except (SystemExit, subprocess.CalledProcessError) as error:
        print(f"{name} could not be fetched: {error}", flush=True)
        return False
    return True


def set_up_arm64():
    """A failure counts as one. The tests that need these programs are then skipped."""
    return subprocess.run([ROOT / "tools" / "setup.sh", "arm64"]).returncode == 0


def counts(report):
    """The numbers of passed, failed and skipped tests in a JUnit file."""
    cases = list(xml.parse(report).getroot().iter("testcase"))
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None or case.get("status") == "notrun" for case in cases)
    return len(cases) - failed - skipped, failed, skipped


def run(command, report, **more):
    """Runs a test program and returns its counts. A program that fails without a report counts as one failure."""
    report.unlink(missing_ok=True)
    status = subprocess.run(command, **more).returncode
    passed, failed, skipped = counts(report) if report.exists() else (0, 0, 0)
    return passed, failed or int(status != 0), skipped


def native():
    report = BUILD / "ctest.xml"
    jobs = f"-j{os.cpu_count() or 2}"
    return run(
        [
            "ctest",
            "--test-dir",
            BUILD / "native",
            jobs,
            "--output-on-failure",
            "--no-tests=error",
            "--output-junit",
            report,
        ],
        report,
    )


def python():
    report = BUILD / "pytest.xml"
    environment = {**os.environ, "QUERN_BUILD": str(BUILD / "native"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [PYTHON, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", f"--junitxml={report}", *SHARED, "tests"]
    return run(command, report, cwd=ROOT, env=environment)


def main():
    step("format and style")
    results = [(1, 0, 0) if subprocess.run([ROOT / "tools" / "lint.sh"]).returncode == 0 else (0, 1, 0)]
    step("models")
    results += [(0, int(not fetched(name)), 0) for name in fetch_model.MODELS]
    step("programs for 64-bit ARM")
    results.append((0, int(not set_up_arm64()), 0))
    step("builds")
    built = [build(preset) for preset in [*MODULES, "native", "native-release", "coverage"]]
    results.append((0, built.count(False), 0))
    if all(built):
        subprocess.run([ROOT / "tools" / "package_wasm.py"], check=True)
        step("native suites and fuzz targets, under ASan and UBSan")
        results.append(native())
        step("Wasm modules, command line and vectors in Node, in wasmtime and on ARM, package and demo in browsers")
        results.append(python())
    passed, failed, skipped = map(sum, zip(*results))
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
