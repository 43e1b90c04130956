/* Evaluates expressions. */
#include "engine/text/template/evaluate.h"

#include "engine/text/json/value_dict.h"
#include "engine/text/json/value_print.h"
#include "engine/text/json/value_string.h"
#include "engine/text/template/builtin_lookup.h"
#include "engine/text/template/execute.h"
#include "engine/text/template/interpreter.h"
#include "engine/text/template/loop.h"
#include "engine/text/template/operators.h"
#include "engine/text/template/scope.h"

static struct value *method_of(struct sandbox *box, struct value *object, const struct value *name) {
    const struct builtin *method = method_find(box, object, name->string.text, name->string.bytes);
    return method ? method_bind(box, method, object) : NULL;
}

struct value *attribute_of(struct sandbox *box, struct value *object, struct value *name) {
    if (object->kind == VALUE_UNDEFINED) {
        return value_fail_undefined(box, object);
    }
    struct value *found = method_of(box, object, name); /* methods precede keys of the same name, as in Python */
    if (found) {
        return found;
    }
    if (value_is(object, KIND(DICT) | KIND(NAMESPACE))) {
        found = dict_get(box, object, name);
    } else if (object->kind == VALUE_LOOP) {
        found = loop_attribute(box, object, name);
    } else if (object->flags & FLAG_GROUP && (value_is_text(name, "grouper") || value_is_text(name, "list"))) {
        found = object->list.items[value_is_text(name, "list")];
    } else if (object->kind == VALUE_CYCLER && value_is_text(name, "current")) {
        found = object->list.items[object->list.position % object->list.count];
    }
    return found ? found : value_undefined(box, name, value_type(object));
}

struct value *item_of(struct sandbox *box, struct value *object, struct value *key) {
    const bool string = object->kind == VALUE_STRING;
    struct value *found = NULL;
    if (object->kind == VALUE_UNDEFINED) {
        return value_fail_undefined(box, object);
    }
    if (object->kind == VALUE_DICT) {
        if (!value_is(key, KIND(LIST) | KIND(DICT))) {
            found = dict_get(box, object, key);
        }
        if (found == NULL && key->kind == VALUE_STRING) {
            found = method_of(box, object, key);
        }
    } else if (key->kind == VALUE_STRING) {
        return attribute_of(box, object, key);
    } else if (value_is(key, KIND(INT) | KIND(BOOL)) && value_is(object, LISTS | KIND(STRING))) {
        const int64_t count = (int64_t)(string ? string_length(object) : object->list.count);
        const int64_t at = key->integer < 0 ? key->integer + count : key->integer;
        if (at >= 0 && at < count && string) {
            const size_t from = string_offset(object, (size_t)at);
            sandbox_step(box, from / 32);
            found = value_slice(box, object, from, string_offset(object, (size_t)at + 1));
        } else if (at >= 0 && at < count) {
            found = object->list.items[at];
        }
    }
    return found ? found : value_undefined(box, value_string(box, key), value_type(object));
}

static struct call evaluate_arguments(struct sandbox *box, const struct node *list) {
    struct call call = {value_new(box, VALUE_LIST), &box->scrap};
    for (; list; list = list->next) {
        if (list->kind == NODE_SPREAD) {
            const struct value *items = value_items(box, evaluate(box, list->a));
            for (size_t i = 0; i < items->list.count; i++) {
                list_add(box, call.positional, items->list.items[i]);
            }
        } else if (list->kind == NODE_KEYWORD || list->kind == NODE_SPREAD_KEYWORDS) {
            struct value *value = evaluate(box, list->a);
            call.named = call.named->kind == VALUE_DICT ? call.named : value_new(box, VALUE_DICT);
            if (list->kind == NODE_KEYWORD) {
                dict_set(box, call.named, list->value, value);
            } else if (value->kind == VALUE_DICT) {
                dict_merge(box, call.named, value);
            } else {
                value_fail_type(box, "argument after ** must be a mapping, not %.*s", value);
            }
        } else {
            list_add(box, call.positional, evaluate(box, list));
        }
    }
    return call;
}

static struct value *call_value(struct sandbox *box, struct value *callee, const struct call *call) {
    switch (callee->kind) {
    case VALUE_BUILTIN:
        return call_builtin(box, callee->bound.builtin, callee->bound.self, call);
    case VALUE_MACRO:
        return call_macro(box, callee, call);
    case VALUE_JOINER:
        if (callee->joiner.used) {
            return callee->joiner.separator;
        }
        callee->joiner.used = true;
        return value_text(box, "", 0);
    case VALUE_UNDEFINED:
        return value_fail_undefined(box, callee);
    default:
        return value_fail_type(box, "'%.*s' object is not callable", callee);
    }
}

