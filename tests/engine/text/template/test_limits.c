/* Hostile templates and JSON, limits, offsets of errors, refused memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/text/template/template.h"

#define LIMIT ((size_t)256 << 20)

static struct arena arena;
static struct rendered rendered;
static struct qn_error error;

/* Renders copies of exactly the given size, so that sanitizers detect a read past the end. */
static int render_bytes(const char *text, size_t bytes, const char *json, size_t limit) {
    const size_t json_bytes = strlen(json);
    char *template_copy = malloc(bytes ? bytes : 1);
    char *json_copy = malloc(json_bytes ? json_bytes : 1);
    memcpy(template_copy, text, bytes);
    memcpy(json_copy, json, json_bytes);
    arena_free(&arena);
    arena.limit = limit;
    error = (struct qn_error){0};
    const int status =
        template_render_as_is(template_copy, bytes, json_copy, json_bytes, NULL, &arena, &rendered, &error);
    free(template_copy); /* the result must not point into them */
    free(json_copy);
    if (status != QN_OK) {
        assert_int_equal(error.code, status);
        assert_true(error.text_bytes > 0);
        assert_true(error.offset <= (status == QN_ERR_TEMPLATE ? bytes : bytes > json_bytes ? bytes : json_bytes));
    } else {
        uint64_t sum = 0; /* all of it must be readable */
        for (size_t i = 0; i < rendered.bytes; i++) {
            sum += (uint8_t)rendered.text[i] + (rendered.untrusted ? rendered.untrusted[i] : 0u);
        }
        assert_true(sum < UINT64_MAX);
    }
    return status;
}

static int render(const char *text, const char *json) { return render_bytes(text, strlen(text), json, LIMIT); }

static void assert_text(const char *text, const char *json, const char *expected) {
    assert_int_equal(render(text, json), QN_OK);
    assert_int_equal(rendered.bytes, strlen(expected));
    assert_memory_equal(rendered.text, expected, rendered.bytes);
}

/* Returns start, count times `part`, `middle`, count times `end`. */
static char *nested(const char *start, const char *part, const char *middle, const char *end, size_t count) {
    const size_t part_bytes = strlen(part);
    const size_t end_bytes = strlen(end);
    char *text = malloc(strlen(start) + count * (part_bytes + end_bytes) + strlen(middle) + 1);
    char *at = text + sprintf(text, "%s", start);
    for (size_t i = 0; i < count; i++, at += part_bytes) {
        memcpy(at, part, part_bytes);
    }
    at += sprintf(at, "%s", middle);
    for (size_t i = 0; i < count; i++, at += end_bytes) {
        memcpy(at, end, end_bytes);
    }
    *at = '\0';
    return text;
}

