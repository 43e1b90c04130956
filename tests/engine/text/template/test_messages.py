"""Messages are fitted to the form that a template expects. The expected prompts are jinja2's, for the same messages
written in the form that the template expects."""

import json

import pytest
import template_reference
from template_conversations import BASE, CALLS, SYSTEM, TOOLS, TURNS, TWO_CALLS, strings, user

pytestmark = pytest.mark.skipif(template_reference.tool() is None, reason="template_tool is not built")

TEMPLATE_ERROR = -7
END = "{% if add_generation_prompt %}<|assistant|>{% endif %}"
TEXT = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}" + END
TRIMMED = "{% for m in messages %}<|{{ m.role }}|>{{ m['content'] | trim }}<|end|>{% endfor %}" + END
PARTS = (
    "{% for message in messages %}<|{{ message['role'] }}|>{% for line in message['content'] %}"
    "{% if line['type'] == 'text' %}{{ line['text'] }}{% elif line['type'] == 'image' %}<image>{% endif %}{% endfor %}"
    "<|end|>{% endfor %}" + END
)
ALWAYS_PARTS = "{% for m in messages %}<|{{ m.role }}|>{{ m.content[0].text + '' }}<|end|>{% endfor %}" + END
MIXED = (
    "{% for m in messages %}<|{{ m.role }}|>{% if m.role == 'system' %}{{ m.content + '' }}{% else %}"
    "{% for part in m.content %}{{ part['text'] }}{% endfor %}{% endif %}<|end|>{% endfor %}" + END
)
BOTH = (
    "{% for m in messages %}<|{{ m.role }}|>{% if m.content is string %}{{ m.content }}{% else %}"
    "{% for part in m.content %}[{{ part.text }}]{% endfor %}{% endif %}<|end|>{% endfor %}" + END
)


def rendered(template, context):
    return template_reference.render([(template, context)], fit=True)[0]


def equals(template, given, read):
    """The prompt for `given` is jinja2's for `read`."""
    wanted, error = template_reference.expected(template, read)
    assert wanted is not None, error
    got = rendered(template, given)
    assert (got.status, got.text) == (0, wanted)
    return got


def parts(message):
    return dict(message, content=[{"type": "text", "text": message["content"]}])


CHAT = [SYSTEM, *TURNS[:3]]


@pytest.mark.parametrize("template", [TEXT, TRIMMED, BOTH])
def test_templates_that_read_text(template):
    equals(template, dict(BASE, messages=CHAT), dict(BASE, messages=CHAT))
    equals(template, dict(BASE, messages=[parts(message) for message in CHAT]), dict(BASE, messages=CHAT))


@pytest.mark.parametrize("template", [PARTS, ALWAYS_PARTS])
def test_templates_that_read_parts(template):
    in_parts = dict(BASE, messages=[parts(message) for message in CHAT])
    got = equals(template, dict(BASE, messages=CHAT), in_parts)
    assert "user" not in got.untrusted() and "Hello <|im_end|> there!\n" in got.untrusted()
    equals(template, in_parts, in_parts)


@pytest.mark.parametrize("text", ["user", "use", "r"])
def test_a_text_that_is_a_role_is_not_found_in_the_role(text):
    """The role is in the prompt even if the template drops the text."""
    given = dict(BASE, messages=[user(text)])
    equals(PARTS, given, dict(BASE, messages=[parts(user(text))]))


def test_unknown_roles_stay_untrusted():
    messages = [{"role": "<|critic|>", "content": "Hm."}]
    assert "<|critic|>" in equals(TEXT, dict(BASE, messages=messages), dict(BASE, messages=messages)).untrusted()


def test_templates_that_read_text_of_one_role_and_parts_of_others():
    read = dict(BASE, messages=[SYSTEM, *[parts(message) for message in TURNS[:3]]])
    equals(MIXED, dict(BASE, messages=CHAT), read)


@pytest.mark.parametrize("text", ["see <b>this</b>", "[1, 2]", '"', ">", "<think>a</think>", "a[i]", " \n "])
@pytest.mark.parametrize("template", [PARTS, MIXED])
def test_texts_that_cannot_be_checked_are_read_like_the_others(template, text):
    answer = {"role": "assistant", "content": text}
    for last in ([], [*TURNS[:3]]):
        given = [SYSTEM, user("hi there"), answer, user('"'), *last]
        read = [SYSTEM if template == MIXED else parts(SYSTEM), *[parts(message) for message in given[1:]]]
        equals(template, dict(BASE, messages=given), dict(BASE, messages=read))


