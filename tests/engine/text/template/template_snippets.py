"""Expressions and small templates, which jinja2 and Quern must render alike. CONTEXT has their variables."""

CONTEXT = {
    "s": "Hello, World",
    "u": "Größe 東京 🦉",
    "w": "  \t two  words \n",
    "n": 7,
    "neg": -3,
    "x": 2.5,
    "yes": True,
    "no": False,
    "nil": None,
    "list": [3, 1, 2],
    "words": ["pear", "Apple", "fig", "apple"],
    "nested": [[1, 2], [3, [4, {"k": "v"}]], []],
    "d": {"b": 1, "a": "two", "items": [1, 2], "n": None},
    "people": [
        {"name": "Ann", "age": 41, "tags": ["x"], "home": {"city": "Bern"}},
        {"name": "bob", "age": 7, "tags": [], "home": {"city": "Ulm"}},
        {"name": "Cy", "age": 41, "tags": ["y", "z"], "home": {"city": "Bern"}},
    ],
    "big": 12345678901234567890123,
    "html": "<a href='x'>\"&\"</a>",
    "lines": "one\ntwo\n\nthree\n",
    "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"a": [1, 2.5, None, True]}}}],
}

EXPRESSIONS = r"""
1 + 2 * 3 - 4
7 / 2
7 // 2
-7 // 2
-7 % 3
7 % -3
7.5 % 2
-7.5 // 2
2 ** 10
2 ** -1
-2 ** 2
2 ** 3 ** 2
1e16
1e15
1e-5
0.0001
123456789.125
1.0
0.1 + 0.2
1/3
100000000000000000000.0
1.5e300 * 1e10
5e-324
10 / 5
yes + 1
yes == 1
no == 0.0
nil == none
1 == "1"
"a" < "b"
"é" > "z"
[1, 2] < [1, 3]
(1, "a") == (1, "a")
[1] == (1,)
{"a": 1, "b": 2} == {"b": 2, "a": 1}
1 < 2 < 3
1 < 3 < 2
3 > 2 >= 2 != 1
not yes or yes
not (yes and no)
nil or "other"
"" and "never"
n and s
1 if yes else 2
1 if no
(1 if no) is undefined
"a" if no else "b" if no else "c"
n in list
2 in list
"World" in s
"world" not in s
"b" in d
"z" not in d
nil in [none]
1 in missing
s ~ n ~ x ~ nil ~ yes
"a" "b" 'c'
"tab\tnew\nquote\"back\\slash\x41\u00e9\U0001F989\q"
'it\'s'
"a" * 3
3 * "ab"
[0] * 3
[1] + [2, 3]
(1,) + (2,)
"%s and %s" % ("a", 1)
"%d%%|%5d|%-5d|%05d|%+d|%x|%X|% d" % (1, 2, 3, 4, 5, 255, 255, 8)
"%.2f|%8.3f|%-8.1f|%e|%g|%g" % (1.005, 3.14159, 2.25, 12345.678, 0.0001, 1e20)
"%s" % nil
"%(a)s-%(b)05.1f" % {"a": 1, "b": 2.25}
"%r %s" % ("it's", [1, "a"])
"%10s|%-10s|%.2s" % ("ab", "cd", "efgh")
"{} {} {0}".format(1, 2) if no else "x"
"{} {}".format("a", 2)
"{1} {0} {name}".format("a", "b", name="c")
"{{}} {:>5}|{:<5}|{:^5}|{:*^7}|".format(1, 2, 3, "x")
"{:.2f} {:05d} {:+} {:x} {:e}".format(3.14159, 42, 7, 255, 1234.5)
"{0[a]} {0[b]} {1[1]}".format({"a": 1, "b": 2}, [3, 4])
"{!r} {!s}".format("a", "b")
"{} {} {}".format(1.0, none, true)
"{:10}|{:10}|{:.3}".format("ab", 12, "abcdef")
"{:.3} {:g} {:.0f} {:5.1f}|".format(3.14159, 1e-7, 2.5, 9.96)
s[0]
s[-1]
s[20]
s[1:4]
s[:-1]
s[::-1]
s[::2]
s[5:2]
s[-3:]
s[4:1:-1]
u[0:5]
u[-1]
u[::-1]
u | length
list[0]
list[-1]
list[5]
list[::-1]
list[1:]
list[:2]
list[::2]
list[-2:]
list["a"]
list.0
nested[1][1][1].k
nested.1.0
d.a
d["b"]
d.missing
d["missing"] is undefined
d.items is callable
d["items"]
d.get("a")
d.get("z")
d.get("z", 5)
d.keys() | list
d.values() | list
d.items() | list
missing
missing is defined
missing is undefined
missing == missing2
missing | default("x")
nil | default("x")
nil | default("x", true)
"" | d("x", true)
missing ~ "a"
missing | length
missing | list
nil is none
n is number
yes is number
yes is integer
n is integer
x is float
x is integer
s is string
s is iterable
s is sequence
d is mapping
d is iterable
d is sequence
list is sequence
list is mapping
missing is sequence
missing is iterable
n is iterable
yes is boolean
yes is true
no is false
n is true
n is odd
n is even
n is divisibleby 7
n is divisibleby(2)
n is eq 7
n is equalto(7)
n is ne 8
n is lt 8
n is le 7
n is gt 7
n is ge 7
n is in list
2 is in [1, 2]
"abc" is lower
"ABC" is upper
"a1" is lower
range is callable
s is callable
nil is not none
n is not defined
n is sameas 7
nil is sameas none
"upper" is filter
"nope" is filter
"odd" is test
list is not none and n is odd
s.upper()
s.lower()
u.upper()
u.lower()
"straße".upper()
"ÉCOLE Ωμέγα ПРИВЕТ".lower()
"école ωμέγα привет".upper()
"hello world's 3rd".title()
"hello WORLD".capitalize()
"hello wORLD-foo (bar)" | title
"hello WORLD" | capitalize
w.strip()
w.lstrip()
w.rstrip()
w | trim
"xxaxx".strip("x")
"xyaxy".lstrip("xy")
"xyaxy".rstrip("yx")
"éaé".strip("é")
"--a--" | trim("-")
w.split()
"a,b,,c".split(",")
"a,b,,c".split(",", 1)
"a b  c".split(none, 1)
" a b  c ".split(maxsplit=1)
"a,b,,c".rsplit(",", 1)
" a b  c ".rsplit(none, 1)
" a b  c ".rsplit()
"".split(",")
"".split()
"a<>b<>c".split("<>")[-1]
lines.splitlines()
lines.splitlines(true)
s.startswith("Hello")
s.startswith(("x", "He"))
s.endswith("World")
s.endswith(("x", "y"))
s.startswith("World", 7)
s.replace("o", "0")
s.replace("o", "0", 1)
"abc".replace("", "-")
"aaa" | replace("a", "b", 2)
s.find("o")
s.find("o", 5)
s.find("zz")
s.rfind("o")
u.find("京")
s.index("W")
s.count("l")
s.count("")
"aaaa".count("aa")
s.removeprefix("Hello, ")
s.removesuffix("World")
s.removesuffix("x")
", ".join(["a", "b"])
"".join(words)
"-".join("abc")
"12".isdigit()
"1a".isdigit()
"ab".isalpha()
"a1".isalnum()
" \n".isspace()
"".isspace()
"AB1".isupper()
"ab".islower()
list | sort
list | sort(reverse=true)
words | sort
words | sort(case_sensitive=true)
people | sort(attribute="age") | map(attribute="name") | list
people | sort(attribute="age,name", reverse=true) | map(attribute="name") | join(",")
people | map(attribute="home.city") | unique | list
people | map(attribute="tags.0", default="-") | list
people | map(attribute="zip", default=0) | list
words | map("upper") | list
words | map("replace", "p", "b") | join("|")
words | unique | list
words | unique(case_sensitive=true) | list
people | selectattr("age", "gt", 10) | map(attribute="name") | list
people | rejectattr("age", "equalto", 41) | map(attribute="name") | list
people | selectattr("tags") | list | length
people | selectattr("home.city", "in", ["Bern"]) | list | count
list | select("odd") | list
list | reject("odd") | list
[0, 1, "", "a", none] | select | list
[0, 1, "", "a", none] | reject | list
[] | select and true
people | groupby("age") | list | length
people | groupby("home.city") | map(attribute="grouper") | list
list | sum
people | sum(attribute="age")
[[1], [2]] | sum(start=[])
list | min
list | max
words | min
words | max
people | max(attribute="age") | string
[] | min
list | first
list | last
[] | first
"abc" | first
"abc" | last
list | reverse | list
"abc" | reverse
[1, 2, 3, 4, 5] | batch(2) | list
[1, 2, 3] | batch(2, "x") | list
"abc" | list
d | list
d | dictsort
d | dictsort(reverse=true)
{"x": 3, "y": 1} | dictsort(by="value")
{"B": 1, "a": 2} | dictsort(true)
d | items | list
d | length
list | join(", ")
[1, "a", none, 2.5] | join("-")
people | join(",", attribute="name")
"3.9" | int
"12abc" | int
"12abc" | int(5)
" 42 " | int
"0x1F" | int(base=16)
"ff" | int(base=16)
3.99 | int
-3.99 | int
nil | int
yes | int
"1e3" | int
"3.5" | float
"x" | float
"x" | float(1.5)
n | float
"1_000" | int
neg | abs
-2.5 | abs
-x|abs
2.5 | round
3.5 | round
2.567 | round(2)
2.567 | round(1, "floor")
2.511 | round(1, "ceil")
1234.5 | round(-2)
1234 | round(-2)
42 | round
html | escape
html | e | length
html | safe
s | wordcount
lines | indent
lines | indent(2, true)
lines | indent(2, blank=true)
"a" | indent(2)
lines | indent("> ", true)
lines | truncate(9)
lines | truncate(9, true)
lines | truncate(4, leeway=0, end="é")
lines | truncate(3, true, "", 0)
" abcdefghijkl" | truncate(8) ~ "|"
"abcdefgh ijkl" | truncate(8, leeway=none) ~ "|"
"größe über alles" | truncate(8, leeway=0)
"größe über alles" | truncate(9, true, leeway=0)
"short" | truncate(3) ~ nothing_at_all | truncate(9)
s | string | upper
[1, 2] | string
d | string
d
nested
u ~ [u]
["it's", 'a "b"', "both ' and \"", "new\nline\ttab\\", "\x00\x7f\xa0é"]
(1,)
()
[none, true, 1.0, "a"]
{1: 2, "a": none, 2.5: [1], true: 3, none: 4}
{1: 2, "a": none, none: 4} | tojson
d | tojson
d | tojson(indent=2)
nested | tojson(indent=4)
{} | tojson(indent=2)
[] | tojson
u | tojson
u | tojson(ensure_ascii=true)
"<>&'\"/\b\f\x01\x7f" | tojson
"\x7fé" | tojson(ensure_ascii=true)
[1.0, 1e100, -0.0, 1e-7, 123456789012345680.0] | tojson
d | tojson(sort_keys=true)
d | tojson(separators=(",", ":"))
d | tojson(indent=1, separators=(";", "="))
{"b": {"d": 1, "c": 2}, "a": 3} | tojson(sort_keys=true, indent="\t")
(1, 2) | tojson
big
big | tojson
[big]
big is integer
range(5) | list
range(2, 8, 3) | list
range(5, 0, -2) | list
range(3)[1]
range(0) | list
dict(a=1, b=2)
dict([("a", 1)], b=2)
dict({"x": 1})
dict(**d)["a"]
"{}-{}".format(*list[:2])
strftime_now("%Y-%m-%d %H:%M:%S")
strftime_now("%d %b %Y, %A %B %a %j %I%p %y %%")
strftime_now("%-d/%-m %e")
none | string
true | string
"a\r\nb"
[[], {}, ""] | map("length") | list
[1, [2, 3]] | tojson
[3, 1] == [3, 1.0]
1 is in(list)
x | string ~ n
s.split(", ")[1].lower()[::-1]
words[0].upper().lower().title()
(list | length) > 2 and (d | length) < 10
list | map("string") | join
" a " | trim | upper | replace("A", "b")
"a.b"|replace(".", "")|length
"%s" % (1,)
"%s" % [1, 2]
"a" ~ (1 + 2)
1 ~ 2 * 3
[1,2,3,]
{"a": 1,}
(1, 2)[0]
"abc"[1]
{"a": {"b": [10, 20]}}["a"].b[1]
"é"|length ~ "日本"[1]
"😀 smile"[0] ~ "|" ~ "😀 smile"[1:]
"x" in ["x", "y"] and "z" not in "xyz"|list|reverse|first
namespace(a=1).a
namespace({"b": 2}).b
namespace().c is undefined
1.5 | string
1000000 * 1000000
9223372036854775807
-9223372036854775807 - 1
true and 1
false or none
none ~ ""
0 or ""
"a" is string and "b" is not number
[1,2,3] | sum / 2
"ab" | map("upper") | join("-")
"{:>{}}".format(1, 2) if no else 1
d.b.c is undefined
list | tojson | length
5 is divisibleby 5 and 4 is even
"%5.1f|%5s|%-5s|" % (2.25, "a", "b")
2.675 | round(2)
1e22
1e23
9007199254740993.0
4.35 * 100
1.1 * 1.1
0.5 | round
1.5 | round
-0.5 | round
123.456 | round(-1)
""".strip().split("\n")

