"""Limits that only 32-bit modules have: sizes that do not fit their addresses."""

import pathlib
import subprocess

import numpy as np
import pytest

import gguf

ROOT = pathlib.Path(__file__).resolve().parents[3]
LAYERS, HEADS, DIM = 16, 4096, 256


@pytest.fixture
def model(tmp_path):
    """A model with KV pages of 4 GiB, whose size in 32 bits would be 0. A sparse file of 256 MB, all weights 0."""
    path = tmp_path / "wide.gguf"
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_block_count(LAYERS)
    writer.add_context_length(64)
    writer.add_embedding_length(1)
    writer.add_feed_forward_length(1)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_key_length(DIM)
    writer.add_value_length(DIM)
    writer.add_layer_norm_rms_eps(1e-5)
    shapes = {"token_embd": (4, 1), "output_norm": (1,)}
    for i in range(LAYERS):
        shapes |= {
            f"blk.{i}.{name}": shape
            for name, shape in {
                "attn_norm": (1,),
                "ffn_norm": (1,),
                "attn_q": (HEADS * DIM, 1),
                "attn_k": (HEADS * DIM, 1),
                "attn_v": (HEADS * DIM, 1),
                "attn_output": (1, HEADS * DIM),
                "ffn_gate": (1, 1),
                "ffn_up": (1, 1),
                "ffn_down": (1, 1),
            }.items()
        }
    for name, shape in shapes.items():
        writer.add_tensor_info(f"{name}.weight", shape, np.dtype(np.float32), 4 * int(np.prod(shape)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    with open(path, "r+b") as file:
        file.truncate(
            path.stat().st_size + sum((4 * int(np.prod(shape)) + 31) // 32 * 32 for shape in shapes.values()) + 32
        )
    return path


def test_a_page_of_4_gib_is_refused(model, tmp_path):
    command = [
        ROOT / "quern",
        "logits",
        "-m",
        model,
        "--tokens",
        "0,1",
        "--batch",
        "1",
        "-o",
        tmp_path / "out",
        "-t",
        "1",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0
    assert "a page of the KV cache takes 4294967296 bytes" in done.stderr
