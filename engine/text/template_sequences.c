/* Filters of lists and dictionaries. */
#include "engine/text/template_interp.h"

#define FILTER(name)                                                                                                   \
    static struct value *filter_##name(struct interp *interp, struct value *self, const struct arguments *arguments)

#define UNUSED_ARGUMENTS (void)arguments

/* Item by item as jinja2's make_attrgetter: "a.b.0" goes through all of them; names, or null for the item itself. */
static struct value *attribute_path(struct interp *interp, struct value *item, const struct value *path,
                                    struct value *otherwise) {
    struct heap *heap = &interp->heap;
    if (path == NULL || path->kind == VALUE_NONE) {
        return item;
    }
    if (path->kind != VALUE_STRING) {
        item = item_of(interp, item, (struct value *)(uintptr_t)path);
        return otherwise && item && item->kind == VALUE_UNDEFINED ? otherwise : item;
    }
    for (size_t from = 0; item && from <= path->string.bytes;) {
        size_t to = from;
        while (to < path->string.bytes && path->string.text[to] != '.') {
            to++;
        }
        uint64_t index;
        struct value *key = value_slice(heap, path, from, to);
        if (key && integer_read(path->string.text + from, to - from, 10, &index) && index <= INT64_MAX) {
            key = value_int(heap, (int64_t)index);
        }
        item = key && heap_step(heap, 1) ? item_of(interp, item, key) : NULL;
        if (item && item->kind == VALUE_UNDEFINED && otherwise) {
            item = otherwise;
        }
        from = to + 1;
    }
    return item;
}

/* What to sort by: the attribute, of several with commas a tuple, small letters where case does not matter. */
static struct value *sort_key(struct interp *interp, struct value *item, const struct value *path,
                              struct value *otherwise, bool folded) {
    struct heap *heap = &interp->heap;
    size_t comma = SIZE_MAX;
    if (path && path->kind == VALUE_STRING) {
        comma = text_find(heap, path->string.text, path->string.bytes, 0, ",", 1);
    }
    if (comma == SIZE_MAX) {
        struct value *key = attribute_path(interp, item, path, otherwise);
        return folded && key && key->kind == VALUE_STRING ? string_case(interp, key, CASE_LOWER) : key;
    }
    struct value *keys = value_new(heap, VALUE_TUPLE);
    for (size_t from = 0; keys && from <= path->string.bytes && !heap->failed;) {
        comma = text_find(heap, path->string.text, path->string.bytes, from, ",", 1);
        const size_t to = comma == SIZE_MAX ? path->string.bytes : comma;
        const struct value *part = value_slice(heap, path, from, to);
        list_add(heap, keys, part ? sort_key(interp, item, part, otherwise, folded) : NULL);
        from = to + 1;
    }
    return heap->failed ? NULL : keys;
}

static struct value *sort_keys(struct interp *interp, const struct value *items, const struct value *path,
                               struct value *otherwise, bool folded) {
    struct value *keys = value_list(&interp->heap, VALUE_LIST, items->list.count);
    for (size_t i = 0; keys && i < items->list.count && !interp->heap.failed; i++) {
        list_add(&interp->heap, keys, sort_key(interp, items->list.items[i], path, otherwise, folded));
    }
    return interp->heap.failed ? NULL : keys;
}

struct value *sort_values(struct interp *interp, const struct value *items, const struct value *keys, bool reverse) {
    struct heap *heap = &interp->heap;
    const size_t count = items->list.count;
    size_t *order = arena_take_array(heap->arena, count, sizeof(size_t), 8);
    size_t *other = arena_take_array(heap->arena, count, sizeof(size_t), 8);
    struct value *list = value_list(heap, VALUE_LIST, count);
    if (order == NULL || other == NULL) {
        return FAIL(heap, QN_ERR_MEMORY, "no memory left to sort %zu values", count);
    }
    for (size_t i = 0; i < count; i++) {
        order[i] = i;
    }
    for (size_t width = 1; width < count; width *= 2) { /* merges runs of that width: stable, no recursion */
        for (size_t start = 0; start < count; start += 2 * width) {
            size_t a = start;
            const size_t a_end = start + width < count ? start + width : count;
            size_t b = a_end;
            const size_t b_end = a_end + width < count ? a_end + width : count;
            for (size_t to = start; to < b_end; to++) {
                bool second = a == a_end;
                if (!second && b < b_end) {
                    const int sign = value_compare(heap, keys->list.items[order[b]], keys->list.items[order[a]], "<");
                    second = reverse ? sign > 0 : sign < 0;
                }
                if (!heap_step(heap, 1)) {
                    return NULL;
                }
                other[to] = second ? order[b++] : order[a++];
            }
        }
        size_t *swap = order;
        order = other;
        other = swap;
    }
    for (size_t i = 0; i < count; i++) {
        list_add(heap, list, items->list.items[order[i]]);
    }
    return heap->failed ? NULL : list;
}

