#!/usr/bin/env python3
"""Writes engine/text/unicode/unicode_data.c: the character classes that pre-tokenizers ask for, and for WordPiece lower case
and the first characters of decompositions.

Unicode 15.1, the version that llama.cpp's own tables have: a character that a later version assigns must stay
unassigned here, else texts with it would be split in other places. Python 3.13 has that version built in; for
others, pip install unicodedata2==15.1.0.

    python3 tools/unicode_tables.py > engine/text/unicode/unicode_data.c
"""

import sys
import unicodedata

if unicodedata.unidata_version != "15.1.0":
    import unicodedata2 as unicodedata
VERSION = "15.1.0"
MAPPING_EVERY = 32  # characters of a mapping between two such places
EVERY = 16  # ranges between two places where a search can start

# enum unicode_class of engine/text/unicode/unicode.h
OTHER, LETTER, NUMBER, MARK, PUNCTUATION, SYMBOL, SPACE, CONTROL = range(8)
CLASSES = {"L": LETTER, "N": NUMBER, "M": MARK, "P": PUNCTUATION, "S": SYMBOL, "Z": SPACE}


def character_class(code):
    if code in (9, 10, 11, 12, 13, 0x85):
        return SPACE
    category = unicodedata.category(chr(code))
    return OTHER if category == "Cn" else CLASSES.get(category[0], CONTROL)


def lower(code):
    """One character, as llama.cpp has it: the first where there are two."""
    return code if character_class(code) == OTHER else ord(chr(code).lower()[0])


def decomposed(code):
    """The first character of the canonical decomposition; Hangul is left to arithmetic."""
    surrogate_or_hangul = 0xD800 <= code < 0xE000 or 0xAC00 <= code < 0xD7A4
    return code if surrogate_or_hangul else ord(unicodedata.normalize("NFD", chr(code))[0])


def number(value):
    """7 bits a byte, the lowest first, all but the last with the top bit set."""
    data = []
    while value >= 128:
        data.append(128 | value & 127)
        value >>= 7
    return [*data, value]


def print_mapping(name, of, macro):
    places, data, before, after, count = [], [], 0, 0, 0
    for code in range(0x110000):
        to = of(code)
        if to == code:
            continue
        if count % MAPPING_EVERY == 0:
            places.append((code, to, len(data)))
        else:
            change = to - after
            data += number(code - before - 1) + number(2 * change if change >= 0 else -2 * change - 1)
        before, after, count = code, to, count + 1
    data += number(0x110000) + [0]
    print(f"\nconst struct unicode_anchor unicode_{name}_anchors[{macro}] = {{ /* {len(places)} */")
    for i in range(0, len(places), 6):
        print("    " + " ".join(f"{{0x{a:05x}, 0x{b:05x}, {c}}}," for a, b, c in places[i : i + 6]))
    print("};")
    print(f"const uint8_t unicode_{name}_changes[] = {{ /* {len(data)} bytes */")
    lines(data, 2)
    print("};")


def ranges():
    start = 0
    for code in range(1, 0x110001):
        if code == 0x110000 or character_class(code) != character_class(start):
            yield start, code - start, character_class(start)
            start = code


def lines(numbers, digits):
    row = 24 if digits == 2 else 12
    for i in range(0, len(numbers), row):
        print("    " + ", ".join(f"0x{n:0{digits}x}" for n in numbers[i : i + row]) + ",")


def main():
    if unicodedata.unidata_version != VERSION:
        sys.exit(f"this Python has Unicode {unicodedata.unidata_version}, {VERSION} is needed")
    data, starts, offsets = [], [], []
    for number, (start, length, kind) in enumerate(ranges()):
        if number % EVERY == 0:
            starts.append(start)
            offsets.append(len(data))
        rest = length - 1
        data.append(kind | min(rest, 31) << 3)
        if rest >= 31:
            rest -= 31
            while rest >= 128:
                data.append(128 | rest & 127)
                rest >>= 7
            data.append(rest)
    print(f"/* Written by tools/unicode_tables.py from Unicode {VERSION}. */")
    print('#include "engine/text/unicode/unicode_data.h"\n\n/* clang-format off */')
    print("const uint8_t unicode_ascii[128] = {")
    lines([character_class(code) for code in range(128)], 2)
    print("};\n\n/* Code points at which a search can start ... */")
    print(f"const uint32_t unicode_starts[UNICODE_STARTS] = {{ /* {len(starts)} */")
    lines(starts, 6)
    print("};\n\n/* ... and where in the ranges they are. */")
    print("const uint16_t unicode_offsets[UNICODE_STARTS] = {")
    lines(offsets, 4)
    print("};\n\n/* One byte a range: its class, and above it its length less one; 31 there says that the rest of the")
    print(" * length follows, 7 bits a byte, the lowest first, all but the last with the top bit set. */")
    print(f"const uint8_t unicode_ranges[] = {{ /* {len(data)} bytes */")
    lines(data, 2)
    print(
        "};\n\n/* Mappings: the first of every 32 characters that change, what to, and where the rest are: for each how far it"
    )
    print(
        " * is from the one before, less one, and how far what it becomes is from what that became, its sign in the lowest"
    )
    print(" * bit; both 7 bits a byte. */", end="")
    print_mapping("lower", lower, "UNICODE_LOWER_ANCHORS")
    print_mapping("decomposed", decomposed, "UNICODE_DECOMPOSED_ANCHORS")
    print("/* clang-format on */")


if __name__ == "__main__":
    main()
