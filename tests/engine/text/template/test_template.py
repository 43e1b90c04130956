"""Compares chat templates with jinja2, with the settings of Hugging Face transformers."""

import pathlib

import jinja2
import pytest
import template_reference
import template_snippets
from template_conversations import conversations

FOLDER = pathlib.Path(__file__).parent
TEMPLATES = sorted((FOLDER / "templates").glob("*.jinja"))
SMOLLM2 = pathlib.Path.home() / ".cache/quern/models/SmolLM2-135M-Instruct.Q4_1.gguf"
TEMPLATE_ERROR = -7

pytestmark = pytest.mark.skipif(template_reference.tool() is None, reason="template_tool is not built")


def compare(template, contexts, lenient=False):
    """Renders the template with each context. Texts and errors must be equal."""
    ours = template_reference.render([(template, context) for context in contexts.values()])
    for (name, context), got in zip(contexts.items(), ours):
        text, error = template_reference.expected(template, context, lenient)
        if text is None:
            assert got.status != 0, f"{name}: we render what jinja2 refuses: {error}"
            if error.startswith("TemplateError: "):
                assert got.text == error.removeprefix("TemplateError: "), name
        else:
            assert (got.status, got.text) == (0, text), name


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates(path):
    template = path.read_text()
    compare(template, conversations())
    compare(template.replace("\n", "\r\n"), conversations())


def test_smollm2():
    gguf = pytest.importorskip("gguf")
    if not SMOLLM2.is_file():
        pytest.skip(f"{SMOLLM2} is not there")
    field = gguf.GGUFReader(SMOLLM2).fields["tokenizer.chat_template"]
    compare(bytes(field.parts[field.data[0]]).decode(), conversations())


def test_expressions():
    cases = ["{{ " + expression + " }}" for expression in template_snippets.EXPRESSIONS]
    assert len(cases) > 380
    wrong = []
    ours = template_reference.render([(case, template_snippets.CONTEXT) for case in cases])
    for case, got in zip(cases, ours):
        text, error = template_reference.expected(case, template_snippets.CONTEXT)
        assert text is not None, f"{case} is wrong: {error}"
        if got.status != 0 or got.text != text:
            wrong.append(f"{case}\n   jinja2 {text!r}\n   ours   {got.text!r}")
    assert not wrong, "\n".join(wrong)


def test_escaped():
    """Compares with plain jinja2: in the reference environment `safe` does not mark text, so nothing is escaped."""
    template = (
        "{{ ['a'|safe is escaped, 'a'|e is escaped, 5|safe is escaped, 'a' is escaped, 5 is escaped, nil is escaped] }}"
    )
    assert template_reference.render([(template, {})])[0].text == jinja2.Environment().from_string(template).render()


@pytest.mark.parametrize("template", template_snippets.STATEMENTS)
def test_changing(template):
    compare(template, {"": {}}, lenient=True)


def test_errors():
    cases = template_snippets.ERRORS
    wrong = []
    for case, got in zip(cases, template_reference.render([(case, template_snippets.CONTEXT) for case in cases])):
        text, error = template_reference.expected(case, template_snippets.CONTEXT)
        assert text is None, f"{case} is no error: {text!r}"
        if got.status == 0 or not 0 <= got.offset <= len(case):
            wrong.append(f"{case}: status {got.status} at {got.offset}: {got.text} (jinja2: {error})")
        elif error.startswith("TemplateError: ") and got.text != error.removeprefix("TemplateError: "):
            wrong.append(f"{case}: {got.text}")
    assert not wrong, "\n".join(wrong)


def test_floats():
    """Prints and reads floats like Python: powers of two and ten, their neighbors, and the largest and smallest."""
    import math
    import random

    chance = random.Random(1)
    floats = [5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, 1.7976931348623157e308, 0.1, 2 / 3]
    for exponent in range(-300, 300, 7):
        floats += [
            10.0**exponent,
            2.0**exponent,
            math.nextafter(10.0**exponent, 0),
            math.nextafter(10.0**exponent, 1e308),
        ]
    floats += [chance.uniform(-1, 1) * 10.0 ** chance.randrange(-320, 308) for _ in range(500)]
    texts = [repr(number) for number in floats]
    texts += [
        f"{chance.randrange(10**25)}.{chance.randrange(10**25)}e{chance.randrange(-330, 290)}" for _ in range(300)
    ]
    template = "{% for x in floats %}{{ x }} {% endfor %}"
    ours = template_reference.render([(template, ('{"floats": [' + ", ".join(texts) + "]}").encode())])[0]
    assert ours.text.split() == [repr(float(text)) for text in texts]
    ours = template_reference.render(
        [
            (
                "{% for f in forms %}{% for x in xs %}{{ f % x }} {% endfor %}{% endfor %}",
                {"forms": ["%.0f", "%.3f", "%.20f", "%e", "%.10e", "%g", "%.12g"], "xs": floats[:400]},
            )
        ]
    )[0]
    forms = ["%.0f", "%.3f", "%.20f", "%e", "%.10e", "%g", "%.12g"]
    assert ours.text.split() == [form % number for form in forms for number in floats[:400]]


