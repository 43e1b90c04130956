/* Executes statements: output, branches, assignments, macros. */
#include "engine/text/template_interp.h"

struct value *capture(struct interp *interp, const struct node *list) {
    struct buffer buffer = {.heap = &interp->heap};
    struct buffer *outer = interp->out;
    interp->out = &buffer;
    execute(interp, list);
    interp->out = outer;
    return buffer_value(&buffer);
}

/* The same in a scope of its own. */
static struct value *capture_scoped(struct interp *interp, const struct node *list) {
    struct scope *outer = interp->scope;
    struct scope *inner = scope_new(interp, outer);
    if (inner == NULL) {
        return NULL;
    }
    interp->scope = inner;
    struct value *text = capture(interp, list);
    interp->scope = outer;
    return text;
}

static struct value *macro_new(struct interp *interp, const struct node *node) {
    struct value *macro = value_new(&interp->heap, VALUE_MACRO);
    if (macro) {
        macro->macro.node = node;
        macro->macro.scope = interp->scope;
        for (struct scope *scope = interp->scope; scope; scope = scope->parent) {
            scope->kept = true;
        }
    }
    return macro;
}

static bool mentions(struct interp *interp, const char *name) {
    return dict_get_text(&interp->heap, interp->names, name, strlen(name)) != NULL;
}

/* Arguments that no parameter takes: for varargs and kwargs, where the template mentions those. */
static bool bind_rest(struct interp *interp, const struct node *node, const struct call *call, size_t parameters,
                      size_t taken) {
    struct heap *heap = &interp->heap;
    const size_t given = call->positional->list.count;
    const struct value *name = node->value;
    const int name_bytes = name->string.bytes > 60 ? 60 : (int)name->string.bytes;
    if (mentions(interp, "varargs")) {
        struct value *rest = value_new(heap, VALUE_TUPLE);
        for (size_t i = parameters; rest && i < given && !heap->failed; i++) {
            list_add(heap, rest, call->positional->list.items[i]);
        }
        name_set(interp, value_name(heap, "varargs"), rest);
    } else if (given > parameters) {
        return WRONG(heap, "macro '%.*s' takes not more than %zu argument(s)", name_bytes, name->string.text,
                     parameters);
    }
    struct value *caller = call->named ? dict_get_text(heap, call->named, "caller", 6) : NULL;
    if (caller) {
        name_set(interp, value_name(heap, "caller"), caller);
        taken++;
    }
    const size_t named = call->named ? call->named->dict.count : 0;
    if (mentions(interp, "kwargs")) {
        struct value *rest = value_new(heap, VALUE_DICT);
        for (size_t i = 0; rest && i < named && !heap->failed; i++) {
            const struct entry *entry = &call->named->dict.entries[i];
            bool bound = entry->value == caller;
            for (const struct node *parameter = node->a; parameter && !bound; parameter = parameter->next) {
                bound = value_equal(heap, parameter->value, entry->key);
            }
            if (!bound) {
                dict_set(heap, rest, entry->key, entry->value);
            }
        }
        name_set(interp, value_name(heap, "kwargs"), rest);
    } else if (named > taken) {
        return WRONG(heap, "macro '%.*s' takes no such keyword argument, or it was given twice", name_bytes,
                     name->string.text);
    }
    return !heap->failed;
}

static bool bind(struct interp *interp, const struct node *node, const struct call *call) {
    struct heap *heap = &interp->heap;
    size_t index = 0;
    size_t taken = 0; /* keyword arguments */
    for (const struct node *parameter = node->a; parameter && !heap->failed; parameter = parameter->next, index++) {
        struct value *name = parameter->value;
        struct value *value = NULL;
        if (index < call->positional->list.count) {
            value = call->positional->list.items[index];
        } else if (call->named) {
            value = dict_get(heap, call->named, name);
            taken += value != NULL;
        }
        if (value == NULL && parameter->b) {
            value = evaluate(interp, parameter->b);
        } else if (value == NULL) {
            value = value_undefined(heap, name->string.text, name->string.bytes, NULL);
        }
        name_set(interp, name, value);
    }
    return !heap->failed && bind_rest(interp, node, call, index, taken);
}