static const char *const nests[][4] = {
    {"{{ ", "(", "1", ")"},
    {"{{ ", "[", "1", "]"},
    {"{{ ", "{1:", "1", "}"},
    {"{{ ", "-", "1", ""},
    {"{{ ", "+", "1", ""},
    {"{{ ", "not ", "1", ""},
    {"{{ ", "1 if 1 else ", "1", ""},
    {"{{ ", "1 if 0 else ", "1", ""},
    {"{{ ", "1 if 1 if 1 else ", "1", ""},
    {"{{ ", "range(", "1", ")"},
    {"{{ ", "a[", "1", "]"},
    {"{{ ", "1 is eq(", "1", ")"},
    {"{{ ", "1 ** ", "1", ""},
    {"{{ ", "1 and ", "1", ""},
    {"{{ ", "1 or ", "1", ""},
    {"{{ ", "1 < ", "1", ""},
    {"{{ ", "'a' ~ ", "1", ""},
    {"{{ ", "1 + ", "1", ""},
    {"{{ ", "1 - (", "1", ")"},
    {"{{ ", "'a'|replace('a',", "1", ")"},
    {"{{ 'a'", "|upper", "", ""},
    {"{{ 'a'", ".b", "", ""},
    {"{{ 'a'", "[0]", "", ""},
    {"{{ 'a'", ".upper()", "", ""},
    {"{{ 'a'", "()", "", ""},
    {"{{ 1", " is odd", "", ""},
    {"", "{% if 1 %}", "x", "{% endif %}"},
    {"", "{% if 0 %}{% else %}", "x", "{% endif %}"},
    {"{% if 0 %}", "{% elif 0 %}", "{% elif 1 %}yes{% endif %}", ""},
    {"", "{% for a in [1] %}", "x", "{% endfor %}"},
    {"", "{% for a in [1] if ", "x", "%}{% endfor %}"},
    {"", "{% macro m() %}", "x", "{% endmacro %}"},
    {"", "{% set a %}", "x", "{% endset %}"},
    {"", "{% filter upper %}", "x", "{% endfilter %}"},
    {"", "{% generation %}", "x", "{% endgeneration %}"},
    {"", "{% with %}", "x", "{% endwith %}"},
    {"{% macro m() %}{{ caller() }}{% endmacro %}", "{% call m() %}", "x", "{% endcall %}"},
    {"{% set ", "(", "a", ")"},
    {"{% for ", "(", "a", ")"},
    {"", "{# ", "", " #}"},
    {"", "{%", "", ""},
    {"", "{%-   ", "", ""},
    {"", "{{", "", ""},
    {"{% raw %}", "{%", "", ""},
    {"", "\n  ", "{% if 1 %}{% endif %}", ""},
    {"{{ '", "\\n", "' }}", ""},
    {"{{ 1", "0", " }}", ""},
    {"{{ 1.", "0", " }}", ""},
    {"{{ x", "xx", " }}", ""},
    {"{{ range(*[1", ",1", "]) }}", ""},
    {"{{ dict(a=1", ",a=1", ") }}", ""},
    {"{% macro m(a", ",a", ") %}{% endmacro %}{{ m(1, 2) }}", ""},
    {"{{ '", "%s", "' % (1,) }}", ""},
    {"{{ '", "{}", "'.format(1) }}", ""},
    {"{{ '{0", "[0]", "}'.format('a') }}", ""},
    {"{{ '{0", ".a", "}'.format('a') }}", ""},
    {"{{ ['a']|map(attribute='0", ".0", "')|list }}", ""},
    {"{{ ['a']|sort(attribute='0", ",0", "') }}", ""},
    {"{{ strftime_now('", "%Y", "') }}", ""},
};

static void test_nesting(void **state) {
    (void)state;
    static const char *const ends[] = {"", " }}", " %}", " = 1 %}", " in x %}{% endfor %}"};
    static const size_t counts[] = {1, 20, 199, 2000, 50000};
    for (size_t i = 0; i < sizeof(nests) / sizeof(nests[0]); i++) {
        for (size_t j = 0; j < sizeof(counts) / sizeof(counts[0]); j++) {
            for (size_t end = 0; end < sizeof(ends) / sizeof(ends[0]); end++) {
                char *inner = nested(nests[i][0], nests[i][1], nests[i][2], nests[i][3], counts[j]);
                char *text = nested(inner, "", ends[end], "", 0);
                render(text, "{\"now\": 0}"); /* checks every result */
                free(text);
                free(inner);
            }
        }
    }
    char *text = nested("{{ ", "(", "1", ")", 1000);
    char *whole = nested(text, "", " }}", "", 0);
    assert_int_equal(render(whole, "{}"), QN_ERR_LIMIT);
    free(whole);
    free(text);
}

static void test_json_nesting(void **state) {
    (void)state;
    static const char *const parts[][4] = {{"{\"a\":", "[", "1", "]"},
                                           {"", "{\"a\":", "1", "}"},
                                           {"{\"a\":", "[{\"b\":", "1", "}]"},
                                           {"{\"a\":", "[", "", ""}};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        static const size_t counts[] = {1, 90, 300, 100000};
        for (size_t j = 0; j < sizeof(counts) / sizeof(counts[0]); j++) {
            char *text = nested(parts[i][0], parts[i][1], parts[i][2], parts[i][3], counts[j]);
            char *json = nested(text, "", i == 1 ? "" : "}", "", 0);
            const int status = render("{{ a }}{{ a|tojson(indent=1) }}{{ a == a }}{{ a < a }}", json);
            assert_true(counts[j] < 100 || status == QN_ERR_LIMIT || status == QN_ERR_ARGUMENT);
            free(json);
            free(text);
        }
    }
}

