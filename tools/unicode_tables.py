#!/usr/bin/env python3
"""Writes engine/text/unicode/unicode_data.c: the character classes that pre-tokenizers use, and for WordPiece lower
case and the first characters of decompositions.

The tables are of Unicode 15.1, like llama.cpp's: a character that a later version assigns must stay unassigned, because
texts with it would otherwise be split differently. Python 3.13 has this version; for other versions of Python, install
unicodedata2==15.1.0.

    python3 tools/unicode_tables.py > engine/text/unicode/unicode_data.c
"""

import sys
import unicodedata

if unicodedata.unidata_version != "15.1.0":
    import unicodedata2 as unicodedata
VERSION = "15.1.0"
CHANGES_PER_ANCHOR = 32  # changed characters of a mapping between two points at which a search can start
RANGES_PER_START = 16

# enum unicode_class of engine/text/unicode/unicode.h
OTHER, LETTER, NUMBER, MARK, PUNCTUATION, SYMBOL, SPACE, CONTROL = range(8)
CLASSES = {"L": LETTER, "N": NUMBER, "M": MARK, "P": PUNCTUATION, "S": SYMBOL, "Z": SPACE}


def character_class(code):
    if code in (9, 10, 11, 12, 13, 0x85):
        return SPACE
    category = unicodedata.category(chr(code))
    return OTHER if category == "Cn" else CLASSES.get(category[0], CONTROL)


def lower(code):
    """The first character of the lower case, as in llama.cpp's unicode_map_lowercase."""
    return code if character_class(code) == OTHER else ord(chr(code).lower()[0])


def decomposed(code):
    """The first character of the canonical decomposition. unicode_decomposed computes that of Hangul."""
    surrogate_or_hangul = 0xD800 <= code < 0xE000 or 0xAC00 <= code < 0xD7A4
    return code if surrogate_or_hangul else ord(unicodedata.normalize("NFD", chr(code))[0])


def leb128(value):
    """7 bits per byte, lowest first. The top bit is set in all bytes but the last."""
    data = []
    while value >= 128:
        data.append(128 | value & 127)
        value >>= 7
    return [*data, value]


def print_mapping(name, of, macro):
    anchors, data, before, after, count = [], [], 0, 0, 0
    for code in range(0x110000):
        to = of(code)
        if to == code:
            continue
        if count % CHANGES_PER_ANCHOR == 0:
            anchors.append((code, to, len(data)))
        else:
            change = to - after
            data += leb128(code - before - 1) + leb128(2 * change if change >= 0 else -2 * change - 1)
        before, after, count = code, to, count + 1
    data += leb128(0x110000) + [0]
    print(f"\nconst struct unicode_anchor unicode_{name}_anchors[{macro}] = {{ /* {len(anchors)} */")
    for i in range(0, len(anchors), 6):
        print("    " + " ".join(f"{{0x{a:05x}, 0x{b:05x}, {c}}}," for a, b, c in anchors[i : i + 6]))
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
        sys.exit(f"this Python has Unicode {unicodedata.unidata_version}; {VERSION} is required")
    data, starts, offsets = [], [], []
    for number, (start, length, kind) in enumerate(ranges()):
        if number % RANGES_PER_START == 0:
            starts.append(start)
            offsets.append(len(data))
        data.append(kind | min(length - 1, 31) << 3)
        if length - 1 >= 31:
            data += leb128(length - 1 - 31)
    print(f"/* Written by tools/unicode_tables.py from Unicode {VERSION}. */")
    print('#include "engine/text/unicode/unicode_data.h"\n\n/* clang-format off */')
    print("const uint8_t unicode_ascii[128] = {")
    lines([character_class(code) for code in range(128)], 2)
    print("};\n\n/* Code points at which a search can start: every 16th range. */")
    print(f"const uint32_t unicode_starts[UNICODE_STARTS] = {{ /* {len(starts)} */")
    lines(starts, 6)
    print("};\n\n/* The offset in unicode_ranges of each. */")
    print("const uint16_t unicode_offsets[UNICODE_STARTS] = {")
    lines(offsets, 4)
    print("};\n\n/* One byte per range: the class in the low 3 bits, the length - 1 above. 31 there means that")
    print(" * length - 32 follows as LEB128. */")
    print(f"const uint8_t unicode_ranges[] = {{ /* {len(data)} bytes */")
    lines(data, 2)
    print("};\n")
    print(
        "/* Mappings. An anchor is every 32nd character that changes: its code, what it becomes, and the offset of the"
    )
    print(
        " * next changes. Each change is the distance in code from the one before, less one, and the difference of what"
    )
    print(" * they become, with the sign in the lowest bit; both as LEB128. */", end="")
    print_mapping("lower", lower, "UNICODE_LOWER_ANCHORS")
    print_mapping("decomposed", decomposed, "UNICODE_DECOMPOSED_ANCHORS")
    print("/* clang-format on */")


if __name__ == "__main__":
    main()
