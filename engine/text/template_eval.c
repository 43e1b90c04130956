/* Evaluates expressions. */
#include "engine/text/template_interp.h"

bool scope_open(struct interp *in, struct scope *parent) {
    struct scope *scope = TAKE(in, struct scope);
    if (scope) {
        scope->parent = parent;
        scope->names = value_new(in, VALUE_DICT);
        in->scope = scope;
    }
    return !in->failed;
}

static struct value *bound(struct interp *in, const struct builtin *builtin, struct value *self) {
    struct value *value = value_new(in, VALUE_BUILTIN);
    if (!in->failed) {
        value->bound.builtin = builtin;
        value->bound.self = self;
    }
    return value;
}

/* Undefined when nobody knows it. */
static struct value *name_value(struct interp *in, const struct value *name) {
    struct value *value = NULL;
    for (const struct scope *scope = in->scope; scope && !value && interp_step(in, 1); scope = scope->parent) {
        value = dict_get(in, scope->names, name);
    }
    value = value ? value : dict_get(in, in->context, name);
    if (value) {
        return value;
    }
    const struct builtin *builtin = builtin_find(builtin_globals, name->string.text, name->string.bytes);
    return builtin ? bound(in, builtin, NULL) : value_undefined(in, name, NULL);
}

void name_set(struct interp *in, struct value *name, struct value *value) {
    dict_set(in, in->scope->names, name, value);
}

void assign(struct interp *in, const struct node *target, struct value *value) {
    if (target->kind == NODE_NAME) {
        name_set(in, target->value, value);
        return;
    }
    in->at = target->at;
    if (target->kind == NODE_ATTRIBUTE) {
        struct value *space = name_value(in, target->a->value);
        if (space->kind != VALUE_NAMESPACE) {
            fail(in, "cannot assign attribute on non-namespace object");
            return;
        }
        dict_set(in, space, target->value, value);
        return;
    }
    const struct value *items = value_items(in, value);
    size_t i = 0;
    if (interp_enter(in)) {
        for (const struct node *item = target->a; item; item = item->next, i++) {
            if (i < items->list.count) {
                assign(in, item, items->list.items[i]);
            }
        }
    }
    in->depth--;
    if (i != items->list.count) {
        in->at = target->at;
        fail(in, "too many or not enough values to unpack");
    }
}

static struct value *method_of(struct interp *in, struct value *object, const struct value *name) {
    const struct builtin *method = method_find(object, name->string.text, name->string.bytes);
    return method ? bound(in, method, object) : NULL;
}

struct value *attribute_of(struct interp *in, struct value *object, struct value *name) {
    if (object->kind == VALUE_UNDEFINED) {
        return fail_undefined(in, object);
    }
    struct value *found = method_of(in, object, name); /* also before a key of that name, as in Python */
    if (found) {
        return found;
    }
    if (value_is(object, KIND(DICT) | KIND(NAMESPACE))) {
        found = dict_get(in, object, name);
    } else if (object->kind == VALUE_LOOP) {
        found = loop_attribute(in, object, name);
    } else if (object->flags & FLAG_GROUP && (value_is_text(name, "grouper") || value_is_text(name, "list"))) {
        found = object->list.items[value_is_text(name, "list")];
    } else if (object->kind == VALUE_CYCLER && value_is_text(name, "current")) {
        found = object->list.items[object->list.position % object->list.count];
    }
    return found ? found : value_undefined(in, name, value_type(object));
}

struct value *item_of(struct interp *in, struct value *object, struct value *key) {
    const bool string = object->kind == VALUE_STRING;
    struct value *found = NULL;
    if (object->kind == VALUE_UNDEFINED) {
        return fail_undefined(in, object);
    }
    if (object->kind == VALUE_DICT) {
        if (!value_is(key, KIND(LIST) | KIND(DICT))) {
            found = dict_get(in, object, key);
        }
        if (found == NULL && key->kind == VALUE_STRING) {
            found = method_of(in, object, key);
        }
    } else if (key->kind == VALUE_STRING) {
        return attribute_of(in, object, key);
    } else if (value_is(key, KIND(INT) | KIND(BOOL)) && value_is(object, LISTS | KIND(STRING))) {
        const int64_t count = (int64_t)(string ? string_length(object) : object->list.count);
        const int64_t at = key->integer < 0 ? key->integer + count : key->integer;
        if (at >= 0 && at < count && string) {
            const size_t from = string_offset(object, (size_t)at);
            interp_step(in, from / 32);
            found = value_slice(in, object, from, string_offset(object, (size_t)at + 1));
        } else if (at >= 0 && at < count) {
            found = object->list.items[at];
        }
    }
    return found ? found : value_undefined(in, value_string(in, key), value_type(object));
}