/* Templates that exceed a limit. */
static const char *const excessive[] = {
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m(n) %}{{ m(n + 1) }}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
    "{% macro m() %}{% call m() %}{% endcall %}{% endmacro %}{{ m() }}",
    "{% macro m(a=m()) %}{% endmacro %}{{ m() }}",
    "{% set n = namespace(s='ab') %}{% for i in range(100) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
    "{% set n = namespace(s='ab') %}{% for i in range(100) %}{% set n.s = n.s + n.s %}{% endfor %}",
    "{% set n = namespace(s='ab') %}{% for i in range(100) %}{% set n.s = n.s.replace('a', n.s) %}{% endfor %}",
    "{% set n = namespace(s='ab') %}{% for i in range(100) %}{% set n.s = n.s.join([n.s, n.s]) %}{% endfor %}",
    "{% set n = namespace(s='ab') %}{% for i in range(100) %}{% set n.s = [n.s, n.s]|string %}{% endfor %}",
    "{% set n = namespace(s=[1]) %}{% for i in range(100) %}{% set n.s = n.s + n.s %}{% endfor %}",
    "{% set n = namespace(s=[1]) %}{% for i in range(100) %}{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s }}",
    "{% set n = namespace(s=[1]) %}{% for i in range(1000) %}{% set n.s = [n.s] %}{% endfor %}{{ n.s }}",
    "{% set n = namespace(s=[1]) %}{% for i in range(1000) %}{% set n.s = [n.s] %}{% endfor %}{{ n.s|tojson }}",
    "{% set n = namespace(s=[1], t=[1]) %}{% for i in range(1000) %}{% set n.s = [n.s] %}{% set n.t = [n.t] %}"
    "{% endfor %}{{ n.s == n.t }}",
    "{% set n = namespace(s=[1], t=[1]) %}{% for i in range(1000) %}{% set n.s = [n.s] %}{% set n.t = [n.t] %}"
    "{% endfor %}{{ n.s < n.t }}",
    "{% set a = [] %}{% set _ = a.append(a) %}{{ a }}",
    "{% set a = [] %}{% set _ = a.append(a) %}{{ a|tojson }}",
    "{% set a = {} %}{% set _ = a.update(a=a) %}{{ a }}",
    "{% set a = [] %}{% set b = [] %}{% set _ = a.append(b) %}{% set _ = b.append(a) %}{{ a == b }}",
    "{% set a = [1] %}{% for i in a %}{% set _ = a.append(i) %}{% endfor %}",
    "{% set a = namespace() %}{% set a.a = a %}{{ a }}",
    "{% set a = [1] %}{% for i in range(60) %}{% set _ = a.extend(a) %}{% endfor %}",
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "{% for i in range(99999) %}{{ range(99999)|length }}{% endfor %}",
    "{% for i in range(99999) %}{{ range(99999)|sum }}{% endfor %}",
    "{% for i in range(99999) %}{{ 'a' * 9999999 }}{% endfor %}",
    "{% for i in range(99999) %}{{ 'ab' in 'a' * 9999999 }}{% endfor %}",
    "{% set a = 'a' * 1000000 %}{% set b = 'a' * 500000 ~ 'b' %}{{ b in a }}{{ a.find(b) }}{{ a.count(b) }}",
    "{% set a = 'a' * 1000000 %}{% set b = 'a' * 500000 ~ 'b' %}{{ a.rfind(b) }}{{ a.replace(b, '')|length }}",
    "{% set a = 'a' * 1000000 %}{{ a.strip('b' * 1000000 ~ 'a')|length }}",
    "{{ range(10**18) }}",
    "{{ range(0, 9223372036854775807, 1) }}",
    "{{ range(100001)|list }}",
    "{{ 'a' * 10**9 }}",
    "{{ '' * 10**18 }}{{ [] * 10**18 }}{{ 'a' * 10**18 }}",
    "{{ [0] * 10**9 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%.1000000000f' % 1 }}",
    "{{ '%.999999999e' % 1 }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ '{:é>1000000000}'.format(1) }}",
    "{{ ('a\\n' * 100000)|indent(1000000) }}",
    "{{ [1]|batch(10**18, 0)|list }}",
    "{{ 10 ** 19 }}",
    "{{ 2 ** 63 }}",
    "{{ -9223372036854775807 - 2 }}",
    "{{ (-9223372036854775807 - 1) // -1 }}",
    "{{ 9223372036854775807 * 9223372036854775807 }}",
    "{{ 3 ** 10**18 }}",
    "{% set s = 'x' * 30000000 %}{{ s }}{{ s }}{{ s }}",
    "{% for i in range(100000) %}{% macro m() %}{% endmacro %}{% set _ = [m] * 300 %}{% endfor %}",
    "{% set d = {} %}{% for i in range(90000) %}{% set _ = d.update({(i,): 1}) %}{% endfor %}",
    "{% for i in range(300) %}{{ '%0.1000000f' % 0.1 }}{% endfor %}",
};

