"""Bounds and multiples of numbers, on many ways to write each number, against exact arithmetic in Python."""

import json
from fractions import Fraction

import checker

WHOLE = [*range(13), 98, 99, 100, 101, 999, 1000, 123456789012345678901234567890]
FRACTIONS = ["", ".0", ".5", ".50", ".49", ".05", ".001", ".999", ".25000"]
TEXTS = [f"{sign}{whole}{fraction}" for sign in ("", "-") for whole in WHOLE for fraction in FRACTIONS]
BOUNDS = ["0", "1", "-1", "9", "10", "99", "-100", "0.5", "-0.5", "0.05", "1.25", "-99.999", "1e2", "5e-2", "1e25"]
FACTORS = ["1", "2", "3", "7", "10", "100", "0.5", "0.25", "0.01", "1.5", "0.001", "12.5"]
CONDITIONS = {
    "minimum": lambda value, bound: value >= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
    "multipleOf": lambda value, bound: value % bound == 0,
}


def expected(condition, bound, negated, whole):
    """Of each text, whether its value conforms. An integer is written without a fraction."""
    values = [(Fraction(text), "." in text) for text in TEXTS]
    met = (condition(value, Fraction(bound)) != negated and not (whole and point) for value, point in values)
    return "".join("01"[outcome] for outcome in met)


def test_bounds_and_multiples():
    cases, outcomes = [], []
    for keyword, condition in CONDITIONS.items():
        for bound in FACTORS if keyword == "multipleOf" else BOUNDS:
            for kind in ("number", "integer"):
                for negated in (False, True):
                    rule = f'{{"{keyword}": {bound}}}'
                    rule = f'{{"not": {rule}}}' if negated else rule
                    cases.append(("s", f'{{"type": "{kind}", "allOf": [{rule}]}}', TEXTS))
                    outcomes.append(expected(condition, bound, negated, kind == "integer"))
    assert checker.check(cases) == outcomes


def test_constants():
    for text in ["0", "-0", "1.50", "1e2", "-2.5e-1"]:
        value = Fraction(text)
        different = "".join("01"[Fraction(other) != value] for other in TEXTS)
        schema = json.dumps({"type": "number", "not": {"const": "X"}}).replace('"X"', text)
        assert checker.check([("s", schema, TEXTS)]) == [different]
