"""The seeds of the fuzz targets alone reach most lines of the code that reads untrusted bytes."""

import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build/coverage/tests/fuzz"
# At least this share of the lines of each part, and of each file.
PARTS = {"gguf/": 0.95, "engine/": 0.92, "engine/text/": 0.92}
EVERY_FILE = 0.80
# Files with less, and the reason.
EXCEPTIONS = {
    "engine/layers/attend.c": "attend_token divides one token among threads; native builds have one thread",
}


def replay(target, folder):
    """Runs a target on its seeds. Returns the program and its profile."""
    name = target.name.removeprefix("fuzz_")
    profile = folder / f"{name}.profraw"
    subprocess.run([target, BUILD / "seeds" / name], check=True, env={**os.environ, "LLVM_PROFILE_FILE": str(profile)})
    return profile


def lines_of_files(folder):
    """{file: (lines, lines reached)}"""
    targets = sorted(path for path in BUILD.glob("fuzz_*") if path.is_file() and os.access(path, os.X_OK))
    assert len(targets) == len(list(HERE.glob("fuzz_*.c"))), "tools/build.sh coverage builds the targets"
    profiles = [replay(target, folder) for target in targets]
    merged = folder / "all.profdata"
    subprocess.run(["llvm-profdata-19", "merge", "-sparse", "-o", merged, *profiles], check=True)
    others = [argument for target in targets[1:] for argument in ("-object", target)]
    command = ["llvm-cov-19", "export", "-summary-only", f"-instr-profile={merged}", targets[0], *others]
    report = json.loads(
        subprocess.run([*command, ROOT / "gguf", ROOT / "engine"], check=True, stdout=subprocess.PIPE).stdout
    )
    files = {}
    for file in report["data"][0]["files"]:
        name = str(pathlib.Path(file["filename"]).relative_to(ROOT))
        if name.endswith(".c"):
            files[name] = (file["summary"]["lines"]["count"], file["summary"]["lines"]["covered"])
    return files


def test_seeds_reach_the_lines(tmp_path):
    files = lines_of_files(tmp_path)
    failures = []
    for name, (count, reached) in sorted(files.items(), key=lambda item: item[1][1] / item[1][0]):
        print(f"{reached / count:7.1%} {count:5} {name}")
        if reached < EVERY_FILE * count and name not in EXCEPTIONS:
            failures.append(f"{name}: {reached} of {count} lines")
    for part, bar in PARTS.items():
        own = [lines for name, lines in files.items() if name.startswith(part)]
        count, reached = map(sum, zip(*own))
        print(f"{reached / count:7.1%} {count:5} {part} (bar {bar:.0%})")
        if reached < bar * count:
            failures.append(f"{part}: {reached} of {count} lines")
    assert not failures


def test_exceptions_exist():
    for name in EXCEPTIONS:
        assert (ROOT / name).exists()


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        test_seeds_reach_the_lines(pathlib.Path(scratch))
    sys.exit(0)
