"""Promises about the sources: dependencies point one way, and the text is for the project's users."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Each part may include what stands before it, and itself.
MAY_INCLUDE = {
    "platform": {"platform", "quern.h"},
    "quant": {"platform", "quant"},
    "gguf": {"platform", "quant", "gguf", "quern.h"},
    "kernels": {"platform", "quant", "kernels"},
    "engine": {"platform", "quant", "gguf", "kernels", "engine", "quern.h"},
}
FREESTANDING = {"stdint.h", "stddef.h", "stdbool.h", "stdarg.h", "limits.h", "float.h", "wasm_simd128.h"}
# Natively only: SIMDe under the SIMD128 kernels, the C library's allocator under the blocks.
EXCEPTIONS = {("kernels/simd128/simd.h", "simde/wasm/simd128.h"), ("platform/block_native.c", "stdlib.h")}


def tracked(*patterns):
    names = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\n")
    return [name for name in names if name and (ROOT / name).exists()]


def test_dependencies_point_one_way():
    wrong = []
    for name in tracked(*(f"{part}/*.[ch]" for part in MAY_INCLUDE)):
        for kind, included in re.findall(r'#include ([<"])([^>"]+)[>"]', (ROOT / name).read_text()):
            part = name.split("/")[0]
            allowed = included in FREESTANDING if kind == "<" else included.split("/")[0] in MAY_INCLUDE[part]
            if not allowed and (name, included) not in EXCEPTIONS:
                wrong.append(f"{name} includes {included}")
    assert not wrong


def test_no_paths_of_a_machine():
    pattern = re.compile(r"/root/|/work/|/tmp/|/home/\w")
    text = [name for name in tracked() if not name.endswith((".gguf", ".f32", ".bin", ".png", ".svg", ".webp"))]
    here = str(pathlib.Path(__file__).relative_to(ROOT))
    wrong = [name for name in text if name != here and pattern.search((ROOT / name).read_text(errors="replace"))]
    assert not wrong
