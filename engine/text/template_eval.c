/* Evaluates expressions. */
#include "engine/text/template_interp.h"

struct scope *scope_new(struct interp *interp, struct scope *parent) {
    struct scope *scope = heap_take(&interp->heap, sizeof(*scope));
    if (scope) {
        scope->parent = parent;
        scope->names = value_new(&interp->heap, VALUE_DICT);
    }
    return scope && scope->names ? scope : NULL;
}

static struct value *bound(struct heap *heap, const struct builtin *builtin, struct value *self) {
    struct value *value = value_new(heap, VALUE_BUILTIN);
    if (value) {
        value->bound.builtin = builtin;
        value->bound.self = self;
    }
    return value;
}

struct value *name_value(struct interp *interp, const struct value *name) {
    struct heap *heap = &interp->heap;
    for (const struct scope *scope = interp->scope; scope; scope = scope->parent) {
        struct value *value = dict_get(heap, scope->names, name);
        if (value || !heap_step(heap, 1)) {
            return value;
        }
    }
    struct value *value = dict_get(heap, interp->context, name);
    if (value) {
        return value;
    }
    const struct builtin *builtin = builtin_find(builtin_globals, name->string.text, name->string.bytes);
    return builtin ? bound(heap, builtin, NULL) : value_undefined(heap, name->string.text, name->string.bytes, NULL);
}

bool name_set(struct interp *interp, struct value *name, struct value *value) {
    return dict_set(&interp->heap, interp->scope->names, name, value);
}

bool assign(struct interp *interp, const struct node *target, struct value *value) {
    struct heap *heap = &interp->heap;
    if (value == NULL) {
        return false;
    }
    if (target->kind == NODE_NAME) {
        return name_set(interp, target->value, value);
    }
    if (target->kind == NODE_ATTRIBUTE) {
        struct value *space = name_value(interp, target->a->value);
        if (space && space->kind != VALUE_NAMESPACE) {
            heap->at = target->at;
            return WRONG(heap, "cannot assign attribute on non-namespace object");
        }
        return space && dict_set(heap, space, target->value, value);
    }
    heap->at = target->at;
    size_t wanted = 0;
    for (const struct node *item = target->a; item; item = item->next) {
        wanted++;
    }
    const struct value *items = value_items(heap, value);
    if (items && items->list.count != wanted) {
        return WRONG(heap, "%zu values to unpack, expected %zu", items->list.count, wanted);
    }
    size_t i = 0;
    bool good = items && heap_enter(heap); /* targets may be nested */
    for (const struct node *item = target->a; good && item; item = item->next) {
        good = assign(interp, item, items->list.items[i++]);
    }
    heap->depth -= items != NULL;
    return good;
}

struct value *attribute_of(struct interp *interp, struct value *object, struct value *name) {
    struct heap *heap = &interp->heap;
    const char *text = name->string.text;
    const size_t bytes = name->string.bytes;
    struct value *found = NULL;
    if (object->kind == VALUE_UNDEFINED) {
        return fail_undefined(heap, object);
    }
    const struct builtin *method = method_find(object, text, bytes);
    if (method) { /* also before a key of that name, as in Python */
        return bound(heap, method, object);
    }
    if (object->kind == VALUE_DICT || object->kind == VALUE_NAMESPACE) {
        found = dict_get(heap, object, name);
    } else if (object->kind == VALUE_LOOP) {
        found = loop_attribute(interp, object, name);
    } else if (object->flags & FLAG_GROUP) {
        found = value_is_text(name, "grouper") ? object->list.items[0]
                : value_is_text(name, "list")  ? object->list.items[1]
                                               : NULL;
    } else if (object->kind == VALUE_CYCLER && value_is_text(name, "current")) {
        found = object->list.items[object->list.position % object->list.count];
    }
    return found ? found : value_undefined(heap, text, bytes, value_type(object));
}

struct value *item_of(struct interp *interp, struct value *object, struct value *key) {
    struct heap *heap = &interp->heap;
    const bool index = key->kind == VALUE_INT || key->kind == VALUE_BOOL;
    switch (object->kind) {
    case VALUE_UNDEFINED:
        return fail_undefined(heap, object);
    case VALUE_DICT:
        if (value_hashable(key)) {
            struct value *value = dict_get(heap, object, key);
            if (value || heap->failed) {
                return value;
            }
        }
        break;
    case VALUE_LIST:
    case VALUE_TUPLE:
        if (index) {
            const int64_t at = key->integer < 0 ? key->integer + (int64_t)object->list.count : key->integer;
            if (at >= 0 && (uint64_t)at < object->list.count) {
                return object->list.items[at];
            }
        }
        break;
    case VALUE_STRING:
        if (index && heap_step(heap, object->string.bytes / 64)) {
            const int64_t length = (int64_t)string_length(object);
            const int64_t at = key->integer < 0 ? key->integer + length : key->integer;
            if (at >= 0 && at < length) {
                const size_t from = string_offset(object, (size_t)at);
                struct value *rest = value_slice(heap, object, from, object->string.bytes);
                return rest ? value_slice(heap, object, from, from + string_offset(rest, 1)) : NULL;
            }
        }
        break;
    default:
        break;
    }
    if (key->kind == VALUE_STRING && object->kind != VALUE_DICT) {
        return attribute_of(interp, object, key);
    }
    if (key->kind == VALUE_STRING) {
        const struct builtin *method = method_find(object, key->string.text, key->string.bytes);
        if (method) {
            return bound(heap, method, object);
        }
    }
    struct value *name = value_string(heap, key);
    return name ? value_undefined(heap, name->string.text, name->string.bytes, value_type(object)) : NULL;
}

