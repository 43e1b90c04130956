/* Lookup in a table, and binding of arguments. */
#include "engine/text/template/builtin.h"

#include "engine/text/json/value_dict.h"

const struct builtin *builtin_find(const struct builtin *table, const char *name, size_t bytes) {
    for (; table->name; table++) {
        if (strlen(table->name) == bytes && memcmp(table->name, name, bytes) == 0) {
            return table;
        }
    }
    return NULL;
}

struct value *method_bind(struct sandbox *box, const struct builtin *builtin, struct value *self) {
    struct value *value = value_new(box, VALUE_BUILTIN);
    if (!box->failed) {
        value->bound.builtin = builtin;
        value->bound.self = self;
    }
    return value;
}

struct value *call_builtin(struct sandbox *box, const struct builtin *builtin, struct value *self,
                           const struct call *call) {
    struct arguments arguments = {.call = call, .variant = builtin->variant};
    const char *name = builtin->parameters;
    const size_t given = call->positional->list.count;
    size_t taken = 0; /* named arguments used */
    size_t count = 0;
    bool wrong = false;
    bool optional = false;
    for (; name && *name && !box->failed; count++) {
        if (*name == '|' || *name == ',') {
            optional |= *name++ == '|';
        }
        size_t bytes = 0;
        while (name[bytes] && name[bytes] != ',' && name[bytes] != '|') {
            bytes++;
        }
        struct value *value = dict_get_text(box, call->named, name, bytes);
        taken += value != NULL;
        value = count < given ? call->positional->list.items[count] : value;
        wrong |= value == NULL && !optional;
        arguments.at[count] = value;
        name += bytes;
    }
    if (name && !box->failed && (wrong || given > count || call->named->dict.count != taken)) {
        error_set(box->error, QN_ERR_TEMPLATE, box->at, "%s() takes the arguments (%s)", builtin->name,
                  builtin->parameters);
        box->failed = true;
    }
    struct value *value = sandbox_enter(box) ? builtin->run(box, self, &arguments) : &box->scrap;
    box->depth--;
    return box->failed ? &box->scrap : value;
}

ptrdiff_t argument_int(struct sandbox *box, const struct value *value, ptrdiff_t otherwise) {
    const int64_t limit = 1 << 30;
    if (value == NULL || value->kind == VALUE_NONE) {
        return otherwise;
    }
    if (!value_is(value, KIND(INT) | KIND(BOOL))) {
        value_fail_type(box, "an integer is required, not '%.*s'", value);
        return otherwise;
    }
    const int64_t capped = value->integer < limit ? value->integer : limit;
    return (ptrdiff_t)(capped > -limit ? capped : -limit);
}

bool argument_true(const struct value *value) { return value && value_true(value); }

const struct value *argument_string(struct sandbox *box, const struct value *value) {
    return value->kind == VALUE_STRING ? value : value_fail_type(box, "a string is required, not '%.*s'", value);
}
