#!/usr/bin/env python3
"""Copies the built modules to web/wasm/quern[64]-BUILD.wasm for the npm package. --tarball packs the package too."""

import filecmp
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def place(module, target):
    """Copies atomically, and only if the content differs: pages may be reading the file."""
    if target.exists() and filecmp.cmp(module, target, shallow=False):
        os.utime(target)
        return
    partial = ROOT / "build" / f"{target.name}.{os.getpid()}"
    shutil.copy(module, partial)
    partial.replace(target)


def main(arguments):
    target = ROOT / "web" / "wasm"
    target.mkdir(exist_ok=True)
    for bits, mark in (("32", ""), ("64", "64")):
        for build in ("simd128", "relaxed", "simd128-mt", "relaxed-mt"):
            module = ROOT / "build" / f"wasm{bits}-{build}" / "quern.wasm"
            if not module.exists():
                sys.exit(f"{module} has not been built; make builds it")
            place(module, target / f"quern{mark}-{build}.wasm")
    if "--tarball" in arguments:
        pack = ["npm", "pack", "--silent", "--pack-destination", ROOT / "build"]
        name = subprocess.run(pack, cwd=ROOT / "web", check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        print(f"packed; in a project: npm install {ROOT / 'build' / name}")


if __name__ == "__main__":
    main(sys.argv[1:])
