"""Writes docs/security.md's tables of checks: for each check, the tests that failed without it."""

import pathlib

PAGE = pathlib.Path(__file__).parents[2] / "docs/security.md"
MARK = "<!-- tables: make mutants ARGS=--table -->\n"


def code(text):
    return "`" + text.replace("|", "\\|") + "`"


def cell(tests, reasons):
    files = {}
    for file, name in sorted(tests):
        files.setdefault(file, []).append(name)
    parts = [f"{file}: {', '.join(names)}" for file, names in files.items()]
    return "; ".join(parts) or "; ".join(sorted(reasons)) or "none in this run"


def write(rows, equivalent):
    """rows: the report of a complete run; equivalent: {key: reason}."""
    checks = {}
    for row in rows:
        tests, reasons = checks.setdefault((row["file"], row["function"], row["check"]), (set(), set()))
        if row["test"]:
            tests.add(tuple(row["test"]))
        elif row["key"] in equivalent:
            reasons.add(equivalent[row["key"]])
    text, file = "", None
    for (path, function, check), (tests, reasons) in checks.items():
        if path != file:
            text += f"\n### {path}\n\n| function | check | tests that fail without it |\n| --- | --- | --- |\n"
            file = path
        text += f"| {function} | {code(check)} | {cell(tests, reasons)} |\n"
    page = PAGE.read_text()
    PAGE.write_text(page[: page.index(MARK) + len(MARK)] + text)
