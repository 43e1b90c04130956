#!/usr/bin/env python3
"""Compares our chat-template renderer with jinja2 over a folder of templates, such as models/templates of llama.cpp:
    tools/check_templates.py FOLDER [-v]
Renders each template with every conversation of tests/text/template_conversations.py. Where jinja2 fails, so must we;
of the messages only those of raise_exception are compared. Needs jinja2 and a native build (template_tool)."""

import difflib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/text"))
import template_conversations
import template_reference


def main():
    folder, verbose = pathlib.Path(sys.argv[1]), "-v" in sys.argv
    cases = template_conversations.conversations()
    equal = renders = texts = 0
    files = sorted(folder.glob("*.jinja"))
    for file in files:
        template = file.read_bytes().decode()
        wrong = []
        for (name, context), ours in zip(
            cases.items(), template_reference.render([(template, context) for context in cases.values()])
        ):
            text, error = template_reference.expected(template, context)
            if error and not error.startswith("TemplateError: "):
                text, error = template_reference.expected(template, context, lenient=True)
            renders += 1
            texts += text is not None
            if text is not None and (ours.status != 0 or ours.text != text):
                wrong.append((name, ours, text))
            elif text is None and ours.status == 0:
                wrong.append((name, ours, error))
            elif text is None and error.startswith("TemplateError: ") and ours.text != error[15:].replace("\n", " "):
                wrong.append((name, ours, error))
        equal += not wrong
        if wrong:
            print(f"{file.name}: {len(wrong)} of {len(cases)} differ")
            for name, ours, text in wrong if verbose else wrong[:1]:
                print(f"  {name}: status {ours.status} at {ours.offset}")
                lines = difflib.unified_diff(text.split("\n"), ours.text.split("\n"), "jinja2", "quern", n=0)
                print("\n".join("    " + line[:200] for line in list(lines)[:12]))
    print(f"{equal} of {len(files)} templates equal ({renders} renderings, {texts} of them texts)")
    return equal != len(files)


if __name__ == "__main__":
    sys.exit(main())