static struct call evaluate_arguments(struct interp *in, const struct node *list) {
    struct call call = {value_new(in, VALUE_LIST), &in->scrap};
    for (; list; list = list->next) {
        if (list->kind == NODE_SPREAD) {
            const struct value *items = value_items(in, evaluate(in, list->a));
            for (size_t i = 0; i < items->list.count; i++) {
                list_add(in, call.positional, items->list.items[i]);
            }
        } else if (list->kind == NODE_KEYWORD || list->kind == NODE_SPREAD_KEYWORDS) {
            struct value *value = evaluate(in, list->a);
            call.named = call.named->kind == VALUE_DICT ? call.named : value_new(in, VALUE_DICT);
            if (list->kind == NODE_KEYWORD) {
                dict_set(in, call.named, list->value, value);
            } else if (value->kind == VALUE_DICT) {
                dict_merge(in, call.named, value);
            } else {
                fail_type(in, "argument after ** must be a mapping, not %.*s", value);
            }
        } else {
            list_add(in, call.positional, evaluate(in, list));
        }
    }
    return call;
}

struct value *call_builtin(struct interp *in, const struct builtin *builtin, struct value *self,
                           const struct call *call) {
    struct arguments arguments = {.call = call, .variant = builtin->variant};
    const char *name = builtin->parameters;
    const size_t given = call->positional->list.count;
    size_t taken = 0; /* named arguments */
    size_t count = 0;
    bool wrong = false;
    bool optional = false;
    for (; name && *name && !in->failed; count++) {
        if (*name == '|' || *name == ',') {
            optional |= *name++ == '|';
        }
        size_t bytes = 0;
        while (name[bytes] && name[bytes] != ',' && name[bytes] != '|') {
            bytes++;
        }
        struct value *value = dict_get_text(in, call->named, name, bytes);
        taken += value != NULL;
        value = count < given ? call->positional->list.items[count] : value;
        wrong |= value == NULL && !optional;
        arguments.at[count] = value;
        name += bytes;
    }
    if (name && !in->failed && (wrong || given > count || call->named->dict.count != taken)) {
        error_set(in->error, QN_ERR_TEMPLATE, in->at, "%s() takes the arguments (%s)", builtin->name,
                  builtin->parameters);
        in->failed = true;
    }
    struct value *value = interp_enter(in) ? builtin->run(in, self, &arguments) : &in->scrap;
    in->depth--;
    return in->failed ? &in->scrap : value;
}

struct value *call_value(struct interp *in, struct value *callee, const struct call *call) {
    switch (callee->kind) {
    case VALUE_BUILTIN:
        return call_builtin(in, callee->bound.builtin, callee->bound.self, call);
    case VALUE_MACRO:
        return call_macro(in, callee, call);
    case VALUE_JOINER:
        if (callee->joiner.used) {
            return callee->joiner.separator;
        }
        callee->joiner.used = true;
        return value_text(in, "", 0);
    case VALUE_UNDEFINED:
        return fail_undefined(in, callee);
    default:
        return fail_type(in, "'%.*s' object is not callable", callee);
    }
}

static struct value *evaluate_call(struct interp *in, const struct node *node) {
    struct value *callee = evaluate(in, node->a);
    const struct call call = evaluate_arguments(in, node->b);
    in->at = node->at;
    if (in->failed) {
        return &in->scrap;
    }
    if (node->kind == NODE_CALL) {
        return call_value(in, callee, &call);
    }
    return node->builtin ? call_builtin(in, node->builtin, callee, &call)
                         : interp_fail(in, QN_ERR_TEMPLATE, "no filter or test named '%.*s'", node->value->string.text,
                                       node->value->string.bytes);
}

