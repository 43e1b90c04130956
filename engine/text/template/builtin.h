/* Built-in functions: how they are described, and how their arguments are bound and checked. */
#ifndef ENGINE_TEXT_TEMPLATE_BUILTIN_H
#define ENGINE_TEXT_TEMPLATE_BUILTIN_H

#include "engine/text/json/sandbox.h"

#define MAX_ARGUMENTS 5

struct call {
    struct value *positional; /* a list */
    struct value *named;      /* a dict; scrap, which is empty, if there are none */
};

struct arguments {
    struct value *at[MAX_ARGUMENTS]; /* in the order of builtin.parameters; null where not given */
    const struct call *call;
    unsigned variant; /* of the builtin */
};

struct builtin {
    const char *name;
    struct value *(*run)(struct sandbox *box, struct value *self, const struct arguments *arguments);
    const char *parameters; /* "a,b": names in order; those after | are optional. Null: any arguments. */
    unsigned variant;       /* tells apart the names that share a function */
};

/* Finds a builtin in a table that ends with a null name; null if there is none. */
const struct builtin *builtin_find(const struct builtin *table, const char *name, size_t bytes);
/* A value that calls the builtin with this self; null for a function. */
struct value *method_bind(struct sandbox *box, const struct builtin *builtin, struct value *self);
/* Binds the arguments and runs the builtin. */
struct value *call_builtin(struct sandbox *box, const struct builtin *builtin, struct value *self,
                           const struct call *call);

/* An integer argument, limited to +-2^30; `otherwise` if it is null or none. Fails for other values. */
ptrdiff_t argument_int(struct sandbox *box, const struct value *value, ptrdiff_t otherwise);
/* Whether the argument was given and is true. */
bool argument_true(const struct value *value);
/* A string argument. Fails for other values. */
const struct value *argument_string(struct sandbox *box, const struct value *value);

#endif
