/* Methods of lists and dicts. */
#include "engine/text/template/collection_methods.h"

#include "engine/text/json/value_dict.h"
#include "engine/text/template/globals.h"
#include "engine/text/template/sort.h"

#define METHOD(name)                                                                                                   \
    static struct value *method_##name(struct sandbox *box, struct value *self, const struct arguments *arguments)

/* Resolves an index, which counts from the end if it is negative. Returns at most the list's length. */
static size_t resolve_index(struct sandbox *box, const struct value *list, const struct value *index,
                            ptrdiff_t otherwise) {
    const ptrdiff_t count = (ptrdiff_t)list->list.count;
    ptrdiff_t at = argument_int(box, index, otherwise);
    at += at < 0 ? count : 0;
    return (size_t)(at > count ? count : at); /* an index that is still negative becomes huge */
}

/* Returns the index of the first equal item; the count if there is none. */
static size_t find(struct sandbox *box, const struct value *list, const struct value *item) {
    size_t at = 0;
    while (at < list->list.count && sandbox_step(box, 1) && !value_equal(box, list->list.items[at], item)) {
        at++;
    }
    return at;
}

METHOD(insert) { /* append is variant 1 */
    const size_t given = arguments->variant ? self->list.count : resolve_index(box, self, arguments->at[0], 0);
    struct value *item = arguments->at[arguments->variant ? 0 : 1];
    const size_t count = self->list.count;
    const size_t at = given > count ? 0 : given;
    sandbox_step(box, (count - at) / 16);
    list_add(box, self, item);
    if (!box->failed) {
        struct value **items = self->list.items + at;
        memmove(items + 1, items, (count - at) * sizeof(*items));
        *items = item;
    }
    return &box->none;
}

METHOD(remove) { /* pop; remove is variant 1 */
    const size_t at =
        arguments->variant ? find(box, self, arguments->at[0]) : resolve_index(box, self, arguments->at[0], -1);
    if (at >= self->list.count || !sandbox_step(box, (self->list.count - at) / 16)) {
        return sandbox_fail(box, "pop index out of range, or removed value not in list");
    }
    struct value **items = self->list.items + at;
    struct value *item = *items;
    memmove(items, items + 1, (--self->list.count - at) * sizeof(*items));
    return arguments->variant ? &box->none : item;
}

METHOD(extend) {
    const struct value *items = value_items(box, arguments->at[0]);
    for (size_t i = 0, count = items->list.count; i < count && sandbox_step(box, 1);
         i++) { /* items may be the list itself */
        list_add(box, self, items->list.items[i]);
    }
    return &box->none;
}

METHOD(index) {
    const size_t at = find(box, self, arguments->at[0]);
    return at < self->list.count ? value_int(box, (int64_t)at) : sandbox_fail(box, "value is not in list");
}

METHOD(count) {
    int64_t count = 0;
    for (size_t i = 0; i < self->list.count && sandbox_step(box, 1); i++) {
        count += value_equal(box, self->list.items[i], arguments->at[0]);
    }
    return value_int(box, count);
}

METHOD(reverse) {
    (void)arguments;
    for (size_t i = 0, j = self->list.count; i + 1 < j && sandbox_step(box, 1); i++) {
        struct value *swap = self->list.items[i];
        self->list.items[i] = self->list.items[--j];
        self->list.items[j] = swap;
    }
    return &box->none;
}

METHOD(sort) {
    const struct value *sorted = sort_values(box, self, self, argument_true(arguments->at[0]));
    if (!box->failed) {
        self->list = sorted->list;
    }
    return &box->none;
}

METHOD(copy) { /* list.copy, and dict.keys */
    (void)arguments;
    return value_copy(box, self, VALUE_LIST);
}

METHOD(clear) {
    (void)arguments;
    self->list.count = 0; /* also of a dict */
    if (self->kind == VALUE_DICT) {
        self->dict.index = NULL;
    }
    return &box->none;
}

const struct builtin builtin_list_methods[] = {
    {"append", method_insert, "object", 1},   {"insert", method_insert, "index,object", 0},
    {"pop", method_remove, "|index", 0},      {"remove", method_remove, "value", 1},
    {"extend", method_extend, "iterable", 0}, {"index", method_index, "value", 0},
    {"count", method_count, "value", 0},      {"reverse", method_reverse, "", 0},
    {"sort", method_sort, "|reverse", 0},     {"copy", method_copy, "", 0},
    {"clear", method_clear, "", 0},           {NULL, NULL, NULL, 0},
};

enum { GET, POP, SET_DEFAULT };

METHOD(get) {
    struct value *value = dict_get(box, self, arguments->at[0]);
    struct value *otherwise = arguments->at[1] ? arguments->at[1] : &box->none;
    if (value == NULL && arguments->variant == POP && !arguments->at[1]) {
        sandbox_fail(box, "pop: no such key");
    }
    if (value == NULL && arguments->variant == SET_DEFAULT) {
        dict_set(box, self, arguments->at[0], otherwise);
    }
    if (value && arguments->variant == POP) {
        dict_remove(box, self, arguments->at[0]);
    }
    return value ? value : otherwise;
}

METHOD(items) {
    (void)arguments;
    return dict_items(box, self);
}

METHOD(values) {
    (void)arguments;
    struct value *list = value_new(box, VALUE_LIST);
    for (size_t i = 0; i < self->dict.count; i++) {
        list_add(box, list, self->dict.entries[i].value);
    }
    return list;
}

METHOD(update) { /* takes the same arguments as dict(...) */
    dict_merge(box, self, dict_of_call(box, arguments->call));
    return &box->none;
}

METHOD(copy_dict) {
    (void)arguments;
    struct value *copy = value_new(box, VALUE_DICT);
    dict_merge(box, copy, self);
    return copy;
}

const struct builtin builtin_dict_methods[] = {
    {"get", method_get, "key|default", GET},
    {"items", method_items, "", 0},
    {"keys", method_copy, "", 0},
    {"values", method_values, "", 0},
    {"pop", method_get, "key|default", POP},
    {"setdefault", method_get, "key|default", SET_DEFAULT},
    {"update", method_update, NULL, 0},
    {"copy", method_copy_dict, "", 0},
    {"clear", method_clear, "", 0},
    {NULL, NULL, NULL, 0},
};