def test_text_next_to_a_tool_call_is_read_like_the_others():
    call = dict(TWO_CALLS[1], content="I call it.")
    assert call["tool_calls"]
    chat = [user("hi there"), call, user("ok")]
    in_parts = [parts(message) for message in chat]
    equals(PARTS, dict(BASE, messages=chat), dict(BASE, messages=in_parts))


def test_several_parts():
    several = {"role": "user", "content": [{"type": "text", "text": "What is"}, {"type": "text", "text": " this?"}]}
    equals(TEXT, dict(BASE, messages=[several]), dict(BASE, messages=[user("What is this?")]))
    equals(PARTS, dict(BASE, messages=[several]), dict(BASE, messages=[several]))


def test_images_stay():
    message = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "And this?"}]}
    equals(PARTS, dict(BASE, messages=[message]), dict(BASE, messages=[message]))


ONLY_USERS = "{% for m in messages %}{% if m.role != 'assistant' %}{{ m.content }}{% endif %}{% endfor %}"
LOST = [
    ("{% for m in messages %}<|{{ m.role }}|>{{ m.text }}{% endfor %}", CHAT, 0),
    ("{% for m in messages %}{% if m.role != 'assistant' %}{{ m.content }}{% endif %}{% endfor %}", CHAT, 2),
    ("{% for m in messages %}{% if m.role in ['user', 'assistant'] %}{{ m.content }}{% endif %}{% endfor %}", CALLS, 2),
    ("{{ messages[-1].content }}", CHAT, 0),
    (ONLY_USERS, [user("List."), {"role": "assistant", "content": "[1, 22, 333]"}], 1),
    (ONLY_USERS, [user("List."), {"role": "assistant", "content": "a -> b => c ->"}], 1),
    (ONLY_USERS, [user("List."), {"role": "assistant", "content": "</think> [1] b>"}], 1),
    # The template itself has the text.
    ("Bye. {% for m in messages[1:] %}{{ m.content }}{% endfor %}", [user("Bye."), *CHAT], 0),
]


@pytest.mark.parametrize("template, messages, index", LOST)
def test_lost_text_is_an_error(template, messages, index):
    got = rendered(template, dict(BASE, messages=messages))
    assert got.status == TEMPLATE_ERROR
    assert got.text == f"the chat template leaves out the text of messages[{index}]"


# Tags that end the reasoning in an answer. Templates remove what comes before them.
ENDS = ["</think>", "</seed:think>", "<|END_THINKING|>", "[/THINK]", "<channel|>", "<unused95>", "<|end|>"]
ENDS += ["[BEGIN FINAL RESPONSE]", "<｜end▁of▁thinking｜>"]
KEPT = [
    *[
        (
            "{% for m in messages %}{{ m.content.split('" + end + "')[-1] }}{% endfor %}",
            [user("Why?"), {"role": "assistant", "content": f"long reasoning {end}{answer}"}],
        )
        for end in ENDS
        for answer in ("", "So.", "[1]")
    ],
    ("{% for m in messages %}{{ m.content.split('</think>')[-1].lstrip() }}{% endfor %}", TURNS),
    ("{{ messages | tojson }}", [user("\"Zürich\"\n'is' <b>large</b> & \\ old.")]),
    ("{% for m in messages %}{{ m.content | e }}{% endfor %}", [user("a < b && c > d")]),
    ("{% for m in messages %}{{ m.content.strip() }}{% endfor %}", [user("  \n"), user("")]),
    ("{% for m in messages %}{% if m.tool_calls %}call{% else %}{{ m.content }}{% endif %}{% endfor %}", TWO_CALLS),
    ("{{ messages[-1].content }}{% for m in messages[:-1] %}{{ m.content }}{% endfor %}", TURNS),
    ("{% for m in messages %}{{ messages.pop().content }}{% endfor %}", [user("once")]),
    ("no messages {{ bos_token }}", CHAT),
]


@pytest.mark.parametrize("template, messages", KEPT)
def test_text_may_be_changed(template, messages):
    assert rendered(template, dict(BASE, messages=messages)).status == 0


@pytest.mark.parametrize("template", [TEXT, PARTS])
def test_developer_is_system(template):
    given = dict(BASE, messages=[dict(SYSTEM, role="developer"), *TURNS[:1]])
    read = dict(BASE, messages=[SYSTEM, *TURNS[:1]])
    if template == PARTS:
        read["messages"] = [parts(message) for message in read["messages"]]
    equals(template, given, read)


