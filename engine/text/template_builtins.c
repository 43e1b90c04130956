/* Finding built-in functions, their arguments, and the global ones. */
#include "engine/text/template_interp.h"

const struct builtin *builtin_find(const struct builtin *table, const char *name, size_t bytes) {
    for (; table->name; table++) {
        if (strlen(table->name) == bytes && memcmp(table->name, name, bytes) == 0) {
            return table;
        }
    }
    return NULL;
}

const struct builtin *filter_find(const char *name, size_t bytes) {
    const struct builtin *found = builtin_find(builtin_filters, name, bytes);
    return found ? found : builtin_find(builtin_sequence_filters, name, bytes);
}

const struct builtin *method_find(const struct value *self, const char *name, size_t bytes) {
    switch (self->kind) {
    case VALUE_STRING:
        return builtin_find(builtin_string_methods, name, bytes);
    case VALUE_LIST:
        return builtin_find(builtin_list_methods, name, bytes);
    case VALUE_DICT:
        return builtin_find(builtin_dict_methods, name, bytes);
    case VALUE_LOOP:
        return builtin_find(builtin_loop_methods, name, bytes);
    case VALUE_CYCLER:
        return builtin_find(builtin_cycler_methods, name, bytes);
    default:
        return NULL;
    }
}

int64_t argument_int(struct interp *interp, const struct value *value, int64_t otherwise) {
    if (value == NULL || value->kind == VALUE_NONE) {
        return otherwise;
    }
    if (value->kind != VALUE_INT && value->kind != VALUE_BOOL) {
        WRONG(&interp->heap, "an integer is required, not '%s'", value_type(value));
        return otherwise;
    }
    return value->integer;
}

bool argument_true(const struct value *value) { return value && value_true(value); }

const struct value *argument_string(struct interp *interp, const struct value *value) {
    return value->kind == VALUE_STRING ? value
                                       : WRONG(&interp->heap, "a string is required, not '%s'", value_type(value));
}

/* ---- globals ---- */

/* dict(mapping or pairs, **more), namespace(...) */
static struct value *make_dict(struct interp *interp, enum value_kind kind, const struct call *call) {
    struct heap *heap = &interp->heap;
    struct value *dict = value_new(heap, kind);
    if (call->positional->list.count > 1) {
        return WRONG(heap, "expected at most 1 argument, got %zu", call->positional->list.count);
    }
    struct value *first = call->positional->list.count ? call->positional->list.items[0] : NULL;
    const struct value *const sources[2] = {first && first->kind == VALUE_DICT ? first : NULL, call->named};
    if (first && first->kind != VALUE_DICT) {
        const struct value *pairs = value_items(heap, first);
        for (size_t i = 0; pairs && i < pairs->list.count && !heap->failed; i++) {
            const struct value *pair = value_items(heap, pairs->list.items[i]);
            if (pair && pair->list.count != 2) {
                return WRONG(heap, "a dictionary is made of pairs, not of %zu values", pair->list.count);
            }
            if (pair) {
                dict_set(heap, dict, pair->list.items[0], pair->list.items[1]);
            }
        }
    }
    for (size_t source = 0; source < 2; source++) {
        for (size_t i = 0; sources[source] && i < sources[source]->dict.count && !heap->failed; i++) {
            dict_set(heap, dict, sources[source]->dict.entries[i].key, sources[source]->dict.entries[i].value);
        }
    }
    return heap->failed ? NULL : dict;
}

static struct value *global_dict(struct interp *interp, struct value *self, const struct arguments *arguments) {
    (void)self;
    return make_dict(interp, VALUE_DICT, arguments->call);
}

static struct value *global_namespace(struct interp *interp, struct value *self, const struct arguments *arguments) {
    (void)self;
    return make_dict(interp, VALUE_NAMESPACE, arguments->call);
}

#define MAX_RANGE 100000u /* as jinja2's sandbox has it */

