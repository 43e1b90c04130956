#!/usr/bin/env python3
"""Makes what the demo needs besides its sources. Libraries come from npm: pinned versions, with a known sha256.

vendor_demo.py          into web/demo/vendor: marked, the Markdown parser; highlight.js with its grammars; and
                        published.json, the figures of docs/performance.csv that the page that measures shows
vendor_demo.py --test   also axe-core, for the tests, into build/vendor
"""

import csv
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
GRAMMARS = [
    "bash",
    "c",
    "cpp",
    "csharp",
    "css",
    "go",
    "java",
    "javascript",
    "json",
    "python",
    "rust",
    "sql",
    "typescript",
    "xml",
]
HIGHLIGHT = {"es/core.min.js": "highlight.js"}
HIGHLIGHT |= {f"es/languages/{name}.min.js": f"highlight-{name}.js" for name in GRAMMARS}
# (package, version, {file of the package: its name here})
PAGE = [
    ("marked", "18.2.1", {"lib/marked.esm.js": "marked.js"}),
    ("@highlightjs/cdn-assets", "11.12.0", HIGHLIGHT),
]
TEST = [("axe-core", "4.14.1", {"axe.min.js": "axe.js"})]
SHA256 = {
    "marked.js": "5371fea86fd0656b4fc7bea7c94c663109d82789b69433eeee78d42895aa44de",
    "highlight-bash.js": "7db1758fe6f04cd410760c29879812a3774edc54edcc91323511a24efc0b9e61",
    "highlight-c.js": "edada72825cceb7dec51cc785efcc3e6378970917e11e4c7dfab29d0079e08a5",
    "highlight-cpp.js": "aa67eeacdbbda9f40ca34c59147581aef1601f19b71a55966de4ccf4246e8c31",
    "highlight-csharp.js": "74bb1a32b37d581173fc9d880ab5be6c7e448bbb12552c3e2a3ac7fc3c57cf8f",
    "highlight-css.js": "2f4264d9a07a4f5446e51e2d93b0c0e031b4fd910e8e44984cd17f996a990b99",
    "highlight-go.js": "05658f281f7f12233cd891e879c8b9ebfd5998f5dc3f1e80632889ce61178534",
    "highlight-java.js": "7987da1c2dcc1d83f7a5a670cdc622fdac834cb1c140ad503bf8d7ea9237ac36",
    "highlight-javascript.js": "c3dbd515a79e2c00ff4535aa5ad2fe539fb2587d047f9ab826107d0784da7bb6",
    "highlight-json.js": "8f2343ffbcc4fdea4b336a4241d54d223d52f99b67729d2d6d3556bbf66908ae",
    "highlight-python.js": "fd5d479dcc9d07b957cf07b1df76d3d8fb6ee6f6d1437238d9530a9be724c046",
    "highlight-rust.js": "fde151d2b246bef44c98da80e7cac3cbb05de794911305fe9a3adf6beff87659",
    "highlight-sql.js": "79bead5cf2bfa93d3982073d000a97802f394fe287736644bab30f40cb5c7380",
    "highlight-typescript.js": "0e10ce9a81d42f8d43a54007ca7e31fe22ad801b2a2e1693d31736aa79fa5404",
    "highlight-xml.js": "2e8c8ba1e7a200cd83dfbf9c746b8e00f7d7bad966dbfd83eca142cf2caa4dd7",
    "highlight.js": "67a339aa68880a40c9803def9c8cebb2225dec76230382db86e349370dee70e9",
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


def is_current(path, target):
    stamp = path.with_name(f"{target}.sha256")
    return path.exists() and stamp.exists() and stamp.read_text() == SHA256[target]


def vendor(libraries, directory):
    directory.mkdir(parents=True, exist_ok=True)
    for name, version, wanted in libraries:
        if all(is_current(directory / target, target) for target in wanted.values()):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            files = unpacked(f"{name}@{version}", scratch)
        for source, target in wanted.items():
            if (found := hashlib.sha256(files[source]).hexdigest()) != SHA256[target]:
                sys.exit(f"{name}@{version}: {source} has sha256 {found}, expected {SHA256[target]}")
            lines = io.StringIO(files[source].decode())
            bare = "".join(line for line in lines if not line.startswith("//# sourceMappingURL"))
            write(directory / target, bare.encode())
            write(directory / f"{target}.sha256", SHA256[target].encode())
        write(directory / f"{next(iter(wanted.values()))}.LICENSE", files["LICENSE"])
        print(f"{directory.relative_to(ROOT)}: {name} {version}", flush=True)


def write_published(directory):
    """Figures without earlier context, by model, engine, host, build and threads."""
    texts = ["model", "file", "engine", "host", "version", "build"]
    numbers = {"prefill_tps_median": "prefill_tps", "decode_tps_median": "decode_tps"}
    numbers |= {name: name for name in ("threads", "prompt", "generate", "load_ms", "peak_bytes")}
    with (ROOT / "docs/performance.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["context"] == "0" and not row["error"]]
    figures = [
        {name: row[name] for name in texts} | {to: float(row[name]) for name, to in numbers.items() if row[name]}
        for row in rows
    ]
    home = json.loads((ROOT / "web/package.json").read_text())["homepage"]
    published = {"source": f"{home}/blob/main/docs/performance.md", "figures": figures}
    directory.mkdir(parents=True, exist_ok=True)
    write(directory / "published.json", json.dumps(published, separators=(",", ":")).encode())


def vendor_all(test=True):
    write_published(ROOT / "web/demo/vendor")
    vendor(PAGE, ROOT / "web/demo/vendor")
    if test:
        vendor(TEST, ROOT / "build/vendor")


if __name__ == "__main__":
    vendor_all("--test" in sys.argv[1:])
