/* The syntax tree. */
#ifndef ENGINE_TEXT_TEMPLATE_NODE_H
#define ENGINE_TEXT_TEMPLATE_NODE_H

#include <stddef.h>
#include <stdint.h>

enum node_kind {
    /* Expressions. */
    NODE_CONST,           /* value */
    NODE_CAPTURED,        /* the text of the enclosing filter block or set block */
    NODE_NAME,            /* value: the name */
    NODE_TUPLE,           /* a: items */
    NODE_LIST,            /* a: items */
    NODE_DICT,            /* a: key, value, key, value ... */
    NODE_CONCAT,          /* a: operands */
    NODE_ATTRIBUTE,       /* a.value */
    NODE_ITEM,            /* a[b] */
    NODE_SLICE,           /* b of a NODE_ITEM: a:b:c, each null if omitted */
    NODE_CALL,            /* a(b) */
    NODE_FILTER,          /* a|value(b) */
    NODE_TEST,            /* a is value(b) */
    NODE_KEYWORD,         /* an argument: value = a */
    NODE_SPREAD,          /* an argument: *a */
    NODE_SPREAD_KEYWORDS, /* an argument: **a */
    NODE_NOT,
    NODE_NEGATE,
    NODE_PLUS,
    NODE_AND,
    NODE_OR,
    NODE_BINARY,  /* a operation b */
    NODE_COMPARE, /* a, then b: a list of NODE_OPERAND */
    NODE_OPERAND, /* operation a */
    NODE_CHOICE,  /* b if a else c; c may be null */
    /* Statements. */
    NODE_TEXT,         /* value */
    NODE_PRINT,        /* a */
    NODE_IF,           /* if a: b; c: the NODE_IF of the next elif; d: else */
    NODE_FOR,          /* for a in b: c; d: else. b is a NODE_WHERE if the loop has a condition */
    NODE_WHERE,        /* a if b */
    NODE_SET,          /* a = b */
    NODE_SET_BLOCK,    /* a = the text of b, after the filters c, which may be null */
    NODE_MACRO,        /* value(a): b. a: a NODE_SET for each parameter, its b null without a default */
    NODE_CALL_BLOCK,   /* a: the NODE_MACRO that caller() calls, b: a call */
    NODE_FILTER_BLOCK, /* the text of b, after the filters a */
    NODE_SCOPE,        /* a: NODE_SETs, then b in its own scope */
    NODE_BREAK,
    NODE_CONTINUE
};

struct node {
    uint8_t kind; /* enum node_kind */
    uint32_t operation;
    size_t at;         /* in the template */
    struct node *next; /* in a list */
    struct node *a, *b, *c, *d;
    struct value *value;
    const struct builtin *builtin; /* of a filter or test; null if there is none of that name */
};

#endif
