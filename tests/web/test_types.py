"""web/index.d.ts and engine.d.ts: programs that use them compile, and they match the package and its answers."""

import json
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
TSC = HERE / "node_modules/typescript/lib/tsc.js"
SETTINGS = {
    "noEmit": True,
    "strict": True,
    "noUncheckedIndexedAccess": True,
    "exactOptionalPropertyTypes": True,
    "preserveSymlinks": True,
    "target": "esnext",
    "lib": ["esnext", "dom", "dom.iterable"],
    "types": [],
}
RESOLUTIONS = {
    "node": {"module": "nodenext"},
    "node16": {"module": "node16"},
    "bundler": {"module": "esnext", "moduleResolution": "bundler"},
}


def refused(folder, program, resolution="bundler", kind="module"):
    """The compiler's output for a program that imports the installed package. kind: "commonjs" compiles to require."""
    if not TSC.exists():
        pytest.skip("tests/web/node_modules is not installed")
    installed = folder / "node_modules/quern"
    if not installed.exists():
        installed.parent.mkdir()
        os.symlink(ROOT / "web", installed, target_is_directory=True)
    (folder / "package.json").write_text(json.dumps({"type": kind}))
    (folder / "tsconfig.json").write_text(
        json.dumps({"compilerOptions": SETTINGS | RESOLUTIONS[resolution], "files": [program]})
    )
    return subprocess.run(["node", TSC, "-p", folder], capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_a_program_is_taken(tmp_path, resolution):
    (tmp_path / "use.ts").write_text((HERE / "types/use.ts").read_text())
    assert refused(tmp_path, "use.ts", resolution) == ""


@pytest.mark.parametrize("resolution", ["node", "node16"])
def test_a_commonjs_program_is_taken(tmp_path, resolution):
    program = (HERE / "types/use.ts").read_text()
    assert "import type {} from 'quern/worker';\n" in program, "a worker is never required"
    (tmp_path / "use.ts").write_text(program.replace("import type {} from 'quern/worker';\n", ""))
    assert refused(tmp_path, "use.ts", resolution, "commonjs") == ""


def test_types_say_what_the_package_has_and_answers(tmp_path):
    if not TSC.exists():
        pytest.skip("tests/web/node_modules is not installed")
    if not (ROOT / "web/wasm").exists():
        pytest.skip("web/wasm is not there; tools/package_wasm.py makes it")
    done = subprocess.run(
        ["node", HERE / "types/values.mjs", ROOT / "tests/vectors/tiny-llama-f32.gguf", tmp_path / "values.ts"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert all(not names for names in json.loads(done.stdout).values()), done.stdout
    assert refused(tmp_path, "values.ts") == ""
