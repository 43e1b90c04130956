/* Dicts: an array of entries in insertion order, and a hash index once there are more than a few. Equality and order of
 * values are here too, because dicts compare keys and comparing dicts looks keys up. */
#include "engine/text/json/value_dict.h"

#define LINEAR_MAX 8u /* more entries than this have an index */

/* Equal values have equal hashes: 1, 1.0 and true are equal. */
static uint32_t hash_value(struct value *value) {
    const uint8_t *bytes = (const uint8_t *)value->string.text;
    size_t count = value->string.bytes;
    double number;
    if (value->kind != VALUE_STRING) {
        number = value_is(value, NUMBERS) ? value_number(value) + 0.0 : value->kind; /* -0.0 hashes like 0.0 */
        bytes = (const uint8_t *)&number;
        count = sizeof(number);
    } else if (value->hash) {
        return value->hash;
    }
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < count; i++) {
        hash = (hash ^ bytes[i]) * 16777619u;
    }
    hash ^= hash >> 16;
    if (value->kind == VALUE_STRING) {
        value->hash = hash;
    }
    return hash;
}

/* Returns the entry's number; the count if the key is absent. */
static size_t find(struct sandbox *box, const struct value *dict, const struct value *key) {
    const size_t count = dict->dict.count;
    if (value_is(key, KIND(LIST) | KIND(DICT))) {
        value_fail_type(box, "unhashable type: '%.*s'", key);
    }
    if (dict->dict.index == NULL) {
        for (size_t i = 0; i < count && !box->failed; i++) {
            if (value_equal(box, dict->dict.entries[i].key, key)) {
                return i;
            }
        }
        return count;
    }
    const uint32_t hash = hash_value((struct value *)(uintptr_t)key);
    for (size_t slot = hash;; slot++) { /* ends: at most half of the slots are in use */
        const uint32_t entry = dict->dict.index[slot & (dict->dict.slots - 1)];
        if (entry == 0 || !sandbox_step(box, 1)) {
            return count;
        }
        struct value *other = dict->dict.entries[entry - 1].key;
        if (hash_value(other) == hash && value_equal(box, other, key)) {
            return entry - 1;
        }
    }
}

static void insert(struct sandbox *box, struct value *dict, size_t entry) {
    const size_t first = hash_value(dict->dict.entries[entry].key);
    size_t slot = first;
    while (dict->dict.index[slot & (dict->dict.slots - 1)]) {
        slot++;
    }
    dict->dict.index[slot & (dict->dict.slots - 1)] = (uint32_t)entry + 1;
    sandbox_step(box, (slot - first + 7) / 8);
}

/* Rebuilds the index if there are more than a few entries. */
static void rebuild_index(struct sandbox *box, struct value *dict) {
    const size_t count = dict->dict.count;
    if (dict->dict.index == NULL || count * 2 > dict->dict.slots) {
        size_t slots = LINEAR_MAX;
        while (slots < count * 4) { /* cannot overflow: entries are larger and in memory already */
            slots *= 2;
        }
        dict->dict.slots = slots;
        dict->dict.index = count > LINEAR_MAX ? sandbox_take(box, slots, sizeof(uint32_t)) : NULL;
    }
    if (dict->dict.index == NULL) {
        return;
    }
    memset(dict->dict.index, 0, dict->dict.slots * sizeof(uint32_t));
    for (size_t i = 0; i < count; i++) {
        insert(box, dict, i);
    }
}

struct value *dict_get(struct sandbox *box, const struct value *dict, const struct value *key) {
    const size_t entry = find(box, dict, key);
    return entry < dict->dict.count ? dict->dict.entries[entry].value : NULL;
}

struct value *dict_get_text(struct sandbox *box, const struct value *dict, const char *key, size_t bytes) {
    const struct value name = {.kind = VALUE_STRING, .string = {.text = key, .bytes = bytes}};
    return dict_get(box, dict, &name);
}

void dict_set(struct sandbox *box, struct value *dict, struct value *key, struct value *value) {
    const size_t entry = find(box, dict, key);
    struct entry *entries =
        sandbox_grow(box, dict->dict.entries, dict->dict.count, &dict->dict.capacity, sizeof(struct entry));
    if (entries == NULL || box->failed) {
        return;
    }
    dict->dict.entries = entries;
    if (entry < dict->dict.count) {
        entries[entry].value = value;
        return;
    }
    entries[dict->dict.count++] = (struct entry){key, value};
    if (dict->dict.index == NULL || dict->dict.count * 2 > dict->dict.slots) {
        rebuild_index(box, dict);
        return;
    }
    insert(box, dict, dict->dict.count - 1);
}

