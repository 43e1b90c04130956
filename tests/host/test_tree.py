"""Promises about the sources: dependencies and calls point one way, functions are short and declared where a reader
looks for them, and the text is for the project's users."""

import ast
import functools
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MOST_LINES = 60  # of a function, from its signature to its closing brace
# From the bottom up: a file may include files of its own room and of the rooms before it.
ROOMS = [
    "platform",
    "quant",
    "gguf",
    "kernels",
    "engine/config",
    "engine/weights",
    "engine/text/unicode",
    "engine/text/json",
    "engine/text/tokenizer",
    "engine/text/template",
    "engine/grammar",
    "engine/output",
    "engine/model",
    "engine/pool",
    "engine/sampling",
    "engine/state",
    "engine/ops",
    "engine/layers",
    "engine/session",
]
# Rooms that may include fewer of the rooms before them.
LIMITED = {
    "kernels": {"platform", "quant"},
    "engine/text/unicode": {"platform"},
    "engine/text/json": {"platform", "engine/text/unicode"},
    "engine/text/tokenizer": {"platform", "gguf", "engine/text/unicode"},
    "engine/text/template": {"platform", "gguf", "engine/text/unicode", "engine/text/json"},
    "engine/grammar": {"platform", "engine/text/unicode", "engine/text/json"},
    "engine/output": {"platform", "gguf", "engine/text/unicode", "engine/text/json", "engine/text/template"},
    "engine/pool": {"platform"},
    "engine/sampling": {"platform"},
}
# Parts that may include the public header. The others do not know the interface that they serve.
PUBLIC = {"platform", "gguf", "engine"}
FREESTANDING = {"stdint.h", "stddef.h", "stdbool.h", "stdarg.h", "limits.h", "float.h", "wasm_simd128.h"}
# Natively only: SIMDe for the SIMD128 kernels, the C library's allocator for memory blocks.
EXCEPTIONS = {("kernels/simd128/simd.h", "simde/wasm/simd128.h"), ("platform/block_native.c", "stdlib.h")}
# Files that call each other, with the reason. Everything else must be free of cycles.
CALL_CYCLES = [
    # The template interpreter is recursive, as its language is: expressions call macros, macros execute statements, and
    # statements evaluate expressions. The sandbox limits the depth.
    ["engine/text/template/evaluate.c", "engine/text/template/execute.c", "engine/text/template/loop.c"],
]
# Headers whose functions are not defined in the .c file of the same name.
DECLARED_ELSEWHERE = {
    "include/quern.h": "the public interface; each room defines its exports",
    "platform/memory.h": "the C library natively, memory_wasm.c, block_*.c and arena.c in the module",
    "kernels/variants.h": "declares by macro; kernels.inc says which folder defines what",
    "gguf/gguf.h": "scan.c, index.c and read.c: two passes and the lookups over one set of structs",
    "engine/pool/pool.h": "single.c or threads.c, one per build",
}


def tracked(*patterns):
    names = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\n")
    return [name for name in names if name and (ROOT / name).exists()]


def engine_files():
    return tracked("platform/*.[ch]", "quant/*.[ch]", "gguf/*.[ch]", "kernels/*.[ch]", "engine/*.[ch]")


def room_of(name):
    return "/".join(name.split("/")[: 3 if name.startswith("engine/text/") else 2 if name.startswith("engine/") else 1])


def includes(name):
    return re.findall(r'^\s*#\s*include ([<"])([^>"]+)[>"]', (ROOT / name).read_text(), re.M)


def may_include(name, kind, included):
    if (name, included) in EXCEPTIONS:
        return True
    if kind == "<":
        return included in FREESTANDING
    if included == "quern.h":
        return name.split("/")[0] in PUBLIC
    room, other = room_of(name), room_of(included)
    if other == room:
        return True
    before = ROOMS[: ROOMS.index(room)]
    return other in before and other in LIMITED.get(room, before)


def cycles(graph):
    """The strongly connected components with more than one node, by Tarjan's algorithm."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


# ---- a scanner for our C, which clang-format has laid out ----

TOKEN = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)


def blank(text, macros=True):
    """The text without comments, strings and, on request, preprocessor lines; line breaks stay."""
    text = TOKEN.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    if macros:
        text = re.sub(
            r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", lambda match: re.sub(r"[^\n]", " ", match.group()), text, flags=re.M
        )
    return text


def functions(text):
    """(name, whether it is static, first line, last line, body) of each function. A declaration's body is None."""
    found, depth, start, body = [], 0, 0, None
    for match in re.finditer(r"[{};]", text):
        at, char = match.start(), match.group()
        depth += {"{": 1, "}": -1, ";": 0}[char]
        if char == "{" and depth == 1:
            body = at
        if depth or char == "{":
            continue
        head = text[start : body if char == "}" else at]
        name = function_name(head)
        if name:
            first = start + len(head) - len(head.lstrip())
            lines = text.count("\n", 0, first) + 1, text.count("\n", 0, at) + 1
            found.append((name, "static" in head.split(), *lines, text[body:at] if char == "}" else None))
        if name or char == ";":
            start = at + 1
    return found


def function_name(head):
    """The name that a declaration's head declares, if that is a function."""
    head = re.sub(r"__attribute__\s*\(\(.*?\)\)\)?|_Static_assert\s*\(.*", "", head, flags=re.S).strip()
    if head.startswith(("typedef", "extern const", "__asm__")) or "=" in head:
        return None
    match = re.fullmatch(r"[\w\s*]+?[\s*](\w+)\s*\((.*)\)", head, re.S)
    return match.group(1) if match and "(*" not in head[: match.end(1)] else None