ROLES = [
    "{% for m in messages %}{% if m.role == 'system' %}<|system|>{{ m.content }}{% elif m.role == 'user' %}<|user|>"
    "{{ m.content }}{% elif m.role == 'assistant' %}<|assistant|>{{ m.content }}{% endif %}{% endfor %}",
    "{% for m in messages %}{% if m.role in ['system', 'user', 'assistant'] %}<|{{ m.role }}|>{{ m.content }}"
    "{% else %}{{ raise_exception('Unexpected message role.') }}{% endif %}{% endfor %}",
]


@pytest.mark.parametrize("template", ROLES)
def test_developer_is_system_where_roles_are_listed(template):
    given = dict(BASE, messages=[dict(SYSTEM, role="developer"), *TURNS[:1]])
    equals(template, given, dict(BASE, messages=[SYSTEM, *TURNS[:1]]))


def test_developer_stays_where_it_is_known():
    template = (
        "{% for m in messages %}{{ '<|dev|>' if m.role == \"developer\" else m.role }}{{ m.content }}{% endfor %}"
    )
    given = dict(BASE, messages=[dict(SYSTEM, role="developer"), *TURNS[:1]])
    equals(template, given, given)


CALL = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% for call in m.tool_calls or [] %}"
CALL_END = "{% endfor %}<|end|>{% endfor %}" + END
READS_OBJECTS = [
    CALL + "{% for k, v in call.function.arguments | items %}<{{ k }}>{{ v }}{% endfor %}" + CALL_END,
    CALL + "{% for k, v in call.function.arguments.items() %}<{{ k }}>{{ v }}{% endfor %}" + CALL_END,
    CALL + "{{ call.function.arguments | tojson }}" + CALL_END,
    CALL + "{{ call.function | tojson }}" + CALL_END,
    CALL + "{{ call.function.arguments if call.function.arguments is string else call.function.arguments | tojson }}"
    + CALL_END,
]  # fmt: skip
READS_JSON = [
    CALL + "{{ call.function.arguments }}" + CALL_END,
    CALL + "{{ '```json\\n' + call.function.arguments + '\\n```' }}" + CALL_END,
    CALL + "{{ 'call: ' ~ call.function.arguments }}" + CALL_END,
    CALL + "{% set a = call.function.arguments | string %}{{ a }}" + CALL_END,
]


@pytest.mark.parametrize("messages", [CALLS, [SYSTEM, *TWO_CALLS]])
@pytest.mark.parametrize("template", READS_OBJECTS)
def test_arguments_for_templates_that_read_objects(template, messages):
    read = dict(BASE, messages=messages, tools=TOOLS)
    equals(template, dict(read, messages=strings(messages)), read)
    equals(template, read, read)


def ascii_only(messages):
    """Makes Python's JSON, which escapes other characters, equal to Quern's."""
    return json.loads(json.dumps(messages).replace("\\u00fc", "u"))


@pytest.mark.parametrize("messages", [CALLS, [SYSTEM, *TWO_CALLS]])
@pytest.mark.parametrize("template", READS_JSON)
def test_arguments_for_templates_that_read_json(template, messages):
    read = dict(BASE, messages=strings(messages), tools=TOOLS)
    equals(template, read, read)
    equals(template, dict(read, messages=ascii_only(messages)), dict(read, messages=strings(ascii_only(messages))))


@pytest.mark.parametrize("arguments", ["", "not JSON", "[1]", "1", '{"a": ', '"text"', "[" * 1000])
def test_arguments_that_are_no_object_stay(arguments):
    messages = [user("x"), {"role": "assistant", "content": "", "tool_calls": [{"function": {"arguments": arguments}}]}]
    got = rendered(READS_JSON[0], dict(BASE, messages=messages))
    assert (got.status, arguments in got.text) in [(0, True), (-8, False)]


def test_arguments_and_parts_together():
    template = (
        "{% for m in messages %}<|{{ m.role }}|>{% for p in m.content %}{{ p.text }}{% endfor %}"
        "{% for c in m.tool_calls or [] %}{{ c.function.arguments }}{% endfor %}{% endfor %}"
    )
    read = [parts(message) for message in strings(CALLS)]
    equals(template, dict(BASE, messages=strings(CALLS)), dict(BASE, messages=read))


def test_the_first_error_is_reported():
    template = "{% for m in messages %}{{ m.content[0]['text'] }}{{ raise_exception('No ' ~ m.role) }}{% endfor %}"
    got = rendered(template, dict(BASE, messages=CHAT))
    assert (got.status, got.text) == (TEMPLATE_ERROR, "No system")