FILTER(sort) {
    const struct value *items = value_items(&interp->heap, self);
    const struct value *keys =
        items ? sort_keys(interp, items, arguments->at[2], NULL, !argument_true(arguments->at[1])) : NULL;
    return keys ? sort_values(interp, items, keys, argument_true(arguments->at[0])) : NULL;
}

struct value *dict_items(struct interp *interp, const struct value *dict) {
    struct heap *heap = &interp->heap;
    struct value *list = value_list(heap, VALUE_LIST, dict->dict.count);
    for (size_t i = 0; i < dict->dict.count && !heap->failed; i++) {
        list_add(heap, list, value_pair(heap, dict->dict.entries[i].key, dict->dict.entries[i].value));
    }
    return heap->failed ? NULL : list;
}

static struct value *generated(struct heap *heap, struct value *list) {
    if (list) {
        list->flags |= FLAG_GENERATOR;
    }
    return heap->failed ? NULL : list;
}

FILTER(items) {
    UNUSED_ARGUMENTS;
    struct heap *heap = &interp->heap;
    if (self->kind == VALUE_UNDEFINED) {
        return generated(heap, value_new(heap, VALUE_LIST));
    }
    return self->kind == VALUE_DICT ? generated(heap, dict_items(interp, self))
                                    : WRONG(heap, "Can only get item pairs from a mapping.");
}

FILTER(dictsort) {
    struct heap *heap = &interp->heap;
    const struct value *by = arguments->at[1];
    if (self->kind != VALUE_DICT) {
        return self->kind == VALUE_UNDEFINED ? fail_undefined(heap, self)
                                             : WRONG(heap, "'%s' object has no attribute 'items'", value_type(self));
    }
    if (by && !value_is_text(by, "key") && !value_is_text(by, "value")) {
        return WRONG(heap, "You can only sort by either \"key\" or \"value\"");
    }
    const struct value *items = dict_items(interp, self);
    const struct value *path = value_int(heap, by && value_is_text(by, "value"));
    const struct value *keys =
        items && path ? sort_keys(interp, items, path, NULL, !argument_true(arguments->at[0])) : NULL;
    return keys ? sort_values(interp, items, keys, argument_true(arguments->at[2])) : NULL;
}

FILTER(groupby) {
    struct heap *heap = &interp->heap;
    const struct value *path = arguments->at[0];
    const bool folded = !argument_true(arguments->at[2]);
    const struct value *items = value_items(heap, self);
    const struct value *keys = items ? sort_keys(interp, items, path, arguments->at[1], folded) : NULL;
    items = keys ? sort_values(interp, items, keys, false) : NULL;
    struct value *groups = value_new(heap, VALUE_LIST);
    struct value *group = NULL;
    const struct value *last = NULL;
    for (size_t i = 0; items && i < items->list.count && !heap->failed; i++) {
        struct value *item = items->list.items[i];
        const struct value *key = sort_key(interp, item, path, arguments->at[1], folded);
        if (key && (last == NULL || !value_equal(heap, last, key))) {
            group = value_new(heap, VALUE_LIST);
            struct value *pair = value_pair(heap, sort_key(interp, item, path, arguments->at[1], false), group);
            if (pair) {
                pair->flags |= FLAG_GROUP;
            }
            list_add(heap, groups, pair);
            last = key;
        }
        if (!heap->failed) {
            list_add(heap, group, item);
        }
    }
    return items && !heap->failed ? groups : NULL;
}

FILTER(unique) {
    struct heap *heap = &interp->heap;
    const struct value *items = value_items(heap, self);
    const struct value *keys =
        items ? sort_keys(interp, items, arguments->at[1], NULL, !argument_true(arguments->at[0])) : NULL;
    struct value *seen = value_new(heap, VALUE_DICT);
    struct value *list = value_new(heap, VALUE_LIST);
    for (size_t i = 0; keys && i < items->list.count && !heap->failed; i++) {
        const size_t before = seen->dict.count;
        dict_set(heap, seen, keys->list.items[i], keys->list.items[i]);
        if (seen->dict.count > before) {
            list_add(heap, list, items->list.items[i]);
        }
    }
    return generated(heap, list);
}

