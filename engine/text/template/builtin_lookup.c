/* Lookup of built-in functions by name. */
#include "engine/text/template/builtin_lookup.h"

#include "engine/text/template/builtin_tables.h"
#include "engine/text/template/interpreter.h"

const struct builtin *filter_find(struct sandbox *box, const char *name, size_t bytes) {
    const struct builtin_tables *tables = interpreter_of(box)->builtins;
    const struct builtin *found = builtin_find(tables->filters, name, bytes);
    return found ? found : builtin_find(tables->sequence_filters, name, bytes);
}

const struct builtin *test_find(struct sandbox *box, const char *name, size_t bytes) {
    return builtin_find(interpreter_of(box)->builtins->tests, name, bytes);
}

const struct builtin *global_find(struct sandbox *box, const char *name, size_t bytes) {
    return builtin_find(interpreter_of(box)->builtins->globals, name, bytes);
}

const struct builtin *method_find(struct sandbox *box, const struct value *self, const char *name, size_t bytes) {
    const struct builtin *table = interpreter_of(box)->builtins->methods[self->kind];
    return table ? builtin_find(table, name, bytes) : NULL;
}
