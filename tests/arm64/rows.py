"""The same as tests/vectors/rows.mjs for wasmtime: rows.py plain|relaxed. A job per line of standard input is answered
by the hash of its rows."""

import json
import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "vectors")]
from engines import rows_sha256  # noqa: E402

for line in sys.stdin:
    print(rows_sha256(json.loads(line), "wasmtime", sys.argv[1]), flush=True)