void dict_remove(struct sandbox *box, struct value *dict, const struct value *key) {
    const size_t entry = find(box, dict, key);
    if (entry < dict->dict.count) {
        struct entry *at = dict->dict.entries + entry;
        memmove(at, at + 1, (--dict->dict.count - entry) * sizeof(*at));
        rebuild_index(box, dict);
    }
}

void dict_merge(struct sandbox *box, struct value *dict, const struct value *other) {
    for (size_t i = 0; i < other->dict.count && !box->failed; i++) {
        dict_set(box, dict, other->dict.entries[i].key, other->dict.entries[i].value);
    }
}

struct value *dict_items(struct sandbox *box, const struct value *dict) {
    struct value *list = value_new(box, VALUE_LIST);
    for (size_t i = 0; i < dict->dict.count && !box->failed; i++) {
        list_add(box, list, value_pair(box, dict->dict.entries[i].key, dict->dict.entries[i].value));
    }
    return list;
}

static bool equal_items(struct sandbox *box, const struct value *a, const struct value *b) {
    const bool dict = a->kind == VALUE_DICT;
    if (a->list.count != b->list.count) { /* also of a dict */
        return false;
    }
    for (size_t i = 0; i < a->list.count; i++) {
        const struct value *item = dict ? a->dict.entries[i].value : a->list.items[i];
        const struct value *other = dict ? dict_get(box, b, a->dict.entries[i].key) : b->list.items[i];
        if (other == NULL || !value_equal(box, item, other)) {
            return false;
        }
    }
    return true;
}
static int sign(bool above, bool below) { return (int)above - (int)below; }

bool value_equal(struct sandbox *box, const struct value *a, const struct value *b) {
    if (value_is(a, NUMBERS) && value_is(b, NUMBERS)) {
        return value_compare(box, a, b) == 0;
    }
    if (a->kind != b->kind || a == b) {
        return a == b;
    }
    if (a->kind == VALUE_STRING) {
        return a->string.bytes == b->string.bytes && sandbox_step(box, a->string.bytes / 64) &&
               memcmp(a->string.text, b->string.text, a->string.bytes) == 0;
    }
    if (value_is(a, LISTS | KIND(DICT))) {
        const bool equal = sandbox_enter(box) && equal_items(box, a, b);
        box->depth--;
        return equal;
    }
    return value_is(a, KIND(UNDEFINED) | KIND(NONE));
}

int value_compare(struct sandbox *box, const struct value *a, const struct value *b) {
    if (value_is(a, NUMBERS) && value_is(b, NUMBERS)) {
        if (a->kind == VALUE_FLOAT || b->kind == VALUE_FLOAT) {
            return sign(value_number(a) > value_number(b), value_number(a) < value_number(b));
        }
        return sign(a->integer > b->integer, a->integer < b->integer);
    }
    int order = 0;
    if (a->kind == VALUE_STRING && b->kind == VALUE_STRING) {
        const size_t bytes = a->string.bytes < b->string.bytes ? a->string.bytes : b->string.bytes;
        order = bytes && sandbox_step(box, bytes / 64) ? memcmp(a->string.text, b->string.text, bytes) : 0;
        return order ? order : sign(a->string.bytes > bytes, b->string.bytes > bytes);
    }
    if (a->kind == b->kind && value_is(a, LISTS)) {
        const bool entered = sandbox_enter(box);
        for (size_t i = 0; entered && i < a->list.count && i < b->list.count && order == 0; i++) {
            if (!value_equal(box, a->list.items[i], b->list.items[i])) {
                order = value_compare(box, a->list.items[i], b->list.items[i]);
            }
        }
        box->depth--;
        return order ? order : sign(a->list.count > b->list.count, a->list.count < b->list.count);
    }
    if (a->kind == VALUE_UNDEFINED || b->kind == VALUE_UNDEFINED) {
        value_fail_undefined(box, a->kind == VALUE_UNDEFINED ? a : b);
    }
    value_fail_type(box, "a '%.*s' cannot be ordered with the other value", a);
    return 0;
}