static struct value *global_range(struct interp *interp, struct value *self, const struct arguments *arguments) {
    (void)self;
    struct heap *heap = &interp->heap;
    const bool one = arguments->at[1] == NULL;
    int64_t at = one ? 0 : argument_int(interp, arguments->at[0], 0);
    const int64_t stop = argument_int(interp, arguments->at[!one], 0);
    const int64_t step = argument_int(interp, arguments->at[2], 1);
    if (step == 0) {
        return WRONG(heap, "range() arg 3 must not be zero");
    }
    struct value *list = value_list(heap, VALUE_LIST, 0);
    while (list && (step > 0 ? at < stop : at > stop)) {
        if (list->list.count == MAX_RANGE) {
            return FAIL(heap, QN_ERR_LIMIT, "a range of more than %u values", MAX_RANGE);
        }
        if (!heap_step(heap, 1) || !list_add(heap, list, value_int(heap, at))) {
            return NULL;
        }
        if (__builtin_add_overflow(at, step, &at)) {
            break;
        }
    }
    return list;
}

static struct value *global_raise(struct interp *interp, struct value *self, const struct arguments *arguments) {
    (void)self;
    const struct value *text = value_string(&interp->heap, arguments->at[0]);
    return text ? WRONG(&interp->heap, "%.*s", (int)(text->string.bytes > 400 ? 400 : text->string.bytes),
                        text->string.text)
                : NULL;
}

static struct value *global_now(struct interp *interp, struct value *self, const struct arguments *arguments) {
    (void)self;
    struct heap *heap = &interp->heap;
    const struct value *now = dict_get_text(heap, interp->context, "now", 3);
    const struct value *format = argument_string(interp, arguments->at[0]);
    if (format == NULL) {
        return NULL;
    }
    if (now == NULL || !value_is_number(now)) {
        return WRONG(heap, "strftime_now needs the time: the number `now` in the context, in seconds since 1970");
    }
    const double seconds = number_floor(value_number(now));
    if (!(seconds >= -62135596800.0 && seconds < 253402300800.0)) {
        return WRONG(heap, "`now` is not in the years 1 to 9999");
    }
    struct buffer buffer = {.heap = heap};
    time_format(&buffer, (int64_t)seconds, format);
    return buffer_value(&buffer);
}

static struct value *global_joiner(struct interp *interp, struct value *self, const struct arguments *arguments) {
    (void)self;
    struct value *joiner = value_new(&interp->heap, VALUE_JOINER);
    if (joiner) {
        struct value *given = arguments->at[0];
        joiner->joiner.separator = given ? value_string(&interp->heap, given) : value_name(&interp->heap, ", ");
    }
    return joiner;
}

static struct value *global_cycler(struct interp *interp, struct value *self, const struct arguments *arguments) {
    (void)self;
    if (arguments->call->positional->list.count == 0) {
        return WRONG(&interp->heap, "at least one item has to be provided");
    }
    return value_copy(&interp->heap, arguments->call->positional, VALUE_CYCLER);
}

static struct value *cycler_next(struct interp *interp, struct value *self, const struct arguments *arguments) {
    (void)interp;
    (void)arguments;
    return self->list.items[self->list.position++ % self->list.count];
}

static struct value *cycler_reset(struct interp *interp, struct value *self, const struct arguments *arguments) {
    (void)arguments;
    self->list.position = 0;
    return &interp->heap.none;
}

const struct builtin builtin_cycler_methods[] = {
    {"next", cycler_next, ""}, {"reset", cycler_reset, ""}, {NULL, NULL, NULL}};

const struct builtin builtin_globals[] = {
    {"namespace", global_namespace, NULL},
    {"dict", global_dict, NULL},
    {"range", global_range, "start|stop,step"},
    {"raise_exception", global_raise, "message"},
    {"strftime_now", global_now, "format"},
    {"joiner", global_joiner, "|sep"},
    {"cycler", global_cycler, NULL},
    {NULL, NULL, NULL},
};