static struct value *evaluate_item(struct interp *in, const struct node *node) {
    struct value *object = evaluate(in, node->a);
    const struct node *key = node->b;
    const bool slice = key->kind == NODE_SLICE;
    struct value *const range[3] = {slice && key->a ? evaluate(in, key->a) : NULL,
                                    slice && key->b ? evaluate(in, key->b) : NULL,
                                    slice && key->c ? evaluate(in, key->c) : NULL};
    struct value *single = slice ? NULL : evaluate(in, key);
    in->at = node->at;
    return slice ? slice_of(in, object, range) : item_of(in, object, single);
}

static struct value *evaluate_display(struct interp *in, const struct node *node) {
    const enum value_kind kind = node->kind == NODE_TUPLE ? VALUE_TUPLE : VALUE_LIST;
    struct value *value = value_new(in, node->kind == NODE_DICT ? VALUE_DICT : kind);
    for (const struct node *item = node->a; item; item = item->next) {
        struct value *part = evaluate(in, item);
        if (node->kind == NODE_DICT) {
            item = item->next; /* the value follows its key */
            dict_set(in, value, part, evaluate(in, item));
        } else {
            list_add(in, value, part);
        }
    }
    return value;
}

static struct value *evaluate_compare(struct interp *in, const struct node *node) {
    struct value *left = evaluate(in, node->a);
    struct value *result = &in->yes;
    for (const struct node *item = node->b; item && value_true(result); item = item->next) {
        struct value *right = evaluate(in, item->a);
        in->at = item->at;
        result = operate(in, item->operation, left, right);
        left = right;
    }
    return result;
}

static struct value *evaluate_concat(struct interp *in, const struct node *node) {
    struct buffer buffer;
    buffer_start(&buffer, in);
    for (const struct node *item = node->a; item; item = item->next) {
        buffer_print(&buffer, evaluate(in, item));
    }
    return buffer_value(&buffer);
}

static struct value *negate(struct interp *in, struct value *value) {
    if (value->kind == VALUE_FLOAT) {
        return value_float(in, -value->real.number); /* 0 - 0.0 would lose the sign */
    }
    return operate(in, '-', value_int(in, 0), value);
}

static struct value *evaluate_any(struct interp *in, const struct node *node) {
    struct value *value;
    switch (node->kind) {
    case NODE_CONST:
        return node->value;
    case NODE_CAPTURED:
        return in->captured;
    case NODE_NAME:
        return name_value(in, node->value);
    case NODE_TUPLE:
    case NODE_LIST:
    case NODE_DICT:
        return evaluate_display(in, node);
    case NODE_CONCAT:
        return evaluate_concat(in, node);
    case NODE_ITEM:
        return evaluate_item(in, node);
    case NODE_CALL:
    case NODE_FILTER:
    case NODE_TEST:
        return evaluate_call(in, node);
    case NODE_COMPARE:
        return evaluate_compare(in, node);
    default:
        break;
    }
    value = evaluate(in, node->a);
    in->at = node->at;
    switch (node->kind) {
    case NODE_ATTRIBUTE:
        return attribute_of(in, value, node->value);
    case NODE_NOT:
        return value_bool(in, !value_true(value));
    case NODE_NEGATE:
        return negate(in, value);
    case NODE_PLUS:
        return operate(in, '+', value_int(in, 0), value);
    case NODE_AND:
    case NODE_OR:
        return value_true(value) == (node->kind == NODE_AND) ? evaluate(in, node->b) : value;
    case NODE_BINARY: {
        struct value *right = evaluate(in, node->b);
        in->at = node->at;
        return operate(in, node->operation, value, right);
    }
    default: /* NODE_CHOICE */
        if (value_true(value)) {
            return evaluate(in, node->b);
        }
        return node->c ? evaluate(in, node->c) : value_undefined(in, value_name(in, "if without else"), NULL);
    }
}

struct value *evaluate(struct interp *in, const struct node *node) {
    struct value *value = interp_enter(in) ? evaluate_any(in, node) : &in->scrap;
    in->depth--;
    return value;
}
