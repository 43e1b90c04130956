#!/usr/bin/env python3
"""Draws the rates in a CSV of suite.js as a bar chart, an .svg next to it. Needs matplotlib.

plot.py bench/results/e2e.csv
"""

import csv
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

# Names from the CSV, in the order of the bars, and their colors: warm for quern, cool for the others.
COLORS = {
    "quern": {"wasmtime": "#f4c27a", "node": "#f2a33c", "firefox": "#e8743b", "chromium": "#c8432b"},
    "wllama-2": "#7fa6c9",
    "wllama-3": "#b5cbe0",
    "llama.cpp": "#3d4f63",
}


def color(row):
    shade = COLORS.get(row["engine"], "#999999")
    return shade.get(row["host"], "#999999") if isinstance(shade, dict) else shade


def label(row):
    if row["engine"] == "quern":
        return f"Quern, {row['host']}" + (", plain SIMD" if row["build"] == "plain" else "")
    return {"wllama-2": "wllama 2.3.1", "wllama-3": "wllama 3.8.1", "llama.cpp": "llama.cpp, native"}[row["engine"]]


def bars(axis, rows, phase, title):
    rows = rows[::-1]  # the first at the top
    median = [float(row[f"{phase}_tps_median"]) for row in rows]
    low = [m - float(row[f"{phase}_tps_min"]) for m, row in zip(median, rows)]
    high = [float(row[f"{phase}_tps_max"]) - m for m, row in zip(median, rows)]
    axis.barh(
        range(len(rows)),
        median,
        xerr=(low, high),
        color=[color(row) for row in rows],
        error_kw={"ecolor": "#00000066", "elinewidth": 1},
    )
    axis.set_yticks(range(len(rows)), [label(row) for row in rows], fontsize=7)
    axis.set_title(title, fontsize=8)
    axis.tick_params(axis="x", labelsize=7)
    axis.spines[["top", "right"]].set_visible(False)


def main():
    source = Path(sys.argv[1])
    with source.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if not row["error"]]
    groups = {}
    for row in rows:
        groups.setdefault((row["model"], row["threads"], row["context"]), []).append(row)
    if not groups:
        sys.exit(f"{source} has no rates to draw")
    heights = [len(group) + 2 for group in groups.values()]
    plt.rcParams["svg.fonttype"] = "none"  # half the size
    plt.rcParams["svg.hashsalt"] = "quern"  # the same figures give the same file
    figure, axes = plt.subplots(
        len(groups),
        2,
        figsize=(10, sum(heights) * 0.22 + 0.5),
        squeeze=False,
        gridspec_kw={"height_ratios": heights},
        layout="constrained",
    )
    for (model, threads, context), group, pair in zip(groups, groups.values(), axes):
        where = f"{model}, {threads} thread{'s' if threads != '1' else ''}" + (
            f", after {context} tokens" if context != "0" else ""
        )
        bars(pair[0], group, "prefill", f"{where}: prompt, tokens/s")
        bars(pair[1], group, "decode", f"{where}: generation, tokens/s")
    target = source.with_suffix(".svg")
    figure.savefig(target, metadata={"Date": None})
    print(target)


if __name__ == "__main__":
    main()
