#!/usr/bin/env python3
"""Downloads the libraries of the demo from npm: pinned versions, checked against their sha256.

vendor_demo.py          marked, the Markdown parser, into web/demo/vendor
vendor_demo.py --test   also axe-core, for the tests, into build/vendor
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
        sys.exit(f"could not download {package}: npm is not installed or failed")
    with tarfile.open(pathlib.Path(directory) / run.stdout.split()[-1]) as tar:
        return {
            member.name.removeprefix("package/"): tar.extractfile(member).read() for member in tar if member.isfile()
        }


def write(path, data):
    """Replaces the file atomically, because another process may be writing it too."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    partial.write_bytes(data)
    partial.replace(path)


def vendor(libraries, directory):
    directory.mkdir(parents=True, exist_ok=True)
    for name, version, source, target, license_file in libraries:
        path = directory / target
        stamp = directory / f"{target}.sha256"
        if path.exists() and stamp.exists() and stamp.read_text() == SHA256[target]:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            files = unpacked(f"{name}@{version}", scratch)
        if (found := hashlib.sha256(files[source]).hexdigest()) != SHA256[target]:
            sys.exit(f"{name}@{version}: {source} has sha256 {found}, expected {SHA256[target]}")
        lines = io.StringIO(files[source].decode())
        write(path, "".join(line for line in lines if not line.startswith("//# sourceMappingURL")).encode())
        write(directory / f"{target}.LICENSE", files[license_file])
        write(stamp, SHA256[target].encode())
        print(f"{path.relative_to(ROOT)}: {name} {version}", flush=True)


def vendor_all(test=True):
    vendor(PAGE, ROOT / "web/demo/vendor")
    if test:
        vendor(TEST, ROOT / "build/vendor")


if __name__ == "__main__":
    vendor_all("--test" in sys.argv[1:])
