"""Renders chat templates with jinja2, with the settings of Hugging Face transformers (utils/chat_template_utils.py),
and with Quern through template_tool."""

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

ROOT = pathlib.Path(__file__).resolve().parents[4]
NOW = 1753900245  # 2025-07-30 18:30:45 UTC


class Generation(Extension):
    """{% generation %}: transformers records where the assistant's text is. The text itself does not change."""

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
    """lenient: allow what Quern allows, like llama.cpp, but transformers does not: lists and dicts may be modified,
    filters return lists instead of generators, and from_json exists."""
    base = SandboxedEnvironment if lenient else ImmutableSandboxedEnvironment
    env = base(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def strftime_now(form):
        return datetime.datetime.fromtimestamp(NOW, datetime.UTC).replace(tzinfo=None).strftime(form)

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
    # Neither llama.cpp nor Quern marks text as HTML; jinja2 would escape everything that such text is joined with.
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
    """Returns (text, None) or (None, error)."""
    context = json.loads(json.dumps(context))  # a template may change it
    try:
        return parsed(template, lenient).render(**context), None
    except Exception as error:  # any exception is an error of the template
        return None, f"{type(error).__name__}: {error}"


def tool():
    """The path of template_tool in the build directory that QUERN_BUILD names; None if it is not built."""
    path = ROOT / os.environ.get("QUERN_BUILD", "build/native") / "tests/engine/text/template_tool"
    return path if path.is_file() else None


class Rendered:
    def __init__(self, status, offset, text, mask):
        self.status, self.offset, self.bytes = status, offset, text
        self.text = text.decode("utf-8", "replace")
        self.mask = mask or bytes(len(text))

    def untrusted(self):
        """The text's runs of untrusted bytes."""
        parts, part = [], b""
        for byte, mark in zip(self.bytes, self.mask):
            if mark:
                part += bytes([byte])
            elif part:
                parts, part = parts + [part.decode("utf-8", "replace")], b""
        return parts + ([part.decode("utf-8", "replace")] if part else [])


def render(cases, fit=False):
    """Renders (template, context) pairs with Quern, in one process. A context is an object or JSON. fit: messages are
    fitted to the template, as for a model."""
    given = b""
    for template, context in cases:
        template = template if isinstance(template, bytes) else template.encode()
        if not isinstance(context, bytes):
            context = json.dumps(dict(context, now=NOW), ensure_ascii=False).encode()
        given += b"%d %d\n" % (len(template), len(context)) + template + context
    run = subprocess.run([tool()] + ["fit"] * fit, input=given, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()[-4000:]
    results, at = [], 0
    while at < len(run.stdout):
        end = run.stdout.index(b"\n", at)
        status, offset, count, masked = map(int, run.stdout[at:end].split())
        text, at = run.stdout[end + 1 : end + 1 + count], end + 1 + count
        results.append(Rendered(status, offset, text, run.stdout[at : at + masked]))
        at += masked
    return results
