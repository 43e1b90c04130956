#!/usr/bin/env python3
"""Puts the built modules where the npm package expects them: web/wasm/quern[64]-BUILD.wasm. With --tarball, packs it."""
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main(arguments):
    target = ROOT / "web" / "wasm"
    target.mkdir(exist_ok=True)
    for bits, mark in (("32", ""), ("64", "64")):
        for build in ("simd128", "relaxed", "simd128-mt", "relaxed-mt"):
            module = ROOT / "build" / f"wasm{bits}-{build}" / "quern.wasm"
            if not module.exists():
                sys.exit(f"{module} has not been built; make builds it")
            shutil.copy(module, target / f"quern{mark}-{build}.wasm")
    if "--tarball" in arguments:
        subprocess.run(["npm", "pack", "--pack-destination", ROOT / "build"], cwd=ROOT / "web", check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
