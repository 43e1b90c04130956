#!/usr/bin/env python3
"""Runs every fuzz target for some seconds, two at a time, and prints a summary: run.py [--seconds 60] [name...]

The targets are those of tests/fuzz, built in build/native, and `serve`, which is tests/web/fuzz_serve.py. A target
keeps the inputs it finds in build/native/tests/fuzz/corpus/<name>. An input that fails is stored as
build/native/tests/fuzz/crash-*, timeout-* or oom-*."""

import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build/native/tests/fuzz"
JOBS = 2


def names():
    return sorted(path.stem.removeprefix("fuzz_") for path in HERE.glob("fuzz_*.c")) + ["serve"]


def command(name, seconds):
    if name == "serve":
        return [sys.executable, ROOT / "tests/web/fuzz_serve.py", "--seconds", str(seconds)]
    options = ["-max_len=40960", "-timeout=60", "-rss_limit_mb=3000", "-print_final_stats=1", "-verbosity=1"]
    dictionary = HERE / f"{name}.dict"
    options += [f"-dict={dictionary}"] if dictionary.exists() else []
    return [
        BUILD / f"fuzz_{name}",
        f"-max_total_time={seconds}",
        *options,
        BUILD / "corpus" / name,
        BUILD / "seeds" / name,
    ]


def run(name, seconds):
    """Runs a target. Returns (name, whether it found nothing, its output)."""
    done = subprocess.run(command(name, seconds), cwd=BUILD, capture_output=True, text=True, errors="replace")
    return name, done.returncode == 0, done.stdout + done.stderr


def last(pattern, text):
    found = re.findall(pattern, text)
    return found[-1] if found else "-"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    failed = []
    print(f"{'target':10} {'executions':>11} {'per second':>11} {'edges':>6} {'inputs':>7}  result", flush=True)
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        results = [pool.submit(run, name, options.seconds) for name in options.names or names()]
        for result in concurrent.futures.as_completed(results):
            name, passed, text = result.result()
            count = last(r"number_of_executed_units: (\d+)", text)
            count = last(r"(\d+) requests", text) if name == "serve" else count
            rate = f"{int(count) / options.seconds:.0f}" if count != "-" else "-"
            edges, inputs = last(r" cov: (\d+)", text), last(r" corp: (\d+)", text)
            print(
                f"{name:10} {count:>11} {rate:>11} {edges:>6} {inputs:>7}  {'ok' if passed else 'FINDING'}", flush=True
            )
            failed += [] if passed else [text[-6000:]]
    print("\n\n".join(failed))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
