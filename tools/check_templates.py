#!/usr/bin/env python3
"""Compares Quern's chat templates with jinja2 on the templates and template tests of llama.cpp, or on a folder:
    tools/check_templates.py LLAMA_CPP_SOURCE|FOLDER [-v]
Renders each template with every conversation of tests/engine/text/template/template_conversations.py, and the cases of
tests/test-jinja.cpp with their own variables. If jinja2 fails, Quern must fail too; of the error messages only those of
raise_exception are compared. Needs jinja2 and a native build (template_tool)."""

import difflib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/engine/text/template"))
import llama_cpp_templates
import template_conversations
import template_reference


class Counts:
    templates = equal = renders = texts = 0

    def __str__(self):
        return f"{self.equal} of {self.templates} equal ({self.renders} renderings, {self.texts} of them texts)"


def difference(template, context, ours):
    """Returns None if our result is right, otherwise the right one; and whether jinja2 renders a text."""
    text, error = template_reference.expected(template, context)
    if error and not error.startswith("TemplateError: "):
        text, error = template_reference.expected(template, context, lenient=True)
    if text is not None:
        return (None if (ours.status, ours.text) == (0, text) else text), True
    right = ours.status != 0
    if error.startswith("TemplateError: "):
        right = right and ours.text == error[15:].replace("\n", " ")
    return (None if right else error), False


def show(name, ours, wanted):
    print(f"  {name}: status {ours.status} at {ours.offset}")
    lines = difflib.unified_diff(wanted.split("\n"), ours.text.split("\n"), "jinja2", "quern", n=0)
    print("\n".join("    " + line[:200] for line in list(lines)[:12]))


def compare(name, template, cases, counts, verbose):
    wrong = []
    for (case, context), ours in zip(
        cases.items(), template_reference.render([(template, context) for context in cases.values()])
    ):
        wanted, is_text = difference(template, context, ours)
        counts.renders += 1
        counts.texts += is_text
        if wanted is not None:
            wrong.append((case, ours, wanted))
    counts.templates += 1
    counts.equal += not wrong
    if wrong:
        print(f"{name}: {len(wrong)} of {len(cases)} differ")
        for case in wrong if verbose else wrong[:1]:
            show(*case)


def compare_snippets(cases, counts):
    """Our result is also right if it is what llama.cpp expects: its `safe` differs from jinja2's."""
    cases = list(cases)
    for (name, template, context, text), ours in zip(
        cases, template_reference.render([(template, context) for _, template, context, _ in cases])
    ):
        wanted, is_text = difference(template, context, ours)
        counts.templates += 1
        counts.renders += 1
        counts.texts += is_text
        if wanted is None or (ours.status, ours.text) == (0, text):
            counts.equal += 1
        else:
            print(f"{name}: {template}")
            show(name, ours, wanted)


def main():
    folder, verbose = pathlib.Path(sys.argv[1]), "-v" in sys.argv
    source = folder if (folder / "models/templates").is_dir() else None
    files = sorted((folder / "models/templates" if source else folder).glob("*.jinja"))
    conversations = template_conversations.conversations()
    failed = not files
    counts = Counts()
    for file in files:
        compare(file.name, file.read_bytes().decode(), conversations, counts, verbose)
    print(f"templates: {counts}")
    failed = failed or counts.equal != counts.templates
    if source:
        counts = Counts()
        for name, template, bos, eos in llama_cpp_templates.chat_templates(source):
            ends = {"bos_token": bos, "eos_token": eos}
            cases = {case: dict(context, **ends) for case, context in conversations.items()}
            compare(name, template, cases, counts, verbose)
        print(f"test-chat-template: {counts}")
        failed = failed or counts.equal != counts.templates
        counts = Counts()
        compare_snippets(llama_cpp_templates.interpreter_cases(source), counts)
        print(f"test-jinja: {counts}")
        failed = failed or counts.equal != counts.templates
    return failed


if __name__ == "__main__":
    sys.exit(main())
