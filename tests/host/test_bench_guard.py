"""make bench-guard: its verdicts on made-up measurements, the order of its turns, and errors in its arguments."""

import json
import pathlib
import random
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GUARD = ROOT / "bench" / "guard"


def judged(*comparisons):
    """The exit status, and the lines of the table with their verdicts."""
    named = [{"host": "node", "name": f"kernel {i}", "rounds": rounds} for i, rounds in enumerate(comparisons)]
    measured = json.dumps({"about": "a CPU", "comparisons": named})
    done = subprocess.run([sys.executable, GUARD / "verdict.py"], input=measured, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout.startswith("a CPU\n")
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("node")]
    return done.returncode, [row[-1] for row in rows], rows


def rounds(time, noise=0.02, count=20, drift=0.0, seed=1):
    """Measurements of a base that takes 1, and of a head that takes `time`. noise: relative, of each measurement;
    drift: how much slower the machine is at the end."""
    rng = random.Random(seed)

    def measured(seconds, at):
        return seconds * (1 + drift * at / (4 * count)) * rng.lognormvariate(0, noise)

    return [[measured(time if turn in (1, 2) else 1, 4 * i + turn) for turn in range(4)] for i in range(count)]


def test_a_loss_of_five_percent_fails():
    status, verdicts, rows = judged(rounds(1), rounds(1 / 0.95), rounds(1))
    assert status == 1 and verdicts == ["ok", "LOSS", "ok"]
    assert abs(float(rows[1][3]) - 0.95) < 0.01


def test_noise_without_a_loss_passes():
    status, verdicts, _ = judged(*(rounds(1, noise=0.03, seed=seed) for seed in range(100)))
    assert status == 0 and verdicts.count("LOSS") == 0


def test_a_small_loss_passes():
    assert judged(rounds(1 / 0.985, noise=0.005))[:2] == (0, ["ok"])


def test_noise_that_could_hide_a_loss_is_stated():
    assert judged(rounds(1 / 0.95, noise=0.3, count=5))[:2] == (0, ["unclear"])


def test_a_gain_is_stated():
    assert judged(rounds(1 / 1.1))[:2] == (0, ["faster"])


def test_a_machine_that_slows_down_changes_nothing():
    status, verdicts, rows = judged(rounds(1, noise=0, drift=1.0), rounds(1 / 0.95, noise=0, drift=1.0))
    assert status == 1 and verdicts == ["ok", "LOSS"]
    assert abs(float(rows[0][3]) - 1) < 0.002 and abs(float(rows[1][3]) - 0.95) < 0.002


def test_rare_interruptions_change_nothing():
    interrupted = rounds(1, noise=0.005)
    interrupted[3][1] = interrupted[5][0] = interrupted[8][2] = 10
    assert judged(interrupted)[:2] == (0, ["ok"])


TURNS = """
import { compareEngines } from './bench/guard/compare.js';
const order = [];
const open = async (side) => ({
  round: async () => order.push(side) && { prefill_s: 1 + side, decode_s: order.length, pass_s: [1, 3 + side] },
  close: async () => order.push('closed'),
});
console.log(JSON.stringify([await compareEngines(open, 2), order]));
"""


def test_builds_take_turns():
    done = subprocess.run(["node", "--input-type=module", "-e", TURNS], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    comparisons, order = json.loads(done.stdout)
    assert order == [0, 1, 1, 0] * 3 + ["closed"] * 4  # one round warms up
    assert comparisons == [
        {"name": "prefill", "rounds": [[1, 2, 2, 1]] * 2},
        {"name": "decode", "rounds": [[5, 6, 7, 8], [9, 10, 11, 12]]},
        {"name": "pass of 4 tokens", "rounds": [[3, 4, 4, 3]] * 2},
    ]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "the commit to compare with is missing, as in BASE=main"),
        (["--base", "no-such-commit"], '"no-such-commit" is not a commit'),
        (["--base=--all"], '"--all" is not a commit'),
        (["--base", "HEAD", "--rounds", "2"], "--rounds must be a whole number from 5 to 1000"),
        (["--base", "HEAD", "--ctx", "-1"], "--ctx must be a whole number from 0 to 1048576"),
        (["--base", "HEAD", "--threads", "0"], "--threads must be a whole number from 1 to 32"),
        (
            ["--base", "HEAD", "--hosts", "node,safari"],
            'must be one of node, chromium, firefox, wasmtime, not "safari"',
        ),
        (["--base", "HEAD", "--parts", ""], 'must be one of kernels, engine, not ""'),
        (["--base", "HEAD", "--filter", "("], '--filter "(" is not a regular expression'),
        (["--base", "HEAD", "--model", "/nowhere.gguf"], "/nowhere.gguf: no such file"),
        (["--base", "HEAD", "--fast"], "Unknown option '--fast'"),
    ],
)
def test_refuses(arguments, why):
    done = subprocess.run(["node", GUARD / "guard.js", *arguments], capture_output=True, text=True, timeout=60)
    first = done.stderr.splitlines()[0]
    assert done.returncode == 2 and first.startswith("bench-guard: ") and why in first
    assert "building" not in done.stderr
