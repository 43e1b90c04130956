/* Scopes and variables. */
#include "engine/text/template/scope.h"

#include "engine/text/json/value_dict.h"
#include "engine/text/template/builtin_lookup.h"

bool scope_open(struct sandbox *box, struct scope *parent) {
    struct scope *scope = TAKE(box, struct scope);
    if (scope) {
        scope->parent = parent;
        scope->names = value_new(box, VALUE_DICT);
        interpreter_of(box)->scope = scope;
    }
    return !box->failed;
}

struct value *name_get(struct sandbox *box, const struct value *name) {
    struct value *value = NULL;
    for (const struct scope *scope = interpreter_of(box)->scope; scope && !value && sandbox_step(box, 1);
         scope = scope->parent) {
        value = dict_get(box, scope->names, name);
    }
    value = value ? value : dict_get(box, interpreter_of(box)->variables, name);
    if (value) {
        return value;
    }
    const struct builtin *builtin = global_find(box, name->string.text, name->string.bytes);
    return builtin ? method_bind(box, builtin, NULL) : value_undefined(box, name, NULL);
}

void name_set(struct sandbox *box, struct value *name, struct value *value) {
    dict_set(box, interpreter_of(box)->scope->names, name, value);
}

void assign(struct sandbox *box, const struct node *target, struct value *value) {
    if (target->kind == NODE_NAME) {
        name_set(box, target->value, value);
        return;
    }
    box->at = target->at;
    if (target->kind == NODE_ATTRIBUTE) {
        struct value *space = name_get(box, target->a->value);
        if (space->kind != VALUE_NAMESPACE) {
            sandbox_fail(box, "cannot assign attribute on non-namespace object");
            return;
        }
        dict_set(box, space, target->value, value);
        return;
    }
    const struct value *items = value_items(box, value);
    size_t i = 0;
    if (sandbox_enter(box)) {
        for (const struct node *item = target->a; item; item = item->next, i++) {
            if (i < items->list.count) {
                assign(box, item, items->list.items[i]);
            }
        }
    }
    box->depth--;
    if (i != items->list.count) {
        box->at = target->at;
        sandbox_fail(box, "too many or not enough values to unpack");
    }
}
