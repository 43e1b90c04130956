"""The table of tensor types and every decoder, compared bit by bit with the gguf package. Types that the package does
not know are compared with values that llama.cpp computed (vectors/, written by make_vectors.py).

The decoders run in the native program decode_stdio. QUERN_BUILD is the build directory (default: build/native)."""

import functools
import os
import pathlib
import subprocess

import numpy as np
import pytest

import gguf

ROOT = pathlib.Path(__file__).parents[2]
TOOL = ROOT / os.environ.get("QUERN_BUILD", "build/native") / "tests/quant/decode_stdio"
VECTORS = pathlib.Path(__file__).parent / "vectors"

# Types that the installed gguf package cannot decode: number, weights and bytes of a block.
FROM_VECTORS = {"q1_0": (41, 128, 18), "q2_0": (42, 64, 18)}
# Types of the package that hold no weights of a model.
WITHOUT_DECODER = {"Q8_1", "Q8_K", "I8", "I16", "I32", "I64", "F64"}
DECODED = [
    type.name
    for type in gguf.GGML_QUANT_SIZES
    if type.name not in WITHOUT_DECODER and type.name.lower() not in FROM_VECTORS
]

SPECIAL = np.array([0, -0.0, 1, -1, 6e-8, -3e-7, 6e-5, 65504, -65504, np.inf, -np.inf, np.nan], np.float16)


@functools.cache
def types():
    """{number: (name, weights, bytes, whether it has a decoder)} of quant/types.inc."""
    lines = subprocess.run([TOOL], capture_output=True, check=True, text=True).stdout.splitlines()
    rows = [line.split() for line in lines]
    return {
        int(number): (name, int(weights), int(size), tool == "decoder") for number, name, weights, size, tool in rows
    }


def decode(number, blocks):
    run = subprocess.run([TOOL, str(int(number))], input=blocks.tobytes(), capture_output=True, check=True)
    return np.frombuffer(run.stdout, np.float32)


def assert_same(got, want):
    """The same bits; a NaN may be any NaN."""
    assert got.shape == want.shape
    differ = (got.view(np.uint32) != want.view(np.uint32)) & ~(np.isnan(got) & np.isnan(want))
    assert not differ.any(), f"weight {np.argmax(differ)}: {got[differ][0]!r}, not {want[differ][0]!r}"


def f16_scales(number, weights, size):
    """Offsets of the f16 scales in a block, by trial: a NaN in a scale makes a weight NaN, and other bytes cannot."""
    if weights == 1:
        return [0] if number == gguf.GGMLQuantizationType.F16 else []
    blocks = np.zeros((size - 1, size), np.uint8)
    for at in range(size - 1):
        blocks[at, at : at + 2] = np.array([np.nan], np.float16).view(np.uint8)
    return np.isnan(decode(number, blocks).reshape(size - 1, weights)).any(axis=1).nonzero()[0].tolist()


def blocks_of(random, size, scales_at):
    """Enough random blocks to meet every grid entry and every 8-bit scale. The last 1000 of them have special f16
    scales, and two more blocks have all bits clear or set."""
    blocks = random.integers(0, 256, (4000, size), np.uint8)
    for offset in scales_at:
        ordinary = random.standard_normal(3000).astype(np.float16)
        blocks[:3000, offset : offset + 2] = ordinary.reshape(-1, 1).view(np.uint8)
        special = SPECIAL[random.permutation(np.arange(1000) % len(SPECIAL))]
        blocks[3000:, offset : offset + 2] = special.reshape(-1, 1).view(np.uint8)
    uniform = np.repeat(np.array([0, 255], np.uint8)[:, None], size, axis=1)
    return np.concatenate([blocks, uniform])


def test_the_table_equals_gguf():
    want = {
        int(type): (type.name.lower().replace("_k", "_K"), weights, size, type.name not in WITHOUT_DECODER)
        for type, (weights, size) in gguf.GGML_QUANT_SIZES.items()
    }
    want[int(gguf.GGMLQuantizationType.Q8_1)] = ("q8_1", 32, 36, False)  # the package still has the old 40 bytes
    want |= {number: (name, weights, size, True) for name, (number, weights, size) in FROM_VECTORS.items()}
    assert types() == want
    assert len(types()) >= 35


@pytest.mark.parametrize("name", DECODED)
def test_equals_gguf(name):
    type = gguf.GGMLQuantizationType[name]
    weights, size = gguf.GGML_QUANT_SIZES[type]
    blocks = blocks_of(np.random.default_rng(7), size, f16_scales(type, weights, size))
    with np.errstate(all="ignore"):
        want = gguf.quants.dequantize(blocks, type).reshape(-1)
    assert want.size == len(blocks) * weights
    assert_same(decode(type, blocks), want)


@pytest.mark.parametrize("name", FROM_VECTORS)
def test_equals_vectors(name):
    number, weights, size = FROM_VECTORS[name]
    data = (VECTORS / f"{name}.bin").read_bytes()
    count = int.from_bytes(data[:4], "little")
    blocks = np.frombuffer(data, np.uint8, count * size, 4)
    want = np.frombuffer(data, np.float32, count * weights, 4 + count * size)
    assert 4 + blocks.size + 4 * want.size == len(data)
    assert_same(decode(number, blocks), want)