static void test_excessive(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(excessive) / sizeof(excessive[0]); i++) {
        const int status = render(excessive[i], "{}");
        if (status != QN_ERR_LIMIT && status != QN_ERR_MEMORY) {
            print_error("%s: %d %s\n", excessive[i], status, error.text);
        }
        assert_true(status == QN_ERR_LIMIT || status == QN_ERR_MEMORY);
    }
}

/* Large, but within the limits. */
static void test_large(void **state) {
    (void)state;
    assert_text("{{ ('a,' * 100000).split(',')|length }}", "{}", "100001");
    assert_text("{{ ('a b ' * 50000).split()|length }}", "{}", "100000");
    assert_text("{{ ('ab' * 100000).replace('b', 'cd')|length }}", "{}", "300000");
    assert_text("{{ range(50000)|list|sort(reverse=true)|first }}", "{}", "49999");
    assert_text("{% set d = {} %}{% for i in range(20000) %}{% set _ = d.update({i: i}) %}{% endfor %}{{ d[19999] }}",
                "{}", "19999");
    assert_text("{{ '%.400f' % 5e-324 == '0.' ~ '0' * 323 ~ '4' ~ '9406564584124654417656879286822137236505980' }}",
                "{}", "False");
    assert_text("{{ 10 ** 18 }}{{ -2 ** 63 }}{{ 10.0 ** 400 }}{{ -(10.0 ** 400) }}", "{}",
                "1000000000000000000-9223372036854775808inf-inf");
    assert_text(
        "{{ range(10**12, 10**12 + 2)|list }}{{ 'abc'[10**12:] }}{{ 'abc'[-(10**18):10**18] }}{{ [1, 2][::10**18] }}",
        "{}", "[1000000000000, 1000000000001]abc[1]");
}

static const char features[] =
    "{%- set ns = namespace(a=1, b='t') -%}\n"
    "{% macro m(a, b='x' ~ 1) %}{{ a }}[{{ b | upper }}]{{ caller(1) if caller is defined }}{% endmacro %}\n"
    "  {# a comment #}\n"
    "{% for k, v in tools[0].items() if k != 'z' %}{{ loop.index }}{{ loop.cycle('a', \"b\") }}{{ k ~ '=' ~ v }};\n"
    "  {%- if v is string and not v is none %}{{ v[::-1][0:2] }}{% elif v > 1.5e0 %}{% continue %}{% else %}{% break "
    "%}{%- endif %}\n"
    "{% else %}none{% endfor %}\n"
    "{% set x, (y, z) = 1, (2, [3, {'k': -4}]) %}{{ x + y * z[1].k ** 2 // 3 % 5 }}{{ m(1, b=2) }}{{ m(*[1], **{'b': "
    "3}) }}\n"
    "{% call(c) m('q') %}<{{ c }}>{% endcall %}{% filter trim | replace('a', 'b') %} aa {% endfilter %}\n"
    "{% set ns.a = messages | map(attribute='content') | select('string') | join(', ') %}{{ ns.a | tojson(indent=2) "
    "}}\n"
    "{% raw %}{{ raw }}{% endraw %}{% generation %}g{% endgeneration %}{% with w = 1 %}{{ w }}{% endwith %}\n"
    "{% set block | lower %}ABC{{ 'é\\u00e9\\x41\\n' }}{% endset %}{{ block }}{{ '%5.1f|%s' % (2.5, none) }}\n"
    "{{ '{:>5}{!r}{a}'.format(1, 'q', a=[]) }}{{ strftime_now('%Y-%m-%d %H:%M') }}{{ [3, 1]|sort }}{{ {'b': "
    "1}|dictsort }}\n"
    "{{ messages[0].content.split('|')[0].strip().title() }}{{ messages | groupby('role') | length }}{{ 'a' in 'abc' "
    "}}";

static const char features_json[] = "{\"messages\": [{\"role\": \"user\", \"content\": \"a|b <x> "
                                    "\\u00e9\\ud83d\\ude00\"}, {\"role\": \"tool\", \"content\": "
                                    "\"c\"}], \"tools\": [{\"a\": \"text\", \"b\": 2.5, \"z\": null, \"c\": 1}], "
                                    "\"now\": 1753900245.5, \"t\": [true, false]}";

