#!/usr/bin/env python3
"""Puts the library that the demo page uses into web/demo/vendor: a pinned version from npm, checked by its sha256.

vendor_demo.py          what the page needs: it shows plain text without them
vendor_demo.py --test   and axe-core, for the tests, into build/vendor
"""

import hashlib
import io
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = [("marked", "18.2.1", "lib/marked.esm.js", "marked.js", "LICENSE")]
TEST = [("axe-core", "4.14.1", "axe.min.js", "axe.js", "LICENSE")]
SHA256 = {
    "marked.js": "5371fea86fd0656b4fc7bea7c94c663109d82789b69433eeee78d42895aa44de",
    "axe.js": "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c",
}


def unpacked(package, directory):
    try:
        run = subprocess.run(
            ["npm", "pack", "--silent", package, "--pack-destination", directory],
            capture_output=True,
            text=True,
            check=True,
        )
    except (FileNotFoundError, subprocess.CalledProcessError):
        sys.exit(f"npm is not there, or could not fetch {package}")
    with tarfile.open(pathlib.Path(directory) / run.stdout.split()[-1]) as tar:
        return {
            member.name.removeprefix("package/"): tar.extractfile(member).read() for member in tar if member.isfile()
        }


def write(path, data):
    """Never a torn file: another process may be doing the same."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    partial.write_bytes(data)
    partial.replace(path)


def vendor(libraries, directory):
    directory.mkdir(parents=True, exist_ok=True)
    for name, version, source, target, licence in libraries:
        place = directory / target
        stamp = directory / f"{target}.sha256"
        if place.exists() and stamp.exists() and stamp.read_text() == SHA256[target]:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            files = unpacked(f"{name}@{version}", scratch)
        if (found := hashlib.sha256(files[source]).hexdigest()) != SHA256[target]:
            sys.exit(f"{name}@{version}: {source} has the sha256 {found}, not {SHA256[target]}")
        lines = io.StringIO(files[source].decode())
        write(place, "".join(line for line in lines if not line.startswith("//# sourceMappingURL")).encode())
        write(directory / f"{target}.LICENSE", files[licence])
        write(stamp, SHA256[target].encode())
        print(f"{place.relative_to(ROOT)}: {name} {version}", flush=True)


def vendor_all(test=True):
    vendor(PAGE, ROOT / "web/demo/vendor")
    if test:
        vendor(TEST, ROOT / "build/vendor")


if __name__ == "__main__":
    vendor_all("--test" in sys.argv[1:])
