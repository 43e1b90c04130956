"""Reads the chat templates and expected results from the C++ source of llama.cpp's tests: string literals, and JSON
values as initializer lists of nlohmann::json."""

import ast
import re

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|\s+|R"\((?P<raw>.*?)\)"|(?:u8)?(?P<text>"(?:[^"\\]|\\.)*")'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*(?:::\w+)*)|(?P<mark>.)",
    re.DOTALL,
)


def tokens(source, at):
    """Yields (kind, text, end offset) of each token from offset `at`, without spaces and comments."""
    while at < len(source):
        found = TOKEN.match(source, at)
        at = found.end()
        if found.lastgroup:
            yield found.lastgroup, found[found.lastgroup], at


class Reader:
    """Parses C++ initializers into Python values, starting at offset `at` of a source text."""

    def __init__(self, source, at):
        self.tokens = tokens(source, at)
        self.next()

    def next(self):
        self.kind, self.text, self.end = next(self.tokens, ("end", "", -1))

    def take(self, mark):
        found = (self.kind, self.text) == ("mark", mark)
        if found:
            self.next()
        return found

    def list(self, close):
        values = []
        while not self.take(close):
            values.append(self.value())
            assert self.take(",") or self.text == close, self.text
        return values

    def value(self):
        """The next value: a list, dict, string, number, bool or None."""
        if self.take("{"):
            values = self.list("}")
            pairs = values and all(isinstance(v, list) and len(v) == 2 and isinstance(v[0], str) for v in values)
            return dict(values) if pairs else values
        if self.kind in ("text", "raw"):
            text = ""
            while self.kind in ("text", "raw"):  # adjacent literals are concatenated
                text += self.text if self.kind == "raw" else ast.literal_eval(self.text.replace("\\?", "?"))
                self.next()
            return text
        kind, text = self.kind, self.text
        self.next()
        if kind == "number":
            return float(text) if re.search("[.eE]", text) else int(text)
        if kind == "name" and self.take("("):
            values = self.list(")")
            if text == "json::object":
                return dict(values[0]) if values and not isinstance(values[0], dict) else (values or [{}])[0]
            if text == "json::array":
                one = values[0] if values else []
                return [[key, value] for key, value in one.items()] if isinstance(one, dict) else one
            return values[0] if values else None  # json(...), and wrappers that only state the encoding of a text
        return {"true": True, "false": False, "nullptr": None}[text]


def interpreter_cases(folder):
    """Yields name, template, variables and expected text of each case of tests/test-jinja.cpp."""
    source = (folder / "tests/test-jinja.cpp").read_text()
    for found in re.finditer(r"^    test_template\(t, ", source, re.MULTILINE):
        reader = Reader(source, found.end())
        name, template, context, text = reader.list(")")
        yield name, template, context or {}, text


def chat_templates(folder):
    """Yields name, template, BOS text and EOS text of each case of tests/test-chat-template.cpp."""
    source = (folder / "tests/test-chat-template.cpp").read_text()
    start = source.index("std::vector<TestCase> test_cases {") + len("std::vector<TestCase> test_cases {")
    for case in Reader(source, start).list("}"):
        yield case[0], case[1], (case[4:5] or [""])[0], (case[5:6] or [""])[0]
