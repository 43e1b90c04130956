/* {% for %} and the loop object. */
#include "engine/text/template/loop.h"

#include "engine/text/json/value_dict.h"
#include "engine/text/template/evaluate.h"
#include "engine/text/template/interpreter.h"
#include "engine/text/template/scope.h"

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
static bool ready(struct sandbox *box, struct loop *loop, size_t index) {
    while (loop->where && loop->items->list.count <= index && loop->read < loop->source->list.count) {
        struct scope *outer = interpreter_of(box)->scope;
        struct value *item = loop->source->list.items[loop->read++];
        if (!scope_open(box, loop->scope)) {
            break;
        }
        assign(box, loop->target, item);
        if (value_true(evaluate(box, loop->where))) {
            list_add(box, loop->items, item);
        }
        interpreter_of(box)->scope = outer;
    }
    return !box->failed && index < loop->items->list.count;
}

struct value *loop_attribute(struct sandbox *box, struct value *value, const struct value *name) {
    static const char names[][10] = {"index",    "index0",    "first", "last",   "length",  "previtem",
                                     "revindex", "revindex0", "depth", "depth0", "nextitem"};
    struct loop *loop = value->loop;
    const size_t index = loop->index;
    size_t which = 0;
    while (which < sizeof(names) / sizeof(names[0]) && !value_is_text(name, names[which])) {
        which++;
    }
    const bool more = (which == 3 || which == 10) && ready(box, loop, index + 1);
    if (which == 4 || which == 6 || which == 7) {
        ready(box, loop, SIZE_MAX);
    }
    struct value *const *items = loop->items->list.items;
    const size_t length = loop->items->list.count;
    switch (which) {
    case 0:
        return value_int(box, (int64_t)index + 1);
    case 1:
        return value_int(box, (int64_t)index);
    case 2:
        return value_bool(box, index == 0);
    case 3:
        return value_bool(box, !more);
    case 4:
        return value_int(box, (int64_t)length);
    case 5:
        return index ? items[index - 1] : NULL;
    case 6:
    case 7:
        return value_int(box, (int64_t)(length - index) - (which == 7));
    case 8:
    case 9: /* loops are not recursive */
        return value_int(box, which == 8);
    case 10:
        return more ? items[index + 1] : NULL;
    default:
        return NULL;
    }
}

static struct value *loop_cycle(struct sandbox *box, struct value *self, const struct arguments *arguments) {
    const struct value *choices = arguments->call->positional;
    return choices->list.count ? choices->list.items[self->loop->index % choices->list.count]
                               : sandbox_fail(box, "no items for cycling given");
}

static struct value *loop_changed(struct sandbox *box, struct value *self, const struct arguments *arguments) {
    const struct value *before = self->loop->changed;
    self->loop->changed = arguments->call->positional;
    return value_bool(box, before == NULL || !value_equal(box, before, self->loop->changed));
}

const struct builtin builtin_loop_methods[] = {
    {"cycle", loop_cycle, NULL, 0}, {"changed", loop_changed, NULL, 0}, {NULL, NULL, NULL, 0}};

/* The scope of one turn, the last one's where no macro holds on to that. */
static bool open_turn(struct sandbox *box, struct scope *last, struct scope *parent) {
    if (last == NULL || last->kept) {
        return scope_open(box, parent);
    }
    last->names->dict.count = 0;
    last->names->dict.index = NULL;
    interpreter_of(box)->scope = last;
    return !box->failed;
}

enum flow execute_for(struct sandbox *box, const struct node *node) {
    const struct node *where = node->b->kind == NODE_WHERE ? node->b->b : NULL;
    struct value *source = evaluate(box, where ? node->b->a : node->b);
    box->at = node->at;
    source = value_items(box, source);
    struct value *value = value_new(box, VALUE_LOOP);
    struct value *name = value_name(box, "loop");
    struct scope *outer = interpreter_of(box)->scope;
    struct loop *loop = TAKE(box, struct loop);
    if (loop == NULL) {
        return FLOW_BREAK;
    }
    loop->source = source;
    loop->items = where ? value_new(box, VALUE_LIST) : source;
    loop->target = node->a;
    loop->where = where;
    loop->scope = outer;
    if (!box->failed) {
        value->loop = loop;
    }
    struct scope *turn = NULL;
    enum flow flow = FLOW_NEXT;
    for (; flow != FLOW_BREAK && ready(box, loop, loop->index); loop->index++) {
        if (!open_turn(box, turn, outer)) {
            return FLOW_BREAK;
        }
        turn = interpreter_of(box)->scope;
        name_set(box, name, value);
        assign(box, node->a, loop->items->list.items[loop->index]);
        flow = execute(box, node->c);
        interpreter_of(box)->scope = outer;
    }
    flow = FLOW_NEXT;
    if (loop->index == 0 && node->d && scope_open(box, outer)) {
        flow = execute(box, node->d);
    }
    interpreter_of(box)->scope = outer;
    return box->failed ? FLOW_BREAK : flow;
}
