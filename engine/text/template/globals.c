/* Global functions. */
#include "engine/text/template/globals.h"

#include "engine/text/json/number.h"
#include "engine/text/json/value_dict.h"
#include "engine/text/json/value_print.h"
#include "engine/text/template/interpreter.h"
#include "engine/text/template/strftime.h"

/* Makes the dict of dict(mapping or pairs, **more) or namespace(...). */
static struct value *make_dict(struct sandbox *box, enum value_kind kind, const struct call *call) {
    struct value *dict = value_new(box, kind);
    if (call->positional->list.count) {
        struct value *first = call->positional->list.items[0];
        if (first->kind == VALUE_DICT) {
            dict_merge(box, dict, first);
        } else {
            const struct value *pairs = value_items(box, first);
            for (size_t i = 0; i < pairs->list.count && !box->failed; i++) {
                const struct value *pair = value_items(box, pairs->list.items[i]);
                if (pair->list.count != 2) {
                    return sandbox_fail(box, "dict() needs pairs of keys and values");
                }
                dict_set(box, dict, pair->list.items[0], pair->list.items[1]);
            }
        }
    }
    dict_merge(box, dict, call->named);
    return dict;
}

struct value *dict_of_call(struct sandbox *box, const struct call *call) { return make_dict(box, VALUE_DICT, call); }

static struct value *global_dict(struct sandbox *box, struct value *self, const struct arguments *arguments) {
    (void)self;
    return dict_of_call(box, arguments->call);
}

static struct value *global_namespace(struct sandbox *box, struct value *self, const struct arguments *arguments) {
    (void)self;
    return make_dict(box, VALUE_NAMESPACE, arguments->call);
}

#define MAX_RANGE 100000u /* the limit of jinja2.sandbox.safe_range */

static struct value *global_range(struct sandbox *box, struct value *self, const struct arguments *arguments) {
    (void)self;
    int64_t bounds[3] = {0, 0, 1}; /* start, stop, step */
    for (size_t i = 0; i < 3; i++) {
        argument_int(box, arguments->at[i], 0);
        if (arguments->at[i]) {
            bounds[arguments->at[1] ? i : 1] = arguments->at[i]->integer;
        }
    }
    int64_t at = bounds[0];
    if (bounds[2] == 0) {
        return sandbox_fail(box, "range() arg 3 must not be zero");
    }
    struct value *list = value_new(box, VALUE_LIST);
    while ((bounds[2] > 0 ? at < bounds[1] : at > bounds[1]) && sandbox_step(box, 1)) {
        if (list->list.count == MAX_RANGE) {
            return sandbox_fail_limit(box, "a range has more than 100000 values");
        }
        list_add(box, list, value_int(box, at));
        if (__builtin_add_overflow(at, bounds[2], &at)) {
            break;
        }
    }
    return list;
}

static struct value *global_raise(struct sandbox *box, struct value *self, const struct arguments *arguments) {
    (void)self;
    const struct value *text = value_string(box, arguments->at[0]);
    if (text->string.bytes == 0) {
        return sandbox_fail(box, "the template raised an exception without a message");
    }
    return sandbox_fail_with(box, QN_ERR_TEMPLATE, "%.*s", text->string.text, text->string.bytes);
}

static struct value *global_now(struct sandbox *box, struct value *self, const struct arguments *arguments) {
    (void)self;
    const struct value *now = dict_get_text(box, interpreter_of(box)->variables, "now", 3);
    const double seconds = now && value_is(now, NUMBERS) ? number_floor(value_number(now)) : -1e300;
    if (!(seconds >= -62135596800.0 && seconds < 253402300800.0)) { /* the years 1 to 9999 */
        return sandbox_fail(box, "strftime_now needs the time: the number `now` in the context, in seconds since 1970");
    }
    struct buffer buffer;
    buffer_start(&buffer, box);
    time_format(&buffer, (int64_t)seconds, argument_string(box, arguments->at[0]));
    return buffer_value(&buffer);
}

static struct value *global_joiner(struct sandbox *box, struct value *self, const struct arguments *arguments) {
    (void)self;
    struct value *separator = arguments->at[0] ? value_string(box, arguments->at[0]) : value_name(box, ", ");
    struct value *joiner = value_new(box, VALUE_JOINER);
    if (!box->failed) {
        joiner->joiner.separator = separator;
    }
    return joiner;
}

static struct value *global_cycler(struct sandbox *box, struct value *self, const struct arguments *arguments) {
    (void)self;
    return arguments->call->positional->list.count ? value_copy(box, arguments->call->positional, VALUE_CYCLER)
                                                   : sandbox_fail(box, "at least one item has to be provided");
}

static struct value *cycler_next(struct sandbox *box, struct value *self, const struct arguments *arguments) {
    (void)box;
    (void)arguments;
    return self->list.items[self->list.position++ % self->list.count];
}

static struct value *cycler_reset(struct sandbox *box, struct value *self, const struct arguments *arguments) {
    (void)arguments;
    self->list.position = 0;
    return &box->none;
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
