#!/usr/bin/env python3
"""Counts the instructions that the kernels execute, per 32 weights, on x86-64 and on 64-bit ARM:

    tools/setup.sh arm64
    cmake --build --preset wasm32-relaxed --target kernel_bench
    ~/.cache/quern/venv/bin/python bench/kernels/instructions.py [--entries regex] [--hosts regex] [--kinds]
        [--wasm path] [--rows 64] [--n 1024] [--tokens 8]

QEMU runs each kernel once and logs the machine code of each block and each execution of a block. So the counts include
everything: scales, minimums, remainders, calls. A gemv is counted per 32 weights of a row, a gemm and a gemv of several
tokens per 32 weights of a row and token, and unpacking a panel per 32 weights of a row. --kinds prints each kind of
instruction. An arithmetic instruction of x86-64 that reads memory has the kind of its operation.

QEMU has AVX2 but not VNNI, so x86-64 is a CPU without VNNI here. "no DotProd" is an ARM CPU without that extension.
"checked" is V8 as on Android, where it checks the bounds of each access by instructions; elsewhere it uses a page
fault."""

import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "arm64")]
import arm64  # noqa: E402
from node_flags import relaxed_flags  # noqa: E402

KINDS = ("load", "dot", "multiply", "add", "vector", "store", "scalar")
V8 = ["--no-liftoff", "--no-wasm-tier-up", "--no-wasm-lazy-compilation", "--random-seed=1", "--single-threaded"]
V8 += ["--print-wasm-code"]
X86 = ["qemu-x86_64-static", "-cpu", "max"]


def v8(node, *flags):
    return [*node, *V8, *flags, HERE / "trace.mjs"]


HOSTS = {
    "wasmtime, x86-64": [*X86, sys.executable, HERE / "trace.py"],
    "wasmtime, ARM": [*arm64.python("DotProd"), HERE / "trace.py"],
    "wasmtime, ARM, no DotProd": [*arm64.python("no DotProd"), HERE / "trace.py"],
    "Node, x86-64": v8([*X86, shutil.which("node"), *relaxed_flags()]),
    "Node, ARM": v8(arm64.node("DotProd"), "--no-wasm-bounds-checks"),
    "Node, ARM, no DotProd": v8(arm64.node("no DotProd"), "--no-wasm-bounds-checks"),
    "Node, ARM, checked": v8(arm64.node("DotProd"), "--wasm-enforce-bounds-checks"),
}

# Patterns of mnemonics, without the v of AVX; of instructions that have a vector register as an operand.
ARITHMETIC = {
    "dot": r"sdot|[su]ml[as]l2?|[su]mull2?|pmaddubsw|pmaddwd",
    "multiply": r"f?mul[ps]?[sd]?|f?ml[as]|pmul.*|sqdmulh",
    "add": r"f?(add|sub)[ps]?[sd]?|[su](add|sub)[lw]p?2?|[su]adalp|f?addp|addv|f?neg|f?abs|p(h?add|h?sub|abs).*",
}
SDOT = re.compile(r"\s*4e[89][0-9a-f]9[4-7]")
VECTOR = {"arm64": re.compile(r"\b(v\d|[qdsbh]\d+\b)"), "x86-64": re.compile(r"\bxmm\d")}


def kind(architecture, mnemonic, operands):
    """One of KINDS."""
    arm = architecture == "arm64"
    if arm and mnemonic.startswith(("ld", "st")):
        return "load" if mnemonic.startswith("ld") else "store"
    if not VECTOR[architecture].search(operands):
        return "scalar"
    name = mnemonic if arm else mnemonic.removeprefix("v")
    for one, pattern in ARITHMETIC.items():
        if re.fullmatch(pattern, name):
            return one
    if not arm and "(" in operands and re.match(r"p?mov|p?broadcast|pinsr|insertps|pextr|extractps|lddqu", name):
        return "store" if operands.endswith(")") else "load"
    return "vector"


class Log:
    """Reads QEMU's log. executed[entry, work]: how often each block ran."""

    def __init__(self):
        self.executed = collections.defaultdict(collections.Counter)
        self.blocks = []  # lists of (mnemonic, operands)
        self.at = {}  # the block that starts at an address

    def read(self, lines):
        block, now = None, None
        for line in lines:
            if line.startswith("Trace"):
                if now:
                    self.executed[now][self.at[int(line.split("/")[1], 16)]] += 1
            elif line.startswith("0x"):
                address, code = line.split(":", 1)
                if block is None:
                    self.at[int(address, 16)] = len(self.blocks)
                    block = []
                    self.blocks.append(block)
                if found := re.match(r"\s*(?:[0-9a-f]{2,8} )+\s*([a-z.][a-z0-9.]*)\s*(.*)", code):
                    is_sdot = SDOT.match(code)  # which QEMU executes but cannot name
                    block.append(("sdot", "v0.4s") if is_sdot else found.groups())
            elif "/begin/" in line:
                now = tuple(line.split("/begin/")[1].split('"')[0].split("/"))
            elif "/end/" in line:
                now = None
            else:
                block = None

    def kinds(self, architecture):
        """For each entry and work, the number of executed instructions by kind."""
        of_block = [collections.Counter(kind(architecture, *one) for one in block) for block in self.blocks]
        result = {}
        for work, blocks in self.executed.items():
            result[work] = collections.Counter()
            for block, times in blocks.items():
                result[work].update({one: count * times for one, count in of_block[block].items()})
        return result


