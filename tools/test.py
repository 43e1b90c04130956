#!/usr/bin/env python3
"""Builds and runs every test, and ends with a line of counts. The exit status is 1 when one failed or none ran."""
import os
import pathlib
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

import fetch_model

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
MODULES = ["wasm32-simd128", "wasm32-relaxed", "wasm32-simd128-mt", "wasm32-relaxed-mt"]
PYTHON = fetch_model.cache() / "venv" / "bin" / "python"


def step(text):
    print(f"\n== {text}", flush=True)


def build(preset):
    start = time.monotonic()
    subprocess.run([ROOT / "tools" / "build.sh", preset], check=True)
    print(f"{preset}: {time.monotonic() - start:.0f} s", flush=True)


def counts(report):
    """passed, failed, skipped of a JUnit file."""
    cases = list(xml.parse(report).getroot().iter("testcase"))
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None or case.get("status") == "notrun" for case in cases)
    return len(cases) - failed - skipped, failed, skipped


def native():
    report = BUILD / "ctest.xml"
    report.unlink(missing_ok=True)
    subprocess.run(["ctest", "--test-dir", BUILD / "native", "-j2", "--output-on-failure", "--no-tests=error", "--output-junit", report])
    return counts(report)


def python():
    report = BUILD / "pytest.xml"
    report.unlink(missing_ok=True)
    environment = {**os.environ, "QUERN_BUILD": str(BUILD / "native"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [PYTHON, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", f"--junitxml={report}", "tests"]
    subprocess.run(command, cwd=ROOT, env=environment)
    return counts(report)


def main():
    step("models")
    for name in fetch_model.MODELS:
        print(fetch_model.fetch(name))
    step("builds")
    for preset in [*MODULES, "native", "native-release"]:
        build(preset)
    step("native suites, under ASan and UBSan, and the fuzz targets")
    results = [native()]
    step("Wasm modules, command line, vectors: in Node and wasmtime")
    results.append(python())
    passed, failed, skipped = map(sum, zip(*results))
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