static struct value *evaluate_call(struct sandbox *box, const struct node *node) {
    struct value *callee = evaluate(box, node->a);
    const struct call call = evaluate_arguments(box, node->b);
    box->at = node->at;
    if (box->failed) {
        return &box->scrap;
    }
    if (node->kind == NODE_CALL) {
        return call_value(box, callee, &call);
    }
    return node->builtin ? call_builtin(box, node->builtin, callee, &call)
                         : sandbox_fail_with(box, QN_ERR_TEMPLATE, "no filter or test named '%.*s'",
                                             node->value->string.text, node->value->string.bytes);
}

static struct value *evaluate_item(struct sandbox *box, const struct node *node) {
    struct value *object = evaluate(box, node->a);
    const struct node *key = node->b;
    const bool slice = key->kind == NODE_SLICE;
    struct value *const range[3] = {slice && key->a ? evaluate(box, key->a) : NULL,
                                    slice && key->b ? evaluate(box, key->b) : NULL,
                                    slice && key->c ? evaluate(box, key->c) : NULL};
    struct value *single = slice ? NULL : evaluate(box, key);
    box->at = node->at;
    return slice ? slice_of(box, object, range) : item_of(box, object, single);
}

static struct value *evaluate_display(struct sandbox *box, const struct node *node) {
    const enum value_kind kind = node->kind == NODE_TUPLE ? VALUE_TUPLE : VALUE_LIST;
    struct value *value = value_new(box, node->kind == NODE_DICT ? VALUE_DICT : kind);
    for (const struct node *item = node->a; item; item = item->next) {
        struct value *part = evaluate(box, item);
        if (node->kind == NODE_DICT) {
            item = item->next; /* the value follows its key */
            dict_set(box, value, part, evaluate(box, item));
        } else {
            list_add(box, value, part);
        }
    }
    return value;
}

static struct value *evaluate_compare(struct sandbox *box, const struct node *node) {
    struct value *left = evaluate(box, node->a);
    struct value *result = &box->yes;
    for (const struct node *item = node->b; item && value_true(result); item = item->next) {
        struct value *right = evaluate(box, item->a);
        box->at = item->at;
        result = operate(box, item->operation, left, right);
        left = right;
    }
    return result;
}

static struct value *evaluate_concat(struct sandbox *box, const struct node *node) {
    struct buffer buffer;
    buffer_start(&buffer, box);
    for (const struct node *item = node->a; item; item = item->next) {
        buffer_print(&buffer, evaluate(box, item));
    }
    return buffer_value(&buffer);
}

static struct value *negate(struct sandbox *box, struct value *value) {
    if (value->kind == VALUE_FLOAT) {
        return value_float(box, -value->real.number); /* 0 - 0.0 would lose the sign */
    }
    return operate(box, '-', value_int(box, 0), value);
}

static struct value *evaluate_any(struct sandbox *box, const struct node *node) {
    struct value *value;
    switch (node->kind) {
    case NODE_CONST:
        return node->value;
    case NODE_CAPTURED:
        return interpreter_of(box)->captured;
    case NODE_NAME:
        return name_get(box, node->value);
    case NODE_TUPLE:
    case NODE_LIST:
    case NODE_DICT:
        return evaluate_display(box, node);
    case NODE_CONCAT:
        return evaluate_concat(box, node);
    case NODE_ITEM:
        return evaluate_item(box, node);
    case NODE_CALL:
    case NODE_FILTER:
    case NODE_TEST:
        return evaluate_call(box, node);
    case NODE_COMPARE:
        return evaluate_compare(box, node);
    default:
        break;
    }
    value = evaluate(box, node->a);
    box->at = node->at;
    switch (node->kind) {
    case NODE_ATTRIBUTE:
        return attribute_of(box, value, node->value);
    case NODE_NOT:
        return value_bool(box, !value_true(value));
    case NODE_NEGATE:
        return negate(box, value);
    case NODE_PLUS:
        return operate(box, '+', value_int(box, 0), value);
    case NODE_AND:
    case NODE_OR:
        return value_true(value) == (node->kind == NODE_AND) ? evaluate(box, node->b) : value;
    case NODE_BINARY: {
        struct value *right = evaluate(box, node->b);
        box->at = node->at;
        return operate(box, node->operation, value, right);
    }
    default: /* NODE_CHOICE */
        if (value_true(value)) {
            return evaluate(box, node->b);
        }
        return node->c ? evaluate(box, node->c) : value_undefined(box, value_name(box, "if without else"), NULL);
    }
}

struct value *evaluate(struct sandbox *box, const struct node *node) {
    struct value *value = sandbox_enter(box) ? evaluate_any(box, node) : &box->scrap;
    box->depth--;
    return value;
}
