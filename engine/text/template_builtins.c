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
    static const struct builtin *const tables[] = {
        [VALUE_STRING] = builtin_string_methods, [VALUE_LIST] = builtin_list_methods,
        [VALUE_DICT] = builtin_dict_methods,     [VALUE_LOOP] = builtin_loop_methods,
        [VALUE_CYCLER] = builtin_cycler_methods, [VALUE_JOINER] = NULL};
    const struct builtin *table = tables[self->kind];
    return table ? builtin_find(table, name, bytes) : NULL;
}

ptrdiff_t argument_int(struct interp *in, const struct value *value, ptrdiff_t otherwise) {
    const int64_t limit = 1 << 30;
    if (value == NULL || value->kind == VALUE_NONE) {
        return otherwise;
    }
    if (!value_is(value, KIND(INT) | KIND(BOOL))) {
        fail_type(in, "an integer is required, not '%.*s'", value);
        return otherwise;
    }
    return (ptrdiff_t)(value->integer < -limit ? -limit : value->integer > limit ? limit : value->integer);
}

bool argument_true(const struct value *value) { return value && value_true(value); }

const struct value *argument_string(struct interp *in, const struct value *value) {
    return value->kind == VALUE_STRING ? value : fail_type(in, "a string is required, not '%.*s'", value);
}

/* ---- globals ---- */

/* dict(mapping or pairs, **more), namespace(...) */
static struct value *make_dict(struct interp *in, enum value_kind kind, const struct call *call) {
    struct value *dict = value_new(in, kind);
    if (call->positional->list.count) {
        struct value *first = call->positional->list.items[0];
        if (first->kind == VALUE_DICT) {
            dict_merge(in, dict, first);
        } else {
            const struct value *pairs = value_items(in, first);
            for (size_t i = 0; i < pairs->list.count && !in->failed; i++) {
                const struct value *pair = value_items(in, pairs->list.items[i]);
                if (pair->list.count != 2) {
                    return fail(in, "a dictionary is made of pairs");
                }
                dict_set(in, dict, pair->list.items[0], pair->list.items[1]);
            }
        }
    }
    dict_merge(in, dict, call->named);
    return dict;
}

static struct value *global_dict(struct interp *in, struct value *self, const struct arguments *arguments) {
    (void)self;
    return make_dict(in, VALUE_DICT, arguments->call);
}

static struct value *global_namespace(struct interp *in, struct value *self, const struct arguments *arguments) {
    (void)self;
    return make_dict(in, VALUE_NAMESPACE, arguments->call);
}

#define MAX_RANGE 100000u /* as jinja2's sandbox has it */

static struct value *global_range(struct interp *in, struct value *self, const struct arguments *arguments) {
    (void)self;
    int64_t bounds[3] = {0, 0, 1}; /* start, stop, step */
    for (size_t i = 0; i < 3; i++) {
        argument_int(in, arguments->at[i], 0);
        if (arguments->at[i]) {
            bounds[arguments->at[1] ? i : 1] = arguments->at[i]->integer;
        }
    }
    int64_t at = bounds[0];
    if (bounds[2] == 0) {
        return fail(in, "range() arg 3 must not be zero");
    }
    struct value *list = value_new(in, VALUE_LIST);
    while ((bounds[2] > 0 ? at < bounds[1] : at > bounds[1]) && interp_step(in, 1)) {
        if (list->list.count == MAX_RANGE) {
            return fail_limit(in, "a range of more than 100000 values");
        }
        list_add(in, list, value_int(in, at));
        if (__builtin_add_overflow(at, bounds[2], &at)) {
            break;
        }
    }
    return list;
}

static struct value *global_raise(struct interp *in, struct value *self, const struct arguments *arguments) {
    (void)self;
    const struct value *text = value_string(in, arguments->at[0]);
    if (text->string.bytes == 0) {
        return fail(in, "the template raised an exception and did not say why");
    }
    return interp_fail(in, QN_ERR_TEMPLATE, "%.*s", text->string.text, text->string.bytes);
}

static struct value *global_now(struct interp *in, struct value *self, const struct arguments *arguments) {
    (void)self;
    const struct value *now = dict_get_text(in, in->context, "now", 3);
    const double seconds = now && value_is(now, NUMBERS) ? number_floor(value_number(now)) : -1e300;
    if (!(seconds >= -62135596800.0 && seconds < 253402300800.0)) { /* the years 1 to 9999 */
        return fail(in, "strftime_now needs the time: the number `now` in the context, in seconds since 1970");
    }
    struct buffer buffer;
    buffer_start(&buffer, in);
    time_format(&buffer, (int64_t)seconds, argument_string(in, arguments->at[0]));
    return buffer_value(&buffer);
}

static struct value *global_joiner(struct interp *in, struct value *self, const struct arguments *arguments) {
    (void)self;
    struct value *separator = arguments->at[0] ? value_string(in, arguments->at[0]) : value_name(in, ", ");
    struct value *joiner = value_new(in, VALUE_JOINER);
    if (!in->failed) {
        joiner->joiner.separator = separator;
    }
    return joiner;
}

static struct value *global_cycler(struct interp *in, struct value *self, const struct arguments *arguments) {
    (void)self;
    return arguments->call->positional->list.count ? value_copy(in, arguments->call->positional, VALUE_CYCLER)
                                                   : fail(in, "at least one item has to be provided");
}

static struct value *cycler_next(struct interp *in, struct value *self, const struct arguments *arguments) {
    (void)in;
    (void)arguments;
    return self->list.items[self->list.position++ % self->list.count];
}

static struct value *cycler_reset(struct interp *in, struct value *self, const struct arguments *arguments) {
    (void)arguments;
    self->list.position = 0;
    return &in->none;
}

const struct builtin builtin_cycler_methods[] = {
    {"next", cycler_next, "", 0}, {"reset", cycler_reset, "", 0}, {NULL, NULL, NULL, 0}};

const struct builtin builtin_globals[] = {
    {"namespace", global_namespace, NULL, 0},
    {"dict", global_dict, NULL, 0},
    {"range", global_range, "start|stop,step", 0},
    {"raise_exception", global_raise, "message", 0},
    {"strftime_now", global_now, "format", 0},
    {"joiner", global_joiner, "|sep", 0},
    {"cycler", global_cycler, NULL, 0},
    {NULL, NULL, NULL, 0},
};
