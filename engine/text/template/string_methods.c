/* Methods of strings: value.name(arguments). */
#include "engine/text/template/string_methods.h"

#include "engine/text/json/value_string.h"
#include "engine/text/template/builtin_lookup.h"
#include "engine/text/template/format_braces.h"
#include "engine/text/template/operators.h"
#include "engine/text/template/string_functions.h"
#include "engine/text/unicode/unicode.h"

#define METHOD(name)                                                                                                   \
    static struct value *method_##name(struct sandbox *box, struct value *self, const struct arguments *arguments)

METHOD(case) { return string_case(box, self, (enum letter_case)arguments->variant); }

METHOD(strip) { return string_strip(box, self, arguments->at[0], (enum strip_sides)arguments->variant); }

METHOD(replace) {
    return string_replace(box, self, argument_string(box, arguments->at[0]), argument_string(box, arguments->at[1]),
                          argument_int(box, arguments->at[2], -1));
}

METHOD(join) {
    const struct value *items = value_items(box, arguments->at[0]);
    for (size_t i = 0; i < items->list.count; i++) {
        argument_string(box, items->list.items[i]);
    }
    return string_join(box, self, items);
}

/* Splits at every separator, or at white space if that is null or none. */
static struct value *split_all(struct sandbox *box, const struct value *self, const struct value *separator) {
    struct value *list = value_new(box, VALUE_LIST);
    const size_t bytes = self->string.bytes;
    const char *text = self->string.text;
    if (separator && separator->kind != VALUE_NONE) {
        separator = argument_string(box, separator);
        size_t from = 0;
        for (size_t found;
             found = text_find(box, self, from, bytes, separator, false), found != SIZE_MAX && !box->failed;
             from = found + separator->string.bytes) {
            if (separator->string.bytes == 0) {
                return sandbox_fail(box, "empty separator");
            }
            list_add(box, list, value_slice(box, self, from, found));
        }
        list_add(box, list, value_slice(box, self, from, bytes));
        return list;
    }
    for (size_t at = 0; at += space_before(text + at, bytes - at), at < bytes && sandbox_step(box, 1);) {
        const size_t from = at;
        while (at < bytes && !space_char(CHAR_CODE(string_char(self, at)))) {
            at += CHAR_BYTES(string_char(self, at));
        }
        list_add(box, list, value_slice(box, self, from, at));
    }
    return list;
}

METHOD(split) { /* rsplit is variant 1 */
    struct value *list = split_all(box, self, arguments->at[0]);
    const ptrdiff_t most = argument_int(box, arguments->at[1], -1);
    const size_t count = list->list.count;
    if (most < 0 || count <= (size_t)most + 1 || box->failed) {
        return list;
    }
    /* rejoin the surplus items: the last ones for split, the first ones for rsplit */
    struct value **items = list->list.items;
    list->list.count = (size_t)most + 1;
    if (arguments->variant == 0) {
        const size_t from = (size_t)(items[most]->string.text - self->string.text);
        items[most] = value_slice(box, self, from, self->string.bytes);
        return list;
    }
    const struct value *last = items[count - 1 - (size_t)most];
    const size_t to = (size_t)(last->string.text - self->string.text) + last->string.bytes;
    memmove(items + 1, items + count - (size_t)most, (size_t)most * sizeof(*items));
    items[0] = value_slice(box, self, 0, to);
    return list;
}

METHOD(splitlines) {
    struct value *list = value_new(box, VALUE_LIST);
    size_t end;
    for (size_t from = 0; from < self->string.bytes && !box->failed;) {
        const size_t next = string_line(self, from, &end);
        list_add(box, list, value_slice(box, self, from, argument_true(arguments->at[0]) ? next : end));
        from = next;
    }
    return list;
}

/* self[start:end], the part that a search is limited to. */
static struct value *search_range(struct sandbox *box, struct value *self, const struct arguments *arguments) {
    struct value *const range[3] = {arguments->at[1], arguments->at[2], NULL};
    return range[0] || range[1] ? slice_of(box, self, range) : self;
}

static bool has_end(const struct value *string, const struct value *end, bool last) {
    const size_t bytes = end->string.bytes;
    return end->kind == VALUE_STRING && bytes <= string->string.bytes &&
           memcmp(string->string.text + (last ? string->string.bytes - bytes : 0), end->string.text, bytes) == 0;
}

