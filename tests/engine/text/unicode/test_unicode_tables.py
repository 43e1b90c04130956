"""engine/text/unicode/unicode_data.c equals the output of tools/unicode_tables.py."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[4]


def test_tables_are_current():
    run = subprocess.run([sys.executable, ROOT / "tools/unicode_tables.py"], capture_output=True, text=True)
    if run.returncode:
        pytest.skip("needs Python 3.13 or unicodedata2==15.1.0")
    assert run.stdout == (ROOT / "engine/text/unicode/unicode_data.c").read_text()
