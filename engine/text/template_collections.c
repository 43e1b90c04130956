/* Methods of lists and dictionaries. */
#include "engine/text/template_interp.h"

#define METHOD(type, name)                                                                                             \
    static struct value *type##_##name##_method(struct interp *interp, struct value *self,                             \
                                                const struct arguments *arguments)

#define UNUSED_ARGUMENTS (void)arguments

METHOD(list, append) { return list_add(&interp->heap, self, arguments->at[0]) ? &interp->heap.none : NULL; }

/* Takes item `at` out. */
static struct value *remove_at(struct value *list, size_t at) {
    struct value *item = list->list.items[at];
    list->list.count--;
    memmove(list->list.items + at, list->list.items + at + 1, (list->list.count - at) * sizeof(struct value *));
    return item;
}

METHOD(list, pop) {
    struct heap *heap = &interp->heap;
    const int64_t given = argument_int(interp, arguments->at[0], -1);
    const int64_t at = given < 0 ? given + (int64_t)self->list.count : given;
    if (at < 0 || (uint64_t)at >= self->list.count) {
        return WRONG(heap, "pop index out of range");
    }
    return heap_step(heap, (self->list.count - (size_t)at) / 16) ? remove_at(self, (size_t)at) : NULL;
}

METHOD(list, insert) {
    struct heap *heap = &interp->heap;
    const int64_t count = (int64_t)self->list.count;
    int64_t at = argument_int(interp, arguments->at[0], 0);
    at = at < 0 ? at + count : at;
    at = at < 0 ? 0 : at > count ? count : at;
    if (!heap_step(heap, (size_t)(count - at) / 16) || !list_add(heap, self, arguments->at[1])) {
        return NULL;
    }
    struct value **place = self->list.items + at;
    memmove(place + 1, place, (size_t)(count - at) * sizeof(*place));
    *place = arguments->at[1];
    return &heap->none;
}

METHOD(list, extend) {
    const struct value *items = value_items(&interp->heap, arguments->at[0]);
    const size_t count = items ? items->list.count : 0; /* now: it may be the list itself */
    for (size_t i = 0; i < count && heap_step(&interp->heap, 1); i++) {
        list_add(&interp->heap, self, items->list.items[i]);
    }
    return &interp->heap.none;
}

/* Index of the first equal item, or the count. */
static size_t find(struct heap *heap, const struct value *list, const struct value *item) {
    size_t at = 0;
    while (at < list->list.count && heap_step(heap, 1) && !value_equal(heap, list->list.items[at], item)) {
        at++;
    }
    return at;
}

METHOD(list, index) {
    const size_t at = find(&interp->heap, self, arguments->at[0]);
    return at < self->list.count ? value_int(&interp->heap, (int64_t)at) : WRONG(&interp->heap, "value is not in list");
}

METHOD(list, remove) {
    const size_t at = find(&interp->heap, self, arguments->at[0]);
    if (at == self->list.count || !heap_step(&interp->heap, (self->list.count - at) / 16)) {
        return WRONG(&interp->heap, "list.remove(x): x not in list");
    }
    remove_at(self, at);
    return &interp->heap.none;
}

METHOD(list, count) {
    int64_t count = 0;
    for (size_t i = 0; i < self->list.count && heap_step(&interp->heap, 1); i++) {
        count += value_equal(&interp->heap, self->list.items[i], arguments->at[0]);
    }
    return value_int(&interp->heap, count);
}

METHOD(list, reverse) {
    UNUSED_ARGUMENTS;
    const size_t count = self->list.count;
    for (size_t i = 0; i < count / 2 && heap_step(&interp->heap, 1); i++) {
        struct value *swap = self->list.items[i];
        self->list.items[i] = self->list.items[count - 1 - i];
        self->list.items[count - 1 - i] = swap;
    }
    return &interp->heap.none;
}

METHOD(list, sort) {
    const struct value *sorted = sort_values(interp, self, self, argument_true(arguments->at[0]));
    if (sorted) {
        self->list = sorted->list;
    }
    return &interp->heap.none;
}

METHOD(list, copy) {
    UNUSED_ARGUMENTS;
    return value_copy(&interp->heap, self, VALUE_LIST);
}

