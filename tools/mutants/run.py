"""Plants one fault at a time into the checks of untrusted input, and runs the tests that reach it.

    run.py                      all faults
    run.py --sample 100         100 of them, chosen by --seed
    run.py --only save.c        those whose key contains this text
    run.py --survivors          those that survived the last run
    run.py --table              write the tables of docs/security.md from the last run

All faults are compiled in once, each behind a switch (plant.h), into a copy of the tree in build/mutants. A first run
of every test records which faults it reaches; then each fault runs only against the tests that reach it, the quickest
and those of its folder first, until one fails. A fault that no test detects survives and is reported with its place,
unless tests/mutants/equivalent.txt proves that it changes nothing. The exit status is 1 if a fault survives.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

import rules
import suites
import table

ROOT = pathlib.Path(__file__).parents[2]
WORK = ROOT / "build/mutants"
TREE = WORK / "tree"
BUILD = TREE / "build/native"
EQUIVALENT = ROOT / "tests/mutants/equivalent.txt"
REPORT = WORK / "report.json"
FOLDERS = ("gguf", "engine/config", "engine/weights", "engine/model", "engine/session", "engine/text/json")
LIMITS_ONLY = ("engine/text/template",)
# Constrained output: these read no files, and their tests are those of tests/engine/grammar.
LEFT_OUT = ("model_grammar.c", "output.c", "constraint.c", "forced.c")
COPIED = ("CMakeLists.txt", "CMakePresets.json", "cmake", "engine", "gguf", "hosts", "include", "kernels", "platform",
          "quant", "tests", "tools/fetch_model.py", "tools/mutants")  # fmt: skip
SUITES = re.compile(r"^(gguf|config|weights|model|state|session|api|json|template|tokenizer)_(?!.*simde)")
SLOWEST = 60.0  # seconds of processor time; a test that takes longer does not take part
ENOUGH = 60.0  # seconds of tests without a failure, after which a fault survives


def copy_tree(planted):
    """Brings the copy of the tree up to date; files that stay the same keep their times."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *COPIED], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout.split("\n")
    for name in filter(None, listed):
        there, here = TREE / name, ROOT / name
        if not here.is_file() or name.startswith(("tests/web", "tests/packaging", "tests/vectors/tiny-")):
            continue
        data = planted.get(name) or here.read_bytes()
        if not there.exists() or there.read_bytes() != data:
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(data)
    for model in (ROOT / "tests/vectors").glob("tiny-*"):
        link = TREE / "tests/vectors" / model.name
        if not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(model)


def list_faults():
    """All faults with their numbers, and the planted sources by file name."""
    faults, planted = [], {}
    for folder in FOLDERS + LIMITS_ONLY:
        for path in sorted(path for path in (ROOT / folder).glob("*.c") if path.name not in LEFT_OUT):
            name, code = str(path.relative_to(ROOT)), path.read_bytes()
            first = len(faults) + 1
            faults += rules.faults(name, code, folder in LIMITS_ONLY)
            planted[name] = rules.plant(code, list(enumerate(faults[first - 1 :], first)))
    return faults, planted


def build():
    """Builds the suites; returns all tests."""
    flags = f"-w -I{TREE} -include {TREE}/tools/mutants/plant.h"
    launcher = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    options = [f"-DCMAKE_C_FLAGS={flags}", "-DCMAKE_C_FLAGS_RELWITHDEBINFO=-O1 -gline-tables-only", *launcher]
    subprocess.run(
        ["cmake", "--preset", "native", "-DQUERN_PLANTED=ON", *options], cwd=TREE, check=True, stdout=subprocess.DEVNULL
    )
    listed = subprocess.run(
        ["ctest", "--test-dir", BUILD, "--show-only=json-v1"], capture_output=True, check=True, text=True
    )
    tools = {os.path.basename(program) for program in suites.PYTHON_SUITES.values()}
    names = [test["name"] for test in json.loads(listed.stdout)["tests"] if SUITES.match(test["name"])]
    subprocess.run(["ninja", "-C", BUILD, "-j2", *names, *tools], check=True, stdout=subprocess.DEVNULL)
    programs = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        output = re.search(r" -o (\S+)", entry["command"])[1]
        made = re.search(r"CMakeFiles/([\w]+)\.dir/", output)
        file = str(pathlib.Path(entry["file"]).relative_to(TREE))
        if made and made[1] in names and re.search(r"/test_\w+\.c$", file):
            program = BUILD / output.split("/CMakeFiles")[0] / made[1]
            programs[made[1]] = (file, program)
    return suites.list_tests(TREE, BUILD, programs)


