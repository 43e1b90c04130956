"""Random regular expressions against Python's re, on random texts."""

import random
import re

import checker

ATOMS = ["a", "b", "c", "[ab]", "[^a]", ".", "\\d", "é", "\\w", "[a-b1]", "\\u00e9", "[\\s\\S]", "🦉"]


def expression(chance, depth):
    kind = chance.random()
    if depth == 0 or kind < 0.35:
        return chance.choice(ATOMS)
    if kind < 0.55:
        return expression(chance, depth - 1) + expression(chance, depth - 1)
    if kind < 0.7:
        return f"({expression(chance, depth - 1)}|{expression(chance, depth - 1)})"
    if kind < 0.9:
        least = chance.randint(0, 2)
        counts = [f"{{{least}}}", f"{{{least},}}", f"{{{least},{least + chance.randint(0, 3)}}}"]
        return f"({expression(chance, depth - 1)}){chance.choice([*'*+?', *counts, '*?'])}"
    return f"(?:{expression(chance, depth - 1)})"


def test_like_python():
    chance = random.Random(1)
    cases = []
    for _ in range(1500):
        pattern = expression(chance, 4)
        if chance.random() < 0.3:
            pattern = chance.choice(["^", "$", ""]) + pattern + chance.choice(["$", "^", ""])
        texts = ["".join(chance.choices("abc1é🦉", k=chance.randint(0, 7))) for _ in range(25)]
        cases.append(("r", pattern, texts))
    results = checker.check(cases)
    expected = ["".join("01"[bool(re.fullmatch(p, text, re.A))] for text in texts) for _, p, texts in cases]
    assert results == expected
    assert sum("1" in line for line in results) > 500
