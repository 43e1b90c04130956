/* {% for %} and the loop object. */
#include "engine/text/template_interp.h"

struct loop {
    struct interp *interp;
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
static bool ready(struct loop *loop, size_t index) {
    struct interp *interp = loop->interp;
    struct heap *heap = &interp->heap;
    while (loop->where && loop->items->list.count <= index && loop->read < loop->source->list.count) {
        struct scope *outer = interp->scope;
        struct value *item = loop->source->list.items[loop->read++];
        interp->scope = scope_new(interp, loop->scope);
        const bool set = interp->scope && assign(interp, loop->target, item);
        const struct value *taken = set ? evaluate(interp, loop->where) : NULL;
        interp->scope = outer;
        if (taken == NULL || (value_true(taken) && !list_add(heap, loop->items, item))) {
            return false;
        }
    }
    return !heap->failed && index < loop->items->list.count;
}

static int64_t length(struct loop *loop) {
    ready(loop, SIZE_MAX);
    return (int64_t)loop->items->list.count;
}

struct value *loop_attribute(struct interp *interp, struct value *value, const struct value *name) {
    static const char *const names[] = {"index",     "index0", "first",  "last",     "length",  "revindex",
                                        "revindex0", "depth",  "depth0", "previtem", "nextitem"};
    struct heap *heap = &interp->heap;
    struct loop *loop = value->loop;
    size_t i = 0;
    while (i < sizeof(names) / sizeof(names[0]) && !value_is_text(name, names[i])) {
        i++;
    }
    const int64_t index = (int64_t)loop->index;
    switch (i) {
    case 0:
        return value_int(heap, index + 1);
    case 1:
        return value_int(heap, index);
    case 2:
        return value_bool(heap, index == 0);
    case 3: {
        const bool more = ready(loop, loop->index + 1);
        return value_bool(heap, !more);
    }
    case 4:
        return value_int(heap, length(loop));
    case 5:
        return value_int(heap, length(loop) - index);
    case 6:
        return value_int(heap, length(loop) - index - 1);
    case 7:
    case 8: /* loops are not recursive */
        return value_int(heap, i == 7);
    case 9:
        return index ? loop->items->list.items[index - 1] : NULL;
    case 10:
        return ready(loop, loop->index + 1) ? loop->items->list.items[index + 1] : NULL;
    default:
        return NULL;
    }
}

static struct value *loop_cycle(struct interp *interp, struct value *self, const struct arguments *arguments) {
    const struct value *choices = arguments->call->positional;
    if (choices->list.count == 0) {
        return WRONG(&interp->heap, "no items for cycling given");
    }
    return choices->list.items[self->loop->index % choices->list.count];
}

static struct value *loop_changed(struct interp *interp, struct value *self, const struct arguments *arguments) {
    struct value *now = arguments->call->positional;
    const struct value *before = self->loop->changed;
    self->loop->changed = now;
    return value_bool(&interp->heap, before == NULL || !value_equal(&interp->heap, before, now));
}

const struct builtin builtin_loop_methods[] = {
    {"cycle", loop_cycle, NULL}, {"changed", loop_changed, NULL}, {NULL, NULL, NULL}};

/* The scope of one turn, the last one's where no macro holds on to that. */
static struct scope *turn_scope(struct interp *interp, struct scope *last, struct scope *parent) {
    if (last == NULL || last->kept) {
        return scope_new(interp, parent);
    }
    last->names->dict.count = 0;
    last->names->dict.index = NULL;
    return last;
}

enum flow execute_for(struct interp *interp, const struct node *node) {
    struct heap *heap = &interp->heap;
    const struct node *where = node->b->kind == NODE_WHERE ? node->b->b : NULL;
    struct value *source = evaluate(interp, where ? node->b->a : node->b);
    heap->at = node->at;
    source = source ? value_items(heap, source) : NULL;
    struct value *value = value_new(heap, VALUE_LOOP);
    struct value *name = value_name(heap, "loop");
    struct loop *loop = heap_take(heap, sizeof(*loop));
    if (source == NULL || heap->failed) {
        return FLOW_FAILED;
    }
    struct scope *outer = interp->scope;
    *loop = (struct loop){.interp = interp,
                          .source = source,
                          .items = where ? value_new(heap, VALUE_LIST) : source,
                          .target = node->a,
                          .where = where,
                          .scope = outer};
    value->loop = loop;
    enum flow flow = FLOW_ON;
    struct scope *scope = NULL;
    for (; flow != FLOW_BREAK && flow != FLOW_FAILED && loop->items && ready(loop, loop->index); loop->index++) {
        scope = turn_scope(interp, scope, outer);
        if (scope == NULL) {
            return FLOW_FAILED;
        }
        interp->scope = scope;
        const bool set = name_set(interp, name, value) && assign(interp, node->a, loop->items->list.items[loop->index]);
        flow = set ? execute(interp, node->c) : FLOW_FAILED;
        interp->scope = outer;
    }
    if (!heap->failed && loop->index == 0 && node->d) {
        interp->scope = scope_new(interp, outer);
        flow = interp->scope ? execute(interp, node->d) : FLOW_FAILED;
        interp->scope = outer;
        return flow;
    }
    return heap->failed ? FLOW_FAILED : FLOW_ON;
}
