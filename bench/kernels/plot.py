#!/usr/bin/env python3
"""Draws the rates of a CSV file of run.js as bars, in an SVG file next to it. Dotted lines are the limits of the
machine. Needs matplotlib.

  plot.py bench/results/kernels.csv
"""

import csv
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

PEAK = "machine peak"
PANELS = {
    "batch": "batch of 64 tokens, GMAC/s",
    "gemv": "one token, from cache, GMAC/s",
    "dram": "one token, from memory, GB/s",
    "cache": "other kernels, from cache, GB/s",
}
COLORS = {"wasmtime": "#f4c27a", "node": "#f2a33c", "firefox": "#e8743b", "chromium": "#c8432b"}


def best_variants(rows):
    """{type: {host: row}} with the last variant of each type, which is the one in use."""
    types = {}
    for row in rows:
        if row["entry"] != PEAK:
            types.setdefault(row["entry"].split()[0], {})[row["host"]] = row
    return types


def main():
    source = Path(sys.argv[1])
    with source.open(newline="") as file:
        rows = list(csv.DictReader(file))
    types = best_variants(rows)
    hosts = list(dict.fromkeys(row["host"] for row in rows))
    plt.rcParams["svg.hashsalt"] = "quern"  # the same figures give the same file
    figure, axes = plt.subplots(1, len(PANELS), figsize=(11, 0.4 * len(types) + 1), sharey=True, layout="constrained")
    for axis, (key, title) in zip(axes, PANELS.items()):
        for k, host in enumerate(hosts):
            values = [float(of[host][key] or 0) if host in of else 0 for of in types.values()]
            axis.barh(
                [i + (k - len(hosts) / 2) * 0.2 for i in range(len(types))],
                values,
                0.2,
                color=COLORS.get(host),
                label=host,
            )
            peak = key != "cache" and [
                row["gemm" if key != "dram" else "dram"] for row in rows if row["host"] == host and row["entry"] == PEAK
            ]
            if peak and peak[0]:
                axis.axvline(float(peak[0]), color=COLORS.get(host), linewidth=0.8, linestyle=":")
        axis.set_title(title, fontsize=8)
        axis.tick_params(labelsize=7)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_yticks(range(len(types)), list(types), fontsize=7)
    axes[0].invert_yaxis()
    axes[-1].legend(fontsize=7)
    target = source.with_suffix(".svg")
    figure.savefig(target, metadata={"Date": None})
    print(target)


if __name__ == "__main__":
    main()