METHOD(has_end) { /* startswith; endswith is variant 1 */
    const struct value *string = search_range(box, self, arguments);
    const struct value *end = arguments->at[0];
    if (end->kind != VALUE_TUPLE) {
        return value_bool(box, has_end(string, argument_string(box, end), arguments->variant));
    }
    bool found = false;
    for (size_t i = 0; i < end->list.count; i++) {
        found |= has_end(string, end->list.items[i], arguments->variant);
    }
    return value_bool(box, found);
}

METHOD(remove_end) {
    const struct value *end = argument_string(box, arguments->at[0]);
    if (!has_end(self, end, arguments->variant)) {
        return self;
    }
    return arguments->variant ? value_slice(box, self, 0, self->string.bytes - end->string.bytes)
                              : value_slice(box, self, end->string.bytes, self->string.bytes);
}

enum { LAST = 1, FAILS = 2 };

METHOD(search) { /* find, rfind, index, rindex */
    const struct value *wanted = argument_string(box, arguments->at[0]);
    const struct value *string = search_range(box, self, arguments);
    const size_t found = text_find(box, string, 0, string->string.bytes, wanted, arguments->variant & LAST);
    if (found == SIZE_MAX) {
        return arguments->variant & FAILS ? sandbox_fail(box, "substring not found") : value_int(box, -1);
    }
    /* a slice points into its string */
    const size_t before = string->string.bytes ? (size_t)(string->string.text - self->string.text) : 0;
    sandbox_step(box, (before + found) / 64);
    return value_int(box, (int64_t)string_length(value_slice(box, self, 0, before + found)));
}

METHOD(count) {
    const struct value *wanted = argument_string(box, arguments->at[0]);
    const struct value *string = search_range(box, self, arguments);
    int64_t count = 0;
    if (wanted->string.bytes == 0) {
        return value_int(box, (int64_t)string_length(string) + 1);
    }
    for (size_t at = 0;
         at = text_find(box, string, at, string->string.bytes, wanted, false), at != SIZE_MAX && !box->failed;) {
        at += wanted->string.bytes;
        count++;
    }
    return value_int(box, count);
}

METHOD(format) { return format_braces(box, self, arguments->call); }

/* Whether the string is not empty and all of its characters are of the classes in the variant, a bit set. */
METHOD(class) {
    bool all = self->string.bytes && sandbox_step(box, self->string.bytes / 16);
    for (size_t at = 0; at < self->string.bytes && all;) {
        const uint32_t next = string_char(self, at);
        const bool space = space_char(CHAR_CODE(next));
        at += CHAR_BYTES(next);
        all = arguments->variant >> (space ? (unsigned)CLASS_SPACE : unicode_class(CHAR_CODE(next))) & 1;
    }
    return value_bool(box, all);
}

METHOD(test) { /* the test of the same name */
    const char *name = arguments->variant ? "upper" : "lower";
    return call_builtin(box, test_find(box, name, 5), self, arguments->call);
}

#define LETTERS (1u << CLASS_LETTER)
#define DIGITS  (1u << CLASS_NUMBER)

const struct builtin builtin_string_methods[] = {
    {"split", method_split, "|sep,maxsplit", 0},
    {"rsplit", method_split, "|sep,maxsplit", 1},
    {"strip", method_strip, "|chars", STRIP_BOTH},
    {"lstrip", method_strip, "|chars", STRIP_LEFT},
    {"rstrip", method_strip, "|chars", STRIP_RIGHT},
    {"startswith", method_has_end, "prefix|start,end", 0},
    {"endswith", method_has_end, "suffix|start,end", 1},
    {"removeprefix", method_remove_end, "prefix", 0},
    {"removesuffix", method_remove_end, "suffix", 1},
    {"replace", method_replace, "old,new|count", 0},
    {"join", method_join, "iterable", 0},
    {"upper", method_case, "", CASE_UPPER},
    {"lower", method_case, "", CASE_LOWER},
    {"title", method_case, "", CASE_TITLE},
    {"capitalize", method_case, "", CASE_CAPITALIZE},
    {"format", method_format, NULL, 0},
    {"find", method_search, "sub|start,end", 0},
    {"rfind", method_search, "sub|start,end", LAST},
    {"index", method_search, "sub|start,end", FAILS},
    {"rindex", method_search, "sub|start,end", LAST | FAILS},
    {"count", method_count, "sub|start,end", 0},
    {"splitlines", method_splitlines, "|keepends", 0},
    {"isdigit", method_class, "", DIGITS},
    {"isalpha", method_class, "", LETTERS},
    {"isalnum", method_class, "", LETTERS | DIGITS},
    {"isspace", method_class, "", 1u << CLASS_SPACE},
    {"isupper", method_test, "", 1},
    {"islower", method_test, "", 0},
    {NULL, NULL, NULL, 0},
};
