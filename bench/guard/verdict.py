#!/usr/bin/env python3
"""Judges the measurements of guard.js, which are on standard input as JSON: prints a table, and exits with 1 if a
comparison shows a loss of more than 3 %.

    {"about", "comparisons": [{"host", "name", "rounds": [[base, head, head, base], ...]}]}; times in any unit
"""

import json
import sys
from typing import NamedTuple

import numpy as np
from scipy.stats import bootstrap

LIMIT = 0.03  # the loss that is tolerated
CONFIDENCE = 0.99  # high, because a run has hundreds of comparisons
RESAMPLES = 4000


class Comparison(NamedTuple):
    host: str
    name: str
    speed: float  # of the head, relative to the base: a ratio of medians over the rounds
    low: float  # the bounds of its confidence interval
    high: float
    noise: float  # the same ratio for the second instance of the base, relative to the first

    @property
    def verdict(self):
        if self.high < 1 - LIMIT:
            return "LOSS"
        if self.low < 1 - LIMIT:
            return "unclear"
        return "faster" if self.low > 1 else "ok"


def ratio(before, after, axis=-1):
    return np.median(before, axis) / np.median(after, axis)


def compare(host, name, rounds):
    first, head, head_again, base_again = np.array(rounds).T
    base, head = first + base_again, head + head_again
    # Rounds are resampled as pairs, because what slows a round down affects both builds.
    options = {"paired": True, "vectorized": True, "n_resamples": RESAMPLES, "method": "percentile", "rng": 1}
    found = bootstrap((base, head), ratio, confidence_level=CONFIDENCE, **options)
    return Comparison(host, name, ratio(base, head), *found.confidence_interval, ratio(first, base_again))


def table(comparisons):
    head = ["host", "measured", "speed", "interval", "A/A", "verdict"]
    lines = [
        [one.host, one.name, f"{one.speed:.3f}", f"{one.low:.3f} to {one.high:.3f}", f"{one.noise:.3f}", one.verdict]
        for one in comparisons
    ]
    widths = [max(map(len, column)) for column in zip(head, *lines)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in [head, *lines])


def summary(comparisons):
    noise = sorted(abs(one.noise - 1) for one in comparisons)
    counts = {verdict: sum(one.verdict == verdict for one in comparisons) for verdict in ("LOSS", "unclear")}
    return [
        f"noise: the base differs from itself by {noise[len(noise) // 2]:.1%} (median), at most {noise[-1]:.1%}",
        f"{len(comparisons)} comparisons, {counts['LOSS']} with a loss above {LIMIT:.0%}"
        + (f", {counts['unclear']} unclear: more rounds or an idle machine would help" if counts["unclear"] else ""),
    ]


def main():
    measured = json.load(sys.stdin)
    comparisons = [compare(**one) for one in measured["comparisons"]]
    print(measured["about"])
    print(f"speed: relative to the base, with its {CONFIDENCE:.0%} confidence interval; A/A: the base against itself\n")
    print(table(comparisons), *summary(comparisons), sep="\n")
    sys.exit(any(one.verdict == "LOSS" for one in comparisons))


if __name__ == "__main__":
    main()
