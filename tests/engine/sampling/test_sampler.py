"""The sampler against llama.cpp's chain written down in NumPy: what may be drawn, and how often.

The seeds are fixed: a run gives the same draws every time.
"""

import os
import pathlib
import struct
import subprocess

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
TOOL = pathlib.Path(os.environ.get("QUERN_BUILD", ROOT / "build" / "native")) / "tests" / "engine" / "sample_stdio"
DEFAULTS = {
    "temperature": 0.8,
    "top_p": 0.95,
    "min_p": 0.05,
    "repeat_penalty": 1.0,
    "frequency_penalty": 0.0,
    "presence_penalty": 0.0,
    "top_k": 40,
    "penalty_last_n": 64,
    "seed": 0,
}
DRAWS = 10000
VOCAB = 120


def draw(logits, tokens=(), biases=(), draws=DRAWS, check=True, **settings):
    s = DEFAULTS | settings
    data = struct.pack("<4i", len(logits), len(tokens), len(biases), draws)
    data += struct.pack("<6f2iQ", *(s[name] for name in DEFAULTS))
    data += np.asarray(logits, "<f4").tobytes() + np.asarray(tokens, "<i4").tobytes()
    data += b"".join(struct.pack("<if", id, bias) for id, bias in biases)
    done = subprocess.run([TOOL], input=data, capture_output=True)
    if check:
        assert done.returncode == 0, done.stderr
    return np.frombuffer(done.stdout, "<i4") if done.returncode == 0 else done.stderr.decode()


def chain(logits, tokens=(), biases=(), **settings):
    """Probabilities of all ids, float64: bias, penalties, top-k, top-p, min-p, temperature."""
    s = DEFAULTS | settings
    x = np.asarray(logits, np.float32).astype(np.float64)
    for id, bias in biases:
        x[id] += bias
    last = list(tokens) if s["penalty_last_n"] < 0 else list(tokens)[max(0, len(tokens) - s["penalty_last_n"]) :]
    for id in set(last):
        x[id] = x[id] * s["repeat_penalty"] if x[id] <= 0 else x[id] / s["repeat_penalty"]
        x[id] -= last.count(id) * s["frequency_penalty"] + s["presence_penalty"]
    order = np.argsort(-x, kind="stable")
    if s["top_k"] > 0:
        order = order[: s["top_k"]]
    weights = np.exp(x[order] - x[order[0]])
    if s["top_p"] < 1:
        reached = np.cumsum(weights) / weights.sum() >= s["top_p"]
        order = order[: reached.argmax() + 1] if reached.any() else order
    order = order[np.exp(x[order] - x[order[0]]) >= s["min_p"]] if s["min_p"] > 0 else order
    p = np.zeros(len(x))
    if s["temperature"] <= 0:
        p[np.argmax(x)] = 1
        return p
    p[order] = np.exp((x[order] - x[order[0]]) / s["temperature"])
    return p / p.sum()


def assert_drawn_from(p, ids):
    counts = np.bincount(ids, minlength=len(p))
    assert counts[p == 0].sum() == 0, f"ids {np.flatnonzero((p == 0) & (counts > 0))} cannot be drawn"
    wanted = p * len(ids)
    rare = wanted < 10
    seen, wanted = np.append(counts[~rare], counts[rare].sum()), np.append(wanted[~rare], wanted[rare].sum())
    seen, wanted = seen[wanted > 0], wanted[wanted > 0]
    free = len(wanted) - 1
    if free == 0:
        return
    chi2 = ((seen - wanted) ** 2 / wanted).sum()
    z = ((chi2 / free) ** (1 / 3) - (1 - 2 / (9 * free))) / (2 / (9 * free)) ** 0.5  # Wilson and Hilferty
    assert z < 4, f"chi-square {chi2:.1f} with {free} degrees of freedom"


def logits_of(seed, spread=2.0):
    return (spread * np.random.default_rng(seed).standard_normal(VOCAB)).astype(np.float32)