static struct value *extreme(struct interp *interp, struct value *self, const struct arguments *arguments, int sign) {
    struct heap *heap = &interp->heap;
    const struct value *items = value_items(heap, self);
    const struct value *keys =
        items ? sort_keys(interp, items, arguments->at[1], NULL, !argument_true(arguments->at[0])) : NULL;
    if (keys == NULL) {
        return NULL;
    }
    size_t best = 0;
    for (size_t i = 1; i < keys->list.count && heap_step(heap, 1); i++) {
        const int order = value_compare(heap, keys->list.items[i], keys->list.items[best], sign < 0 ? "<" : ">");
        best = sign < 0 ? (order < 0 ? i : best) : (order > 0 ? i : best);
    }
    return items->list.count ? items->list.items[best] : value_undefined(heap, "min or max", 10, "empty sequence");
}

FILTER(min) { return extreme(interp, self, arguments, -1); }

FILTER(max) { return extreme(interp, self, arguments, 1); }

FILTER(sum) {
    const struct value *items = value_items(&interp->heap, self);
    struct value *sum = arguments->at[1] ? arguments->at[1] : value_int(&interp->heap, 0);
    for (size_t i = 0; items && sum && i < items->list.count; i++) {
        struct value *item = attribute_path(interp, items->list.items[i], arguments->at[0], NULL);
        sum = item ? operate(interp, '+', sum, item) : NULL;
    }
    return items ? sum : NULL;
}

static struct value *end_item(struct interp *interp, struct value *self, bool last) {
    const struct value *items = value_items(&interp->heap, self);
    if (items && items->list.count == 0) {
        return value_undefined(&interp->heap, last ? "last" : "first", last ? 4 : 5, "empty sequence");
    }
    return items ? items->list.items[last ? items->list.count - 1 : 0] : NULL;
}

FILTER(first) {
    UNUSED_ARGUMENTS;
    return end_item(interp, self, false);
}

FILTER(last) {
    UNUSED_ARGUMENTS;
    return end_item(interp, self, true);
}

FILTER(list) {
    UNUSED_ARGUMENTS;
    return value_copy(&interp->heap, self, VALUE_LIST);
}

FILTER(join) {
    struct heap *heap = &interp->heap;
    const struct value *items = value_items(heap, self);
    const struct value *separator = arguments->at[0] ? value_string(heap, arguments->at[0]) : NULL;
    if (items && arguments->at[1]) {
        items = sort_keys(interp, items, arguments->at[1], NULL, false);
    }
    return items && !heap->failed ? string_join(interp, separator, items) : NULL;
}

FILTER(reverse) {
    UNUSED_ARGUMENTS;
    struct heap *heap = &interp->heap;
    const struct value *items = value_items(heap, self);
    struct value *list = items ? value_list(heap, VALUE_LIST, items->list.count) : NULL;
    for (size_t i = items ? items->list.count : 0; list && i-- > 0;) {
        list_add(heap, list, items->list.items[i]);
    }
    if (list && self->kind == VALUE_STRING) {
        return string_join(interp, NULL, list);
    }
    return generated(heap, list);
}

FILTER(batch) {
    struct heap *heap = &interp->heap;
    const struct value *items = value_items(heap, self);
    const int64_t size = argument_int(interp, arguments->at[0], 1);
    struct value *list = value_new(heap, VALUE_LIST);
    struct value *part = NULL;
    for (size_t i = 0; items && i < items->list.count && !heap->failed; i++) {
        if (part == NULL || (int64_t)part->list.count == size) {
            part = value_new(heap, VALUE_LIST);
            list_add(heap, list, part);
        }
        if (part) {
            list_add(heap, part, items->list.items[i]);
        }
    }
    while (part && arguments->at[1] && (int64_t)part->list.count < size && heap_step(heap, 1)) {
        list_add(heap, part, arguments->at[1]);
    }
    return generated(heap, list);
}

/* The call without its first arguments. */
static struct value *rest_of(struct heap *heap, const struct call *call, size_t from) {
    struct value *rest = value_new(heap, VALUE_LIST);
    for (size_t i = from; rest && i < call->positional->list.count; i++) {
        list_add(heap, rest, call->positional->list.items[i]);
    }
    return rest;
}

