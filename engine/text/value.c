#include "engine/text/value.h"

#include "engine/text/unicode.h"

void *heap_failed(struct heap *heap) {
    heap->failed = true;
    return NULL;
}

void *heap_take(struct heap *heap, size_t bytes) {
    void *memory = arena_take(heap->arena, bytes, 8);
    return memory ? memory : FAIL(heap, QN_ERR_MEMORY, "no memory left for the template: %zu bytes more", bytes);
}

void *heap_grow(struct heap *heap, void *elements, size_t count, size_t *capacity, size_t size) {
    if (elements && count < *capacity) {
        return elements;
    }
    const size_t more = count < 4 ? 4 : count * 2; /* count elements are in memory already: cannot wrap */
    void *moved = arena_take_array(heap->arena, more, size, 8);
    if (moved == NULL) {
        return FAIL(heap, QN_ERR_MEMORY, "no memory left for the template: %zu elements more", more);
    }
    if (count) {
        memcpy(moved, elements, count * size);
    }
    *capacity = more;
    return moved;
}

bool heap_step(struct heap *heap, size_t steps) {
    heap->steps += steps;
    if (heap->steps > STEP_LIMIT) {
        FAIL(heap, QN_ERR_LIMIT, "the template takes more than %u steps", STEP_LIMIT);
    }
    return !heap->failed;
}

bool heap_enter(struct heap *heap) {
    if (++heap->depth > DEPTH_LIMIT) {
        FAIL(heap, QN_ERR_LIMIT, "nested deeper than %u levels", DEPTH_LIMIT);
    }
    return heap_step(heap, 1);
}

struct value *value_new(struct heap *heap, enum value_kind kind) {
    struct value *value = heap_take(heap, sizeof(*value));
    if (value) {
        value->kind = (uint8_t)kind;
    }
    return value;
}

struct value *value_bool(struct heap *heap, bool truth) { return heap->failed ? NULL : truth ? &heap->yes : &heap->no; }

struct value *value_int(struct heap *heap, int64_t integer) {
    struct value *value = value_new(heap, VALUE_INT);
    if (value) {
        value->integer = integer;
    }
    return value;
}

struct value *value_float(struct heap *heap, double number) {
    struct value *value = value_new(heap, VALUE_FLOAT);
    if (value) {
        value->real.number = number;
    }
    return value;
}

struct value *value_text(struct heap *heap, const char *text, size_t bytes) {
    struct value *value = value_new(heap, VALUE_STRING);
    if (value) {
        value->string.text = text;
        value->string.bytes = bytes;
    }
    return value;
}

struct value *value_name(struct heap *heap, const char *text) { return value_text(heap, text, strlen(text)); }

struct value *value_slice(struct heap *heap, const struct value *string, size_t from, size_t to) {
    struct value *value = value_text(heap, string->string.text + from, to - from);
    if (value) {
        value->untrusted = string->untrusted;
        value->string.mask = string->string.mask ? string->string.mask + from : NULL;
    }
    return value;
}

struct value *value_undefined(struct heap *heap, const char *name, size_t bytes, const char *owner) {
    struct value *value = value_new(heap, VALUE_UNDEFINED);
    if (value) {
        value->undefined.name = name;
        value->undefined.bytes = bytes;
        value->undefined.owner = owner;
    }
    return value;
}

struct value *fail_undefined(struct heap *heap, const struct value *undefined) {
    const int bytes = undefined->undefined.bytes > 200 ? 200 : (int)undefined->undefined.bytes;
    if (undefined->undefined.owner) {
        return WRONG(heap, "'%s' has no attribute '%.*s'", undefined->undefined.owner, bytes,
                     undefined->undefined.name);
    }
    return WRONG(heap, "'%.*s' is undefined", bytes, undefined->undefined.name);
}

struct value *value_list(struct heap *heap, enum value_kind kind, size_t capacity) {
    struct value *value = value_new(heap, kind);
    if (value && capacity) {
        value->list.items = arena_take_array(heap->arena, capacity, sizeof(struct value *), 8);
        value->list.capacity = capacity;
        if (value->list.items == NULL) {
            return FAIL(heap, QN_ERR_MEMORY, "no memory left for a list of %zu values", capacity);
        }
    }
    return value;
}

struct value *value_pair(struct heap *heap, struct value *first, struct value *second) {
    struct value *pair = value_list(heap, VALUE_TUPLE, 2);
    return pair && list_add(heap, pair, first) && list_add(heap, pair, second) ? pair : NULL;
}

bool list_add(struct heap *heap, struct value *list, struct value *item) {
    if (item == NULL) {
        return false;
    }
    struct value **items =
        heap_grow(heap, list->list.items, list->list.count, &list->list.capacity, sizeof(struct value *));
    if (items == NULL) {
        return false;
    }
    list->list.items = items;
    items[list->list.count++] = item;
    return true;
}

const char *value_type(const struct value *value) {
    static const char names[][12] = {"Undefined", "None",  "bool",        "int",    "float",
                                     "str",       "list",  "tuple",       "dict",   "Namespace",
                                     "function",  "Macro", "LoopContext", "Cycler", "Joiner"};
    return names[value->kind];
}

bool value_is_number(const struct value *value) {
    return value->kind == VALUE_BOOL || value->kind == VALUE_INT || value->kind == VALUE_FLOAT;
}

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

struct value *value_items(struct heap *heap, struct value *value) {
    if (value->kind == VALUE_LIST || value->kind == VALUE_TUPLE) {
        return value;
    }
    return value_copy(heap, value, VALUE_LIST);
}

static bool add_characters(struct heap *heap, struct value *list, const struct value *string) {
    const uint8_t *text = (const uint8_t *)string->string.text;
    uint32_t code;
    for (size_t at = 0; at < string->string.bytes && !heap->failed;) {
        const size_t bytes = utf8_read(text + at, string->string.bytes - at, &code);
        list_add(heap, list, value_slice(heap, string, at, at + bytes));
        at += bytes;
    }
    return !heap->failed;
}

struct value *value_copy(struct heap *heap, struct value *value, enum value_kind kind) {
    struct value *list = value_list(heap, kind, 0);
    if (list == NULL) {
        return NULL;
    }
    switch (value->kind) {
    case VALUE_UNDEFINED:
        return list;
    case VALUE_STRING:
        return add_characters(heap, list, value) ? list : NULL;
    case VALUE_LIST:
    case VALUE_TUPLE:
        for (size_t i = 0; i < value->list.count; i++) {
            list_add(heap, list, value->list.items[i]);
        }
        return heap->failed ? NULL : list;
    case VALUE_DICT:
        for (size_t i = 0; i < value->dict.count; i++) {
            list_add(heap, list, value->dict.entries[i].key);
        }
        return heap->failed ? NULL : list;
    default:
        return WRONG(heap, "'%s' object is not iterable", value_type(value));
    }
}

size_t string_length(const struct value *string) { /* counts up to the end */
    const uint8_t *text = (const uint8_t *)string->string.text;
    size_t count = 0;
    uint32_t code;
    for (size_t at = 0; at < string->string.bytes; count++) {
        at += text[at] < 0x80 ? 1 : utf8_read(text + at, string->string.bytes - at, &code);
    }
    return count;
}

size_t string_offset(const struct value *string, size_t index) {
    const uint8_t *text = (const uint8_t *)string->string.text;
    size_t at = 0;
    uint32_t code;
    while (index-- && at < string->string.bytes) {
        at += text[at] < 0x80 ? 1 : utf8_read(text + at, string->string.bytes - at, &code);
    }
    return at;
}
