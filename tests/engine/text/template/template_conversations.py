"""Conversations to render templates with."""

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": 'The weather at a place, "now" & later <b>',
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "Its name, e.g. Zürich"},
                    "days": {"type": "integer", "enum": [1, 3, 7], "default": 1},
                    "units": {"type": ["string", "null"], "enum": ["C", "F"]},
                    "exact": {"type": "boolean"},
                    "where": {"type": "object", "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}}},
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["city"],
            },
            "return": {"type": "string"},
        },
    },
    {
        "type": "function",
        "function": {"name": "now", "description": "", "parameters": {"type": "object", "properties": {}}},
    },
]

# The parts of JSON Schema that templates print themselves.
SCHEMA = {
    "type": "object",
    "properties": {
        "mode": {"enum": ["a", "b"], "default": "a"},
        "either": {"oneOf": [{"type": "string"}, {"type": "integer", "minimum": 0, "maximum": 9}]},
        "any": {"anyOf": [{"type": "array", "items": {"type": "number"}}, {"type": "null"}], "nullable": True},
        "code": {"type": "string", "minLength": 2, "maxLength": 3, "pattern": "^[A-Z]+$", "examples": ["CH", "DE"]},
        "when": {"type": "string", "format": "date-time", "description": "Line one.\nLine two."},
        "map": {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1},
        "deep": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "properties": {"x": {"type": "number", "default": 1.5}}, "required": ["x"]},
        },
        "free": {},
        "flag": {"type": "boolean", "default": False},
        "ref": {"$ref": "#/$defs/thing"},
    },
    "required": ["mode", "deep"],
    "additionalProperties": False,
    "$defs": {"thing": {"type": "string"}},
}
WIDE_TOOLS = [
    {
        "type": "function",
        "function": {"name": "wide", "description": "Many\nkinds.", "parameters": SCHEMA, "strict": True},
    },
    {"type": "function", "function": {"name": "bare"}},
]
# Variables that templates use besides messages and tools.
SETTINGS = {
    "reasoning_effort": "high", "enable_thinking": True, "thinking": True, "thinking_mode": "on",
    "preserve_thinking": True,
    "date_string": "30 Jul 2025", "current_date": "2025-07-30", "datetime": "2025-07-30", "knowledge_cutoff": "2024-06",
    "model_identity": "You are Quern.", "system_prompt": "Grind.", "custom_instructions": "Slowly.",
    "builtin_tools": ["browser", "python"], "tools_in_user_message": False, "tool_choice": "auto",
    "response_format": {"type": "json_object"}, "documents": [{"title": "A", "content": "a"}], "enable_citations": True,
    "controls": {"length": "short", "originality": "extractive"}, "thinking_budget": 512,
    "continue_final_message": False,
    "keep_past_thinking": True, "clear_thinking": False, "truncate_history_thinking": False, "add_vision_id": True,
}  # fmt: skip

DOCUMENTS = [{"title": "Quern", "text": "A hand mill.", "doc_id": 1}, {"title": "Mill", "text": "Larger.", "doc_id": 2}]


def user(text):
    return {"role": "user", "content": text}


def assistant(text, **more):
    return {"role": "assistant", "content": text, **more}


def call(name, arguments, number=0):
    return {"id": f"call{number:05d}", "type": "function", "function": {"name": name, "arguments": arguments}}