/* Fills call->positional and call->named. */
static bool evaluate_arguments(struct interp *interp, const struct node *list, struct call *call) {
    struct heap *heap = &interp->heap;
    call->positional = value_list(heap, VALUE_LIST, 0);
    call->named = NULL;
    if (call->positional == NULL) {
        return false;
    }
    for (; list && !heap->failed; list = list->next) {
        const bool plain =
            list->kind != NODE_KEYWORD && list->kind != NODE_SPREAD && list->kind != NODE_SPREAD_KEYWORDS;
        struct value *value = evaluate(interp, plain ? list : list->a);
        if (plain) {
            list_add(heap, call->positional, value);
            continue;
        }
        if (value && list->kind == NODE_SPREAD) {
            const struct value *items = value_items(heap, value);
            for (size_t i = 0; items && i < items->list.count && !heap->failed; i++) {
                list_add(heap, call->positional, items->list.items[i]);
            }
            continue;
        }
        call->named = call->named ? call->named : value_new(heap, VALUE_DICT);
        if (value == NULL || call->named == NULL) {
            return false;
        }
        if (list->kind == NODE_KEYWORD) {
            dict_set(heap, call->named, list->value, value);
        } else if (value->kind != VALUE_DICT) {
            return WRONG(heap, "argument after ** must be a mapping, not %s", value_type(value));
        } else {
            for (size_t i = 0; i < value->dict.count && !heap->failed; i++) {
                dict_set(heap, call->named, value->dict.entries[i].key, value->dict.entries[i].value);
            }
        }
    }
    return !heap->failed;
}

/* The value of parameter `index` of a call, or null; *name walks over the names "a,b|c". */
static struct value *argument_named(struct heap *heap, const struct call *call, const char **name) {
    size_t bytes = 0;
    while ((*name)[bytes] && (*name)[bytes] != ',' && (*name)[bytes] != '|') {
        bytes++;
    }
    struct value *value = call->named ? dict_get_text(heap, call->named, *name, bytes) : NULL;
    *name += bytes;
    return value;
}

struct value *call_builtin(struct interp *interp, const struct builtin *builtin, struct value *self,
                           const struct call *call) {
    struct heap *heap = &interp->heap;
    struct arguments arguments = {.call = call};
    if (builtin->parameters) {
        const char *name = builtin->parameters;
        bool optional = false;
        size_t taken = 0;
        size_t count = 0;
        for (; *name && count < MAX_ARGUMENTS; count++) {
            if (*name == '|' || *name == ',') {
                optional |= *name++ == '|';
            }
            struct value *value = argument_named(heap, call, &name);
            taken += value != NULL;
            if (count < call->positional->list.count) {
                value = call->positional->list.items[count];
            }
            if (value == NULL && !optional) {
                return WRONG(heap, "%s() misses argument %zu of (%s)", builtin->name, count + 1, builtin->parameters);
            }
            arguments.at[count] = value;
        }
        if (call->positional->list.count > count || (call->named && call->named->dict.count != taken)) {
            return WRONG(heap, "%s() takes the arguments (%s) and no others", builtin->name, builtin->parameters);
        }
    }
    struct value *value = heap_enter(heap) ? builtin->run(interp, self, &arguments) : NULL;
    heap->depth--;
    return heap->failed ? NULL : value;
}

struct value *call_value(struct interp *interp, struct value *callee, const struct call *call) {
    struct heap *heap = &interp->heap;
    switch (callee->kind) {
    case VALUE_BUILTIN:
        return call_builtin(interp, callee->bound.builtin, callee->bound.self, call);
    case VALUE_MACRO:
        return call_macro(interp, callee, call);
    case VALUE_JOINER:
        if (callee->joiner.used) {
            return callee->joiner.separator;
        }
        callee->joiner.used = true;
        return value_text(heap, "", 0);
    case VALUE_UNDEFINED:
        return fail_undefined(heap, callee);
    default:
        return WRONG(heap, "'%s' object is not callable", value_type(callee));
    }
}

static struct value *evaluate_call(struct interp *interp, const struct node *node) {
    struct call call;
    struct value *callee = evaluate(interp, node->a);
    if (callee == NULL || !evaluate_arguments(interp, node->b, &call)) {
        return NULL;
    }
    interp->heap.at = node->at;
    if (node->kind == NODE_CALL) {
        return call_value(interp, callee, &call);
    }
    if (node->builtin == NULL) {
        return WRONG(&interp->heap, "no %s named '%.*s'", node->kind == NODE_FILTER ? "filter" : "test",
                     (int)(node->value->string.bytes > 60 ? 60 : node->value->string.bytes), node->value->string.text);
    }
    return call_builtin(interp, node->builtin, callee, &call);
}

