/* The state of one rendering. It extends the sandbox that values live in: code that only makes and compares values
 * takes the sandbox, and code that needs the template's variables or output asks for the interpreter around it. */
#ifndef ENGINE_TEXT_TEMPLATE_INTERPRETER_H
#define ENGINE_TEXT_TEMPLATE_INTERPRETER_H

#include "engine/text/json/buffer.h"

struct scope {
    struct scope *parent;
    struct value *names; /* a dict */
    bool kept;           /* a macro was defined in it, so it outlives its block */
};

struct interpreter {
    struct sandbox box; /* first, see interpreter_of */
    const struct builtin_tables *builtins;
    struct scope *scope;     /* the innermost */
    struct value *variables; /* the members of the JSON context */
    struct value *names;     /* every name that the template mentions; a dict */
    struct value *captured;  /* see NODE_CAPTURED */
    struct buffer *out;
};

/* The interpreter whose sandbox this is. Every sandbox in this folder belongs to one. */
static inline struct interpreter *interpreter_of(struct sandbox *box) { return (struct interpreter *)(void *)box; }

#endif
