/* Executes statements: output, branches, assignments, macros. */
#include "engine/text/template_interp.h"

/* What the statements print. */
static struct value *capture(struct interp *in, const struct node *list) {
    struct buffer buffer;
    buffer_start(&buffer, in);
    struct buffer *outer = in->out;
    in->out = &buffer;
    execute(in, list);
    in->out = outer;
    return buffer_value(&buffer);
}

static struct value *macro_new(struct interp *in, const struct node *node) {
    struct value *macro = value_new(in, VALUE_MACRO);
    if (!in->failed) {
        macro->macro.node = node;
        macro->macro.scope = in->scope;
    }
    for (struct scope *scope = in->scope; scope; scope = scope->parent) {
        scope->kept = true;
    }
    return macro;
}

static bool mentions(struct interp *in, const char *name) {
    return dict_get_text(in, in->names, name, strlen(name)) != NULL;
}

/* Arguments that no parameter takes: for varargs and kwargs, where the template mentions those. */
static void bind_rest(struct interp *in, const struct node *node, const struct call *call, size_t parameters) {
    const bool varargs = mentions(in, "varargs");
    const bool kwargs = mentions(in, "kwargs");
    if (!varargs && !kwargs && call->positional->list.count <= parameters && call->named->dict.count == 0) {
        return;
    }
    struct value *rest = value_new(in, VALUE_TUPLE);
    for (size_t i = parameters; i < call->positional->list.count; i++) {
        list_add(in, rest, call->positional->list.items[i]);
    }
    struct value *named = value_new(in, VALUE_DICT);
    dict_merge(in, named, call->named);
    size_t index = 0;
    for (const struct node *parameter = node->a; parameter; parameter = parameter->next) {
        if (index++ >= call->positional->list.count) { /* given twice, it is left over */
            dict_remove(in, named, parameter->value);
        }
    }
    const struct value caller = {.kind = VALUE_STRING, .string = {.text = "caller", .bytes = 6}};
    struct value *given = dict_get(in, named, &caller);
    if (given) {
        name_set(in, value_name(in, "caller"), given);
        dict_remove(in, named, &caller);
    }
    if ((rest->list.count && !varargs) || (named->dict.count && !kwargs)) {
        interp_fail(in, QN_ERR_TEMPLATE, "macro '%.*s' got arguments that it does not take", node->value->string.text,
                    node->value->string.bytes);
    }
    name_set(in, value_name(in, "varargs"), rest);
    name_set(in, value_name(in, "kwargs"), named);
}

static void bind(struct interp *in, const struct node *node, const struct call *call) {
    size_t index = 0;
    for (const struct node *parameter = node->a; parameter && !in->failed; parameter = parameter->next, index++) {
        struct value *value = index < call->positional->list.count ? call->positional->list.items[index]
                                                                   : dict_get(in, call->named, parameter->value);
        if (value == NULL) {
            value = parameter->b ? evaluate(in, parameter->b) : value_undefined(in, parameter->value, NULL);
        }
        name_set(in, parameter->value, value);
    }
    bind_rest(in, node, call, index);
}

struct value *call_macro(struct interp *in, const struct value *macro, const struct call *call) {
    struct scope *outer = in->scope;
    struct value *text = &in->scrap;
    if (scope_open(in, macro->macro.scope)) {
        bind(in, macro->macro.node, call);
        text = capture(in, macro->macro.node->b);
    }
    in->scope = outer;
    return text;
}

/* What the statements print, in a scope of their own, through the filters. */
static struct value *filtered(struct interp *in, const struct node *filters, const struct node *list) {
    struct value *outer = in->captured;
    struct scope *scope = in->scope;
    struct value *text = scope_open(in, scope) ? capture(in, list) : &in->scrap;
    in->scope = scope;
    in->captured = text;
    struct value *value = evaluate(in, filters);
    in->captured = outer;
    return value;
}

static enum flow execute_scope(struct interp *in, const struct node *node) {
    struct scope *outer = in->scope;
    enum flow flow = FLOW_BREAK;
    if (scope_open(in, outer)) {
        struct scope *inner = in->scope;
        for (const struct node *set = node->a; set; set = set->next) {
            in->scope = outer; /* where the values are looked up */
            struct value *value = evaluate(in, set->b);
            in->scope = inner;
            assign(in, set->a, value);
        }
        flow = execute(in, node->b);
    }
    in->scope = outer;
    return flow;
}

/* The call with `caller` as one keyword more. */
static struct value *execute_call_block(struct interp *in, const struct node *node) {
    struct node constant = {.kind = NODE_CONST, .value = macro_new(in, node->a)};
    struct node keyword = {.kind = NODE_KEYWORD, .a = &constant, .value = node->a->value, .next = node->b->b};
    struct node call = *node->b;
    call.b = &keyword;
    return evaluate(in, &call);
}

static enum flow execute_one(struct interp *in, const struct node *node) {
    switch (node->kind) {
    case NODE_TEXT:
        buffer_string(in->out, node->value);
        break;
    case NODE_PRINT:
        buffer_print(in->out, evaluate(in, node->a));
        break;
    case NODE_IF:
        for (; node; node = node->c) {
            if (value_true(evaluate(in, node->a))) {
                return execute(in, node->b);
            }
            if (node->d) {
                return execute(in, node->d);
            }
        }
        break;
    case NODE_FOR:
        return execute_for(in, node);
    case NODE_SET:
        assign(in, node->a, evaluate(in, node->b));
        break;
    case NODE_SET_BLOCK:
        assign(in, node->a, filtered(in, node->c, node->b));
        break;
    case NODE_MACRO:
        name_set(in, node->value, macro_new(in, node));
        break;
    case NODE_CALL_BLOCK:
        buffer_print(in->out, execute_call_block(in, node));
        break;
    case NODE_FILTER_BLOCK:
        buffer_print(in->out, filtered(in, node->a, node->b));
        break;
    case NODE_SCOPE:
        return execute_scope(in, node);
    case NODE_BREAK:
        return FLOW_BREAK;
    default:
        return FLOW_CONTINUE;
    }
    return FLOW_ON;
}

enum flow execute(struct interp *in, const struct node *list) {
    enum flow flow = interp_enter(in) ? FLOW_ON : FLOW_BREAK;
    for (; list && flow == FLOW_ON; list = list->next) {
        in->at = list->at;
        flow = interp_step(in, 1) ? execute_one(in, list) : FLOW_BREAK;
    }
    in->depth--;
    return in->failed ? FLOW_BREAK : flow;
}
