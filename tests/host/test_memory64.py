"""The modules with 64-bit addresses: the plan chooses them, and they give the same bits (tests/vectors has more)."""

import pathlib
import resource
import subprocess

import pytest
from test_cli import huge_model

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TINY = ROOT / "tests" / "vectors" / "tiny-llama-k.gguf"
KNOWS = "import { supports64Bits } from './web/bin/builds.js'; process.exit(supports64Bits() ? 0 : 1)"


def node_knows():
    return subprocess.run(["node", "--input-type=module", "-e", KNOWS], cwd=ROOT, check=False).returncode == 0


def quern(*arguments):
    return subprocess.run([ROOT / "quern", *map(str, arguments)], capture_output=True, timeout=300)


def logits(path, *arguments):
    done = quern("logits", "-m", TINY, "--tokens", "1,2,3,4,5", "-o", path, *arguments)
    assert done.returncode == 0, done.stderr.decode()
    return path.read_bytes(), done.stderr.decode()


@pytest.mark.parametrize("build", ["plain", "relaxed"])
@pytest.mark.parametrize("threads", [1, 3])
def test_results_are_those_of_32_bits(build, threads, tmp_path):
    """In Node, or in wasmtime if this Node has no 64-bit memory."""
    expected, _ = logits(tmp_path / "32", "--bits", 32)
    found, said = logits(tmp_path / "64", "--bits", 64, "--build", build, "-t", threads)
    assert found == expected
    assert ("using wasmtime instead" in said) == (not node_knows())


def test_session_continues_with_other_addresses(tmp_path):
    from test_saved import in_node, in_wasmtime

    expected = in_node("wasm32-simd128", "save", tmp_path / "session")
    assert in_wasmtime("wasm64-simd128", tmp_path / "session") == expected[:20]
    assert in_wasmtime("wasm64-relaxed", tmp_path / "session") == expected[:20]


def test_plan_chooses_the_module(tmp_path):
    """The error that follows when memory is refused tells which module was used."""
    path = tmp_path / "huge.gguf"
    huge_model(path)

    def limit_memory():
        resource.setrlimit(resource.RLIMIT_DATA, (3 << 30, 3 << 30))

    def refused(*more):
        command = [
            ROOT / "quern",
            "logits",
            "-m",
            path,
            "--tokens",
            "1",
            "-o",
            tmp_path / "o",
            "--host",
            "wasmtime",
            *more,
        ]
        done = subprocess.run(command, capture_output=True, timeout=300, preexec_fn=limit_memory)
        assert done.returncode == 1
        return done.stderr.decode()

    assert "more than a 32-bit module can address" in refused("--bits", "32")
    assert "the host refused" in refused()