static struct value *evaluate_item(struct interp *interp, const struct node *node) {
    struct value *object = evaluate(interp, node->a);
    const struct node *key = node->b;
    if (object == NULL || key->kind != NODE_SLICE) {
        struct value *value = object ? evaluate(interp, key) : NULL;
        interp->heap.at = node->at;
        return value ? item_of(interp, object, value) : NULL;
    }
    const struct node *parts[3] = {key->a, key->b, key->c};
    struct value *range[3] = {NULL, NULL, NULL};
    for (size_t i = 0; i < 3; i++) {
        if (parts[i]) {
            range[i] = evaluate(interp, parts[i]);
            if (range[i] == NULL) {
                return NULL;
            }
        }
    }
    interp->heap.at = node->at;
    return slice_of(interp, object, range);
}

static struct value *evaluate_display(struct interp *interp, const struct node *node) {
    struct heap *heap = &interp->heap;
    const enum value_kind kind = node->kind == NODE_TUPLE  ? VALUE_TUPLE
                                 : node->kind == NODE_LIST ? VALUE_LIST
                                                           : VALUE_DICT;
    struct value *value = value_new(heap, kind);
    for (const struct node *item = node->a; item && !heap->failed; item = item->next) {
        struct value *part = evaluate(interp, item);
        if (kind == VALUE_DICT) {
            item = item->next; /* the value follows its key */
            dict_set(heap, value, part, part ? evaluate(interp, item) : NULL);
        } else {
            list_add(heap, value, part);
        }
    }
    return heap->failed ? NULL : value;
}

static struct value *evaluate_compare(struct interp *interp, const struct node *node) {
    struct value *left = evaluate(interp, node->a);
    struct value *result = NULL;
    for (const struct node *item = node->b; item && left; item = item->next) {
        struct value *right = evaluate(interp, item->a);
        interp->heap.at = item->at;
        result = right ? operate(interp, item->operation, left, right) : NULL;
        if (result == NULL || !value_true(result)) {
            return result;
        }
        left = right;
    }
    return left ? result : NULL;
}

static struct value *evaluate_any(struct interp *interp, const struct node *node) {
    struct heap *heap = &interp->heap;
    struct value *value;
    switch (node->kind) {
    case NODE_CONST:
        return node->value;
    case NODE_CAPTURED:
        return interp->captured;
    case NODE_NAME:
        return name_value(interp, node->value);
    case NODE_TUPLE:
    case NODE_LIST:
    case NODE_DICT:
        return evaluate_display(interp, node);
    case NODE_CONCAT: {
        struct buffer buffer = {.heap = heap};
        for (const struct node *item = node->a; item; item = item->next) {
            value = evaluate(interp, item);
            if (value == NULL) {
                return NULL;
            }
            buffer_print(&buffer, value);
        }
        return buffer_value(&buffer);
    }
    case NODE_ATTRIBUTE:
        value = evaluate(interp, node->a);
        heap->at = node->at;
        return value ? attribute_of(interp, value, node->value) : NULL;
    case NODE_ITEM:
        return evaluate_item(interp, node);
    case NODE_CALL:
    case NODE_FILTER:
    case NODE_TEST:
        return evaluate_call(interp, node);
    case NODE_NOT:
        value = evaluate(interp, node->a);
        return value ? value_bool(heap, !value_true(value)) : NULL;
    case NODE_NEGATE:
    case NODE_PLUS: {
        value = evaluate(interp, node->a);
        heap->at = node->at;
        struct value *zero = value_int(heap, 0);
        if (value && zero && value->kind == VALUE_FLOAT && node->kind == NODE_NEGATE) {
            return value_float(heap, -value->real.number); /* 0 - 0.0 would lose the sign */
        }
        return value && zero ? operate(interp, node->kind == NODE_PLUS ? '+' : '-', zero, value) : NULL;
    }
    case NODE_AND:
    case NODE_OR:
        value = evaluate(interp, node->a);
        return value && value_true(value) == (node->kind == NODE_AND) ? evaluate(interp, node->b) : value;
    case NODE_BINARY: {
        value = evaluate(interp, node->a);
        struct value *right = value ? evaluate(interp, node->b) : NULL;
        heap->at = node->at;
        return right ? operate(interp, node->operation, value, right) : NULL;
    }
    case NODE_COMPARE:
        return evaluate_compare(interp, node);
    case NODE_CHOICE:
        value = evaluate(interp, node->a);
        if (value && value_true(value)) {
            return evaluate(interp, node->b);
        }
        return value == NULL ? NULL : node->c ? evaluate(interp, node->c) : value_undefined(heap, "if", 2, NULL);
    default:
        heap->at = node->at;
        return WRONG(heap, "not an expression");
    }
}

struct value *evaluate(struct interp *interp, const struct node *node) {
    struct value *value = heap_enter(&interp->heap) ? evaluate_any(interp, node) : NULL;
    interp->heap.depth--;
    return interp->heap.failed ? NULL : value;
}
