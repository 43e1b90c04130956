#!/usr/bin/env python3
"""Chooses the seeds of a fuzz target: minimize.py <name> <folder...>

From what the fuzzer found (build/native/tests/fuzz/corpus/<name>), what seeds/<name>.txt has, and more folders, it
writes a small set to seeds/<name>.txt that reaches the same edges of the code as all of them and the seeds that
seeds_<name>.c writes."""

import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build/native/tests/fuzz"
MAX_BYTES = 40960


def escaped(data):
    """A seed as a line of text, see unpack_seeds.c."""
    plain = {ord("\\"): "\\\\", ord("\n"): "\\n"}
    return "".join(plain.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}") for byte in data)


def unescaped(line):
    return line.encode("latin-1").decode("unicode_escape").encode("latin-1")


def merge(name, way, target, folders):
    options = [f"-{way}=1", "-use_counters=0", f"-max_len={MAX_BYTES}", "-timeout=300"]
    subprocess.run([BUILD / f"fuzz_{name}", *options, target, *folders], check=True, capture_output=True)


def main():
    name, *more = sys.argv[1:]
    text = HERE / "seeds" / f"{name}.txt"
    with tempfile.TemporaryDirectory() as scratch:
        chosen, written = pathlib.Path(scratch, "chosen"), BUILD / "seeds" / name
        # Files that only seeds_<name>.c can write come first. The set then needs what they do not reach.
        own = pathlib.Path(scratch, "own")
        own.mkdir()
        for path in written.iterdir():
            if not path.name.startswith("line-"):
                (own / path.name).write_bytes(path.read_bytes())
        before = set(own.iterdir())
        lines = pathlib.Path(scratch, "lines")
        lines.mkdir()
        for number, line in enumerate(text.read_text().splitlines() if text.exists() else []):
            (lines / str(number)).write_bytes(unescaped(line))
        merge(name, "merge", own, [lines, BUILD / "corpus" / name, *more])
        found = pathlib.Path(scratch, "found")
        found.mkdir()
        for path in set(own.iterdir()) - before:
            path.rename(found / path.name)
        chosen.mkdir()
        if any(found.iterdir()):
            merge(name, "set_cover_merge", chosen, [found])
        seeds = sorted((path.read_bytes() for path in chosen.iterdir()), key=lambda data: (len(data), data))
    text.write_text("".join(escaped(data) + "\n" for data in seeds))
    print(f"{text.name}: {len(seeds)} seeds of {sum(map(len, seeds))} bytes")


if __name__ == "__main__":
    main()
