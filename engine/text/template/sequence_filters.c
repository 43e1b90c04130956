/* Filters of lists and dicts. */
#include "engine/text/template/sequence_filters.h"

#include "engine/text/json/number.h"
#include "engine/text/json/value_dict.h"
#include "engine/text/json/value_print.h"
#include "engine/text/template/builtin_lookup.h"
#include "engine/text/template/evaluate.h"
#include "engine/text/template/operators.h"
#include "engine/text/template/sort.h"
#include "engine/text/template/string_functions.h"

#define FILTER(name)                                                                                                   \
    static struct value *filter_##name(struct sandbox *box, struct value *self, const struct arguments *arguments)

/* Follows a path such as "a.b.0" part by part, as jinja2's make_attrgetter does. A null path means the item itself. */
static struct value *attribute_path(struct sandbox *box, struct value *item, struct value *path,
                                    struct value *otherwise) {
    if (path == NULL || path->kind == VALUE_NONE) {
        return item;
    }
    const bool string = path->kind == VALUE_STRING;
    const size_t bytes = string ? path->string.bytes : 0;
    for (size_t from = 0, to; from <= bytes && sandbox_step(box, 1); from = to + 1) {
        uint64_t index;
        to = from;
        while (to < bytes && path->string.text[to] != '.') {
            to++;
        }
        struct value *key = string ? value_slice(box, path, from, to) : path;
        if (string && integer_read(path->string.text + from, to - from, 10, &index) && index < INT32_MAX) {
            key = value_int(box, (int64_t)index);
        }
        item = item_of(box, item, key);
        if (item->kind == VALUE_UNDEFINED && otherwise) {
            item = otherwise;
        }
    }
    return item;
}

/* The key to sort by: the attribute at the path, or a tuple for several paths with commas between them; in lower case
 * if `folded`. */
static struct value *sort_key(struct sandbox *box, struct value *item, struct value *path, struct value *otherwise,
                              bool folded) {
    struct value *keys = value_new(box, VALUE_TUPLE);
    const bool string = path && path->kind == VALUE_STRING;
    const size_t bytes = string ? path->string.bytes : 0;
    struct value *key = &box->scrap;
    for (size_t from = 0, to; from <= bytes && !box->failed; from = to + 1) {
        to = from;
        while (to < bytes && path->string.text[to] != ',') {
            to++;
        }
        key = attribute_path(box, item, string ? value_slice(box, path, from, to) : path, otherwise);
        key = folded && key->kind == VALUE_STRING ? string_case(box, key, CASE_LOWER) : key;
        list_add(box, keys, key);
    }
    return keys->list.count == 1 ? key : keys;
}

static struct value *sort_keys(struct sandbox *box, const struct value *items, struct value *path,
                               struct value *otherwise, bool folded) {
    struct value *keys = value_new(box, VALUE_LIST);
    for (size_t i = 0; i < items->list.count && !box->failed; i++) {
        list_add(box, keys, sort_key(box, items->list.items[i], path, otherwise, folded));
    }
    return keys;
}

FILTER(sort) {
    const struct value *items = value_items(box, self);
    return sort_values(box, items, sort_keys(box, items, arguments->at[2], NULL, !argument_true(arguments->at[1])),
                       argument_true(arguments->at[0]));
}

static struct value *generator(struct sandbox *box) {
    struct value *list = value_new(box, VALUE_LIST);
    list->flags = box->failed ? 0 : FLAG_GENERATOR;
    return list;
}

FILTER(items) {
    (void)arguments;
    struct value *list = generator(box);
    if (self->kind == VALUE_DICT) {
        list->list = dict_items(box, self)->list;
    } else if (self->kind != VALUE_UNDEFINED) {
        sandbox_fail(box, "Can only get item pairs from a mapping.");
    }
    return list;
}

FILTER(dictsort) {
    const struct value *by = arguments->at[1];
    const bool value = by && value_is_text(by, "value");
    if (self->kind != VALUE_DICT || (by && !value && !value_is_text(by, "key"))) {
        return value_fail_type(box, "dictsort sorts a dict by \"key\" or \"value\", not '%.*s'", self);
    }
    const struct value *items = dict_items(box, self);
    return sort_values(box, items, sort_keys(box, items, value_int(box, value), NULL, !argument_true(arguments->at[0])),
                       argument_true(arguments->at[2]));
}