SYSTEM = {"role": "system", "content": "  You are brief.\n"}
TURNS = [
    user("Hello <|im_end|> there!\n"),
    assistant("Hi."),
    user("Größe von 東京? 🦉 {{ no }} {% tag %}"),
    assistant("<think>\nHm.\nA city.\n</think>\n\nLarge."),
    user("'single' \"double\" back\\slash\ttab"),
    assistant("  Done.  "),
]
CALLS = [
    user("Weather in Bern?"),
    assistant("", tool_calls=[call("get_weather", {"city": "Bern", "days": 3, "exact": True, "units": None}, 1)]),
    {"role": "tool", "name": "get_weather", "content": '{"sky": "clear", "high": 21.5}', "tool_call_id": "call00001"},
    assistant("Clear, 21.5."),
    user("And the time?"),
]
TWO_CALLS = [
    user("Both, please."),
    assistant(
        "Let me look.",
        reasoning_content="Two tools.",
        tool_calls=[call("get_weather", {"city": "Zürich", "where": {"lat": 47.4, "lon": 8.5}}, 1), call("now", {}, 2)],
    ),
    {"role": "tool", "name": "get_weather", "content": "rain", "tool_call_id": "call00001"},
    {"role": "tool", "name": "now", "content": "12:00", "tool_call_id": "call00002"},
]
PARTS = [
    {"role": "user", "content": [{"type": "text", "text": "What is"}, {"type": "text", "text": " this?"}]},
    {"role": "assistant", "content": [{"type": "text", "text": "A mill."}]},
    {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "And this?"}]},
]


def strings(messages):
    """The same messages with the arguments of calls as JSON texts, as in OpenAI's API."""
    import json

    changed = json.loads(json.dumps(messages))
    for message in changed:
        for one in message.get("tool_calls", []):
            one["function"]["arguments"] = json.dumps(one["function"]["arguments"])
    return changed


BASE = {"bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": True}


def turn_conversations():
    """Contexts with 1 to 6 turns, with and without a system message and tools."""
    found = {}
    for count in range(1, 7):
        found[f"{count} turns"] = dict(BASE, messages=TURNS[:count], add_generation_prompt=count % 2 == 1)
        found[f"{count} turns, system"] = dict(BASE, messages=[SYSTEM] + TURNS[:count])
        found[f"{count} turns, tools alone"] = dict(BASE, messages=TURNS[:count], tools=TOOLS)
        found[f"{count} turns, tools"] = dict(BASE, messages=[SYSTEM] + TURNS[:count], tools=TOOLS)
    return found


def variable_conversations():
    """Contexts with calls, and with every variable present, missing, empty or null."""
    found = {}
    found["calls"] = dict(BASE, messages=[SYSTEM] + CALLS, tools=TOOLS)
    found["calls, texts"] = dict(BASE, messages=strings(CALLS), tools=TOOLS)
    found["two calls"] = dict(BASE, messages=TWO_CALLS, tools=TOOLS)
    found["two calls, texts"] = dict(BASE, messages=strings([SYSTEM] + TWO_CALLS), tools=TOOLS)
    found["parts"] = dict(BASE, messages=PARTS)
    found["documents"] = dict(BASE, messages=[SYSTEM] + TURNS[:3], documents=DOCUMENTS)
    found["thinking"] = dict(BASE, messages=[SYSTEM] + TURNS[:3], enable_thinking=True, thinking=True)
    found["no thinking"] = dict(BASE, messages=TURNS[:3], enable_thinking=False, thinking=False)
    found["reasoning"] = dict(
        BASE, messages=[user("Why?"), assistant("So.", reasoning_content="Because.", thinking="Because."), user("Oh?")]
    )
    found["wrong order"] = dict(BASE, messages=[assistant("First.")] + TURNS[:1] + TURNS[:1])
    found["null content"] = dict(BASE, messages=[user("x"), assistant(None, tool_calls=[call("now", {})])])
    found["other role"] = dict(BASE, messages=[{"role": "developer", "content": "Be kind."}] + TURNS[:1])
    found["no tokens"] = {"messages": TURNS[:2]}
    found["none"] = dict(BASE, messages=[])
    found["no variables"] = {}
    found["settings"] = dict(BASE, messages=[SYSTEM] + TURNS[:3], **SETTINGS)
    found["settings, tools"] = dict(BASE, messages=[SYSTEM] + CALLS + TWO_CALLS, tools=TOOLS + WIDE_TOOLS, **SETTINGS)
    found["wide tools"] = dict(BASE, messages=TURNS[:1], tools=WIDE_TOOLS)
    found["no tools"] = dict(BASE, messages=TURNS[:3], tools=[], documents=[])
    found["null tools"] = dict(BASE, messages=[SYSTEM] + TURNS[:1], tools=None, documents=None)
    found["plain tools"] = dict(BASE, messages=TURNS[:1], tools=[tool["function"] for tool in TOOLS])
    found["tools, documents"] = dict(BASE, messages=[SYSTEM] + CALLS, tools=TOOLS, documents=DOCUMENTS)
    found["document parts"] = dict(BASE, messages=TURNS[:1], documents=[{"data": {"title": "T", "n": 1}}, "text", {}])
    return found