def test_json():
    """JSON that Python's json module accepts, and JSON that it rejects."""
    import json

    good = [
        r'{"v": "\u00e9\ud83e\udd89\n\/\b\f\r\t\"\\"}',
        '{"v": [1, -2, 0, 1.5, -0.0, 1e5, 2E-3, true, false, null, "", [], {}]}',
        ' {\t"v"\n:\r[ ] } ',
        '{"v": 1, "v": 2}',
        '{"v": {"b": 1, "a": 2, "b": 3}}',
        '{"v": 123456789012345678901}',
        '{"v": "\u2028東京"}',
        '{"v": "' + "x" * 70000 + '"}',
        "{}",
    ]
    for text, ours in zip(
        good, template_reference.render([("{{ v | tojson }}|{{ v }}", text.encode()) for text in good])
    ):
        want, _ = template_reference.expected("{{ v | tojson }}|{{ v }}", json.loads(text)) if text != "{}" else ("", 0)
        assert ours.text == want or text == "{}", text
    bad = [
        "",
        "{",
        "[]",
        "1",
        '{"v"}',
        '{"v":}',
        '{"v": 1,}',
        "{v: 1}",
        "{'v': 1}",
        '{"v": 01}',
        '{"v": 1.}',
        '{"v": .5}',
        '{"v": +1}',
        '{"v": 1e}',
        '{"v": -}',
        '{"v": "\n"}',
        r'{"v": "\x41"}',
        r'{"v": "\u12g4"}',
        '{"v": "}',
        '{"v": [1 2]}',
        '{"v": [1,]}',
        '{"v": tru}',
        '{"v": 1} x',
        '{"v": NaN}',
        '{"v": 1 "w": 2}',
        "[" * 1000,
        '{"v":' * 1000,
    ]
    for text, ours in zip(bad, template_reference.render([("x", text.encode()) for text in bad])):
        assert ours.status in (-1, -8) and ours.offset <= len(text), (text, ours.status, ours.text)


UNTRUSTED = [
    ("{{ messages[0].content }}", ["a<|x|>b"]),
    ("<|x|>{{ messages[0].content[1:6] }}<|x|>", ["<|x|>"]),
    ("{{ '<|x|>' + messages[0].content.strip('ab') ~ '!' }}", ["<|x|>"]),
    ("{{ messages[0].content.split('|')[1] }}-", ["x"]),
    ("{{ messages[0].content.replace('<', '[[') }}", ["a", "|x|>b"]),
    ("{{ ('T' + messages[0].content + 'T')[::-1] }}", ["b>|x|<a"]),
    ("{{ ('t' + messages[0].content) | upper }}", ["A<|X|>B"]),
    ("{{ ('t' + messages[0].content).title() }}", ["a<|X|>B"]),
    ("{{ [1, messages[0].content, 'z'] | join(',') }}", ["a<|x|>b"]),
    ("{{ 'a' in messages[0].content }}", []),
    ("{{ {'k': messages[0].content} | tojson }}", ['"a<|x|>b"']),
    ("{{ messages[0] | tojson }}", ['{"role": "user", "content": "a<|x|>b", "n": 12, "f": 1.5}']),
    ("{{ messages[0] }}", ["{'role': 'user', 'content': 'a<|x|>b', 'n': 12, 'f': 1.5}"]),
    (
        "{% for k, v in messages[0].items() %}{{ k }}={{ v }};{% endfor %}",
        ["role", "user", "content", "a<|x|>b", "n", "12", "f", "1.5"],
    ),
    ("{{ messages[0].n + 1 }}{{ 1 + 1 }}", ["13"]),
    ("{{ '%s|%05d|%.1f' % (messages[0].content, messages[0].n, messages[0].f) }}", ["a<|x|>b", "12", "1.5"]),
    ("{{ '{}|{:>4}'.format(messages[0].role, messages[0].n) }}", ["user", "12"]),
    ("{{ bos_token ~ other ~ tools[0].name ~ documents[0] }}", ["toolnamedoc"]),
    ("{% macro m(x) %}({{ x }}){% endmacro %}{{ m(messages[0].role) }}", ["user"]),
    ("{% set t %}<{{ messages[0].role }}>{% endset %}{{ t | trim('<>') }}{{ t | length }}", ["user"]),
    ("{% filter upper %}<{{ messages[0].role }}>{% endfilter %}", ["USER"]),
    ("{{ messages[0].content | e }}", ["a&lt;|x|&gt;b"]),
    ("{{ ('x\n' ~ messages[0].role) | indent(2) }}", ["user"]),
    ("{{ messages[0].content | list | first ~ 'b' }}", ["a"]),
    ("{{ messages | map(attribute='role') | join('/') }}", ["user", "tool"]),
    ("{{ messages[0].role | default('x') ~ ('' | default('y', true)) }}", ["user"]),
    ("{{ messages[0].role ~ ''.join(['a', 'b']) }}", ["user"]),
    ("{{ ('\"' ~ messages[0].role ~ '\"') | fromjson }}", ["user"]),
    ("{{ messages[0].n | string ~ messages[0].n | int ~ 5 }}", ["1212"]),
]


def test_provenance():
    context = {
        "messages": [{"role": "user", "content": "a<|x|>b", "n": 12, "f": 1.5}, {"role": "tool"}],
        "tools": [{"name": "toolname"}],
        "documents": ["doc"],
        "bos_token": "<s>",
        "other": {"messages": "trusted"},
    }
    for (template, parts), ours in zip(
        UNTRUSTED, template_reference.render([(case[0], context) for case in UNTRUSTED])
    ):
        assert ours.status == 0, (template, ours.text)
        assert ours.untrusted() == parts, (template, ours.text)
