"""Compares our reading of GGUF files with the gguf package.

The native tool gguf_dump reads the files. QUERN_BUILD names its build directory (default build/native). Real models
come from QUERN_MODELS (default ~/.cache/quern/models), if they exist."""

import json
import os
import pathlib
import subprocess

import numpy as np
import pytest

import gguf

ROOT = pathlib.Path(__file__).parents[2]
TOOL = ROOT / os.environ.get("QUERN_BUILD", "build/native") / "tests/gguf/gguf_dump"
MODELS = pathlib.Path(os.environ.get("QUERN_MODELS", "~/.cache/quern/models")).expanduser()
REAL = ["SmolLM2-135M-Instruct.Q4_1.gguf", "gemma-3-270m-q4_k_m.gguf"]

Type = gguf.GGUFValueType
INTEGERS = {Type.UINT8, Type.INT8, Type.UINT16, Type.INT16, Type.UINT32, Type.INT32, Type.UINT64, Type.INT64}


def dump(path):
    run = subprocess.run([TOOL, path], capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    head, *rows = map(json.loads, run.stdout.splitlines())
    return head, [row for row in rows if "key" in row], [row for row in rows if "tensor" in row]


def expected_value(field):
    """The row that gguf_dump must print for a field of GGUFReader."""
    kind = field.types[0]
    element = field.types[-1]
    row = {"key": field.name.encode().hex(), "type": int(kind), "element": int(element)}
    row["count"] = len(field.data) if kind == Type.ARRAY else 1
    data = [field.parts[i].tobytes() for i in field.data]
    if kind == Type.ARRAY and element == Type.STRING:
        row["texts"] = [text.hex() for text in data]
    else:
        row["raw"] = b"".join(data).hex()
    if kind in INTEGERS and 0 <= int(field.contents()) < 2**32:
        row["u32"] = int(field.contents())
    if kind in (Type.FLOAT32, Type.FLOAT64):
        row["f32"] = float(np.float32(field.contents()))
    return row


def expected_tensor(tensor):
    return {
        "tensor": tensor.name.encode().hex(),
        "shape": [int(n) for n in tensor.shape],
        "type": int(tensor.tensor_type),
        "offset": int(tensor.data_offset),
        "bytes": int(tensor.n_bytes),
    }


def compare(path):
    reader = gguf.GGUFReader(path)
    head, values, tensors = dump(path)
    for row in values:
        if "f32" in row:
            row["f32"] = float.fromhex(row["f32"])
    fields = [field for name, field in reader.fields.items() if not name.startswith("GGUF.")]
    assert values == [expected_value(field) for field in fields]
    assert tensors == [expected_tensor(tensor) for tensor in reader.tensors]
    assert head["version"] == reader.fields["GGUF.version"].contents()
    assert head["alignment"] == reader.alignment
    assert head["data_offset"] == reader.data_offset or not tensors
    last = tensors[-1] if tensors else {"offset": head["data_offset"], "bytes": 0}
    assert head["data_bytes"] == last["offset"] + last["bytes"] - head["data_offset"]


def write(path, fill):
    writer = gguf.GGUFWriter(path, "llama")
    fill(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def every_value(writer):
    writer.add_uint8("u8", 255)
    writer.add_int8("i8", -128)
    writer.add_uint16("u16", 65535)
    writer.add_int16("i16", -32768)
    writer.add_uint32("u32", 2**32 - 1)
    writer.add_int32("i32", -(2**31))
    writer.add_uint64("u64", 2**64 - 1)
    writer.add_int64("i64", -(2**63))
    writer.add_uint64("u64.fits", 2**32 - 1)
    writer.add_float32("f32", 0.1)
    writer.add_float64("f64", 1 / 3)
    writer.add_float32("f32.tiny", 1e-45)
    writer.add_bool("true", True)
    writer.add_bool("false", False)
    writer.add_string("text", "Grüße, 世界 \U0001f30d\n\0end")
    writer.add_array("integers", [1, -2, 3])
    writer.add_array("floats", [0.5, -1e30, float("inf")])
    writer.add_array("bools", [True, False, True])
    writer.add_array("texts", ["a", "ü" * 1000, "\0", " "])
    writer.add_token_list([f"token{i}" for i in range(5000)])
    writer.add_token_scores([-i / 7 for i in range(5000)])
    writer.add_token_types([i % 6 for i in range(5000)])


def every_tensor(writer):
    random = np.random.default_rng(1)
    for dims in range(1, 5):
        writer.add_tensor(f"f32.{dims}", random.random((7, 5, 3, 2)[:dims], np.float32))
    for kind in (np.float16, np.float64, np.int8, np.int16, np.int32, np.int64):
        writer.add_tensor(np.dtype(kind).name, np.ones((3, 9), kind))
    for kind in gguf.GGMLQuantizationType:
        weights, size = gguf.GGML_QUANT_SIZES[kind]
        if weights > 1 and kind.name != "Q8_1":  # 40 bytes there, 36 in ggml; it is never stored
            blocks = random.integers(0, 256, (3, 2 * size), np.uint8)
            writer.add_tensor(f"blk.0.{kind.name}", blocks, raw_dtype=kind)
    writer.add_tensor("n" * 63, np.ones(1, np.float32))


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("alignment", [None, 8, 32, 64, 4096])
def test_files_of_the_writer(tmp_path, version, alignment):
    def fill(writer):
        if alignment:
            writer.add_custom_alignment(alignment)
        every_value(writer)
        every_tensor(writer)

    path = tmp_path / "every.gguf"
    write(path, fill)
    data = bytearray(path.read_bytes())
    data[4] = version
    path.write_bytes(data)
    compare(path)


def test_metadata_without_tensors(tmp_path):
    path = tmp_path / "values.gguf"
    write(path, every_value)
    compare(path)


def test_tensors_without_metadata(tmp_path):
    path = tmp_path / "tensors.gguf"
    write(path, every_tensor)
    compare(path)


def test_a_file_cut_short_is_refused(tmp_path):
    path = tmp_path / "short.gguf"
    write(path, every_tensor)
    data = path.read_bytes()
    reader = gguf.GGUFReader(path)
    last = reader.tensors[-1]
    for size in (23, 24, 1000, reader.data_offset, last.data_offset + last.n_bytes - 1):
        path.write_bytes(data[:size])
        run = subprocess.run([TOOL, path], capture_output=True, check=False)
        assert run.returncode == 1 and run.stderr.count(b"\n") == 1
    assert last.name.encode() in run.stderr
    path.write_bytes(data[: last.data_offset + last.n_bytes])  # the padding at the end may be missing
    dump(path)


@pytest.mark.parametrize("name", REAL)
def test_real_models(name):
    if not (MODELS / name).exists():
        pytest.skip(f"{name} is not in {MODELS}")
    compare(MODELS / name)
