"""The outside truth for chat templates: jinja2 with the settings of Hugging Face transformers
(utils/chat_template_utils.py), and our renderer through template_tool."""

import datetime
import functools
import json
import os
import pathlib
import subprocess

import jinja2
import markupsafe
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment

ROOT = pathlib.Path(__file__).resolve().parents[3]
NOW = 1753900245  # 2025-07-30 18:30:45 UTC


class Generation(Extension):
    """{% generation %}: transformers notes where the assistant's text lies; the text itself stays as it is."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        call = self.call_method("text")
        return jinja2.nodes.CallBlock(call, [], [], body).set_lineno(line)

    def text(self, caller):
        return caller()


LAZY = ["map", "select", "reject", "selectattr", "rejectattr", "unique", "batch", "items", "reverse"]


def environment(lenient=False):
    """lenient: with what transformers refuses and we, like llama.cpp, allow: lists and dictionaries may be changed,
    filters give lists instead of generators, from_json is there."""
    base = SandboxedEnvironment if lenient else ImmutableSandboxedEnvironment
    env = base(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def strftime_now(form):
        return datetime.datetime.fromtimestamp(NOW, datetime.timezone.utc).replace(tzinfo=None).strftime(form)

    def eager(name):
        @jinja2.pass_context
        def run(context, value, *args, **named):
            result = context.environment.call_filter(name, value, args, named, context=context)
            return result if isinstance(result, str) else list(result)

        return run

    if lenient:
        plain = {name: env.filters[name] for name in LAZY}
        env.filters.update({f"lazy {name}": function for name, function in plain.items()})
        env.filters.update({name: eager(f"lazy {name}") for name in LAZY})
        env.filters["from_json"] = env.filters["fromjson"] = json.loads
    # Text is never marked as HTML, in llama.cpp and here: jinja2 would escape whatever such text is joined with.
    env.filters["safe"] = str
    env.filters["escape"] = env.filters["e"] = lambda value: str(markupsafe.escape(value))
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = strftime_now
    return env


@functools.lru_cache(4)
def parsed(template, lenient):
    return environment(lenient).from_string(template)


def expected(template, context, lenient=False):
    """(text, None), or (None, the error)."""
    context = json.loads(json.dumps(context))  # a template may change it
    try:
        return parsed(template, lenient).render(**context), None
    except Exception as error:  # whatever Python raises is an error of the template
        return None, f"{type(error).__name__}: {error}"


def tool():
    """The path of template_tool in the build directory, which QUERN_BUILD names; None when it is not built."""
    path = ROOT / os.environ.get("QUERN_BUILD", "build/native") / "tests/engine/text/template_tool"
    return path if path.is_file() else None


class Rendered:
    def __init__(self, status, offset, text, mask):
        self.status, self.offset, self.bytes = status, offset, text
        self.text = text.decode("utf-8", "replace")
        self.mask = mask or bytes(len(text))

    def untrusted(self):
        """The text's stretches of untrusted bytes."""
        parts, part = [], b""
        for byte, mark in zip(self.bytes, self.mask):
            if mark:
                part += bytes([byte])
            elif part:
                parts, part = parts + [part.decode("utf-8", "replace")], b""
        return parts + ([part.decode("utf-8", "replace")] if part else [])


def render(cases):
    """Renders (template, context) pairs with our renderer, in one process; a context is an object or JSON."""
    given = b""
    for template, context in cases:
        template = template if isinstance(template, bytes) else template.encode()
        if not isinstance(context, bytes):
            context = json.dumps(dict(context, now=NOW), ensure_ascii=False).encode()
        given += b"%d %d\n" % (len(template), len(context)) + template + context
    run = subprocess.run([tool()], input=given, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()[-4000:]
    results, at = [], 0
    while at < len(run.stdout):
        end = run.stdout.index(b"\n", at)
        status, offset, count, masked = map(int, run.stdout[at:end].split())
        text, at = run.stdout[end + 1 : end + 1 + count], end + 1 + count
        results.append(Rendered(status, offset, text, run.stdout[at : at + masked]))
        at += masked
    return results
