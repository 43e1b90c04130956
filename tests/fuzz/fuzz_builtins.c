/* Fuzzes the filters, tests, methods and functions of chat templates. The input is a list of choices that make well-
 * formed templates: every name in the tables of built-ins, with odd values and arguments. Each is rendered as
 * fuzz_template does it. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "engine/text/template/builtin_tables.h"
#include "tests/fuzz/template_check.h"

#define TEMPLATES 8                 /* of an input */
#define MEMORY    ((size_t)1 << 20) /* for each, in bytes */
#define MAX_TEXT  2048              /* bytes of a template */
#define MAX_DEPTH 3                 /* of nested expressions */

struct maker {
    struct choices in;
    char text[MAX_TEXT];
    size_t bytes;
    unsigned depth;
};

static void put(struct maker *m, const char *format, ...) {
    va_list list;
    va_start(list, format);
    const int n = vsnprintf(m->text + m->bytes, MAX_TEXT - m->bytes, format, list);
    va_end(list);
    m->bytes += (size_t)n;
    m->bytes = m->bytes < MAX_TEXT ? m->bytes : MAX_TEXT - 1;
}

static const char *const values[] = {
    "''",
    "'a'",
    "'Hello, World'",
    "' a  b\\n\\tc '",
    "'\xc3\xa9\xc3\x89\xc3\x9f \xf0\x9f\xa6\x89'",
    "'12'",
    "'-3.5e2'",
    "'0x1F'",
    "'<a href=\"x\">&'",
    "'{:>5}|{0!r}|{a}'",
    "'{{}}{0[0]:<8.2f}{1.k:+,d}{a:^9s}'",
    "'%5.2f|%-5s|%05d|%x|%%'",
    "'%(a)s %(b)+d'",
    "'%Y-%m-%d %H:%M:%S %j %B %b %A %a %p %I %y %%'",
    "'{\"a\":[1,null,true]}'",
    "'a,b,,c'",
    "'x\\r\\ny\\x0bz\\n'",
    "0",
    "1",
    "-1",
    "2",
    "3",
    "7",
    "100",
    "-9223372036854775807",
    "9223372036854775807",
    "123456789012345678901234567890",
    "1.5",
    "-0.0",
    "2.675",
    "1e308",
    "1e-7",
    "none",
    "true",
    "false",
    "missing",
    "missing.x",
    "[]",
    "[1, 2, 3]",
    "['b', 'a', 'B', 'a']",
    "[3, 1.5, true]",
    "[[2, 1], [1], 'ab']",
    "[1, 'a', none]",
    "()",
    "(1,)",
    "('a', 'b')",
    "{}",
    "{'a': 1, 'b': 'x'}",
    "{'b': [1], 'A': {'c': none}, 3: 4}",
    "[{'k': 1, 'v': 'b'}, {'k': 2, 'v': 'a'}, {'k': 1}]",
    "[{'k': {'j': 2}}, {'k': {'j': 1}}]",
    "messages",
    "messages[1].content",
    "messages[-1]",
    "tools",
    "documents[0]",
    "bos_token",
    "now",
    "range(4)",
    "range(9, 0, -2)",
    "dict(a=1, b='x')",
    "namespace(a=1)",
    "joiner(', ')",
    "cycler('x', 2)",
    "'a' ~ 1",
    "m",
    "loop",
    "i",
};
static const char *const attributes[] = {"k", "v",  "k.j",     "role", "content", "function.name",
                                         "0", "-1", "missing", "a"};
static const char *const names[] = {"upper", "odd",  "equalto", "defined", "length",  "int",   "join", "string", "in",
                                    "gt",    "trim", "first",   "none",    "mapping", "round", "attr", "nothing"};
