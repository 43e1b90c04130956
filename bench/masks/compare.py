"""Compares the masks of walk.mjs's dump with those of llguidance, and times both llguidance and xgrammar (PyPI):
compare.py DUMP SCHEMAS.

Each token that only one of the two masks has must belong to a class of differences.json, which cites the specification;
otherwise the exit status is 1."""

import collections
import json
import pathlib
import re
import sys
import time

import llguidance
import numpy
import xgrammar
from llguidance import LLMatcher, LLTokenizer


class Tokens:
    def __init__(self, head):
        self.tokens = [bytes.fromhex(token) for token in head["tokens"]]
        self.eos_token_id = head["ends"][0]
        self.bos_token_id = None
        self.special_token_ids = [i for i, token in enumerate(self.tokens) if not token or i in head["ends"]]
        for i in self.special_token_ids:
            self.tokens[i] = b"\xff<%d>" % i

        self.ids = {token: i for i, token in reversed(list(enumerate(self.tokens)))}
        self.longest = max(map(len, self.ids))
        # Where a tokenizer drops the space before punctuation, " ." looks like "." in the dump: left out.
        self.twice = [i for i, token in enumerate(self.tokens) if self.ids[token] != i]

    def __call__(self, text):
        """Greedy: the longest token at each place."""
        ids = []
        while text:
            width = next(w for w in range(min(len(text), self.longest), 0, -1) if text[:w] in self.ids)
            ids.append(self.ids[text[:width]])
            text = text[width:]
        return ids


def bits(mask):
    return numpy.unpackbits(numpy.frombuffer(mask, numpy.uint8), bitorder="little")


def explain(text, token, theirs):
    """The class of a token that only Quern allows after a text; None: there is none. theirs: llguidance's tokens."""
    after = text + token
    if b"\x7f" in token:
        return "delete"
    if len(theirs) == 1 and theirs[0].startswith(token):
        return "forced"
    if b"\\" in token or re.search(
        rb"(?<!\\)(\\\\)*\\(u[0-9a-fA-F]{0,3}|u[dD][89abAB][0-9a-fA-F]{2}\\?u?[0-9a-fA-F]{0,3})?$", text
    ):
        return "escape"
    if re.search(rb"-0?\.?0*[],}]*$", after):
        return "minus zero"
    if re.search(rb"[0-9]\.0*[],}]*", after):
        return "zero fraction"
    return None


def time_xgrammar(walks):
    """Milliseconds until the first mask, and microseconds of the later ones. Compiled grammars are not kept."""
    tokens = xgrammar.TokenizerInfo(wrapper.tokens, stop_token_ids=sorted(ends))
    compiler = xgrammar.GrammarCompiler(tokens, max_threads=1, cache_enabled=False)
    bitmask = xgrammar.allocate_token_bitmask(1, tokens.vocab_size)
    times, starts, wrong = [], [], set()
    for walk in walks:
        before = time.perf_counter()
        try:
            compiled = compiler.compile_json_schema(schemas[walk["schema"]], any_whitespace=False)
        except RuntimeError:
            wrong.add(walk["schema"])
            continue
        matcher = xgrammar.GrammarMatcher(compiled)
        for step in range(len(walk["masks"])):
            start = time.perf_counter()
            matcher.fill_next_token_bitmask(bitmask)
            now = time.perf_counter()
            if step == 0:
                starts.append(now - before)
            else:
                times.append(now - start)
            if step < len(walk["ids"]) and not matcher.accept_token(walk["ids"][step]):
                break
    report("xgrammar", times, starts)
    print(f"xgrammar refuses: {sorted(wrong)}")


def report(name, times, starts):
    times.sort()
    starts.sort()
    print(
        f"{name}: p50 {1e6 * times[len(times) // 2]:.0f} us, p99 {1e6 * times[int(len(times) * 0.99)]:.0f} us, "
        f"start p50 {1e3 * starts[len(starts) // 2]:.2f} ms, {len(times)} masks"
    )


classes = json.loads((pathlib.Path(__file__).parent / "differences.json").read_text())
lines = iter(pathlib.Path(sys.argv[1]).read_text().splitlines())
schemas = pathlib.Path(sys.argv[2]).read_text().splitlines()
head = json.loads(next(lines))
wrapper = Tokens(head)
tokenizer = LLTokenizer(llguidance.TokenizerWrapper(wrapper), n_vocab=len(wrapper.tokens))
ends = set(head["ends"])
refused, times, starts = set(), [], []
counts, found = collections.Counter(), collections.Counter()
unexplained = []
walks = [json.loads(line) for line in lines]
for walk in walks:
    start = time.perf_counter()
    grammar = LLMatcher.grammar_from_json_schema(schemas[walk["schema"]], defaults={"whitespace_flexible": False})
    matcher = LLMatcher(tokenizer, grammar)
    if matcher.get_error():
        refused.add(walk["schema"])
        continue
    for step, mask in enumerate(walk["masks"]):
        before = time.perf_counter()
        theirs = matcher.compute_bitmask()
        now = time.perf_counter()
        if step == 0:
            starts.append(now - start)
        else:
            times.append(now - before)
        if matcher.get_error():
            break
        ours = bytes.fromhex(mask)
        equal = ours == theirs
        if not equal:
            text = b"".join(wrapper.tokens[i] for i in walk["ids"][:step])
            a, b = bits(ours), bits(theirs)[: 8 * len(ours)]
            same_end = a[head["ends"]].any() == b[head["ends"]].any()
            a[head["ends"]] = b[head["ends"]] = 0
            a[wrapper.twice] = b[wrapper.twice] = 0
            only = numpy.flatnonzero(b)[:2]
            allowed = [wrapper.tokens[i] for i in only]
            more = [wrapper.tokens[i] for i in numpy.flatnonzero(a & ~b & 1)]
            reasons = {explain(text, token, allowed) for token in more}
            fewer = [wrapper.tokens[i] for i in numpy.flatnonzero(b & ~a & 1)]
            if any(b"@[" in text + token for token in fewer):
                reasons.add("address literal")
                fewer = [token for token in fewer if b"@[" not in text + token]
            if fewer or not same_end or not reasons <= set(classes):
                wrong = [token for token in more if explain(text, token, allowed) not in classes]
                unexplained.append((walk["schema"], text, wrong[:6], fewer[:6], same_end))
            found.update(reasons)
            equal = not reasons and not fewer and same_end
        counts["equal" if equal else "different"] += 1
        if step < len(walk["ids"]) and not matcher.consume_token(walk["ids"][step]):
            break
print(f"masks: {dict(counts)}, of which with {dict(found)}; schemas that llguidance refuses: {sorted(refused)}")
report("llguidance", times, starts)
time_xgrammar(walks)
for case in unexplained[:20]:
    print("unexplained:", *case)
sys.exit(bool(unexplained))
