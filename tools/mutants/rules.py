"""Finds the checks in a C source file and lists the faults to plant into them.

A check is the condition of an `if` that returns or reports an error, a truth value that is computed for one, or a bound
that is given to a function that checks. Each fault changes one thing:

    never     the check is dropped: its condition is false
    operand   one operand of || or && is dropped
    bound     < becomes <= or the reverse, > becomes >= or the reverse
    limit     a bound in a call of a checking function is one too generous
"""

import dataclasses
import re

import tree_sitter
import tree_sitter_c

PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_c.language()))
SWAPPED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
# Functions that check a number against bounds: the positions of their bounds, and what makes each more generous.
BOUNDED = {
    "reader_u32": {2: "- 1", 3: "+ 1"},
    "reader_layers": {2: "- 1", 3: "+ 1"},
    "cursor_need": {1: "- 1"},
    "read_text": {2: "+ 1"},
}
REPORTS = re.compile(r"\b(error_set|\w*fail\w*|return|break)\b")
# In folders where most code does not judge its input, a check is a condition that names a limit or reports one.
LIMITS = re.compile(r"LIMIT|MAX_|DEPTH|sandbox_enter")


@dataclasses.dataclass
class Fault:
    """One fault: `anchor` is the byte range of the whole expression, `text` what stands there with the fault."""

    file: str
    function: str
    line: int
    rule: str
    anchor: tuple[int, int]
    check: str
    text: str
    truth: bool
    key: str = ""


def source(node):
    return node.text.decode()


def flat(text):
    return re.sub(r"\s+", " ", text).strip()


def walk(node):
    yield node
    for child in node.children:
        yield from walk(child)


def operator(node):
    return source(node.child_by_field_name("operator")) if node.type == "binary_expression" else ""


def changes(expression):
    """(rule, node, replacement) for each fault inside an expression."""
    for node in walk(expression):
        op = operator(node)
        if op in ("||", "&&"):
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            yield "operand", node, f"({source(right)})"
            yield "operand", node, f"({source(left)})"
        elif op in SWAPPED:
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            yield "bound", node, f"({source(left)} {SWAPPED[op]} {source(right)})"


def bounds(node):
    """(rule, argument, replacement) for a call of a checking function."""
    name = source(node.child_by_field_name("function"))
    arguments = node.child_by_field_name("arguments").named_children
    for position, change in BOUNDED.get(name, {}).items():
        if position < len(arguments):
            text = source(arguments[position])
            if not (change == "- 1" and text == "0"):
                yield "limit", arguments[position], f"(({text}) {change})"


def anchors(body, limits_only):
    """(expression, whether it is a truth value, whether it guards a report) in the order of the text."""
    for node in walk(body):
        if node.type == "if_statement":
            condition = node.child_by_field_name("condition").named_children[0]
            consequence = node.child_by_field_name("consequence")
            if REPORTS.search(source(consequence)) and (
                not limits_only or LIMITS.search(source(condition)) or "fail_limit" in source(consequence)
            ):
                yield condition, True, True
        elif node.type == "declaration" and source(node).startswith("const bool"):
            for item in node.children_by_field_name("declarator"):
                value = item.child_by_field_name("value")
                if value is not None and (not limits_only or LIMITS.search(source(value))):
                    yield value, True, False
        elif node.type == "return_statement" and node.named_children:
            value = node.named_children[0]
            if (
                value.type == "binary_expression"
                and operator(value) in ("||", "&&", *SWAPPED)
                and (not limits_only or LIMITS.search(source(value)))
            ):
                yield value, True, False
        elif node.type == "call_expression":
            for _, argument, _ in bounds(node):
                yield argument, False, False


def outermost(found):
    kept = []
    for expression, truth, guards in sorted(found, key=lambda item: (item[0].start_byte, -item[0].end_byte)):
        if not kept or expression.start_byte >= kept[-1][0].end_byte:
            kept.append((expression, truth, guards))
    return kept


def parts_of(expression, truth, guards):
    if guards:
        yield "never", expression, "0"
    yield from changes(expression) if truth else ()
    for node in walk(expression.parent if not truth else expression):
        if node.type == "call_expression":
            yield from bounds(node)
    if not truth:
        call = expression.parent.parent
        yield from (part for part in bounds(call) if part[1].start_byte == expression.start_byte)


def faults(path, code, limits_only=False):
    """All faults of one file."""
    tree = PARSER.parse(code)
    found = []
    for function in (node for node in tree.root_node.children if node.type == "function_definition"):
        name = next(source(n) for n in walk(function.child_by_field_name("declarator")) if n.type == "identifier")
        body = function.child_by_field_name("body")
        for expression, truth, guards in outermost(anchors(body, limits_only)):
            start, end = expression.start_byte, expression.end_byte
            for rule, node, replacement in parts_of(expression, truth, guards):
                if node.start_byte < start or node.end_byte > end:
                    continue
                before, after = code[start : node.start_byte].decode(), code[node.end_byte : end].decode()
                text = before + replacement + after
                line = node.start_point[0] + 1
                check = flat(source(expression))
                found.append(Fault(path, name, line, rule, (start, end), check, flat(text), truth))
    counts = {}
    for fault in found:
        key = f"{fault.file} {fault.function}: {fault.check} => {fault.text}"
        counts[key] = counts.get(key, 0) + 1
        fault.key = key if counts[key] == 1 else f"{key} #{counts[key]}"
    return found


def plant(code, numbered):
    """The source with all its faults, each behind a switch; `numbered`: (number, fault)."""
    by_anchor = {}
    for number, fault in numbered:
        by_anchor.setdefault(fault.anchor, []).append((number, fault))
    for (start, end), group in sorted(by_anchor.items(), reverse=True):
        original = code[start:end].decode()
        choice = "".join(f"PLANTED({number}) ? ({fault.text}) : " for number, fault in group)
        whole = f"({choice}({original}))"
        code = code[:start] + (f"!!{whole}" if group[0][1].truth else whole).encode() + code[end:]
    return code
