/* Dictionaries: an array of entries in the order of insertion, and an index by hash once they are many. And what they
 * need of values: equality, order, hashes. */
#include "engine/text/value.h"

#define FEW 8u /* entries that are searched one by one */

static uint32_t hash_number(uint64_t bits) {
    bits *= 0x9e3779b97f4a7c15u;
    return (uint32_t)(bits >> 32);
}

/* Equal values have equal hashes: 1, 1.0 and true are equal. Not 0. */
static uint32_t hash_value(struct value *value) {
    if (value->kind == VALUE_STRING) {
        if (value->hash == 0) {
            uint32_t hash = 2166136261u;
            for (size_t i = 0; i < value->string.bytes; i++) {
                hash = (hash ^ (uint8_t)value->string.text[i]) * 16777619u;
            }
            value->hash = hash | 1u;
        }
        return value->hash;
    }
    if (value_is_number(value)) {
        const double number = value_number(value) + 0.0; /* -0.0 is 0.0 */
        uint64_t bits;
        memcpy(&bits, &number, sizeof(bits));
        return hash_number(bits) | 1u;
    }
    if (value->kind == VALUE_TUPLE) {
        return (uint32_t)value->list.count * 2 + 1;
    }
    return value->kind * 2u + 1;
}

bool value_hashable(const struct value *value) { return value->kind != VALUE_LIST && value->kind != VALUE_DICT; }

/* The entry's number, or count when the key is not there. */
static size_t find(struct heap *heap, const struct value *dict, const struct value *key) {
    if (dict->dict.index == NULL) {
        for (size_t i = 0; i < dict->dict.count; i++) {
            const struct value *other = dict->dict.entries[i].key;
            if (other == key || value_equal(heap, other, key)) {
                return i;
            }
        }
        return dict->dict.count;
    }
    const uint32_t hash = hash_value((struct value *)(uintptr_t)key);
    for (size_t slot = hash & (dict->dict.slots - 1);; slot = (slot + 1) & (dict->dict.slots - 1)) {
        const uint32_t entry = dict->dict.index[slot];
        if (entry == 0 || !heap_step(heap, 1)) {
            return dict->dict.count;
        }
        struct value *other = dict->dict.entries[entry - 1].key;
        if (hash_value(other) == hash && value_equal(heap, other, key)) {
            return entry - 1;
        }
    }
}

static void insert(struct value *dict, size_t entry) {
    size_t slot = hash_value(dict->dict.entries[entry].key) & (dict->dict.slots - 1);
    while (dict->dict.index[slot]) {
        slot = (slot + 1) & (dict->dict.slots - 1);
    }
    dict->dict.index[slot] = (uint32_t)entry + 1;
}

/* Makes the index anew when it is missing or more than half full; or always. */
static bool reindex(struct heap *heap, struct value *dict, bool always) {
    if (dict->dict.count <= FEW) {
        dict->dict.index = NULL;
        return true;
    }
    const bool fits = dict->dict.index && dict->dict.count * 2 <= dict->dict.slots;
    if (fits && !always) {
        insert(dict, dict->dict.count - 1);
        return true;
    }
    if (fits) {
        memset(dict->dict.index, 0, dict->dict.slots * sizeof(uint32_t));
    } else {
        dict->dict.slots = FEW;
        while (dict->dict.slots < dict->dict.count * 4) { /* entries are larger: cannot wrap */
            dict->dict.slots *= 2;
        }
        dict->dict.index = arena_take_array(heap->arena, dict->dict.slots, sizeof(uint32_t), 8);
        if (dict->dict.index == NULL) {
            FAIL(heap, QN_ERR_MEMORY, "no memory left for a dictionary of %zu entries", dict->dict.count);
            return false;
        }
    }
    for (size_t i = 0; i < dict->dict.count; i++) {
        insert(dict, i);
    }
    return heap_step(heap, dict->dict.count / 4);
}

struct value *dict_get(struct heap *heap, const struct value *dict, const struct value *key) {
    const size_t entry = find(heap, dict, key);
    return entry < dict->dict.count ? dict->dict.entries[entry].value : NULL;
}

struct value *dict_get_text(struct heap *heap, const struct value *dict, const char *key, size_t bytes) {
    const struct value name = {.kind = VALUE_STRING, .string = {.text = key, .bytes = bytes}};
    return dict_get(heap, dict, &name);
}