static void test_truncated(void **state) {
    (void)state;
    const size_t bytes = strlen(features);
    assert_int_equal(render(features, features_json), QN_OK);
    const size_t whole = rendered.bytes;
    assert_true(whole > 100);
    for (size_t cut = 0; cut < bytes; cut++) {
        render_bytes(features, cut, features_json, LIMIT);
    }
    char *copy = malloc(strlen(features_json) + 1);
    strcpy(copy, features_json);
    for (size_t cut = strlen(copy); cut-- > 0;) {
        copy[cut] = '\0';
        assert_int_equal(render(features, copy), QN_ERR_ARGUMENT);
    }
    free(copy);
}

/* Replaces every byte by each of some others. */
static void test_changed(void **state) {
    (void)state;
    static const char others[] = "{}%#()[]'\"\\|.,:=-+~*/0a \n\r\x80\xff\xf0";
    char *copy = malloc(sizeof(features));
    char *json = malloc(sizeof(features_json));
    strcpy(copy, features);
    strcpy(json, features_json);
    for (size_t i = 0; copy[i]; i++) {
        const char was = copy[i];
        for (size_t j = 0; j < sizeof(others); j++) {
            copy[i] = others[j];
            render_bytes(copy, sizeof(features) - 1, features_json, LIMIT);
        }
        copy[i] = was;
    }
    for (size_t i = 0; json[i]; i++) {
        const char was = json[i];
        for (size_t j = 0; others[j]; j++) {
            json[i] = others[j];
            render(features, json);
        }
        json[i] = was;
    }
    free(copy);
    free(json);
}

static void test_refused_memory(void **state) {
    (void)state;
    size_t refused = 0;
    for (size_t limit = 0;; limit += 211) {
        const int status = render_bytes(features, strlen(features), features_json, limit);
        if (status == QN_OK) {
            break;
        }
        assert_int_equal(status, QN_ERR_MEMORY);
        assert_true(limit < 1000000);
        refused++;
    }
    assert_true(refused > 100);
}

