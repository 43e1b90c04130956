#include "engine/text/value.h"

#include "engine/text/unicode.h"

void *interp_fail(struct interp *in, int code, const char *format, const char *name, size_t bytes) {
    if (!in->failed) {
        error_set(in->error, code, in->at, format, (int)(bytes < 400 ? bytes : 400), name);
        in->failed = true;
    }
    return &in->scrap;
}

void *fail(struct interp *in, const char *text) { return interp_fail(in, QN_ERR_TEMPLATE, "%.*s", text, strlen(text)); }

void *fail_type(struct interp *in, const char *format, const struct value *of) {
    return interp_fail(in, QN_ERR_TEMPLATE, format, value_type(of), strlen(value_type(of)));
}

void *fail_limit(struct interp *in, const char *text) {
    return interp_fail(in, QN_ERR_LIMIT, "%.*s", text, strlen(text));
}

void *fail_undefined(struct interp *in, const struct value *undefined) {
    const char *owner = undefined->undefined.owner;
    if (owner && !in->failed) {
        in->failed = true;
        error_set(in->error, QN_ERR_TEMPLATE, in->at, "'%s' has no attribute '%.*s'", owner,
                  (int)(undefined->undefined.bytes < 200 ? undefined->undefined.bytes : 200),
                  undefined->undefined.name);
    }
    return interp_fail(in, QN_ERR_TEMPLATE, "'%.*s' is undefined", undefined->undefined.name,
                       undefined->undefined.bytes);
}

void *interp_take(struct interp *in, size_t count, size_t size) {
    void *memory = in->failed ? NULL : arena_take_array(in->arena, count, size, 8);
    if (memory == NULL) {
        interp_fail(in, QN_ERR_MEMORY, "no memory left for the template", "", 0);
    }
    return memory;
}

void *interp_grow(struct interp *in, void *elements, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) {
        return in->failed ? NULL : elements;
    }
    const size_t more = count ? count * 2 : 4; /* count elements are in memory already: cannot wrap */
    void *moved = interp_take(in, more, size);
    if (moved) {
        *capacity = more;
        memcpy(moved, count ? elements : moved, count * size);
    }
    return moved;
}

bool interp_step(struct interp *in, size_t steps) {
    in->steps += steps;
    if (in->steps > STEP_LIMIT) {
        fail_limit(in, "the template takes too many steps");
    }
    return !in->failed;
}

bool interp_enter(struct interp *in) {
    if (++in->depth > DEPTH_LIMIT) {
        fail_limit(in, "nested too deep");
    }
    return interp_step(in, 1);
}

struct value *value_new(struct interp *in, enum value_kind kind) {
    struct value *value = TAKE(in, struct value);
    if (value == NULL) {
        return &in->scrap;
    }
    value->kind = (uint8_t)kind;
    return value;
}

struct value *value_bool(struct interp *in, bool truth) { return truth ? &in->yes : &in->no; }

struct value *value_int(struct interp *in, int64_t integer) {
    struct value *value = value_new(in, VALUE_INT);
    if (!in->failed) {
        value->integer = integer;
    }
    return value;
}

struct value *value_float(struct interp *in, double number) {
    struct value *value = value_new(in, VALUE_FLOAT);
    if (!in->failed) {
        value->real.number = number;
    }
    return value;
}

struct value *value_text(struct interp *in, const char *text, size_t bytes) {
    struct value *value = value_new(in, VALUE_STRING);
    if (!in->failed) {
        value->string.text = text;
        value->string.bytes = bytes;
    }
    return value;
}

struct value *value_name(struct interp *in, const char *text) { return value_text(in, text, strlen(text)); }

struct value *value_slice(struct interp *in, const struct value *string, size_t from, size_t to) {
    struct value *value = value_text(in, string->string.text + from, to - from);
    if (!in->failed) {
        value->untrusted = string->untrusted;
        value->string.mask = string->string.mask ? string->string.mask + from : NULL;
    }
    return value;
}

struct value *value_undefined(struct interp *in, const struct value *name, const char *owner) {
    struct value *value = value_new(in, VALUE_UNDEFINED);
    if (!in->failed) {
        value->undefined.name = name->string.text;
        value->undefined.bytes = name->string.bytes;
        value->undefined.owner = owner;
    }
    return value;
}

struct value *value_pair(struct interp *in, struct value *first, struct value *second) {
    struct value *pair = value_new(in, VALUE_TUPLE);
    list_add(in, pair, first);
    list_add(in, pair, second);
    return pair;
}

void list_add(struct interp *in, struct value *list, struct value *item) {
    struct value **items =
        interp_grow(in, list->list.items, list->list.count, &list->list.capacity, sizeof(struct value *));
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
        return value->real.number != 0; /* not a number is true, as in Python */
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

struct value *value_items(struct interp *in, struct value *value) {
    return value_is(value, LISTS) ? value : value_copy(in, value, VALUE_LIST);
}

struct value *value_copy(struct interp *in, struct value *value, enum value_kind kind) {
    struct value *list = value_new(in, kind);
    switch (value->kind) {
    case VALUE_UNDEFINED:
        break;
    case VALUE_STRING:
        for (size_t at = 0; at < value->string.bytes && !in->failed;) {
            const size_t bytes = CHAR_BYTES(string_char(value, at));
            list_add(in, list, value_slice(in, value, at, at + bytes));
            at += bytes;
        }
        break;
    case VALUE_LIST:
    case VALUE_TUPLE:
        for (size_t i = 0; i < value->list.count; i++) {
            list_add(in, list, value->list.items[i]);
        }
        break;
    case VALUE_DICT:
        for (size_t i = 0; i < value->dict.count; i++) {
            list_add(in, list, value->dict.entries[i].key);
        }
        break;
    default:
        return fail_type(in, "'%.*s' object is not iterable", value);
    }
    return list;
}

uint32_t string_char(const struct value *string, size_t at) {
    uint32_t code;
    const size_t bytes = utf8_read((const uint8_t *)string->string.text + at, string->string.bytes - at, &code);
    return code | (uint32_t)bytes << 24;
}

size_t string_offset(const struct value *string, size_t index) {
    size_t at = 0;
    while (index-- && at < string->string.bytes) {
        at += CHAR_BYTES(string_char(string, at));
    }
    return at;
}

size_t string_length(const struct value *string) {
    size_t count = 0;
    for (size_t at = 0; at < string->string.bytes; count++) {
        at += CHAR_BYTES(string_char(string, at));
    }
    return count;
}

bool untrusted_at(const struct value *string, size_t at) {
    return string->string.mask && at < string->string.bytes ? string->string.mask[at] : string->untrusted;
}
