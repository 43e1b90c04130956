"""Signals that reach only ./quern itself, as from kill or a supervisor: no process of it stays behind."""

import os
import pathlib
import signal
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HOSTS = ["node", "wasmtime"]
PATIENCE = 120  # seconds until a process that should end counts as left behind


def descendants(pid):
    """The processes below `pid`, and `pid` itself."""
    found = [pid]
    for each in found:
        for children in pathlib.Path(f"/proc/{each}/task").glob("*/children"):
            found += map(int, children.read_text().split())
    return found


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def left_behind(pids):
    """Waits for processes to end. Returns those that do not."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and any(map(is_running, pids)):
        time.sleep(0.1)
    return [pid for pid in pids if is_running(pid)]


def endless(model, host, **more):
    """quern run with an answer that does not end soon; returns the process once the answer has begun."""
    options = ["--raw", "-p", "1 2 3 4", "-n", "8000", "-c", "8192", "--temp", "0", "--host", host]
    command = [str(ROOT / "quern"), "run", "-m", str(model), *options]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **more)
    child.first = child.stdout.read(1)
    return child


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_to_quern_alone_leaves_no_process(smollm2, host, which):
    child = endless(smollm2, host)
    pids = descendants(child.pid)
    os.kill(child.pid, which)
    try:
        assert left_behind(pids) == []
    finally:
        for pid in filter(is_running, pids):
            os.kill(pid, signal.SIGKILL)
    rest, errors = child.communicate(timeout=PATIENCE)
    assert child.returncode in ((130,) if which == signal.SIGINT else (-which, 128 + which)), errors
    assert b"Traceback" not in errors
    if which == signal.SIGINT:
        assert (child.first + rest).endswith(b"\n") and b"prefill" in errors


def test_node_needs_no_second_process(smollm2):
    child = endless(smollm2, "node")
    pids = descendants(child.pid)
    child.kill()
    child.communicate(timeout=PATIENCE)
    assert pids == [child.pid]
