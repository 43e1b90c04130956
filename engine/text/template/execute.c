/* Executes statements: output, branches, assignments, macros. */
#include "engine/text/template/execute.h"

#include "engine/text/json/value_dict.h"
#include "engine/text/json/value_print.h"
#include "engine/text/template/evaluate.h"
#include "engine/text/template/interpreter.h"
#include "engine/text/template/loop.h"
#include "engine/text/template/scope.h"

/* Returns what the statements print. */
static struct value *capture(struct sandbox *box, const struct node *list) {
    struct buffer buffer;
    buffer_start(&buffer, box);
    struct buffer *outer = interpreter_of(box)->out;
    interpreter_of(box)->out = &buffer;
    execute(box, list);
    interpreter_of(box)->out = outer;
    return buffer_value(&buffer);
}

static struct value *macro_new(struct sandbox *box, const struct node *node) {
    struct value *macro = value_new(box, VALUE_MACRO);
    if (!box->failed) {
        macro->macro.node = node;
        macro->macro.scope = interpreter_of(box)->scope;
    }
    for (struct scope *scope = interpreter_of(box)->scope; scope; scope = scope->parent) {
        scope->kept = true;
    }
    return macro;
}

static bool mentions(struct sandbox *box, const char *name) {
    return dict_get_text(box, interpreter_of(box)->names, name, strlen(name)) != NULL;
}

/* Binds the arguments that match no parameter to varargs and kwargs, if the template mentions those. Otherwise such
 * arguments are an error. */
static void bind_extra(struct sandbox *box, const struct node *node, const struct call *call, size_t parameters) {
    const bool varargs = mentions(box, "varargs");
    const bool kwargs = mentions(box, "kwargs");
    if (!varargs && !kwargs && call->positional->list.count <= parameters && call->named->dict.count == 0) {
        return;
    }
    struct value *extra = value_new(box, VALUE_TUPLE);
    for (size_t i = parameters; i < call->positional->list.count; i++) {
        list_add(box, extra, call->positional->list.items[i]);
    }
    struct value *named = value_new(box, VALUE_DICT);
    dict_merge(box, named, call->named);
    size_t index = 0;
    for (const struct node *parameter = node->a; parameter; parameter = parameter->next) {
        if (index++ >= call->positional->list.count) { /* an argument given twice remains and is an error */
            dict_remove(box, named, parameter->value);
        }
    }
    const struct value caller = {.kind = VALUE_STRING, .string = {.text = "caller", .bytes = 6}};
    struct value *given = dict_get(box, named, &caller);
    if (given) {
        name_set(box, value_name(box, "caller"), given);
        dict_remove(box, named, &caller);
    }
    if ((extra->list.count && !varargs) || (named->dict.count && !kwargs)) {
        sandbox_fail_with(box, QN_ERR_TEMPLATE, "macro '%.*s' got unexpected arguments", node->value->string.text,
                          node->value->string.bytes);
    }
    name_set(box, value_name(box, "varargs"), extra);
    name_set(box, value_name(box, "kwargs"), named);
}

static void bind_parameters(struct sandbox *box, const struct node *node, const struct call *call) {
    size_t index = 0;
    for (const struct node *parameter = node->a; parameter && !box->failed; parameter = parameter->next, index++) {
        struct value *value = index < call->positional->list.count ? call->positional->list.items[index]
                                                                   : dict_get(box, call->named, parameter->value);
        if (value == NULL) {
            value = parameter->b ? evaluate(box, parameter->b) : value_undefined(box, parameter->value, NULL);
        }
        name_set(box, parameter->value, value);
    }
    bind_extra(box, node, call, index);
}

struct value *call_macro(struct sandbox *box, const struct value *macro, const struct call *call) {
    struct scope *outer = interpreter_of(box)->scope;
    struct value *text = &box->scrap;
    if (scope_open(box, macro->macro.scope)) {
        bind_parameters(box, macro->macro.node, call);
        text = capture(box, macro->macro.node->b);
    }
    interpreter_of(box)->scope = outer;
    return text;
}

/* Executes the statements in their own scope and returns what they print, after the filters. */
static struct value *capture_filtered(struct sandbox *box, const struct node *filters, const struct node *list) {
    struct value *outer = interpreter_of(box)->captured;
    struct scope *scope = interpreter_of(box)->scope;
    struct value *text = scope_open(box, scope) ? capture(box, list) : &box->scrap;
    interpreter_of(box)->scope = scope;
    interpreter_of(box)->captured = text;
    struct value *value = evaluate(box, filters);
    interpreter_of(box)->captured = outer;
    return value;
}

static enum flow execute_scope(struct sandbox *box, const struct node *node) {
    struct scope *outer = interpreter_of(box)->scope;
    enum flow flow = FLOW_BREAK;
    if (scope_open(box, outer)) {
        struct scope *inner = interpreter_of(box)->scope;
        for (const struct node *set = node->a; set; set = set->next) {
            interpreter_of(box)->scope = outer; /* the values are evaluated in the outer scope */
            struct value *value = evaluate(box, set->b);
            interpreter_of(box)->scope = inner;
            assign(box, set->a, value);
        }
        flow = execute(box, node->b);
    }
    interpreter_of(box)->scope = outer;
    return flow;
}

/* Evaluates the call with the additional keyword argument `caller`. */
static struct value *execute_call_block(struct sandbox *box, const struct node *node) {
    struct node constant = {.kind = NODE_CONST, .value = macro_new(box, node->a)};
    struct node keyword = {.kind = NODE_KEYWORD, .a = &constant, .value = node->a->value, .next = node->b->b};
    struct node call = *node->b;
    call.b = &keyword;
    return evaluate(box, &call);
}

static enum flow execute_one(struct sandbox *box, const struct node *node) {
    switch (node->kind) {
    case NODE_TEXT:
        buffer_string(interpreter_of(box)->out, node->value);
        break;
    case NODE_PRINT:
        buffer_print(interpreter_of(box)->out, evaluate(box, node->a));
        break;
    case NODE_IF:
        for (; node; node = node->c) {
            if (value_true(evaluate(box, node->a))) {
                return execute(box, node->b);
            }
            if (node->d) {
                return execute(box, node->d);
            }
        }
        break;
    case NODE_FOR:
        return execute_for(box, node);
    case NODE_SET:
        assign(box, node->a, evaluate(box, node->b));
        break;
    case NODE_SET_BLOCK:
        assign(box, node->a, capture_filtered(box, node->c, node->b));
        break;
    case NODE_MACRO:
        name_set(box, node->value, macro_new(box, node));
        break;
    case NODE_CALL_BLOCK:
        buffer_print(interpreter_of(box)->out, execute_call_block(box, node));
        break;
    case NODE_FILTER_BLOCK:
        buffer_print(interpreter_of(box)->out, capture_filtered(box, node->a, node->b));
        break;
    case NODE_SCOPE:
        return execute_scope(box, node);
    case NODE_BREAK:
        return FLOW_BREAK;
    default:
        return FLOW_CONTINUE;
    }
    return FLOW_NEXT;
}

enum flow execute(struct sandbox *box, const struct node *list) {
    enum flow flow = sandbox_enter(box) ? FLOW_NEXT : FLOW_BREAK;
    for (; list && flow == FLOW_NEXT; list = list->next) {
        box->at = list->at;
        flow = sandbox_step(box, 1) ? execute_one(box, list) : FLOW_BREAK;
    }
    box->depth--;
    return box->failed ? FLOW_BREAK : flow;
}
