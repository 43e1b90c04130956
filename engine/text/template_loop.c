/* {% for %} and the loop object. */
#include "engine/text/template_interp.h"

struct loop {
    struct value *source;      /* list or tuple */
    size_t read;               /* of source */
    struct value *items;       /* those of source that the loop's condition takes; source itself without one */
    const struct node *target; /* (with where) */
    const struct node *where;  /* null: no condition */
    struct scope *scope;       /* around the loop */
    size_t index;
    struct value *changed; /* what loop.changed saw last; null at first */
};

/* Whether there is an item `index`. Conditions are evaluated as late as that, since the body may change what they
 * ask for. */
static bool ready(struct interp *in, struct loop *loop, size_t index) {
    while (loop->where && loop->items->list.count <= index && loop->read < loop->source->list.count) {
        struct scope *outer = in->scope;
        struct value *item = loop->source->list.items[loop->read++];
        if (!scope_open(in, loop->scope)) {
            break;
        }
        assign(in, loop->target, item);
        if (value_true(evaluate(in, loop->where))) {
            list_add(in, loop->items, item);
        }
        in->scope = outer;
    }
    return !in->failed && index < loop->items->list.count;
}

struct value *loop_attribute(struct interp *in, struct value *value, const struct value *name) {
    static const char names[][10] = {"index",    "index0",    "first", "last",   "length",  "previtem",
                                     "revindex", "revindex0", "depth", "depth0", "nextitem"};
    struct loop *loop = value->loop;
    const size_t index = loop->index;
    size_t which = 0;
    while (which < sizeof(names) / sizeof(names[0]) && !value_is_text(name, names[which])) {
        which++;
    }
    const bool more = (which == 3 || which == 10) && ready(in, loop, index + 1);
    if (which == 4 || which == 6 || which == 7) {
        ready(in, loop, SIZE_MAX);
    }
    struct value *const *items = loop->items->list.items;
    const size_t length = loop->items->list.count;
    switch (which) {
    case 0:
        return value_int(in, (int64_t)index + 1);
    case 1:
        return value_int(in, (int64_t)index);
    case 2:
        return value_bool(in, index == 0);
    case 3:
        return value_bool(in, !more);
    case 4:
        return value_int(in, (int64_t)length);
    case 5:
        return index ? items[index - 1] : NULL;
    case 6:
    case 7:
        return value_int(in, (int64_t)(length - index) - (which == 7));
    case 8:
    case 9: /* loops are not recursive */
        return value_int(in, which == 8);
    case 10:
        return more ? items[index + 1] : NULL;
    default:
        return NULL;
    }
}

static struct value *loop_cycle(struct interp *in, struct value *self, const struct arguments *arguments) {
    const struct value *choices = arguments->call->positional;
    return choices->list.count ? choices->list.items[self->loop->index % choices->list.count]
                               : fail(in, "no items for cycling given");
}

static struct value *loop_changed(struct interp *in, struct value *self, const struct arguments *arguments) {
    const struct value *before = self->loop->changed;
    self->loop->changed = arguments->call->positional;
    return value_bool(in, before == NULL || !value_equal(in, before, self->loop->changed));
}

const struct builtin builtin_loop_methods[] = {
    {"cycle", loop_cycle, NULL, 0}, {"changed", loop_changed, NULL, 0}, {NULL, NULL, NULL, 0}};

/* The scope of one turn, the last one's where no macro holds on to that. */
static bool open_turn(struct interp *in, struct scope *last, struct scope *parent) {
    if (last == NULL || last->kept) {
        return scope_open(in, parent);
    }
    last->names->dict.count = 0;
    last->names->dict.index = NULL;
    in->scope = last;
    return !in->failed;
}

enum flow execute_for(struct interp *in, const struct node *node) {
    const struct node *where = node->b->kind == NODE_WHERE ? node->b->b : NULL;
    struct value *source = evaluate(in, where ? node->b->a : node->b);
    in->at = node->at;
    source = value_items(in, source);
    struct value *value = value_new(in, VALUE_LOOP);
    struct value *name = value_name(in, "loop");
    struct scope *outer = in->scope;
    struct loop *loop = TAKE(in, struct loop);
    if (loop == NULL) {
        return FLOW_BREAK;
    }
    loop->source = source;
    loop->items = where ? value_new(in, VALUE_LIST) : source;
    loop->target = node->a;
    loop->where = where;
    loop->scope = outer;
    if (!in->failed) {
        value->loop = loop;
    }
    struct scope *turn = NULL;
    enum flow flow = FLOW_ON;
    for (; flow != FLOW_BREAK && ready(in, loop, loop->index); loop->index++) {
        if (!open_turn(in, turn, outer)) {
            return FLOW_BREAK;
        }
        turn = in->scope;
        name_set(in, name, value);
        assign(in, node->a, loop->items->list.items[loop->index]);
        flow = execute(in, node->c);
        in->scope = outer;
    }
    flow = FLOW_ON;
    if (loop->index == 0 && node->d && scope_open(in, outer)) {
        flow = execute(in, node->d);
    }
    in->scope = outer;
    return in->failed ? FLOW_BREAK : flow;
}
