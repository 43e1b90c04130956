"""Engines that run one model after another: in Node one process for each build, in wasmtime in this process. They
compute the same as the command line, without starting it for each model."""

import functools
import hashlib
import json
import pathlib
import subprocess
import sys

from node_flags import relaxed_flags

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "hosts" / "wasmtime"))
from engine import LOGITS_ALL, Engine, Session  # noqa: E402


@functools.cache
def node(build, threads):
    flags = relaxed_flags() if build == "relaxed" else []
    return subprocess.Popen(
        ["node", *flags, HERE / "rows.mjs", build, str(threads)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@functools.cache
def wasmtime(build, threads, bits):
    name = f"wasm{bits}-{'simd128' if build == 'plain' else build}{'-mt' if threads > 1 else ''}"
    return Engine(str(ROOT / "build" / name / "quern.wasm"), threads)


def in_node(job, build, threads):
    process = node(build, threads)
    try:
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
        return process.stdout.readline().strip()
    finally:
        if process.poll() is not None:
            node.cache_clear()


def in_wasmtime(job, build, threads, bits):
    model = wasmtime(build, threads, bits).open(job["model"])
    session, hash, more = Session(model, len(job["ids"]), job["batch"]), hashlib.sha256(), True
    if "pooling" in job:
        session.embed(job["ids"], job["pooling"], job["normalize"])
    else:
        session.feed(job["ids"], LOGITS_ALL)
    while more:
        more = session.step()
        for row in range(session.rows):
            hash.update(session.embedding(row) if "pooling" in job else session.logits(row))
    session.free()
    model.free()
    return hash.hexdigest()


def rows_sha256(job, host, build, threads=1, bits=32):
    """The hash of the rows that a host and build compute for a job. A job is described in rows.mjs."""
    job = {**job, "model": str(job["model"])}
    return in_node(job, build, threads) if host == "node" else in_wasmtime(job, build, threads, bits)