struct value *call_macro(struct interp *interp, const struct value *macro, const struct call *call) {
    struct scope *outer = interp->scope;
    struct scope *inner = scope_new(interp, macro->macro.scope);
    if (inner == NULL) {
        return NULL;
    }
    interp->scope = inner;
    struct value *text = bind(interp, macro->macro.node, call) ? capture(interp, macro->macro.node->b) : NULL;
    interp->scope = outer;
    return text;
}

/* The filters of a block over its text. */
static struct value *filtered(struct interp *interp, const struct node *filters, struct value *text) {
    struct value *outer = interp->captured;
    interp->captured = text;
    struct value *value = text ? evaluate(interp, filters) : NULL;
    interp->captured = outer;
    return value;
}

static enum flow execute_scope(struct interp *interp, const struct node *node) {
    struct scope *outer = interp->scope;
    struct scope *inner = scope_new(interp, outer);
    if (inner == NULL) {
        return FLOW_FAILED;
    }
    for (const struct node *set = node->a; set && !interp->heap.failed; set = set->next) {
        struct value *value = evaluate(interp, set->b); /* seen from outside, as jinja2 has it */
        interp->scope = inner;
        assign(interp, set->a, value);
        interp->scope = outer;
    }
    interp->scope = inner;
    const enum flow flow = execute(interp, node->b);
    interp->scope = outer;
    return flow;
}

/* The arguments of {% call %}'s call and the caller, by evaluating the call with `caller` as one keyword more. */
static struct value *execute_call_block(struct interp *interp, const struct node *node) {
    struct heap *heap = &interp->heap;
    struct value *caller = macro_new(interp, node->a);
    struct node *constant = heap_take(heap, sizeof(*constant));
    struct node *keyword = heap_take(heap, sizeof(*keyword));
    struct node *call = heap_take(heap, sizeof(*call));
    if (caller == NULL || heap->failed) {
        return NULL;
    }
    *constant = (struct node){.kind = NODE_CONST, .value = caller};
    *keyword = (struct node){.kind = NODE_KEYWORD, .a = constant, .value = node->a->value, .next = node->b->b};
    *call = *node->b;
    call->b = keyword;
    return evaluate(interp, call);
}

static void print(struct interp *interp, const struct value *value) {
    if (value) {
        buffer_print(interp->out, value);
    }
}

static enum flow execute_one(struct interp *interp, const struct node *node) {
    struct value *value;
    switch (node->kind) {
    case NODE_TEXT:
        buffer_string(interp->out, node->value);
        break;
    case NODE_PRINT:
        print(interp, evaluate(interp, node->a));
        break;
    case NODE_IF:
        for (; node; node = node->c) {
            value = evaluate(interp, node->a);
            if (value == NULL || value_true(value)) {
                return value ? execute(interp, node->b) : FLOW_FAILED;
            }
            if (node->d) {
                return execute(interp, node->d);
            }
        }
        break;
    case NODE_FOR:
        return execute_for(interp, node);
    case NODE_SET:
        assign(interp, node->a, evaluate(interp, node->b));
        break;
    case NODE_SET_BLOCK:
        assign(interp, node->a, filtered(interp, node->c, capture_scoped(interp, node->b)));
        break;
    case NODE_MACRO:
        name_set(interp, node->value, macro_new(interp, node));
        break;
    case NODE_CALL_BLOCK:
        print(interp, execute_call_block(interp, node));
        break;
    case NODE_FILTER_BLOCK:
        print(interp, filtered(interp, node->a, capture_scoped(interp, node->b)));
        break;
    case NODE_SCOPE:
        return execute_scope(interp, node);
    case NODE_BREAK:
        return FLOW_BREAK;
    default:
        return FLOW_CONTINUE;
    }
    return interp->heap.failed ? FLOW_FAILED : FLOW_ON;
}

enum flow execute(struct interp *interp, const struct node *list) {
    struct heap *heap = &interp->heap;
    enum flow flow = heap_enter(heap) ? FLOW_ON : FLOW_FAILED;
    for (; list && flow == FLOW_ON; list = list->next) {
        heap->at = list->at;
        flow = heap_step(heap, 1) ? execute_one(interp, list) : FLOW_FAILED;
    }
    heap->depth--;
    return heap->failed ? FLOW_FAILED : flow;
}