# Statements that may modify lists and dicts, for the lenient environment.
STATEMENTS = [
    "{% set a = [1] %}{% set _ = a.append(2) %}{{ a }}",
    "{% set a = [1, 2, 3] %}{{ a.pop() }}{{ a.pop(0) }}{{ a }}",
    "{% set a = [1, 3] %}{% set _ = a.insert(1, 2) %}{% set _ = a.insert(-10, 0) %}{% set _ = a.insert(99, 9) %}"
    "{{ a }}",
    "{% set a = [1] %}{% set _ = a.extend([2, 3]) %}{% set _ = a.extend('xy') %}"
    "{{ a }}{{ a.index(2) }}{{ a.count(1) }}",
    "{% set a = [3, 1, 2] %}{% set _ = a.sort() %}{{ a }}{% set _ = a.reverse() %}{{ a }}"
    "{% set _ = a.remove(1) %}{{ a }}",
    "{% set a = {'x': 1} %}{% set _ = a.update({'y': 2}, z=3) %}{{ a }}{{ a.pop('x') }}{{ a.pop('q', 9) }}{{ a }}",
    "{% set a = {} %}{{ a.setdefault('k', 1) }}{{ a.setdefault('k', 2) }}{% set _ = a.clear() %}{{ a }}",
    "{% set a = {'x': 1} %}{% set b = a.copy() %}{% set _ = b.update(x=2) %}{{ a }}{{ b }}",
    "{% set many = {} %}{% for i in range(40) %}{% set _ = many.update({i ~ '': i}) %}{% endfor %}"
    "{% for i in range(0, 40, 3) %}{% set _ = many.pop(i ~ '') %}{% endfor %}"
    "{{ many }}{{ many['4'] }}{{ many['3'] is defined }}",
]