LOGITS = logits_of(1)
BEST = [int(id) for id in np.argsort(-LOGITS)]
SEEN = [BEST[0], BEST[5], BEST[0], BEST[1], BEST[80], BEST[0], BEST[2], BEST[3], BEST[3], BEST[100]]
OPEN = {"top_k": 0, "top_p": 1.0, "min_p": 0.0, "temperature": 1.0}
CASES = {
    "defaults": {},
    "all open": OPEN,
    "cold": {"temperature": 0.2},
    "hot": {"temperature": 3.0},
    "hot and open": OPEN | {"temperature": 3.0},
    "top-k 1": {"top_k": 1},
    "top-k 2": {"top_k": 2, "top_p": 1.0, "min_p": 0.0},
    "top-k of all": OPEN | {"top_k": VOCAB},
    "top-k of more": OPEN | {"top_k": 100000},
    "top-k negative": OPEN | {"top_k": -1},
    "top-p 0": OPEN | {"top_p": 0.0},
    "top-p 0.3": OPEN | {"top_p": 0.3},
    "top-p 0.9": OPEN | {"top_p": 0.9},
    "top-p after top-k": OPEN | {"top_k": 10, "top_p": 0.7},
    "min-p 0.5": OPEN | {"min_p": 0.5},
    "min-p 1": OPEN | {"min_p": 1.0},
    "min-p before temperature": OPEN | {"min_p": 0.1, "temperature": 2.5},
    "repeat": OPEN | {"repeat_penalty": 1.4, "tokens": SEEN},
    "repeat below 1": OPEN | {"repeat_penalty": 0.7, "tokens": SEEN},
    "frequency": OPEN | {"frequency_penalty": 0.6, "tokens": SEEN},
    "frequency negative": OPEN | {"frequency_penalty": -0.3, "tokens": SEEN},
    "presence": OPEN | {"presence_penalty": 1.1, "tokens": SEEN},
    "all penalties": {"repeat_penalty": 1.2, "frequency_penalty": 0.3, "presence_penalty": 0.4, "tokens": SEEN},
    "penalties of the last 4": OPEN
    | {"repeat_penalty": 1.5, "presence_penalty": 1.0, "penalty_last_n": 4, "tokens": SEEN},
    "penalties of none": OPEN | {"presence_penalty": 3.0, "penalty_last_n": 0, "tokens": SEEN},
    "penalties of all": OPEN | {"presence_penalty": 1.0, "penalty_last_n": -1, "tokens": SEEN * 10},
    "penalties of 64": OPEN | {"frequency_penalty": 0.05, "tokens": SEEN * 10},
    "penalties of nothing": OPEN | {"presence_penalty": 1.0},
    "biases": OPEN | {"biases": [(BEST[0], -2.0), (BEST[50], 5.0), (BEST[1], -np.inf)]},
    "a bias twice": OPEN | {"biases": [(BEST[9], 1.0), (BEST[9], 1.5)]},
    "biases before penalties": OPEN | {"biases": [(BEST[0], -8.0)], "repeat_penalty": 1.5, "tokens": [BEST[0]]},
    "everything": {
        "biases": [(BEST[30], 3.0)],
        "repeat_penalty": 1.1,
        "frequency_penalty": 0.2,
        "tokens": SEEN,
        "top_k": 20,
        "top_p": 0.8,
        "min_p": 0.02,
        "temperature": 1.5,
    },
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("seed", [0, 2**64 - 1])
def test_draws(case, seed):
    assert_drawn_from(chain(LOGITS, **case), draw(LOGITS, seed=seed, **case))


@pytest.mark.parametrize("temperature", [0.0, -1.0])
@pytest.mark.parametrize("name", CASES)
def test_greedy_takes_the_best_whatever_is_cut(name, temperature):
    case = CASES[name] | {"temperature": temperature}
    assert set(draw(LOGITS, draws=3, **case)) == {int(chain(LOGITS, **case).argmax())}


def test_equal_logits():
    logits = np.zeros(50, np.float32)
    assert set(draw(logits, draws=5, temperature=0.0)) == {0}
    logits[[31, 17, 40]] = 1
    assert set(draw(logits, draws=5, temperature=0.0)) == {17}
    assert set(draw(logits, top_k=2, top_p=1.0, min_p=0.0)) == {17, 31}  # the lower ids are kept
    assert set(draw(logits, top_k=4, top_p=1.0, min_p=0.0)) == {17, 31, 40, 0}
    assert_drawn_from(chain(logits, **OPEN), draw(logits, **OPEN))


def test_many_seeds_are_as_many_draws():
    ids = np.concatenate([draw(LOGITS, draws=1, seed=seed, **OPEN) for seed in range(400)])
    assert_drawn_from(chain(LOGITS, **OPEN), ids)


def test_a_seed_gives_the_same_again():
    first = draw(LOGITS, seed=5, draws=300)
    assert np.array_equal(first, draw(LOGITS, seed=5, draws=300))
    assert not np.array_equal(first, draw(LOGITS, seed=6, draws=300))
    assert not np.array_equal(first, draw(LOGITS, seed=5 + 2**32, draws=300))


NAN, INF = np.nan, np.inf


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_logits_that_are_no_numbers_are_not_drawn(temperature):
    s = OPEN | {"temperature": temperature, "draws": 500}
    assert set(draw([NAN, 1, NAN, -INF], **s)) == {1}
    assert set(draw([NAN, NAN, NAN, 5], **s)) == {3}
    assert set(draw([-INF, -3e38, NAN, -INF], **s)) == {1}
    assert set(draw([1, INF, 2, NAN], **s)) == {1}
    assert set(draw([-INF, 0], biases=[(0, INF)], **s)) == {1}  # -inf + inf
    assert set(draw([NAN, 0, 1], tokens=[0, 1, 2], repeat_penalty=2.0, biases=[(1, 9.0)], **s)) <= {1, 2}
    assert set(draw([-INF, 0], tokens=[0], presence_penalty=-INF, **s)) == {1}


def test_nothing_to_draw_is_still_an_id():
    for logits in ([NAN] * 4, [-INF] * 4, [INF] * 4, [3e38, -3e38, 0, 0]):
        for temperature in (0.0, 1e-30, 0.8, 3e38, INF):
            assert set(draw(logits, draws=20, temperature=temperature)) <= {0, 1, 2, 3}


@pytest.mark.parametrize(
    "settings, word",
    [
        ({"temperature": NAN}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"top_p": 1.1}, "top_p"),
        ({"top_p": NAN}, "top_p"),
        ({"min_p": -0.1}, "min_p"),
        ({"min_p": 1.1}, "min_p"),
        ({"min_p": NAN}, "min_p"),
        ({"repeat_penalty": 0.0}, "repeat_penalty"),
        ({"repeat_penalty": -1.0}, "repeat_penalty"),
        ({"repeat_penalty": NAN}, "repeat_penalty"),
        ({"frequency_penalty": NAN}, "frequency_penalty"),
        ({"presence_penalty": NAN}, "presence_penalty"),
        ({"biases": [(0, NAN)]}, "token 0"),
        ({"biases": [(-1, 0.0)]}, "token -1"),
        ({"biases": [(VOCAB, 0.0)]}, f"token {VOCAB}"),
    ],
)
def test_settings_that_make_no_sense(settings, word):
    assert word in draw(LOGITS, check=False, **settings)