METHOD(list, clear) {
    UNUSED_ARGUMENTS;
    self->list.count = 0;
    return &interp->heap.none;
}

#define ENTRY(type, name, parameters) {#name, type##_##name##_method, parameters}

const struct builtin builtin_list_methods[] = {
    ENTRY(list, append, "object"),   ENTRY(list, pop, "|index"),  ENTRY(list, insert, "index,object"),
    ENTRY(list, extend, "iterable"), ENTRY(list, index, "value"), ENTRY(list, remove, "value"),
    ENTRY(list, count, "value"),     ENTRY(list, reverse, ""),    ENTRY(list, sort, "|reverse"),
    ENTRY(list, copy, ""),           ENTRY(list, clear, ""),      {NULL, NULL, NULL},
};

static bool check_key(struct heap *heap, const struct value *key) {
    return value_hashable(key) || WRONG(heap, "unhashable type: '%s'", value_type(key));
}

METHOD(dict, get) {
    struct heap *heap = &interp->heap;
    struct value *value = check_key(heap, arguments->at[0]) ? dict_get(heap, self, arguments->at[0]) : NULL;
    return value ? value : arguments->at[1] ? arguments->at[1] : &heap->none;
}

METHOD(dict, items) {
    UNUSED_ARGUMENTS;
    return dict_items(interp, self);
}

METHOD(dict, keys) {
    UNUSED_ARGUMENTS;
    return value_copy(&interp->heap, self, VALUE_LIST);
}

METHOD(dict, values) {
    UNUSED_ARGUMENTS;
    struct value *list = value_list(&interp->heap, VALUE_LIST, self->dict.count);
    for (size_t i = 0; list && i < self->dict.count; i++) {
        list_add(&interp->heap, list, self->dict.entries[i].value);
    }
    return list;
}

METHOD(dict, pop) {
    struct heap *heap = &interp->heap;
    struct value *value = check_key(heap, arguments->at[0]) ? dict_get(heap, self, arguments->at[0]) : NULL;
    if (value) {
        dict_remove(heap, self, arguments->at[0]);
        return value;
    }
    return arguments->at[1] ? arguments->at[1] : WRONG(heap, "pop: no such key");
}

METHOD(dict, setdefault) {
    struct heap *heap = &interp->heap;
    struct value *value = check_key(heap, arguments->at[0]) ? dict_get(heap, self, arguments->at[0]) : NULL;
    if (value == NULL) {
        value = arguments->at[1] ? arguments->at[1] : &heap->none;
        dict_set(heap, self, arguments->at[0], value);
    }
    return value;
}

/* What dict(...) of the same arguments has. */
METHOD(dict, update) {
    struct heap *heap = &interp->heap;
    const struct value *other = call_builtin(interp, builtin_find(builtin_globals, "dict", 4), NULL, arguments->call);
    for (size_t i = 0; other && i < other->dict.count && !heap->failed; i++) {
        dict_set(heap, self, other->dict.entries[i].key, other->dict.entries[i].value);
    }
    return &heap->none;
}

METHOD(dict, copy) {
    UNUSED_ARGUMENTS;
    struct value *copy = value_new(&interp->heap, VALUE_DICT);
    for (size_t i = 0; copy && i < self->dict.count && !interp->heap.failed; i++) {
        dict_set(&interp->heap, copy, self->dict.entries[i].key, self->dict.entries[i].value);
    }
    return copy;
}

METHOD(dict, clear) {
    UNUSED_ARGUMENTS;
    self->dict.count = 0;
    self->dict.index = NULL;
    return &interp->heap.none;
}

const struct builtin builtin_dict_methods[] = {
    ENTRY(dict, get, "key|default"), ENTRY(dict, items, ""),
    ENTRY(dict, keys, ""),           ENTRY(dict, values, ""),
    ENTRY(dict, pop, "key|default"), ENTRY(dict, setdefault, "key|default"),
    ENTRY(dict, update, NULL),       ENTRY(dict, copy, ""),
    ENTRY(dict, clear, ""),          {NULL, NULL, NULL},
};
