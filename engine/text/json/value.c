/* Values: constructors, kinds, truth, lists. */
#include "engine/text/json/value.h"

#include "engine/text/json/sandbox.h"
#include "engine/text/json/value_string.h"

void *value_fail_type(struct sandbox *box, const char *format, const struct value *value) {
    return sandbox_fail_with(box, QN_ERR_TEMPLATE, format, value_type(value), strlen(value_type(value)));
}

void *value_fail_undefined(struct sandbox *box, const struct value *undefined) {
    const char *owner = undefined->undefined.owner;
    if (owner && !box->failed) {
        box->failed = true;
        error_set(box->error, QN_ERR_TEMPLATE, box->at, "'%s' has no attribute '%.*s'", owner,
                  (int)(undefined->undefined.bytes < 200 ? undefined->undefined.bytes : 200),
                  undefined->undefined.name);
    }
    return sandbox_fail_with(box, QN_ERR_TEMPLATE, "'%.*s' is undefined", undefined->undefined.name,
                             undefined->undefined.bytes);
}

struct value *value_new(struct sandbox *box, enum value_kind kind) {
    struct value *value = TAKE(box, struct value);
    if (value == NULL) {
        return &box->scrap;
    }
    value->kind = (uint8_t)kind;
    return value;
}

struct value *value_bool(struct sandbox *box, bool truth) { return truth ? &box->yes : &box->no; }

struct value *value_int(struct sandbox *box, int64_t integer) {
    struct value *value = value_new(box, VALUE_INT);
    if (!box->failed) {
        value->integer = integer;
    }
    return value;
}

struct value *value_float(struct sandbox *box, double number) {
    struct value *value = value_new(box, VALUE_FLOAT);
    if (!box->failed) {
        value->real.number = number;
    }
    return value;
}

struct value *value_text(struct sandbox *box, const char *text, size_t bytes) {
    struct value *value = value_new(box, VALUE_STRING);
    if (!box->failed) {
        value->string.text = text;
        value->string.bytes = bytes;
    }
    return value;
}

struct value *value_name(struct sandbox *box, const char *text) { return value_text(box, text, strlen(text)); }

struct value *value_slice(struct sandbox *box, const struct value *string, size_t from, size_t to) {
    struct value *value = value_text(box, string->string.text + from, to - from);
    if (!box->failed) {
        value->untrusted = string->untrusted;
        value->string.mask = string->string.mask ? string->string.mask + from : NULL;
    }
    return value;
}

struct value *value_undefined(struct sandbox *box, const struct value *name, const char *owner) {
    struct value *value = value_new(box, VALUE_UNDEFINED);
    if (!box->failed) {
        value->undefined.name = name->string.text;
        value->undefined.bytes = name->string.bytes;
        value->undefined.owner = owner;
    }
    return value;
}

struct value *value_pair(struct sandbox *box, struct value *first, struct value *second) {
    struct value *pair = value_new(box, VALUE_TUPLE);
    list_add(box, pair, first);
    list_add(box, pair, second);
    return pair;
}

void list_add(struct sandbox *box, struct value *list, struct value *item) {
    struct value **items =
        sandbox_grow(box, list->list.items, list->list.count, &list->list.capacity, sizeof(struct value *));
    if (items) {
        list->list.items = items;
        items[list->list.count++] = item;
    }
}

const char *value_type(const struct value *value) {
    static const char names[][12] = {"Undefined", "None",  "bool",        "int",    "float",
                                     "str",       "list",  "tuple",       "dict",   "Namespace",
                                     "function",  "Macro", "LoopContext", "Cycler", "Joiner"};
    return names[value->kind];
}

bool value_is(const struct value *value, unsigned kinds) { return kinds >> value->kind & 1; }

double value_number(const struct value *value) {
    return value->kind == VALUE_FLOAT ? value->real.number : (double)value->integer;
}

bool value_is_text(const struct value *value, const char *text) {
    const size_t bytes = strlen(text);
    return value->kind == VALUE_STRING && value->string.bytes == bytes && memcmp(value->string.text, text, bytes) == 0;
}

bool value_true(const struct value *value) {
    switch (value->kind) {
    case VALUE_UNDEFINED:
    case VALUE_NONE:
        return false;
    case VALUE_BOOL:
    case VALUE_INT:
        return value->integer != 0;
    case VALUE_FLOAT:
        return value->real.number != 0; /* NaN is true, as in Python */
    case VALUE_STRING:
        return value->string.bytes != 0;
    case VALUE_LIST:
    case VALUE_TUPLE:
        return value->list.count != 0 || (value->flags & FLAG_GENERATOR);
    case VALUE_DICT:
        return value->dict.count != 0;
    default:
        return true;
    }
}

struct value *value_items(struct sandbox *box, struct value *value) {
    return value_is(value, LISTS) ? value : value_copy(box, value, VALUE_LIST);
}

struct value *value_copy(struct sandbox *box, struct value *value, enum value_kind kind) {
    struct value *list = value_new(box, kind);
    switch (value->kind) {
    case VALUE_UNDEFINED:
        break;
    case VALUE_STRING:
        for (size_t at = 0; at < value->string.bytes && !box->failed;) {
            const size_t bytes = CHAR_BYTES(string_char(value, at));
            list_add(box, list, value_slice(box, value, at, at + bytes));
            at += bytes;
        }
        break;
    case VALUE_LIST:
    case VALUE_TUPLE:
        for (size_t i = 0; i < value->list.count; i++) {
            list_add(box, list, value->list.items[i]);
        }
        break;
    case VALUE_DICT:
        for (size_t i = 0; i < value->dict.count; i++) {
            list_add(box, list, value->dict.entries[i].key);
        }
        break;
    default:
        return value_fail_type(box, "'%.*s' object is not iterable", value);
    }
    return list;
}
