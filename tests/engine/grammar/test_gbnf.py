"""GBNF: which texts grammars accept. The grammars use each form that llama.cpp documents. Its own cases
(tests/test-grammar-integration.cpp) have the same outcomes, except that left recursion is allowed here.
"""

import checker
import pytest

# name: (grammar, accepted texts, rejected texts)
GRAMMARS = {
    "sums": (
        'root ::= sum\nsum ::= product ("+" product)*\nproduct ::= [0-9]+ | "(" sum ")"',
        ["7", "1+22+333", "(1+2)+3", "((4))"],
        ["", "+", "1+", "1++2", "(1", "1)", "x"],
    ),
    "left recursion": (
        'root ::= list\nlist ::= list "," item | item\nitem ::= [a-z] | list2\nlist2 ::= list2 "." | "."',
        ["a", "a,b,c", ".,..,a"],
        ["", ",a", "a,", "ab"],
    ),
    "calls": (
        "root ::= call\n"
        'call ::= name ws "(" ws (call ws ("," ws call ws)*)? ")" | name | [0-9]+ ws ([+*/-] ws call)?\n'
        "name ::= [a-zA-Z_] [a-zA-Z0-9_]*\nws ::= [ \\t\\n\\r]?",
        ["f", "f()", "f(x,g(1 + 2))", "_a1 ( b , 3*x )", "4/f(5)"],
        ["f(", "f(,)", "f(x y)", "1+", "f(x,)", "9x"],
    ),
    "repetitions of a class": ("root ::= [ab]{2,4}", ["ab", "aba", "bbbb"], ["", "a", "ababa", "ac"]),
    "exactly": ('root ::= "x"{3} "y"{0}', ["xxx"], ["xx", "xxxx", "xxxy"]),
    "at least": ('root ::= ("ab"){2,} "!"?', ["abab", "ababab!", "abab!"], ["ab", "aba", "abab!!"]),
    "at most": ('root ::= "a"{ , 2}'.replace(" , ", "0 , "), ["", "a", "aa"], ["aaa"]),
    "plus, star and question mark bind to the item": (
        'root ::= "ab"+ "c"* ("d" | "e")? [fg]+',
        ["abf", "ababccdg", "abegf"],
        ["f", "abab", "abdef", "abb"],
    ),
    "a literal repeats as a whole": ('root ::= "ab"* "c"', ["c", "ababc"], ["abbc", "ac"]),
    "repetitions of repetitions": (
        "root ::= (([a] [b]?){2,3} [c]){1,2}",
        ["aac", "abaac", "abababcaac"],
        ["ac", "aacaacaac"],
    ),
    "recursive repetitions": (
        'root ::= ("[" root{0,2} "]"){1,3}',
        ["[]", "[[]][]", "[[][]][][[]]"],
        ["", "[[]", "[][][][]", "]["],
    ),
    "escapes": (
        r'root ::= "\x41\u00e9\U0001F989\t\n\r\\\"" [\x30-\x39\]\[\\] ["]',
        ['Aé🦉\t\n\r\\"7"', 'Aé🦉\t\n\r\\"]"', 'Aé🦉\t\n\r\\"["', 'Aé🦉\t\n\r\\"\\"'],
        ['Aé🦉\t\n\r\\"a"', 'Aé🦉\t\n\r"7"'],
    ),
    "classes outside of ASCII": ("root ::= [ぁ-ゟ]+ [^あ-ん\\n]", ["ひらx", "ぁぁ🦉", "ゟé"], ["ひ", "ひらひ", "ひ\n"]),
    "any character": ('root ::= .{2} "."', ["ab.", "é🦉.", "\n\n."], ["a.", "abc.", b"\xff\xff."]),
    "inverted and empty": ('root ::= [^"\\\\]* ""', ["", "it's é"], ['"', "\\"]),
    "a hyphen at the end of a class": ("root ::= [a-c-]+ [-x]", ["a-", "b--x"], ["d-", "a"]),
    "comments and newlines": (
        "# a grammar\nroot ::= ( # in parentheses\n  word # a word\n  |\n  # nothing\n  number\n)\n\n\n"
        'word ::=\n  "w" |\n  "v"\n# last\nnumber ::= [0-9] # digits\r\n',
        ["w", "v", "3"],
        ["", "wv", "x"],
    ),
    "an empty alternative": ('root ::= "a" tail\ntail ::= | "b" tail', ["a", "abb"], ["", "b", "aba"]),
    "names": ("root ::= UPPER-case_1 x\nUPPER-case_1 ::= [A-Z]\nx ::= [x]", ["Ax"], ["ax", "A"]),
    "ambiguous": ('root ::= s\ns ::= s s | "a" | "(" s ")" | ""', ["", "a", "aaaaaaaaaa", "(a)(a(aa))"], ["(", "a)b"]),
    "JSON": (
        'root ::= object\nvalue ::= object | array | string | number | ("true" | "false" | "null") ws\n'
        'object ::= "{" ws ( string ":" ws value ("," ws string ":" ws value)* )? "}" ws\n'
        'array ::= "[" ws ( value ("," ws value)* )? "]" ws\n'
        'string ::= "\\"" ( [^"\\\\\\x7F\\x00-\\x1F] | "\\\\" (["\\\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\\"" ws\n'
        'number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws\n'
        'ws ::= | " " | "\\n" [ \\t]{0,20}',
        ["{}", '{"a": [1, -2.5e+7, "\\u00e9\\n", {"b": null}],\n  "c": true}'],
        ["[]", '{"a"}', '{"a": 01}', '{"a": 1,}', '{"a": "\n"}', '{"a": 1}}'],
    ),
}


@pytest.mark.parametrize("name", GRAMMARS)
def test_texts(name):
    grammar, accepted, rejected = GRAMMARS[name]
    (line,) = checker.check([("g", grammar, accepted + rejected)])
    assert line == "1" * len(accepted) + "0" * len(rejected)


def test_every_prefix_can_be_completed():
    """Random texts that a grammar leads to are texts that it accepts."""
    for name, (grammar, *_) in GRAMMARS.items():
        (walks,) = checker.walk([("g", grammar)], 20)
        assert walks, name
        (line,) = checker.check([("g", grammar, walks)])
        assert line == "1" * len(walks), name
