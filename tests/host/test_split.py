"""Models in several files, through the command line."""
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
VECTORS = ROOT / "tests" / "vectors"
FIRST = "tiny-llama-f32-00001-of-00004.gguf"


def quern(*arguments):
    return subprocess.run([ROOT / "quern", *map(str, arguments)], capture_output=True, timeout=60)


def refused(*arguments):
    done = quern(*arguments)
    assert done.returncode == 1
    return done.stderr.decode()


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(VECTORS / "split", tmp_path / "split")


@pytest.mark.parametrize("host", ["node", "wasmtime"])
def test_finds_the_other_files(host, folder, tmp_path):
    out = [tmp_path / "whole", tmp_path / "split.f32"]
    for path, logits in zip([VECTORS / "tiny-llama-f32.gguf", folder / FIRST], out):
        assert quern("logits", "-m", path, "--tokens", "1,2,3", "-o", logits, "--host", host).returncode == 0
    assert len(out[0].read_bytes()) > 0 and out[0].read_bytes() == out[1].read_bytes()


@pytest.mark.parametrize("host", ["node", "wasmtime"])
def test_names_what_is_missing(host, folder):
    third = folder / FIRST.replace("00001", "00003", 1)
    assert "this is part 3 of 4" in refused("info", "-m", third, "--host", host)
    third.unlink()
    text = refused("info", "-m", folder / FIRST, "--host", host)
    assert third.name in text and "no such file" in text
    (folder / FIRST).rename(folder / "model.gguf")
    assert "-00001-of-00003.gguf" in refused("info", "-m", folder / "model.gguf", "--host", host)
