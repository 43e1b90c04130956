"""Models that are split into several files, through the command line."""

import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
VECTORS = ROOT / "tests" / "vectors"
FIRST = "tiny-llama-f32-00001-of-00004.gguf"


def quern(*arguments):
    return subprocess.run([ROOT / "quern", *map(str, arguments)], capture_output=True, timeout=300)


def refused(*arguments):
    done = quern(*arguments)
    assert done.returncode == 1
    return done.stderr.decode()


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(VECTORS / "split", tmp_path / "split")


@pytest.mark.parametrize("host", ["node", "wasmtime"])
def test_other_files_are_found(host, folder, tmp_path):
    out = [tmp_path / "whole", tmp_path / "split.f32"]
    for path, logits in zip([VECTORS / "tiny-llama-f32.gguf", folder / FIRST], out):
        assert quern("logits", "-m", path, "--tokens", "1,2,3", "-o", logits, "--host", host).returncode == 0
    assert len(out[0].read_bytes()) > 0 and out[0].read_bytes() == out[1].read_bytes()


@pytest.mark.parametrize("host", ["node", "wasmtime"])
def test_missing_file_is_named(host, folder):
    third = folder / FIRST.replace("00001", "00003", 1)
    assert "this is split 3 of 4" in refused("info", "-m", third, "--host", host)
    third.unlink()
    text = refused("info", "-m", folder / FIRST, "--host", host)
    assert third.name in text and "no such file" in text
    (folder / FIRST).rename(folder / "model.gguf")
    assert "-00001-of-00003.gguf" in refused("info", "-m", folder / "model.gguf", "--host", host)


@pytest.mark.parametrize("host", ["node", "wasmtime"])
def test_wrong_file_is_named(host, folder):
    paths = [folder / FIRST.replace("00001", f"0000{i}", 1) for i in range(1, 5)]
    second, third = paths[1].read_bytes(), paths[2].read_bytes()

    def says():
        return refused("info", "-m", paths[0], "--host", host)

    paths[1].write_bytes(third)
    paths[2].write_bytes(second)
    assert "split 2 of 4: this is split 3 of 4; split 2 was expected" in says()
    paths[1].write_bytes(second)
    paths[2].write_bytes((VECTORS / "tiny-llama-k.gguf").read_bytes())
    assert "split 3 of 4: this is one of several files of a model, but it has no split.no" in says()
    at = third.index(b"split.count") + len(b"split.count") + 4
    paths[2].write_bytes(third[:at] + b"\5\0" + third[at + 2 :])
    assert "split 3 of 4: this file belongs to a model of 5 splits" in says()
    paths[2].write_bytes(third[:-1000])
    said = refused("logits", "-m", paths[0], "--tokens", 1, "-o", folder / "o", "--host", host)
    assert "split 3 of 4: the file ends at byte" in said
    paths[2].write_bytes(b"")
    assert "split 3 of 4: the file ends at byte 0" in says()