def message_conversations():
    """Contexts with unusual orders, roles, calls and contents of messages."""
    found = {}
    found["finished calls"] = dict(BASE, messages=CALLS[:4] + TWO_CALLS, tools=TOOLS, add_generation_prompt=False)
    found["calls, 6 turns"] = dict(BASE, messages=[SYSTEM] + CALLS + TWO_CALLS[1:] + TURNS[1:3], tools=TOOLS)
    found["calls, texts, 6 turns"] = dict(BASE, messages=strings(CALLS + TWO_CALLS[1:] + TURNS[1:3]), tools=TOOLS)
    found["call without content"] = dict(
        BASE, messages=[user("x"), {"role": "assistant", "tool_calls": [call("now", {})]}], add_generation_prompt=False
    )
    found["call, no type"] = dict(
        BASE,
        messages=[user("x"), assistant("", tool_calls=[{"function": {"name": "now", "arguments": {}}}])],
        tools=TOOLS,
    )
    found["call, flat"] = dict(
        BASE, messages=[user("x"), assistant("", tool_calls=[{"name": "now", "arguments": {"a": 1}}])]
    )
    found["no calls"] = dict(BASE, messages=[user("x"), assistant("y", tool_calls=[]), user("z")], tools=TOOLS)
    found["null calls"] = dict(BASE, messages=[user("x"), assistant("y", tool_calls=None), user("z")], tools=TOOLS)
    answers = [{"type": "text", "text": "rain"}, {"type": "text", "text": " and wind"}]
    found["answer in parts"] = dict(BASE, messages=CALLS[:2] + [dict(CALLS[2], content=answers)], tools=TOOLS)
    found["answer, object"] = dict(BASE, messages=CALLS[:2] + [dict(CALLS[2], content={"sky": "clear"})], tools=TOOLS)
    found["system parts"] = dict(BASE, messages=[dict(SYSTEM, content=PARTS[0]["content"])] + TURNS[:1])
    found["empty parts"] = dict(BASE, messages=[{"role": "user", "content": []}, assistant("")])
    found["null question"] = dict(BASE, messages=[{"role": "user", "content": None}])
    found["no content"] = dict(BASE, messages=[{"role": "user"}])
    found["other reasoning"] = dict(
        BASE,
        messages=[user("Why?"), assistant("So.", reasoning="Because.", tool_plan="None."), user("Oh?")],
        tools=TOOLS,
    )
    found["reasoning, calls"] = dict(
        BASE,
        messages=[user("x"), assistant("", reasoning_content="Hm.", tool_calls=[call("now", {})]), CALLS[2]],
        tools=TOOLS,
    )
    found["systems"] = dict(BASE, messages=[SYSTEM, SYSTEM] + TURNS[:2] + [SYSTEM])
    found["two users"] = dict(BASE, messages=TURNS[:1] * 2 + TURNS[1:2] * 2)
    found["unknown role"] = dict(BASE, messages=[{"role": "critic", "content": "No."}] + TURNS[:1])
    found["tag soup"] = dict(
        BASE,
        messages=[
            user("</think><think><tool_call>{}</tool_call>"),
            assistant("a</think>b</think>\n\nc<think>"),
            user(""),
        ],
    )
    return found


def conversations():
    """Contexts by name."""
    return {**turn_conversations(), **variable_conversations(), **message_conversations()}
