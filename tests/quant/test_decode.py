"""Every decoder against an outside truth, bit for bit: the gguf package, and for the types that it lacks the values
that llama.cpp gave (vectors/, see make_vectors.py).

The decoders run in the native tool decode_stdio; QUERN_BUILD names the build directory (build/native)."""

import os
import pathlib
import subprocess

import gguf
import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[2]
TOOL = ROOT / os.environ.get("QUERN_BUILD", "build/native") / "tests/quant/decode_stdio"
VECTORS = pathlib.Path(__file__).parent / "vectors"

# Where in a block of the type its f16 scales lie, as byte offsets.
F16_AT = {
    "F32": [],
    "F16": [0],
    "BF16": [0],
    "Q4_0": [0],
    "Q4_1": [0, 2],
    "Q5_0": [0],
    "Q5_1": [0, 2],
    "Q8_0": [0],
    "Q2_K": [80, 82],
    "Q3_K": [108],
    "Q4_K": [0, 2],
    "Q5_K": [0, 2],
    "Q6_K": [208],
    "TQ1_0": [52],
    "TQ2_0": [64],
    "MXFP4": [],
    "NVFP4": [],
    "IQ1_S": [0],
    "IQ1_M": [],
    "IQ2_XXS": [0],
    "IQ2_XS": [0],
    "IQ2_S": [0],
    "IQ3_XXS": [0],
    "IQ3_S": [0],
    "IQ4_NL": [0],
    "IQ4_XS": [0],
}
# Types that the installed gguf package cannot decode: number, weights and bytes of a block.
FROM_VECTORS = {"q1_0": (41, 128, 18), "q2_0": (42, 64, 18)}

SPECIAL = np.array([0, -0.0, 1, -1, 6e-8, -3e-7, 6e-5, 65504, -65504, np.inf, -np.inf, np.nan], np.float16)


def decode(number, blocks):
    run = subprocess.run([TOOL, str(int(number))], input=blocks.tobytes(), capture_output=True, check=True)
    return np.frombuffer(run.stdout, np.float32)


def assert_same(got, want):
    """The same bits; a NaN may be any NaN."""
    assert got.shape == want.shape
    differ = (got.view(np.uint32) != want.view(np.uint32)) & ~(np.isnan(got) & np.isnan(want))
    assert not differ.any(), f"weight {np.argmax(differ)}: {got[differ][0]!r}, not {want[differ][0]!r}"


def blocks_of(random, size, scales_at):
    """Enough random blocks to meet every grid entry and every 8-bit scale; then random ones under each special scale, then all bits clear and set."""
    blocks = random.integers(0, 256, (4000, size), np.uint8)
    for offset in scales_at:
        ordinary = random.standard_normal(3000).astype(np.float16)
        blocks[:3000, offset : offset + 2] = ordinary.reshape(-1, 1).view(np.uint8)
        special = SPECIAL[random.permutation(np.arange(1000) % len(SPECIAL))]
        blocks[3000:, offset : offset + 2] = special.reshape(-1, 1).view(np.uint8)
    uniform = np.repeat(np.array([0, 255], np.uint8)[:, None], size, axis=1)
    return np.concatenate([blocks, uniform])


@pytest.mark.parametrize("name", F16_AT)
def test_equals_gguf(name):
    quant = gguf.GGMLQuantizationType[name]
    weights, size = gguf.GGML_QUANT_SIZES[quant]
    blocks = blocks_of(np.random.default_rng(7), size, F16_AT[name])
    with np.errstate(all="ignore"):
        want = gguf.quants.dequantize(blocks, quant).reshape(-1)
    assert want.size == len(blocks) * weights
    assert_same(decode(quant, blocks), want)


@pytest.mark.parametrize("name", FROM_VECTORS)
def test_equals_vectors(name):
    number, weights, size = FROM_VECTORS[name]
    data = (VECTORS / f"{name}.bin").read_bytes()
    count = int.from_bytes(data[:4], "little")
    blocks = np.frombuffer(data, np.uint8, count * size, 4)
    want = np.frombuffer(data, np.float32, count * weights, 4 + count * size)
    assert 4 + blocks.size + 4 * want.size == len(data)
    assert_same(decode(number, blocks), want)