static void test_error_offsets(void **state) {
    (void)state;
    static const struct {
        const char *text, *json;
        int status;
        uint64_t offset;
        const char *part; /* of the error's text */
    } cases[] = {
        {"abc {{ x | nope }}", "{}", QN_ERR_TEMPLATE, 11, "nope"},
        {"abc {{ x is nope }}", "{}", QN_ERR_TEMPLATE, 12, "nope"},
        {"{% if x %}", "{}", QN_ERR_TEMPLATE, 10, "endif"},
        {"{% if x %}{% endfor %}", "{}", QN_ERR_TEMPLATE, 13, "endfor"},
        {"{{ 1 + }}", "{}", QN_ERR_TEMPLATE, 7, "}}"},
        {"{{ 'abc }}", "{}", QN_ERR_TEMPLATE, 3, "string"},
        {"a{# b", "{}", QN_ERR_TEMPLATE, 1, "{#"},
        {"a {% frob %}", "{}", QN_ERR_TEMPLATE, 5, "frob"},
        {"{{ a.b.c }}", "{\"a\": {}}", QN_ERR_TEMPLATE, 6, "has no attribute 'b'"},
        {"{{ nope.c }}", "{}", QN_ERR_TEMPLATE, 7, "'nope' is undefined"},
        {"{{ nope() }}", "{}", QN_ERR_TEMPLATE, 7, "'nope' is undefined"},
        {"\r\n\r\n{{ nope.c }}", "{}", QN_ERR_TEMPLATE, 11, "'nope' is undefined"},
        {"x{{ raise_exception('only users, please') }}", "{}", QN_ERR_TEMPLATE, 19, "only users, please"},
        {"{{ strftime_now('%Y') }}", "{}", QN_ERR_TEMPLATE, 15, "now"},
        {"{{ strftime_now('%Y') }}", "{\"now\": \"x\"}", QN_ERR_TEMPLATE, 15, "now"},
        {"{{ strftime_now('%Y') }}", "{\"now\": 1e300}", QN_ERR_TEMPLATE, 15, "now"},
        {"{{ strftime_now('%Q') }}", "{\"now\": 1}", QN_ERR_TEMPLATE, 15, "strftime"},
        {"{{ 1 + 'a' }}", "{}", QN_ERR_TEMPLATE, 5, "'int' and 'str'"},
        {"{{ 1 / 0 }}", "{}", QN_ERR_TEMPLATE, 5, "zero"},
        {"{{ range(1000000) }}", "{}", QN_ERR_LIMIT, 8, "100000"},
        {"x", "{\"a\": 1,, }", QN_ERR_ARGUMENT, 8, "key"},
        {"x", "{\"a\": \"\\q\"}", QN_ERR_ARGUMENT, 8, "escape"},
        {"x", "{\"a\": 1", QN_ERR_ARGUMENT, 7, "'}'"},
        {"x", "[1, 2]", QN_ERR_ARGUMENT, 0, "object"},
        {"x", "", QN_ERR_ARGUMENT, 0, "value"},
        {"x", "{} {}", QN_ERR_ARGUMENT, 3, "after"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const int status = render(cases[i].text, cases[i].json);
        if (status != cases[i].status || error.offset != cases[i].offset || !strstr(error.text, cases[i].part)) {
            print_error("%s: %d at %llu: %s\n", cases[i].text, status, (unsigned long long)error.offset, error.text);
            fail();
        }
    }
}

static void test_provenance(void **state) {
    (void)state;
    static const char json[] = "{\"messages\": [{\"role\": \"user\", \"content\": \"<|im_end|>\"}], \"bos\": \"<s>\"}";
    assert_text("<|im_start|>{{ messages[0].content }}{{ bos }}", json, "<|im_start|><|im_end|><s>");
    assert_non_null(rendered.untrusted);
    for (size_t i = 0; i < rendered.bytes; i++) {
        assert_int_equal(rendered.untrusted[i], i >= 12 && i < 22);
    }
    assert_text("{{ messages[0].content[:4] + messages[0].content[4:] }}", json, "<|im_end|>");
    for (size_t i = 0; i < rendered.bytes; i++) {
        assert_int_equal(rendered.untrusted[i], 1);
    }
    assert_text("plain {{ bos }}{{ 'x' if messages }}", json, "plain <s>x");
    assert_null(rendered.untrusted);
    assert_text("", "{}", "");
    assert_null(rendered.untrusted);
    assert_text("{{ messages[0].role[9:] }}", json, "");
}

static void test_time(void **state) {
    (void)state;
    static const struct {
        const char *now, *expected;
    } cases[] = {
        {"0", "1970-01-01 Thu 001"},          {"-1", "1969-12-31 Wed 365"},
        {"951782400", "2000-02-29 Tue 060"},  {"951868800", "2000-03-01 Wed 061"},
        {"4107542400", "2100-03-01 Mon 060"}, {"1709164800", "2024-02-29 Thu 060"},
        {"1735603200", "2024-12-31 Tue 366"}, {"253402300799", "9999-12-31 Fri 365"},
        {"-62135596800", "1-01-01 Mon 001"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char json[64];
        sprintf(json, "{\"now\": %s}", cases[i].now);
        assert_text("{{ strftime_now('%Y-%m-%d %a %j') }}", json, cases[i].expected);
    }
}

static int finish(void **state) {
    (void)state;
    arena_free(&arena);
    return 0;
}

/* %d and %x take numbers below 9e18 in magnitude: larger ones do not fit 64 bits. */
static void test_numbers_of_formats(void **state) {
    (void)state;
    const char *const texts[] = {"9e18",   "-9e18",           "1e300",
                                 "-1e300", "(1e300 * 1e300)", "(1e300 * 1e300 - 1e300 * 1e300)"};
    const char *const formats[] = {"%d", "%i", "%x", "%X"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (size_t f = 0; f < sizeof(formats) / sizeof(formats[0]); f++) {
            char text[100];
            snprintf(text, sizeof(text), "{{ '%s' %% %s }}", formats[f], texts[i]);
            assert_int_equal(render(text, "{}"), QN_ERR_LIMIT);
            assert_non_null(strstr(error.text, "does not fit the format"));
        }
    }
    assert_text("{{ '%d' % 8999999999999999000 }} {{ '%d' % -8.5e18 }} {{ '%x' % 8.5e18 }}", "{}",
                "8999999999999999000 -8500000000000000000 75f610f70ed20000");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_json_nesting),
        cmocka_unit_test(test_excessive),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_refused_memory),
        cmocka_unit_test(test_error_offsets),
        cmocka_unit_test(test_provenance),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_numbers_of_formats),
    };
    return cmocka_run_group_tests(tests, NULL, finish);
}