static const char *const binary[] = {
    "+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "and", "or", "in", "not in"};
#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

static const char *one_of(struct maker *m, const char *const *texts, uint32_t count) {
    return texts[choose(&m->in, count)];
}

static void put_expression(struct maker *m);

static void put_value(struct maker *m) {
    if (m->depth < MAX_DEPTH && choose(&m->in, 8) == 7) {
        put(m, "(");
        put_expression(m);
        put(m, ")");
    } else {
        put(m, "%s", one_of(m, values, COUNT(values)));
    }
}

/* One that the parameters name, or a number of others. */
static void put_arguments(struct maker *m, const char *parameters) {
    const uint32_t how = choose(&m->in, 8);
    const uint32_t count = choose(&m->in, 4);
    put(m, "(");
    for (uint32_t i = 0; i < count; i++) {
        put(m, i ? ", " : "");
        if (parameters == NULL && how & 1) {
            put(m, "'%s'", i ? one_of(m, names, COUNT(names)) : one_of(m, how & 2 ? names : attributes, 10));
        } else if (parameters == NULL && how & 2) {
            put(m, "%s='%s'", i ? "default" : "attribute", one_of(m, attributes, COUNT(attributes)));
        } else if (parameters && how >= 5) { /* by name: the i-th parameter */
            const char *name = parameters;
            for (uint32_t k = 0; k < i && *name; k++) {
                name += 1 + strcspn(name + 1, ",|");
            }
            name += strspn(name, ",|");
            put(m, "%.*s=", *name ? (int)strcspn(name, ",|") : 1, *name ? name : "z");
            put_value(m);
        } else if (how == 4) {
            put(m, "'%s'", one_of(m, attributes, COUNT(attributes)));
        } else {
            put_value(m);
        }
    }
    put(m, ")");
}

static uint32_t count_of(const struct builtin *table) {
    uint32_t count = 0;
    while (table[count].name) {
        count++;
    }
    return count;
}

static const struct builtin *any_of(struct maker *m, const struct builtin *table) {
    return &table[choose(&m->in, count_of(table))];
}

static void put_filter(struct maker *m) {
    put_value(m);
    for (uint32_t chain = 1 + choose(&m->in, 3) / 2; chain; chain--) {
        const struct builtin *filter =
            any_of(m, choose(&m->in, 2) ? builtin_tables.filters : builtin_tables.sequence_filters);
        put(m, " | %s", filter->name);
        put_arguments(m, filter->parameters);
    }
}

static void put_test(struct maker *m) {
    const struct builtin *test = any_of(m, builtin_tables.tests);
    put_value(m);
    put(m, choose(&m->in, 4) ? " is " : " is not ");
    put(m, "%s", test->name);
    if (test->parameters[0] || choose(&m->in, 8) == 7) {
        put_arguments(m, test->parameters);
    }
}

/* Mostly on a value of the method's kind. */
static void put_method(struct maker *m) {
    static const enum value_kind kinds[] = {VALUE_STRING, VALUE_LIST, VALUE_DICT, VALUE_CYCLER, VALUE_LOOP};
    static const char *const selves[][4] = {{"' aB, c\\n'", "'%s {}'", "messages[1].content", "'aXbXc'"},
                                            {"[1, 2, 1]", "['b', 'a']", "messages", "[[1], none]"},
                                            {"{'a': 1, 'b': [2]}", "dict(x=1)", "messages[0]", "tools[0]"},
                                            {"cycler(1, 'b')", "cycler('a')", "cycler()", "cycler(none)"},
                                            {"loop", "loop", "loop", "loop"}};
    const uint32_t kind = choose(&m->in, COUNT(kinds));
    const struct builtin *method = any_of(m, builtin_tables.methods[kinds[kind]]);
    if (choose(&m->in, 4)) {
        put(m, "%s", selves[kind][choose(&m->in, 4)]);
    } else {
        put_value(m);
    }
    put(m, ".%s", method->name);
    put_arguments(m, method->parameters);
}

static void put_function(struct maker *m) {
    const struct builtin *function = any_of(m, builtin_tables.globals);
    put(m, "%s", function->name);
    put_arguments(m, function->parameters);
    put(m, choose(&m->in, 4) == 3 ? "()" : "");
}

static void put_operators(struct maker *m) {
    static const char *const unary[] = {"", "", "-", "+", "not ", "- -"};
    put(m, "%s", one_of(m, unary, COUNT(unary)));
    put_value(m);
    put(m, " %s ", one_of(m, binary, COUNT(binary)));
    put_value(m);
    if (choose(&m->in, 4) == 3) {
        put(m, " if ");
        put_value(m);
        put(m, choose(&m->in, 2) ? " else " : "");
        put(m, m->text[m->bytes - 1] == ' ' ? "%s" : "", one_of(m, values, COUNT(values)));
    }
}

static void put_subscript(struct maker *m) {
    put_value(m);
    const uint32_t how = choose(&m->in, 8);
    if (how == 0) {
        put(m, ".%s", attributes[choose(&m->in, 6)]);
        return;
    }
    put(m, "[");
    for (uint32_t i = 0; i < 1 + how % 3; i++) {
        put(m, i ? ":" : "");
        if (how & 4) {
            put_value(m);
        } else if (choose(&m->in, 3)) {
            put(m, "%d", (int)choose(&m->in, 9) - 4);
        }
    }
    put(m, "]");
}

static void put_expression(struct maker *m) {
    static void (*const kinds[])(struct maker *) = {
        put_filter, put_filter,   put_filter,    put_test,      put_test,      put_method, put_method,
        put_method, put_function, put_operators, put_operators, put_subscript, put_value};
    m->depth++;
    kinds[choose(&m->in, COUNT(kinds))](m);
    m->depth--;
}

/* A template with an expression in one of the places where one may be. */
static void put_template(struct maker *m) {
    static const struct {
        const char *before, *after;
    } places[] = {
        {"{{ ", " }}"},
        {"{{ ", " }}"},
        {"{{ (", ") | tojson }}"},
        {"{% for i in messages %}{{ ", " }}{{ loop.index }}{% endfor %}"},
        {"{% for i in ", " %}{{ i }}{{ loop.previtem ~ loop.nextitem ~ loop.revindex0 }}{% else %}-{% endfor %}"},
        {"{% set m = ", " %}{{ m }}{{ m | string | length }}"},
        {"{% if ", " %}a{% elif x %}b{% else %}c{% endif %}"},
        {"{% macro m(i, j=3) %}{{ i }}{{ j }}{% endmacro %}{{ m(", ") }}"},
        {"{% filter upper %}{{ ", " }}{% endfilter %}"},
        {"{% for i in range(3) %}{{ loop.cycle('a', 'b') }}{{ loop.changed(", ") }}{% endfor %}"},
    };
    const uint32_t place = choose(&m->in, COUNT(places));
    m->bytes = 0;
    m->depth = 0;
    put(m, "%s", places[place].before);
    put_expression(m);
    put(m, "%s", places[place].after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct maker m; /* large */
    m.in = (struct choices){data, size};
    for (int i = 0; i < TEMPLATES && m.in.left; i++) {
        put_template(&m);
        char *text = (char *)fuzz_copy((const uint8_t *)m.text, m.bytes);
        template_check(text, m.bytes, template_context, sizeof(template_context) - 1, MEMORY);
        free(text);
    }
    return 0;
}
