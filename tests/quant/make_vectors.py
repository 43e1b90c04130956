#!/usr/bin/env python3
"""Writes tests/quant/vectors/ from llama.cpp's reference code.

    tests/quant/make_vectors.py path/to/libggml-base.so

activations.bin: rows of 256 floats, and the results of quantize_row_q8_0_ref, q8_1_ref and q8_K_ref. One record per
row: float x[256]; block_q8_0[8]; block_q8_1[8]; block_q8_K, little-endian, in ggml's layout.

<type>.bin, for each tensor type that the gguf package cannot decode: a count (u32), that many blocks, and their weights
as floats from dequantize_row_<type>.
"""

import ctypes
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).parent / "vectors"
DECODED = {"q1_0": (128, 18), "q2_0": (64, 18)}


def pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


def activation_rows(random):
    f32 = np.float32
    yield random.standard_normal(256).astype(f32)
    yield (random.standard_normal(256) * 10.0 ** random.uniform(-3, 3, 256)).astype(f32)
    # Ties: with 127 in each block d is 1, and every k + 1/2 is a tie. Also neighbors of 1/2.
    ties = np.resize(np.arange(-126.5, 127.5), 256).astype(f32)
    ties[::32] = 127
    ties[1::32] = np.nextafter(f32(0.5), f32(0))
    ties[2::32] = -np.nextafter(f32(0.5), f32(1))
    yield ties
    # The largest magnitude occurs twice, here with the negative one first, in `large` the other way round. Also zero
    # blocks, tiny scales whose f16 is subnormal or zero, and scales that are too large for f16.
    signs = random.uniform(-1, 1, 256).astype(f32)
    signs[7], signs[200] = -3, 3
    signs[32:64] = 0
    signs[64:96] *= f32(1e-4)
    signs[96:128] *= f32(1e-10)
    yield signs
    large = (random.uniform(-1, 1, 256) * 1e9).astype(f32)
    large[3], large[9] = 2e9, -2e9
    large[128:] /= f32(100)
    yield large
    tiny = (random.uniform(-1, 1, 256) * 1e-36).astype(f32)
    tiny[:32] *= f32(1e3)
    yield tiny
    # As close to ties as floats can be, where one bit of d decides: (k + 1/2) d and its neighbors.
    near = np.zeros((8, 32), f32)
    for block in near:
        block[0] = random.uniform(1, 100)
        d = block[0] / f32(127)
        block[1:] = (random.integers(-126, 126, 31) + f32(0.5)) * d
        block[11:21] = np.nextafter(block[11:21], f32(0))
        block[21:] = np.nextafter(block[21:], np.copysign(f32(1000), block[21:]))
    yield near.reshape(-1)


def write_activations(ggml, random):
    out = b""
    for row in activation_rows(random):
        out += row.tobytes()
        for name, size in (("q8_0", 8 * 34), ("q8_1", 8 * 36), ("q8_K", 292)):
            blocks = np.zeros(size, np.uint8)
            getattr(ggml, f"quantize_row_{name}_ref")(pointer(row), pointer(blocks), ctypes.c_int64(256))
            out += blocks.tobytes()
    (HERE / "activations.bin").write_bytes(out)


def write_decoded(ggml, random, name, weights, size):
    scales = np.array([0.37, -0.0, 3e-7, np.inf], np.float16)  # ordinary, zero, subnormal, infinite
    count = len(scales)
    blocks = random.integers(0, 256, (count, size), np.uint8)
    blocks[:, :2] = scales.reshape(-1, 1).view(np.uint8)
    values = np.zeros(count * weights, np.float32)
    getattr(ggml, f"dequantize_row_{name}")(pointer(blocks), pointer(values), ctypes.c_int64(values.size))
    (HERE / f"{name}.bin").write_bytes(np.uint32(count).tobytes() + blocks.tobytes() + values.tobytes())


def main():
    ggml = ctypes.CDLL(sys.argv[1])
    random = np.random.default_rng(1)
    write_activations(ggml, random)
    for name, (weights, size) in DECODED.items():
        write_decoded(ggml, random, name, weights, size)


if __name__ == "__main__":
    main()
