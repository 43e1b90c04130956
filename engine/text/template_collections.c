/* Methods of lists and dictionaries. */
#include "engine/text/template_interp.h"

#define METHOD(name)                                                                                                   \
    static struct value *method_##name(struct interp *in, struct value *self, const struct arguments *arguments)

/* An index from the end where it is negative, within the list or just behind it. */
static size_t place(struct interp *in, const struct value *list, const struct value *index, ptrdiff_t otherwise) {
    const ptrdiff_t count = (ptrdiff_t)list->list.count;
    ptrdiff_t at = argument_int(in, index, otherwise);
    at += at < 0 ? count : 0;
    return (size_t)(at > count ? count : at); /* one that is still negative is huge */
}

/* Index of the first equal item, or the count. */
static size_t find(struct interp *in, const struct value *list, const struct value *item) {
    size_t at = 0;
    while (at < list->list.count && interp_step(in, 1) && !value_equal(in, list->list.items[at], item)) {
        at++;
    }
    return at;
}

METHOD(insert) { /* and append, which is the variant 1 */
    const size_t given = arguments->variant ? self->list.count : place(in, self, arguments->at[0], 0);
    struct value *item = arguments->at[arguments->variant ? 0 : 1];
    const size_t count = self->list.count;
    const size_t at = given > count ? 0 : given;
    interp_step(in, (count - at) / 16);
    list_add(in, self, item);
    if (!in->failed) {
        struct value **items = self->list.items + at;
        memmove(items + 1, items, (count - at) * sizeof(*items));
        *items = item;
    }
    return &in->none;
}

METHOD(take) { /* pop, or for the variant 1 remove */
    const size_t at = arguments->variant ? find(in, self, arguments->at[0]) : place(in, self, arguments->at[0], -1);
    if (at >= self->list.count || !interp_step(in, (self->list.count - at) / 16)) {
        return fail(in, "pop index out of range, or remove of what is not there");
    }
    struct value **items = self->list.items + at;
    struct value *item = *items;
    memmove(items, items + 1, (--self->list.count - at) * sizeof(*items));
    return arguments->variant ? &in->none : item;
}

METHOD(extend) {
    const struct value *items = value_items(in, arguments->at[0]);
    for (size_t i = 0, count = items->list.count; i < count && interp_step(in, 1); i++) { /* may be the list itself */
        list_add(in, self, items->list.items[i]);
    }
    return &in->none;
}

METHOD(index) {
    const size_t at = find(in, self, arguments->at[0]);
    return at < self->list.count ? value_int(in, (int64_t)at) : fail(in, "value is not in list");
}

METHOD(count) {
    int64_t count = 0;
    for (size_t i = 0; i < self->list.count && interp_step(in, 1); i++) {
        count += value_equal(in, self->list.items[i], arguments->at[0]);
    }
    return value_int(in, count);
}

METHOD(reverse) {
    (void)arguments;
    for (size_t i = 0, j = self->list.count; i + 1 < j && interp_step(in, 1); i++) {
        struct value *swap = self->list.items[i];
        self->list.items[i] = self->list.items[--j];
        self->list.items[j] = swap;
    }
    return &in->none;
}

METHOD(sort) {
    const struct value *sorted = sort_values(in, self, self, argument_true(arguments->at[0]));
    if (!in->failed) {
        self->list = sorted->list;
    }
    return &in->none;
}

METHOD(copy) { /* of a list, or for a dict its keys */
    (void)arguments;
    return value_copy(in, self, VALUE_LIST);
}

METHOD(clear) {
    (void)arguments;
    self->list.count = 0; /* a dict counts there too */
    if (self->kind == VALUE_DICT) {
        self->dict.index = NULL;
    }
    return &in->none;
}

const struct builtin builtin_list_methods[] = {
    {"append", method_insert, "object", 1},   {"insert", method_insert, "index,object", 0},
    {"pop", method_take, "|index", 0},        {"remove", method_take, "value", 1},
    {"extend", method_extend, "iterable", 0}, {"index", method_index, "value", 0},
    {"count", method_count, "value", 0},      {"reverse", method_reverse, "", 0},
    {"sort", method_sort, "|reverse", 0},     {"copy", method_copy, "", 0},
    {"clear", method_clear, "", 0},           {NULL, NULL, NULL, 0},
};

enum { GET, POP, SET_DEFAULT };

METHOD(get) {
    struct value *value = dict_get(in, self, arguments->at[0]);
    struct value *otherwise = arguments->at[1] ? arguments->at[1] : &in->none;
    if (value == NULL && arguments->variant == POP && !arguments->at[1]) {
        fail(in, "pop: no such key");
    }
    if (value == NULL && arguments->variant == SET_DEFAULT) {
        dict_set(in, self, arguments->at[0], otherwise);
    }
    if (value && arguments->variant == POP) {
        dict_remove(in, self, arguments->at[0]);
    }
    return value ? value : otherwise;
}

METHOD(items) {
    (void)arguments;
    return dict_items(in, self);
}

METHOD(values) {
    (void)arguments;
    struct value *list = value_new(in, VALUE_LIST);
    for (size_t i = 0; i < self->dict.count; i++) {
        list_add(in, list, self->dict.entries[i].value);
    }
    return list;
}

METHOD(update) { /* with what dict(...) of the same arguments has */
    dict_merge(in, self, call_builtin(in, builtin_find(builtin_globals, "dict", 4), NULL, arguments->call));
    return &in->none;
}

METHOD(copy_dict) {
    (void)arguments;
    struct value *copy = value_new(in, VALUE_DICT);
    dict_merge(in, copy, self);
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
