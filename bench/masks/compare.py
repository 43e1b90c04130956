"""Compares the masks of walk.mjs's dump with those of llguidance (PyPI): compare.py DUMP SCHEMAS.

Two differences are expected. llguidance refuses U+007F inside strings, which RFC 8259 (section 7) allows. Where text is
forced, llguidance leaves only the token that its tokenizer would make of it; masks here have every token, and forced
tokens are chosen when sampling. A third: strings with a pattern or a format may have escapes here, 0 may be written as
-0, and a multiple of 1 as 8.0, because JSON Schema judges values, not spellings."""

import collections
import json
import pathlib
import sys
import time

import llguidance
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

    def __call__(self, text):
        """Greedy: the longest token at each place."""
        ids = []
        while text:
            width = next(w for w in range(min(len(text), self.longest), 0, -1) if text[:w] in self.ids)
            ids.append(self.ids[text[:width]])
            text = text[width:]
        return ids


def bits(mask):
    return {i * 8 + k for i, byte in enumerate(mask) for k in range(8) if byte >> k & 1} if mask else set()


lines = iter(pathlib.Path(sys.argv[1]).read_text().splitlines())
schemas = pathlib.Path(sys.argv[2]).read_text().splitlines()
head = json.loads(next(lines))
wrapper = Tokens(head)
tokenizer = LLTokenizer(llguidance.TokenizerWrapper(wrapper), n_vocab=len(wrapper.tokens))
ends = set(head["ends"])
refused, times, starts = set(), [], []
counts = collections.Counter()
samples = {}
for line in lines:
    walk = json.loads(line)
    schema = schemas[walk["schema"]]
    start = time.perf_counter()
    grammar = LLMatcher.grammar_from_json_schema(schema, defaults={"whitespace_flexible": False})
    matcher = LLMatcher(tokenizer, grammar)
    if matcher.get_error():
        refused.add(walk["schema"])
        samples[walk["schema"]] = matcher.get_error()[:150]
        continue
    for step, mask in enumerate(walk["masks"]):
        before = time.perf_counter()
        theirs = matcher.compute_bitmask()
        times.append(time.perf_counter() - before)
        if step == 0:
            starts.append(time.perf_counter() - start)
        if matcher.get_error():
            break
        ours = bytes.fromhex(mask)
        a, b = bits(ours) - ends, bits(theirs) - ends
        same_end = bool(bits(ours) & ends) == bool(bits(theirs) & ends)
        longest = max(b, key=lambda i: len(wrapper.tokens[i]), default=None)
        missing = {i for i in a - b if b"\x7f" not in wrapper.tokens[i]}
        if len(b) <= 1 and longest is not None:
            missing = {i for i in missing if not wrapper.tokens[longest].startswith(wrapper.tokens[i])}
        if a == b and same_end:
            counts["equal"] += 1
        elif not missing and a >= b and same_end:
            counts["U+007F, or forced text"] += 1
        else:
            counts["different"] += 1
            text = b"".join(wrapper.tokens[i] for i in walk["ids"][:step])
            shown = [[wrapper.tokens[i] for i in sorted(ids)[:6]] for ids in (missing, b - a)]
            samples.setdefault(walk["schema"], (text, "only here:", shown[0], "only there:", shown[1]))
        if step < len(walk["ids"]) and not matcher.consume_token(walk["ids"][step]):
            break
times.sort()
starts.sort()
print(f"masks: {dict(counts)}; schemas that llguidance refuses: {sorted(refused)}")
print(
    f"llguidance: p50 {1e6 * times[len(times) // 2]:.0f} us, p99 {1e6 * times[int(len(times) * 0.99)]:.0f} us, "
    f"start p50 {1e3 * starts[len(starts) // 2]:.2f} ms"
)
for number, sample in samples.items():
    print(schemas[number][:100], *sample)