@functools.cache
def preprocessed(name):
    """The file as the Wasm module's compiler sees it, without the compiler's own headers. Macros such as those of
    kernels.inc are expanded, so that the names they paste together are found."""
    command = ["clang-19", "--target=wasm32", "-E", "-ffreestanding", "-std=c11"]
    features = ["-msimd128", "-mrelaxed-simd", "-matomics", "-mbulk-memory"]
    defines = ["-DQUERN_KERNELS_SIMD128", "-DQUERN_KERNELS_RELAXED", "-DQUERN_THREADS"]
    text = subprocess.run(
        [*command, *features, *defines, "-I.", "-Iinclude", name], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    kept, ours = [], True
    for line in text.split("\n"):
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker:
            ours = not marker.group(1).startswith("/")
        elif ours:
            kept.append(line)
    return blank("\n".join(kept))


def call_graph():
    """For each .c file, the .c files whose functions it names: calls, and functions in tables."""
    files = [name for name in engine_files() if name.endswith(".c") and name != "platform/block_native.c"]
    defined, own, parts = {}, {}, {}
    for name in files:
        text = preprocessed(name)
        found = [(function, is_static, body) for function, is_static, *_, body in functions(text) if body is not None]
        own[name] = {function for function, *_ in found}
        parts[name] = [body for *_, body in found] + re.findall(r"=\s*\{.*?\};", text, re.S)  # and tables of functions
        for function, is_static, _ in found:
            if not is_static:
                defined.setdefault(function, set()).add(name)
    graph = {}
    for name, bodies in parts.items():
        # not the members of structs, nor the names of types
        words = {word for body in bodies for word in re.findall(r"(?<![\w.>])(?<!struct )(?<!enum )[A-Za-z_]\w*", body)}
        graph[name] = {other for word in words - own[name] for other in defined.get(word, ())}
    return graph


# ---- the promises ----


def test_dependencies_point_one_way():
    wrong = []
    for name in engine_files():
        wrong += [f"{name} includes {other}" for kind, other in includes(name) if not may_include(name, kind, other)]
    assert not wrong


def test_the_engine_uses_kernels_through_the_registry():
    wrong = [
        name
        for name in engine_files()
        if name.startswith("engine/") and '#include "kernels/scalar/' in (ROOT / name).read_text()
    ]
    assert not wrong


def test_no_include_cycles():
    graph = {name: {other for kind, other in includes(name) if kind == '"'} for name in engine_files()}
    assert not cycles(graph)


def test_no_call_cycles():
    assert cycles(call_graph()) == CALL_CYCLES


def test_functions_are_declared_next_to_their_file():
    wrong = []
    for header in tracked("include/*.h", "platform/*.h", "quant/*.h", "gguf/*.h", "kernels/*.h", "engine/*.h"):
        if header in DECLARED_ELSEWHERE:
            continue
        declared = {
            name
            for name, is_static, *_, body in functions(blank((ROOT / header).read_text()))
            if body is None and not is_static
        }
        source = ROOT / f"{header[:-2]}.c"
        text = blank(source.read_text()) if source.exists() else ""
        defined = {name for name, is_static, *_, body in functions(text) if body is not None and not is_static}
        wrong += [f"{header} declares {name}" for name in sorted(declared - defined)]
    assert not wrong


def test_each_room_has_a_header_that_says_what_it_is_for():
    """It opens with the room's name and says what the room must not know about."""
    headers = [(ROOT / name).read_text() for name in engine_files() if name.endswith(".h")]
    wrong = []
    for room in ROOMS:
        opening = [text.split("*/")[0] for text in headers if re.match(rf"/\* (The room )?{room}/?:", text)]
        words = " ".join(opening[0].replace("*", " ").split()).lower() if len(opening) == 1 else ""
        if room.startswith("engine/") and not re.search("must not (know|depend)|knows? nothing", words):
            wrong.append(room)
    assert not wrong


def test_every_c_file_opens_with_a_comment():
    wrong = [name for name in tracked("*.c") if not (ROOT / name).read_text().startswith(("/*", "//"))]
    assert not wrong


@pytest.mark.parametrize("pattern", ["*.[ch]", "*.py"])
def test_no_long_functions(pattern):
    wrong = []
    for name in tracked(pattern):
        text = (ROOT / name).read_text()
        if name.endswith(".py"):
            nodes = [
                node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            ]
            spans = [(node.name, node.lineno, node.end_lineno) for node in nodes]
        else:
            spans = [
                (function, first, last) for function, _, first, last, body in functions(blank(text)) if body is not None
            ]
        wrong += [
            f"{name}: {function} has {last - first + 1} lines"
            for function, first, last in spans
            if last - first >= MOST_LINES
        ]
    assert not wrong


def test_no_paths_of_a_machine():
    pattern = re.compile(r"/root/|/work/|/tmp/|/home/\w")
    text = [name for name in tracked() if not name.endswith((".gguf", ".f32", ".bin", ".png", ".svg", ".webp"))]
    here = str(pathlib.Path(__file__).relative_to(ROOT))
    wrong = [name for name in text if name != here and pattern.search((ROOT / name).read_text(errors="replace"))]
    assert not wrong
