"""Hostile templates and contexts: everything nested in everything, recursive macros, values that contain themselves,
endless loops, unbounded texts."""

import string

# Contexts of an expression, and of statements.
AROUND = [
    "({})", "[{}]", "({},)", "{{'a': {}}}", "{{(1, {}): 1}}", "not {}", "-{}", "(1 if {} else 2)", "({} if 1)",
    "(2 if 0 else {})",
    "[0][{}:]", "'ab'[{}]", "range({})", "dict(a={})", "namespace(a={}).a", "'' ~ ({})", "1 + ({})", "({}) + 1",
    "1 < ({}) < 2",
    "({}) is sameas({})", "({}) in [{}]", "({})|default({})", "({})|string|upper", "[{}]|map('string')|list",
    "[{}]|sort",
    "(0 or {})", "(1 and {})", "2 ** -({})", "({}).a", "f(*[{}])", "f(**{{'a': {}}})", "'%s' % ({})",
    "'{{}}'.format({})",
    "({})|tojson", "[{}]|join({})", "[{}]|unique|list", "({})|replace({}, {})",
]  # fmt: skip
BLOCKS = [
    ("{{% if 1 %}}", "{{% endif %}}"), ("{{% if 0 %}}{{% elif 1 %}}", "{{% endif %}}"),
    ("{{% for x in [1] %}}", "{{% endfor %}}"),
    ("{{% for x in [] %}}{{% else %}}", "{{% endfor %}}"), ("{{% set v %}}", "{{% endset %}}{{{{ v }}}}"),
    ("{{% filter upper %}}", "{{% endfilter %}}"), ("{{% macro m{0}() %}}", "{{% endmacro %}}{{{{ m{0}() }}}}"),
    ("{{% macro c{0}() %}}{{{{ caller() }}}}{{% endmacro %}}{{% call c{0}() %}}", "{{% endcall %}}"),
    ("{{% with a=1 %}}", "{{% endwith %}}"), ("{{% generation %}}", "{{% endgeneration %}}"),
]  # fmt: skip
# DEEPER nests the value n.s one level deeper; USES then traverse it.
DEEPER = ["[n.s]", "(n.s,)", "{{'k': n.s}}", "[1, n.s, 2]", "((n.s, 1), 2)", "namespace(a=n.s)", "[[n.s]]|first"]
USES = [
    "{{ n.s }}", "{{ n.s|tojson }}", "{{ n.s|tojson(indent=1) }}", "{{ n.s == n.t }}", "{{ n.s < n.t }}",
    "{{ n.s in [n.t] }}",
    "{{ [n.s, n.t]|sort }}", "{{ {n.s: 1} }}", "{{ [n.s, n.t]|unique|list }}", "{{ n.s|string|length }}",
    "{{ n.s|join }}",
    "{{ '%s%r' % (n.s, n.t) }}", "{{ [n.s, n.t]|max }}", "{{ n.s ~ n.t }}", "{{ [n.s]|groupby('a') }}",
    "{{ n.s|list|first }}",
]  # fmt: skip
CALLS = [
    "{{ m() }}", "{% if m() %}{% endif %}", "{% for x in [m()] %}{{ x }}{% endfor %}",
    "{% set x %}{{ m() }}{% endset %}",
    "{% filter upper %}{{ m() }}{% endfilter %}", "{% call m() %}{% endcall %}", "{% call m() %}{{ m() }}{% endcall %}",
    "{{ caller() if caller }}{% call m() %}{{ caller() if caller }}{{ m() }}{% endcall %}",
    "{{ [[m()]]|string ~ m() }}",
    "{{ ((((((((m())))))))) }}", "{{ 'a'|replace('a', m()) }}", "{{ {'a': [m()]}|tojson }}", "{{ '%s' % m() }}",
    "{{ (not not - (1 + (2 * (3 ** m())))) if 1 else 2 }}", "{% with a=m() %}{{ a }}{% endwith %}", "{{ 1 < 2 < m() }}",
]  # fmt: skip


def nest(around, count, middle="1"):
    """Nests only in the last of several fields, so that the text stays short."""
    places = sum(field is not None for _, field, _, _ in string.Formatter().parse(around))
    start, end = around.format(*["1"] * (places - 1), "\0").split("\0")
    return start * count + middle + end * count


def nested_blocks(block, count):
    start = "".join(block[0].format(i) for i in range(count))
    return start + "x" + "".join(block[1].format(i) for i in reversed(range(count)))


def deep_value(step, count, use):
    grow = "{%% for i in range(%d) %%}{%% set n.s = %s %%}{%% set n.t = %s %%}{%% endfor %%}"
    step = step.replace("{{", "{").replace("}}", "}")
    return "{% set n = namespace(s=(1,), t=(1,)) %}" + grow % (count, step, step.replace("n.s", "n.t")) + use


ENDLESS = [
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "{% set a = [1] %}{% for i in a %}{% set _ = a.append(i) %}{% endfor %}",
    "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "{% set n = namespace(s='ab') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
    "{% set n = namespace(s=[1]) %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}",
    "{% for i in range(99999) %}{{ 'a' * 9999999 }}{% endfor %}", "{{ 'a' * 10 ** 9 }}", "{{ '%999999999d' % 1 }}",
    "{{ range(10 ** 9)|list }}", "{% set a = [] %}{% set _ = a.append(a) %}{{ a }}{{ a|tojson }}{{ a == [a] }}",
    "{% set a = namespace() %}{% set a.a = a %}{{ a }}",
]  # fmt: skip


def templates(counts=(60, 198, 400, 20000)):
    """Yields (name, template, context as JSON)."""
    for count in counts:
        for around in AROUND:
            for middle in ("1", "m()"):
                text = nest(around, count, middle)
                yield f"{count} {around}", "{% macro m() %}{{ " + text + " }}{% endmacro %}{{ " + text + " }}", "{}"
        for block in BLOCKS:
            yield f"{count} {block[0]}", nested_blocks(block, count), "{}"
        for step in DEEPER:
            for use in USES if count < 1000 else ():
                yield f"{count} {step} {use}", deep_value(step, count, use), "{}"
        for start, end in ("[", "]"), ('{"a":', "}"), ('[{"a":[', "]}]"), ("[", ""):
            json = '{"a":' + start * count + "1" + end * count + "}"
            yield f"{count} JSON {start}", "{{ a }}{{ a|tojson }}{{ a == a }}{{ [a, a]|unique|list|length }}", json
    for call in CALLS:
        yield call, "{% macro m(a=1) %}" + call + "{% endmacro %}{{ m() }}", "{}"
        yield f"default {call}", "{% macro m(a=[[m()]]) %}" + call + "{% endmacro %}{{ m() }}", "{}"
        deep = "{% if 1 %}{% for x in [1] %}{% filter upper %}" * 3 + nest("({})", 9, "m()").join(("{{", "}}"))
        yield (
            f"blocks {call}",
            "{% macro m(a=1) %}"
            + deep
            + "{% endfilter %}{% endfor %}{% endif %}" * 3
            + call
            + "{% endmacro %}{{ m() }}",
            "{}",
        )
    for text in ENDLESS:
        yield text, text, "{}"
