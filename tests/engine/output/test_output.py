"""The output parser, on the templates of many models: what they render is read back as it was, however it is split."""

import re
import sys

import chat_templates
import output_reference
import pytest

sys.path.insert(0, str(output_reference.ROOT / "tests/engine/text/template"))
import template_reference  # noqa: E402

pytestmark = pytest.mark.skipif(output_reference.tool() is None, reason="output_tool is not built")

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather at a place",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "Its name"},
                    "days": {"type": "integer", "description": "How many"},
                    "exact": {"type": "boolean", "description": "Or not"},
                    "where": {"type": "object", "description": "Coordinates"},
                    "tags": {"type": "array", "description": "More", "items": {"type": "object"}},
                },
                "required": ["city"],
            },
        },
    },
    {
        "type": "function",
        "function": {"name": "now", "description": "Time", "parameters": {"type": "object", "properties": {}}},
    },
]
IDS = ["a1b2c3d4e", "Z9Y8X7W6V"]
# Templates that show no calls of this conversation, or that cannot be rendered with it.
WITHOUT_CALLS = {
    "HuggingFaceTB-SmolLM3-3B": "takes its tools as xml_tools, and shows no calls",
    "LFM2-8B-A1B": "shows no calls",
    "LFM2.5-Instruct": "shows no calls",
    "deepseek-ai-DeepSeek-R1-Distill-Llama-8B": "reads no tools",
    "fireworks-ai-llama-3-firefunction-v2": "takes its tools as functions",
    "google-gemma-2-2b-it": "reads no tools",
    "ibm-granite-granite-3.3-2B-Instruct": "shows no calls",
    "llama-cpp-rwkv-world": "reads no tools",
    "microsoft-Phi-3.5-mini-instruct": "reads no tools",
}
WITH_CALLS = [name for name in chat_templates.names() if name not in WITHOUT_CALLS]
HARD = 'Zürich\n\n"Höngg" \\ <b>7</b> 🦉 {[ \ttab'


def calls(*called):
    functions = [{"name": name, "arguments": arguments} for name, arguments in called]
    return [{"id": id, "type": "function", "function": function} for id, function in zip(IDS, functions)]


WEATHER = ("get_weather", {"city": "Bern", "days": 3})
MANY = ("get_weather", {"city": "Bern", "exact": True, "where": {"lat": 47.25, "in": [1, None]}, "tags": [{"a": "b"}]})
MESSAGES = {
    "one": {"content": "", "tool_calls": calls(WEATHER)},
    "two": {"content": "", "tool_calls": calls(WEATHER, ("get_weather", {"city": "Oslo"}))},
    "types": {"content": "", "tool_calls": calls(MANY)},
    "no arguments": {"content": "", "tool_calls": calls(("now", {}))},
    "digits": {"content": "", "tool_calls": calls(("get_weather", {"city": "8001"}))},
    "text": {"content": "Let me look.", "tool_calls": calls(WEATHER)},
    "reasoning": {"content": "", "reasoning_content": "A city.\nIn the Alps.", "tool_calls": calls(WEATHER)},
    "hard": {"content": "", "tool_calls": calls(("get_weather", {"city": HARD}))},
}
# What a template shows of a message is not what the model writes.
DIFFERENT = {
    ("Apriel-1.6-15b-Thinker-fixed", "reasoning"): "the start of reasoning is left out of the conversation",
    ("NVIDIA-Nemotron-Nano-v2", "text"): "the call is in a turn of its own",
    ("google-gemma-4-31B-it", "text"): "the text follows the call",
    ("openai-gpt-oss-120b", "text"): "the text becomes reasoning",
    ("MiniMax-M3", "types"): "objects and lists are written with markers of their own",
    ("openbmb-MiniCPM5-1B", "hard"): "text with markup is in CDATA sections",
}
USER = {"role": "user", "content": "Weather?"}


def render(template, messages, generate=False):
    context = {"bos_token": "<s>", "eos_token": "</s>", "tools": TOOLS, "messages": messages}
    (got,) = template_reference.render([(template, dict(context, add_generation_prompt=generate))], fit=True)
    return got.text if got.status == 0 else None


def shared(a, b):
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def answer_of(template, message):
    """(prompt, output): what the model would have written for the message, without the end of the turn."""
    prompt = render(template, [USER], generate=True)
    whole = render(template, [USER, message])
    if whole is None:
        return None
    start = shared(prompt, whole)
    if start < len(prompt):
        start = max(whole.rfind(mark, 0, start) for mark in "<[\n") if "<" in prompt[start - 20 : start] else start
    plain = render(template, [USER, {"role": "assistant", "content": "Yes."}])
    count = shared(whole[::-1], plain[::-1])
    end = min((at for at in (whole.find(mark, len(whole) - count) for mark in "<[") if at >= 0), default=len(whole))
    return prompt[:start], whole[start:end], whole


@pytest.mark.parametrize("case", MESSAGES)
@pytest.mark.parametrize("name", WITH_CALLS)
def test_rendered_calls_are_read_back(name, case):
    template, message = chat_templates.text(name), {"role": "assistant", **MESSAGES[case]}
    made = answer_of(template, message)
    if (name, case) in DIFFERENT:
        pytest.skip(DIFFERENT[name, case])
    if made is None or (case == "text" and "get_weather" not in made[1]):
        pytest.skip("the template does not allow this message")
    prompt, output, whole = made
    ((_, events),) = output_reference.read([(template, prompt, TOOLS, output)])
    while events[-1][0] == "text" and re.fullmatch(r"(\s|<[^<>]*>)*", events[-1][3]):
        events.pop()  # tokens that end the turn
    got = output_reference.message(events)
    wanted = [call["function"] for call in message["tool_calls"]]
    assert [call["function"] for call in got.get("tool_calls", [])] == wanted[: len(got.get("tool_calls", []))], output
    assert not [event for event in events if event[1]], events
    for call, id in zip(got.get("tool_calls", []), IDS):
        call["id"] = id
    again = render(template, [USER, got])
    assert again == whole, (again, whole, got)


DEEP = 300


@pytest.mark.parametrize("name", ["Qwen-Qwen3-0.6B", "LFM2-8B-A1B", "Qwen3-Coder"])
def test_arguments_may_nest_deep(name):
    """No depth is too much, and nothing is lost."""
    tags = "[" * DEEP + "7" + "]" * DEEP
    outputs = {
        "Qwen-Qwen3-0.6B": f'<tool_call>\n{{"name": "get_weather", "arguments": {{"tags": {tags}}}}}\n</tool_call>',
        "LFM2-8B-A1B": f"<|tool_call_start|>[get_weather(tags={tags})]<|tool_call_end|>",
        "Qwen3-Coder": f"<tool_call>\n<function=get_weather>\n<parameter=tags>\n{tags}\n</parameter>\n"
        "</function>\n</tool_call>",
    }
    ((_, events),) = output_reference.read([(chat_templates.text(name), "", TOOLS, outputs[name])])
    assert [kind for kind, *_ in events] == ["call", "arguments", "end"], events
    assert events[1][3].replace(" ", "") == f'{{"tags":{tags}}}'