FILTER(map) {
    struct heap *heap = &interp->heap;
    if (!value_true(self)) { /* none too */
        return generated(heap, value_new(heap, VALUE_LIST));
    }
    const struct call *call = arguments->call;
    const struct value *items = value_items(heap, self);
    struct value *list = value_new(heap, VALUE_LIST);
    const struct value *path = call->named ? dict_get_text(heap, call->named, "attribute", 9) : NULL;
    const struct builtin *filter = NULL;
    struct call inner = {rest_of(heap, call, 1), call->named};
    if (items == NULL || heap->failed) {
        return NULL;
    }
    if (call->positional->list.count) {
        const struct value *name = argument_string(interp, call->positional->list.items[0]);
        filter = name ? filter_find(name->string.text, name->string.bytes) : NULL;
        if (filter == NULL) {
            return WRONG(heap, "map() got the name of a filter that does not exist");
        }
    } else if (path == NULL) {
        return WRONG(heap, "map requires a filter argument");
    }
    struct value *otherwise = call->named ? dict_get_text(heap, call->named, "default", 7) : NULL;
    for (size_t i = 0; i < items->list.count && heap_step(heap, 1); i++) {
        struct value *item = items->list.items[i];
        list_add(heap, list,
                 filter ? call_builtin(interp, filter, item, &inner) : attribute_path(interp, item, path, otherwise));
    }
    return generated(heap, list);
}

static struct value *select(struct interp *interp, struct value *self, const struct arguments *arguments,
                            bool attribute, bool wanted) {
    struct heap *heap = &interp->heap;
    if (!value_true(self)) { /* none too */
        return generated(heap, value_new(heap, VALUE_LIST));
    }
    const struct call *call = arguments->call;
    const struct value *items = value_items(heap, self);
    struct value *list = value_new(heap, VALUE_LIST);
    struct call inner = {rest_of(heap, call, attribute + 1u), call->named};
    const size_t given = call->positional->list.count;
    if (items == NULL || heap->failed) {
        return NULL;
    }
    if (attribute && given == 0) {
        return WRONG(heap, "Missing parameter for attribute name");
    }
    const struct builtin *test = NULL;
    if (given > attribute) {
        const struct value *name = argument_string(interp, call->positional->list.items[attribute]);
        test = name ? builtin_find(builtin_tests, name->string.text, name->string.bytes) : NULL;
        if (test == NULL) {
            return WRONG(heap, "select() got the name of a test that does not exist");
        }
    }
    for (size_t i = 0; i < items->list.count && heap_step(heap, 1); i++) {
        struct value *item = items->list.items[i];
        struct value *tested = attribute ? attribute_path(interp, item, call->positional->list.items[0], NULL) : item;
        const struct value *result = tested && test ? call_builtin(interp, test, tested, &inner) : tested;
        if (result && value_true(result) == wanted) {
            list_add(heap, list, item);
        }
    }
    return generated(heap, list);
}

FILTER(select) { return select(interp, self, arguments, false, true); }

FILTER(reject) { return select(interp, self, arguments, false, false); }

FILTER(selectattr) { return select(interp, self, arguments, true, true); }

FILTER(rejectattr) { return select(interp, self, arguments, true, false); }

const struct builtin builtin_sequence_filters[] = {
    {"join", filter_join, "|d,attribute"},
    {"items", filter_items, ""},
    {"list", filter_list, ""},
    {"first", filter_first, ""},
    {"last", filter_last, ""},
    {"map", filter_map, NULL},
    {"select", filter_select, NULL},
    {"reject", filter_reject, NULL},
    {"selectattr", filter_selectattr, NULL},
    {"rejectattr", filter_rejectattr, NULL},
    {"dictsort", filter_dictsort, "|case_sensitive,by,reverse"},
    {"sort", filter_sort, "|reverse,case_sensitive,attribute"},
    {"unique", filter_unique, "|case_sensitive,attribute"},
    {"groupby", filter_groupby, "attribute|default,case_sensitive"},
    {"min", filter_min, "|case_sensitive,attribute"},
    {"max", filter_max, "|case_sensitive,attribute"},
    {"sum", filter_sum, "|attribute,start"},
    {"reverse", filter_reverse, ""},
    {"batch", filter_batch, "linecount|fill_with"},
    {NULL, NULL, NULL},
};
