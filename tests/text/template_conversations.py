"""Conversations to render templates with."""

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather at a place, \"now\" & later <b>",
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
    {"role": "tool", "name": "get_weather", "content": "{\"sky\": \"clear\", \"high\": 21.5}", "tool_call_id": "call00001"},
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
    """The same with the calls' arguments as JSON texts, as OpenAI's interface has them."""
    import json

    changed = json.loads(json.dumps(messages))
    for message in changed:
        for one in message.get("tool_calls", []):
            one["function"]["arguments"] = json.dumps(one["function"]["arguments"])
    return changed


def conversations():
    """Names and contexts."""
    base = {"bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": True}
    found = {}
    for count in range(1, 7):
        found[f"{count} turns"] = dict(base, messages=TURNS[:count], add_generation_prompt=count % 2 == 1)
        found[f"{count} turns, system"] = dict(base, messages=[SYSTEM] + TURNS[:count])
        found[f"{count} turns, tools alone"] = dict(base, messages=TURNS[:count], tools=TOOLS)
        found[f"{count} turns, tools"] = dict(base, messages=[SYSTEM] + TURNS[:count], tools=TOOLS)
    found["calls"] = dict(base, messages=[SYSTEM] + CALLS, tools=TOOLS)
    found["calls, texts"] = dict(base, messages=strings(CALLS), tools=TOOLS)
    found["two calls"] = dict(base, messages=TWO_CALLS, tools=TOOLS)
    found["two calls, texts"] = dict(base, messages=strings([SYSTEM] + TWO_CALLS), tools=TOOLS)
    found["parts"] = dict(base, messages=PARTS)
    found["documents"] = dict(base, messages=[SYSTEM] + TURNS[:3], documents=DOCUMENTS)
    found["thinking"] = dict(base, messages=[SYSTEM] + TURNS[:3], enable_thinking=True, thinking=True)
    found["no thinking"] = dict(base, messages=TURNS[:3], enable_thinking=False, thinking=False)
    found["reasoning"] = dict(
        base, messages=[user("Why?"), assistant("So.", reasoning_content="Because.", thinking="Because."), user("Oh?")]
    )
    found["wrong order"] = dict(base, messages=[assistant("First.")] + TURNS[:1] + TURNS[:1])
    found["null content"] = dict(base, messages=[user("x"), assistant(None, tool_calls=[call("now", {})])])
    found["other role"] = dict(base, messages=[{"role": "developer", "content": "Be kind."}] + TURNS[:1])
    found["no tokens"] = {"messages": TURNS[:2]}
    return found