def code_range(command, output, folder):
    """Where the machine code is: (first address, bytes)."""
    if "trace.mjs" in str(command[-1]):
        addresses = [int(found, 16) for found in re.findall(r"^0x([0-9a-f]+) ", output, re.M)]
        return min(addresses), max(addresses) - min(addresses) + 16
    return int(output.split()[0], 16), (folder / "compiled").stat().st_size


def trace(command, wasm, sizes):
    """Runs twice: the first run tells where the code is, the second one logs its execution."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        more = (
            [wasm, json.dumps(sizes)]
            if "trace.mjs" in str(command[-1])
            else [wasm, folder / "compiled", json.dumps(sizes)]
        )

        def run(*options):
            done = subprocess.run(
                [command[0], *options, *command[1:], *more], stdout=subprocess.PIPE, text=True, check=True
            )
            return code_range(command, done.stdout, folder)

        if "trace.mjs" not in str(command[-1]):
            run()  # compiles
        start, size = run()
        pipe, log = folder / "log", Log()
        os.mkfifo(pipe)

        def read():
            with open(pipe, errors="replace") as lines:
                log.read(lines)

        reader = threading.Thread(target=read)
        reader.start()
        logged = run("-d", "exec,nochain,in_asm,strace", "-dfilter", f"{start:#x}+{size:#x}", "-D", pipe)
        reader.join()
        if logged != (start, size):
            sys.exit("the machine code moved from one run to the next; please run this again")
        return log


def per_32_weights(counts, sizes):
    """{(entry, work): instructions of each kind per 32 weights}"""
    result, panels = {}, sizes["rows"] / 8
    for entry in dict.fromkeys(entry for entry, _ in counts):
        gemm, batch = counts[entry, "gemm"], counts[entry, "batch"]
        unpack = {one: batch[one] / panels - gemm[one] for one in KINDS}
        tokens = sizes["tokens"]
        for work, found, rows in (
            ("gemv", counts[entry, "gemv"], sizes["rows"]),
            (f"gemv of {tokens}", counts.get((entry, "few")), sizes["rows"] * tokens),
            ("gemm", gemm, 8 * tokens),
            ("unpack", unpack, 8),
        ):
            if found:
                result[entry, work] = {one: found[one] * 32 / (rows * sizes["n"]) for one in KINDS}
    return result


def print_table(header, rows):
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    line = [f"{'':-<{width}}" if i == 0 else f"{'':-<{width - 1}}:" for i, width in enumerate(widths)]
    for row in (header, line, *rows):
        cells = [cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        print(f"| {' | '.join(cells)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wasm", default=ROOT / "build" / "wasm32-relaxed" / "kernel_bench.wasm")
    parser.add_argument("--entries", default=" (relaxed|simd128)")
    parser.add_argument("--hosts", default="")
    parser.add_argument("--kinds", action="store_true")
    for name, default in (("rows", 64), ("n", 1024), ("tokens", 8)):
        parser.add_argument(f"--{name}", type=int, default=default)
    values = parser.parse_args()
    if arm64.missing():
        sys.exit(arm64.missing())
    sizes = {name: getattr(values, name) for name in ("entries", "rows", "n", "tokens")}
    found = {}
    for host, command in HOSTS.items():
        if re.search(values.hosts, host):
            architecture = "x86-64" if "x86" in host else "arm64"
            found[host] = per_32_weights(trace(command, values.wasm, sizes).kinds(architecture), sizes)
    kernels = list(next(iter(found.values())))
    if values.kinds:
        rows = [
            [f"{entry.replace('_relaxed', ' relaxed').replace('_simd128', ' simd128')} {work}, {host}"]
            + [f"{x:.1f}" for x in (sum(result[entry, work].values()), *result[entry, work].values())]
            for entry, work in kernels
            for host, result in found.items()
        ]
        print_table(["", "all", *KINDS], rows)
    else:
        rows = [
            [f"{entry} {work}", *(f"{sum(result[entry, work].values()):.1f}" for result in found.values())]
            for entry, work in kernels
        ]
        print_table(["", *found], rows)


if __name__ == "__main__":
    main()