# Errors in both.
ERRORS = r"""
{{ missing.x }}
{{ missing["x"] }}
{{ missing + 1 }}
{{ missing() }}
{{ -missing }}
{{ "abc" | truncate(2) }}
{{ "abc" | truncate(9, leeway=-1) }}
{{ 1 | truncate(9) }}
{{ missing < 1 }}
{{ missing | tojson }}
{{ 1 + "a" }}
{{ "a" + 1 }}
{{ "a" - "b" }}
{{ 1 / 0 }}
{{ 1 // 0 }}
{{ 1 % 0 }}
{{ 1 < "a" }}
{{ none < 1 }}
{{ [1] < 1 }}
{{ 1() }}
{{ s() }}
{{ s.nothing() }}
{{ none.x.y }}
{{ 5 | length }}
{{ none | length }}
{{ 5 | join }}
{{ 1 in 5 }}
{{ 1 in "abc" }}
{{ s | nosuchfilter }}
{{ s is nosuchtest }}
{{ s.split("") }}
{{ "%d" % "a" }}
{{ "%s %s" % 1 }}
{{ "%s" % (1, 2) }}
{{ "{}".format() }}
{{ "{x}".format(1) }}
{{ "{".format(1) }}
{{ list[::0] }}
{{ {[1]: 2} }}
{{ range(1, 2, 0) }}
{{ range(200000) }}
{{ s.upper(1) }}
{{ s.replace("a") }}
{{ s | replace("a") }}
{{ raise_exception("no " ~ n) }}
{{ none | items | list }}
{{ 5 | dictsort }}
{{ d | dictsort(by="x") }}
{{ s | map("nosuchfilter") | list }}
{{ list | map | list }}
{{ people | selectattr | list }}
{{ ["a", 1] | sort }}
{{ s | tojson(5, 6, 7, 8, 9) }}
{% for a, b in [[1]] %}{% endfor %}
{% for a, b in [[1, 2, 3]] %}{% endfor %}
{% for a in 5 %}{% endfor %}
{% for a in none %}{% endfor %}
{% set a.b = 1 %}
{% set d.b = 1 %}
{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{% endmacro %}{{ m(b=2) }}
{% macro m(a) %}{% endmacro %}{{ m(1, a=2) }}
{% macro m(a=1, b) %}{% endmacro %}
{% if %}{% endif %}
{% if x %}
{% endif %}
{% for %}{% endfor %}
{% for a in list %}
{% else %}
{% elif x %}
{% nosuchtag %}
{% break %}
{% continue %}
{% macro m() %}{% break %}{% endmacro %}
{% set %}
{% set a %}
{% call m() %}
{% filter upper %}
{% raw %} x
{# no end
{{
{{ }}
{{ 1
{{ 1 %}
{% if x }}
{{ (1 }}
{{ [1 }}
{{ {1 }}
{{ "a }}
{{ 'a' + }}
{{ 1 + * 2 }}
{{ a b }}
{{ a.1b }}
{{ a. }}
{{ a[ }}
{{ f(a=1, 2) }}
{{ a | }}
{{ a is }}
{{ ! }}
{{ a ? b }}
{{ not }}
{{ 1 if }}
{% set 1 = 2 %}
{% for 1 in x %}{% endfor %}
{{ "\x4" }}
""".strip().split("\n")
