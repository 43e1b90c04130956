/* {% for %} and the loop object. */
#include "engine/text/template/loop.h"

#include "engine/text/json/value_dict.h"
#include "engine/text/template/evaluate.h"
#include "engine/text/template/interpreter.h"
#include "engine/text/template/scope.h"

struct loop {
    struct value *source;      /* list or tuple */
    size_t read;               /* items of source seen so far */
    struct value *items;       /* those that meet the condition; source itself without one */
    const struct node *target; /* for the condition */
    const struct node *where;  /* null: no condition */
    struct scope *scope;       /* that contains the loop */
    size_t index;
    struct value *changed; /* the last arguments of loop.changed; null at first */
};

/* Whether there is an item `index`. Conditions are evaluated only when an item is needed, because the body may change
 * variables that they use. */
static bool has_item(struct sandbox *box, struct loop *loop, size_t index) {
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

enum loop_name {
    INDEX,
    INDEX0,
    FIRST,
    LAST,
    LENGTH,
    PREVITEM,
    NEXTITEM,
    REVINDEX,
    REVINDEX0,
    DEPTH,
    DEPTH0,
    LOOP_NAMES
};

struct value *loop_attribute(struct sandbox *box, struct value *value, const struct value *name) {
    static const char names[LOOP_NAMES][10] = {"index",    "index0",   "first",     "last",  "length", "previtem",
                                               "nextitem", "revindex", "revindex0", "depth", "depth0"};
    struct loop *loop = value->loop;
    const size_t index = loop->index;
    unsigned which = 0;
    while (which < LOOP_NAMES && !value_is_text(name, names[which])) {
        which++;
    }
    const bool more = (which == LAST || which == NEXTITEM) && has_item(box, loop, index + 1);
    if (which == LENGTH || which == REVINDEX || which == REVINDEX0) {
        has_item(box, loop, SIZE_MAX); /* evaluates the condition for all items */
    }
    struct value *const *items = loop->items->list.items;
    const size_t length = loop->items->list.count;
    switch (which) {
    case INDEX:
        return value_int(box, (int64_t)index + 1);
    case INDEX0:
        return value_int(box, (int64_t)index);
    case FIRST:
        return value_bool(box, index == 0);
    case LAST:
        return value_bool(box, !more);
    case LENGTH:
        return value_int(box, (int64_t)length);
    case PREVITEM:
        return index ? items[index - 1] : NULL;
    case NEXTITEM:
        return more ? items[index + 1] : NULL;
    case REVINDEX:
    case REVINDEX0:
        return value_int(box, (int64_t)(length - index) - (which == REVINDEX0));
    case DEPTH:
    case DEPTH0: /* recursive loops are not supported, so the depth is constant */
        return value_int(box, which == DEPTH);
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

/* Opens the scope of an iteration. Reuses the last iteration's scope unless a macro refers to it. */
static bool open_iteration(struct sandbox *box, struct scope *last, struct scope *parent) {
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
    struct scope *iteration = NULL;
    enum flow flow = FLOW_NEXT;
    for (; flow != FLOW_BREAK && has_item(box, loop, loop->index); loop->index++) {
        if (!open_iteration(box, iteration, outer)) {
            return FLOW_BREAK;
        }
        iteration = interpreter_of(box)->scope;
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
