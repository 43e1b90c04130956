#!/usr/bin/env python3
"""Writes engine/text/unicode/unicode_data.c: the character classes that pre-tokenizers use, for WordPiece lower case
and the first characters of decompositions, and for NFC the pairs that characters decompose into or are composed of, and
combining classes.

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


def pair_of(code):
    """The last step of the canonical decomposition, as two characters; None if it has fewer. Without Hangul."""
    parts = [] if 0xAC00 <= code < 0xD7A4 else unicodedata.decomposition(chr(code)).split()
    if not parts or parts[0].startswith("<"):
        return None
    return pair_of(int(parts[0], 16)) if len(parts) == 1 else tuple(int(part, 16) for part in parts)


def below_plane_1(codes):
    """How many of the codes, which must be of planes 0 and 1, are of plane 0."""
    assert all(code < 0x20000 for code in codes)
    return sum(code < 0x10000 for code in codes)


def print_rows(declaration, rows, width):
    print(f"const {declaration} = {{ /* {len(rows)} */")
    for i in range(0, len(rows), width):
        print("    " + " ".join(f"{{{', '.join(row)}}}," for row in rows[i : i + width]))
    print("};")


def print_pairs():
    pairs = [(code, *pair_of(code)) for code in range(0x110000) if pair_of(code)]
    for code, first, second in pairs:
        assert code >> 16 == first >> 16 == second >> 16
        assert unicodedata.normalize("NFD", chr(second)) == chr(second)
    low = below_plane_1([code for code, *_ in pairs])
    print("\n/* Decompositions into two characters. The first may decompose further. The numbers are those within")
    print(f" * the plane: plane 0 for the first {low} pairs, plane 1 for the others. */")
    rows = [[f"0x{number & 0xFFFF:04x}" for number in pair] for pair in pairs]
    print_rows("struct unicode_pair unicode_pairs[UNICODE_PAIRS]", rows, 8)
    composite = [i for i, (code, *_) in enumerate(pairs) if unicodedata.normalize("NFC", chr(code)) == chr(code)]
    order = sorted(composite, key=lambda i: pairs[i][1:])
    low = below_plane_1([pairs[i][0] for i in order])
    print(f"/* The pairs that compose, sorted by their two characters. Plane 0: the first {low}. */")
    print(f"const uint16_t unicode_composites[UNICODE_COMPOSITES] = {{ /* {len(order)} */")
    lines(order, 4)
    print("};")


def print_marks():
    marks = []
    for code in range(0x110000):
        kind = unicodedata.combining(chr(code))
        if kind and marks and marks[-1][2] == kind and sum(marks[-1][:2]) == code:
            marks[-1][1] += 1
        elif kind:
            marks.append([code, 1, kind])
    assert all(length < 256 for _, length, _ in marks)
    low = below_plane_1([code for code, *_ in marks])
    print("/* Combining classes: the first character of a range within its plane, the length and the class. All other")
    print(f" * characters have class 0. Plane 0: the first {low}. */")
    rows = [[f"0x{code & 0xFFFF:04x}", str(length), str(kind)] for code, length, kind in marks]
    print_rows("struct unicode_marks unicode_marks[UNICODE_MARKS]", rows, 12)


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
    print_pairs()
    print_marks()
    print("/* clang-format on */")


if __name__ == "__main__":
    main()