class Judge:
    """Runs faults against the tests that reach them."""

    def __init__(self, reached, enough):
        self.reached, self.enough = reached, enough
        self.found = collections.Counter()  # (file of a fault, test): how often the test detected a fault of the file

    def order(self, number, fault):
        """The tests that reach a fault, the most promising first: quick ones, and those that found similar faults."""
        folder = f"tests/{os.path.dirname(fault.file)}/"

        def cost(item):
            seconds, test = item
            return (seconds + 0.02) * (1 if test.file.startswith(folder) else 3) / (1 + self.found[fault.file, test])

        return sorted(self.reached[number], key=cost)

    def detect(self, number, fault):
        """The test that detects a fault, as [file, name], or None."""
        spent = 0.0
        for seconds, test in self.order(number, fault):
            if spent + seconds > self.enough:
                continue
            passed, took = suites.run_test(TREE, test, 3 + 5 * seconds, PLANT_FAULT=str(number))
            if not passed:
                self.found[fault.file, test] += 1
                return [test.file, test.name]
            spent += took
        return None


def judge_all(numbers, faults, reached, options):
    results = {}
    judge = Judge(reached, options.enough)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        found = pool.map(lambda n: judge.detect(n, faults[n - 1]), numbers)
        for number, test in zip(numbers, found, strict=True):
            results[number] = test
            if test is None:
                print(f"not detected: {faults[number - 1].key}", flush=True)
            if len(results) % 100 == 0:
                print(f"{len(results)} of {len(numbers)} faults", flush=True)
    return results


def read_equivalent():
    """{key: reason}"""
    pairs = {}
    for block in EQUIVALENT.read_text().split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        for key in lines[:-1]:
            pairs[key] = lines[-1].strip()
    return pairs


def choose(faults, options):
    numbers = list(range(1, len(faults) + 1))
    if options.only:
        numbers = [n for n in numbers if options.only in faults[n - 1].key]
    if options.survivors:
        last = {row["key"] for row in json.loads(REPORT.read_text()) if row["test"] is None}
        numbers = [n for n in numbers if faults[n - 1].key in last]
    if options.sample:
        numbers = sorted(random.Random(options.seed).sample(numbers, min(options.sample, len(numbers))))
    return numbers


def report(faults, results, equivalent, complete):
    survivors = 0
    rows = []
    for number, test in sorted(results.items()):
        fault = faults[number - 1]
        rows.append({"key": fault.key, "file": fault.file, "function": fault.function, "line": fault.line,
                     "rule": fault.rule, "check": fault.check, "test": test})  # fmt: skip
        if test is None and fault.key not in equivalent:
            survivors += 1
            print(f"SURVIVES {fault.file}:{fault.line}: {fault.function}: {fault.check}  =>  {fault.text}")
        elif test is not None and fault.key in equivalent:
            print(f"listed as equivalent, but {test[0]}: {test[1]} detects it: {fault.key}")
            survivors += 1
    if not complete and REPORT.exists():  # the last complete run, with what has changed
        fresh = {row["key"]: row for row in rows}
        keys = {fault.key for fault in faults}
        old = [row for row in json.loads(REPORT.read_text()) if row["key"] in keys]
        seen = {row["key"] for row in old}
        rows = [fresh.get(row["key"], row) for row in old] + [r for r in rows if r["key"] not in seen]
    REPORT.write_text(json.dumps(rows, indent=1))
    return survivors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--survivors", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--enough", type=float, default=ENOUGH, help="seconds of tests, after which a fault survives")
    parser.add_argument("--slowest", type=float, default=SLOWEST, help="seconds; slower tests do not take part")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    equivalent = read_equivalent()
    faults, planted = list_faults()
    if options.table:
        keys = {fault.key for fault in faults}
        table.write([row for row in json.loads(REPORT.read_text()) if row["key"] in keys], equivalent)
        return 0
    copy_tree(planted)
    reached = suites.record(build(), TREE, WORK, options.slowest, options.jobs)
    numbers = choose(faults, options)
    start = time.monotonic()
    results = judge_all(numbers, faults, reached, options)
    survivors = report(faults, results, equivalent, not (options.only or options.survivors or options.sample))
    proven = sum(test is None and faults[n - 1].key in equivalent for n, test in results.items())
    detected = sum(test is not None for test in results.values())
    print(
        f"{len(numbers)} of {len(faults)} faults in {time.monotonic() - start:.0f} s: {detected} detected, "
        f"{proven} proven equivalent, {survivors} survive"
    )
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