bool dict_set(struct heap *heap, struct value *dict, struct value *key, struct value *value) {
    if (key == NULL || value == NULL) {
        return false;
    }
    if (!value_hashable(key)) {
        WRONG(heap, "unhashable type: '%s'", value_type(key));
        return false;
    }
    const size_t entry = find(heap, dict, key);
    if (heap->failed) {
        return false;
    }
    if (entry < dict->dict.count) {
        dict->dict.entries[entry].value = value;
        return true;
    }
    struct entry *entries =
        heap_grow(heap, dict->dict.entries, dict->dict.count, &dict->dict.capacity, sizeof(struct entry));
    if (entries == NULL) {
        return false;
    }
    dict->dict.entries = entries;
    entries[dict->dict.count++] = (struct entry){key, value};
    return reindex(heap, dict, false);
}

void dict_remove(struct heap *heap, struct value *dict, const struct value *key) {
    const size_t entry = find(heap, dict, key);
    if (entry < dict->dict.count) {
        struct entry *at = dict->dict.entries + entry;
        memmove(at, at + 1, (--dict->dict.count - entry) * sizeof(*at));
        reindex(heap, dict, true);
    }
}

static bool equal_parts(struct heap *heap, const struct value *a, const struct value *b) {
    if (a->kind == VALUE_DICT) {
        if (a->dict.count != b->dict.count) {
            return false;
        }
        for (size_t i = 0; i < a->dict.count; i++) {
            const struct value *other = dict_get(heap, b, a->dict.entries[i].key);
            if (other == NULL || !value_equal(heap, a->dict.entries[i].value, other)) {
                return false;
            }
        }
        return true;
    }
    if (a->list.count != b->list.count) {
        return false;
    }
    for (size_t i = 0; i < a->list.count; i++) {
        if (!value_equal(heap, a->list.items[i], b->list.items[i])) {
            return false;
        }
    }
    return true;
}

bool value_equal(struct heap *heap, const struct value *a, const struct value *b) {
    if (value_is_number(a) && value_is_number(b)) {
        return a->kind == VALUE_FLOAT || b->kind == VALUE_FLOAT ? value_number(a) == value_number(b)
                                                                : a->integer == b->integer;
    }
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case VALUE_UNDEFINED:
    case VALUE_NONE:
        return true;
    case VALUE_STRING:
        if (a->string.bytes != b->string.bytes || !heap_step(heap, a->string.bytes / 64)) {
            return false;
        }
        return memcmp(a->string.text, b->string.text, a->string.bytes) == 0;
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_DICT: {
        if (a == b) {
            return true;
        }
        const bool equal = heap_enter(heap) && equal_parts(heap, a, b);
        heap->depth--;
        return equal;
    }
    default:
        return a == b;
    }
}

static int sign(bool above, bool below) { return (int)above - (int)below; }

static int compare_lists(struct heap *heap, const struct value *a, const struct value *b, const char *operator_name) {
    for (size_t i = 0; i < a->list.count && i < b->list.count && !heap->failed; i++) {
        if (!value_equal(heap, a->list.items[i], b->list.items[i])) {
            return value_compare(heap, a->list.items[i], b->list.items[i], operator_name);
        }
    }
    return sign(a->list.count > b->list.count, a->list.count < b->list.count);
}

int value_compare(struct heap *heap, const struct value *a, const struct value *b, const char *operator_name) {
    if (value_is_number(a) && value_is_number(b)) {
        if (a->kind == VALUE_FLOAT || b->kind == VALUE_FLOAT) {
            return sign(value_number(a) > value_number(b), value_number(a) < value_number(b));
        }
        return sign(a->integer > b->integer, a->integer < b->integer);
    }
    if (a->kind == VALUE_UNDEFINED || b->kind == VALUE_UNDEFINED) {
        fail_undefined(heap, a->kind == VALUE_UNDEFINED ? a : b);
        return 0;
    }
    if (a->kind == VALUE_STRING && b->kind == VALUE_STRING) {
        const size_t bytes = a->string.bytes < b->string.bytes ? a->string.bytes : b->string.bytes;
        const int order = memcmp(a->string.text, b->string.text, bytes);
        heap_step(heap, bytes / 64);
        return order ? order : sign(a->string.bytes > bytes, b->string.bytes > bytes);
    }
    if (a->kind == b->kind && (a->kind == VALUE_LIST || a->kind == VALUE_TUPLE)) {
        const int order = heap_enter(heap) ? compare_lists(heap, a, b, operator_name) : 0;
        heap->depth--;
        return order;
    }
    WRONG(heap, "'%s' not supported between instances of '%s' and '%s'", operator_name, value_type(a), value_type(b));
    return 0;
}