FILTER(groupby) {
    struct value *path = arguments->at[0];
    struct value *otherwise = arguments->at[1];
    const bool folded = !argument_true(arguments->at[2]);
    const struct value *items = value_items(box, self);
    items = sort_values(box, items, sort_keys(box, items, path, otherwise, folded), false);
    struct value *groups = value_new(box, VALUE_LIST);
    struct value *group = &box->scrap;
    const struct value *last = NULL;
    for (size_t i = 0; i < items->list.count && !box->failed; i++) {
        struct value *item = items->list.items[i];
        const struct value *key = sort_key(box, item, path, otherwise, folded);
        if (last == NULL || !value_equal(box, last, key)) {
            group = value_new(box, VALUE_LIST);
            struct value *pair = value_pair(box, sort_key(box, item, path, otherwise, false), group);
            pair->flags = box->failed ? 0 : FLAG_GROUP;
            list_add(box, groups, pair);
            last = key;
        }
        list_add(box, group, item);
    }
    return groups;
}

FILTER(unique) {
    const struct value *items = value_items(box, self);
    const struct value *keys = sort_keys(box, items, arguments->at[1], NULL, !argument_true(arguments->at[0]));
    struct value *seen = value_new(box, VALUE_DICT);
    struct value *list = generator(box);
    for (size_t i = 0; i < keys->list.count && !box->failed; i++) {
        const size_t before = seen->dict.count;
        dict_set(box, seen, keys->list.items[i], keys->list.items[i]);
        if (seen->dict.count > before) {
            list_add(box, list, items->list.items[i]);
        }
    }
    return list;
}

/* The item at an index; undefined if the list is too short. */
static struct value *item_or_undefined(struct sandbox *box, const struct value *items, size_t index) {
    return index < items->list.count ? items->list.items[index]
                                     : value_undefined(box, value_name(box, "item of an empty sequence"), NULL);
}

FILTER(extreme) { /* min and max; the variant is -1 or 1 */
    const struct value *items = value_items(box, self);
    const struct value *keys = sort_keys(box, items, arguments->at[1], NULL, !argument_true(arguments->at[0]));
    size_t best = 0;
    for (size_t i = 1; i < keys->list.count && sandbox_step(box, 1); i++) {
        const int order = value_compare(box, keys->list.items[i], keys->list.items[best]);
        best = order * (int)arguments->variant > 0 ? i : best;
    }
    return item_or_undefined(box, items, best);
}

FILTER(sum) {
    const struct value *items = value_items(box, self);
    struct value *sum = arguments->at[1] ? arguments->at[1] : value_int(box, 0);
    for (size_t i = 0; i < items->list.count && sandbox_step(box, 1); i++) {
        sum = operate(box, '+', sum, attribute_path(box, items->list.items[i], arguments->at[0], NULL));
    }
    return sum;
}

FILTER(end) { /* first; last is variant 1 */
    const struct value *items = value_items(box, self);
    return item_or_undefined(box, items, arguments->variant ? items->list.count - 1 : 0);
}

FILTER(list) {
    (void)arguments;
    return value_copy(box, self, VALUE_LIST);
}

FILTER(join) {
    const struct value *items = value_items(box, self);
    if (arguments->at[1]) {
        items = sort_keys(box, items, arguments->at[1], NULL, false);
    }
    return string_join(box, arguments->at[0] ? value_string(box, arguments->at[0]) : NULL, items);
}

FILTER(reverse) {
    (void)arguments;
    const struct value *items = value_items(box, self);
    struct value *list = generator(box);
    for (size_t i = items->list.count; i-- > 0;) {
        list_add(box, list, items->list.items[i]);
    }
    return self->kind == VALUE_STRING ? string_join(box, NULL, list) : list;
}

FILTER(batch) {
    const struct value *items = value_items(box, self);
    const ptrdiff_t size = argument_int(box, arguments->at[0], 1);
    struct value *list = generator(box);
    struct value *part = NULL;
    const size_t count = items->list.count;
    for (size_t i = 0;
         (i < count || (part && arguments->at[1] && (ptrdiff_t)part->list.count < size)) && sandbox_step(box, 1); i++) {
        if (part == NULL || (ptrdiff_t)part->list.count == size) {
            part = value_new(box, VALUE_LIST);
            list_add(box, list, part);
        }
        list_add(box, part, i < count ? items->list.items[i] : arguments->at[1]);
    }
    return list;
}

