"""Runs single tests of the planted build, and records which faults each of them reaches.

Times are processor time, so that a busy machine neither makes a test time out nor ends a search early.
"""

import collections
import concurrent.futures
import dataclasses
import hashlib
import os
import pathlib
import pickle
import re
import resource
import subprocess
import sys
import threading

PYTHON_SUITES = {
    "tests/engine/text/template/test_template.py": "tests/engine/text/template_tool",
    "tests/engine/text/template/test_messages.py": "tests/engine/text/template_tool",
}
# A report without lines of code is enough: to find these takes longer than most tests.
QUIET = {"ASAN_OPTIONS": "symbolize=0", "UBSAN_OPTIONS": "symbolize=0"}
BLOCKED = 1200  # seconds after which a test that uses no processor time counts as blocked


@dataclasses.dataclass(frozen=True)
class Test:
    file: str
    name: str
    program: str  # whose hash decides whether the test must be recorded again

    def command(self):
        if self.file.endswith(".py"):
            return [sys.executable, "-m", "pytest", "-qx", "-p", "no:cacheprovider", f"{self.file}::{self.name}"]
        return [self.program]


def list_tests(tree, build, suites):
    """All tests; `suites`: {name: (source file, program)} of the C suites."""
    tests = []
    for file, program in suites.values():
        for name in re.findall(r"cmocka_unit_test\w*\(\s*(\w+)", (tree / file).read_text()):
            tests.append(Test(file, name, str(program)))
    for file, program in PYTHON_SUITES.items():
        for name in re.findall(r"^def (test_\w+)", (tree / file).read_text(), re.MULTILINE):
            tests.append(Test(file, name, str(build / program)))
    return tests


def run_test(tree, test, seconds, **environment):
    """(passed, processor seconds). A test that uses more than `seconds` fails."""
    environment = {**os.environ, **QUIET, "PLANT_TEST": test.name, **environment}
    with subprocess.Popen(
        test.command(), cwd=tree, env=environment, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        limit = int(seconds) + 1
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (limit, limit))
        timer = threading.Timer(BLOCKED, process.kill)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode == 0, usage.ru_utime + usage.ru_stime


def record(tests, tree, work, slowest, jobs):
    """{fault number: [(seconds, test)]} of the tests that reach each fault. Results of unchanged programs are kept."""
    stored = work / "reached.pickle"
    known = pickle.loads(stored.read_bytes()) if stored.exists() else {}
    hashes = {test.program: hashlib.sha256(pathlib.Path(test.program).read_bytes()).digest() for test in tests}
    scripts = {test.file: hashlib.sha256((tree / test.file).read_bytes()).digest() for test in tests}

    def one(number):
        test = tests[number]
        key = (test, hashes[test.program], scripts[test.file])
        if key not in known:
            path = work / f"reached.{number}"
            path.unlink(missing_ok=True)
            passed, seconds = run_test(tree, test, slowest, PLANT_REACHED=str(path))
            known[key] = (passed, seconds, sorted(set(map(int, path.read_text().split()))) if passed else [])
        return test, *known[key]

    reached = collections.defaultdict(list)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for test, passed, seconds, faults in pool.map(one, range(len(tests))):
            if not passed:
                print(f"left out: {test.file}: {test.name} fails or takes more than {slowest:.0f} s without a fault")
            for fault in faults:
                reached[fault].append((seconds, test))
    stored.write_bytes(pickle.dumps({key: result for key, result in known.items() if result[0]}))
    print(f"{len(tests)} tests reach {len(reached)} faults", flush=True)
    return reached