/* For map, select and reject: finds the filter or test that argument `index` names. `inner` receives the arguments
 * after it. */
static const struct builtin *named_builtin(struct sandbox *box, const struct call *call, size_t index, bool test,
                                           struct call *inner) {
    *inner = (struct call){value_new(box, VALUE_LIST), call->named};
    if (index >= call->positional->list.count) {
        return NULL;
    }
    for (size_t i = index + 1; i < call->positional->list.count; i++) {
        list_add(box, inner->positional, call->positional->list.items[i]);
    }
    const struct value *name = argument_string(box, call->positional->list.items[index]);
    const struct builtin *found = (test ? test_find : filter_find)(box, name->string.text, name->string.bytes);
    if (found == NULL) {
        sandbox_fail_with(box, QN_ERR_TEMPLATE, "no filter or test named '%.*s'", name->string.text,
                          name->string.bytes);
    }
    return found;
}

FILTER(map) {
    struct call inner;
    struct value *list = generator(box);
    if (!value_true(self)) { /* also for none and undefined */
        return list;
    }
    const struct value *items = value_items(box, self);
    const struct call *call = arguments->call;
    struct value *path = dict_get_text(box, call->named, "attribute", 9);
    struct value *otherwise = dict_get_text(box, call->named, "default", 7);
    const struct builtin *filter = named_builtin(box, call, 0, false, &inner);
    if (filter == NULL && path == NULL) {
        return sandbox_fail(box, "map requires a filter argument");
    }
    for (size_t i = 0; i < items->list.count && sandbox_step(box, 1); i++) {
        struct value *item = items->list.items[i];
        list_add(box, list,
                 filter ? call_builtin(box, filter, item, &inner) : attribute_path(box, item, path, otherwise));
    }
    return list;
}

enum { SELECT = 1, ATTRIBUTE = 2 };

FILTER(select) { /* select and selectattr; without SELECT reject and rejectattr */
    struct call inner;
    struct value *list = generator(box);
    if (!value_true(self)) {
        return list;
    }
    const struct value *items = value_items(box, self);
    const struct call *call = arguments->call;
    const bool attribute = arguments->variant & ATTRIBUTE;
    const struct builtin *test = named_builtin(box, call, attribute, true, &inner);
    if (attribute && call->positional->list.count == 0) {
        return sandbox_fail(box, "Missing parameter for attribute name");
    }
    struct value *path = attribute ? call->positional->list.items[0] : NULL;
    for (size_t i = 0; i < items->list.count && sandbox_step(box, 1); i++) {
        struct value *result = attribute_path(box, items->list.items[i], path, NULL);
        result = test ? call_builtin(box, test, result, &inner) : result;
        if (value_true(result) == (arguments->variant & SELECT)) {
            list_add(box, list, items->list.items[i]);
        }
    }
    return list;
}

const struct builtin builtin_sequence_filters[] = {
    {"join", filter_join, "|d,attribute", 0},
    {"items", filter_items, "", 0},
    {"list", filter_list, "", 0},
    {"first", filter_end, "", 0},
    {"last", filter_end, "", 1},
    {"map", filter_map, NULL, 0},
    {"select", filter_select, NULL, SELECT},
    {"reject", filter_select, NULL, 0},
    {"selectattr", filter_select, NULL, SELECT | ATTRIBUTE},
    {"rejectattr", filter_select, NULL, ATTRIBUTE},
    {"dictsort", filter_dictsort, "|case_sensitive,by,reverse", 0},
    {"sort", filter_sort, "|reverse,case_sensitive,attribute", 0},
    {"unique", filter_unique, "|case_sensitive,attribute", 0},
    {"groupby", filter_groupby, "attribute|default,case_sensitive", 0},
    {"min", filter_extreme, "|case_sensitive,attribute", (unsigned)-1},
    {"max", filter_extreme, "|case_sensitive,attribute", 1},
    {"sum", filter_sum, "|attribute,start", 0},
    {"reverse", filter_reverse, "", 0},
    {"batch", filter_batch, "linecount|fill_with", 0},
    {NULL, NULL, NULL, 0},
};
