/* The parts of the template interpreter: lexer, parser, evaluator, built-in functions. */
#ifndef ENGINE_TEXT_TEMPLATE_INTERP_H
#define ENGINE_TEXT_TEMPLATE_INTERP_H

#include "engine/text/value.h"

/* ---- lexer ---- */

enum token_kind {
    TOKEN_END,
    TOKEN_TEXT, /* outside tags, stripped as the tags around it say */
    TOKEN_PRINT_BEGIN,
    TOKEN_PRINT_END,
    TOKEN_BLOCK_BEGIN,
    TOKEN_BLOCK_END,
    TOKEN_NAME,
    TOKEN_STRING,
    TOKEN_NUMBER,
    TOKEN_OPERATOR
};

/* Operators of two bytes are numbered by both. */
#define PAIR(a, b) ((unsigned)(a) << 8 | (unsigned)(b))

struct token {
    enum token_kind kind;
    unsigned operation;  /* of an operator: its byte, or PAIR */
    size_t at, bytes;    /* in the template */
    struct value *value; /* of text, strings, names and numbers */
};

#define LEXER_ZEROS 8

struct lexer {
    struct interp *in;
    const char *text; /* (bytes), newlines as \n; LEXER_ZEROS zeros behind, so that looking ahead needs no check */
    size_t bytes, at;
    enum { LEXER_OUTSIDE, LEXER_AT_TAG, LEXER_INSIDE } state;
    char mark;         /* of the tag: { % or # */
    bool line_start;   /* what was read last ended with a newline */
    unsigned brackets; /* open ones */
};
/* TOKEN_END also after an error. */
void lexer_next(struct lexer *lexer, struct token *token);

/* ---- tree ---- */

enum node_kind {
    NODE_CONST,           /* value */
    NODE_CAPTURED,        /* the text of the filter block around it */
    NODE_NAME,            /* value: the name */
    NODE_TUPLE,           /* a: items */
    NODE_LIST,            /* a: items */
    NODE_DICT,            /* a: key, value, key, value ... */
    NODE_CONCAT,          /* a: operands */
    NODE_ATTRIBUTE,       /* a.value */
    NODE_ITEM,            /* a[b] */
    NODE_SLICE,           /* b of an ITEM: a:b:c, null where left out */
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
    NODE_COMPARE, /* a, then b: a list of OPERANDs */
    NODE_OPERAND, /* operation a */
    NODE_CHOICE,  /* b if a else c; c may be null */
    /* statements */
    NODE_TEXT,         /* value */
    NODE_PRINT,        /* a */
    NODE_IF,           /* if a: b; elif: the NODE_IF c; else: d */
    NODE_FOR,          /* for a in b: c; else d. b is a WHERE when it has a condition */
    NODE_WHERE,        /* a if b */
    NODE_SET,          /* a = b */
    NODE_SET_BLOCK,    /* a = the text of b, through the filters c or null */
    NODE_MACRO,        /* value(a): b. a: SETs of names, b null without default */
    NODE_CALL_BLOCK,   /* a: a MACRO that is caller(), b: a call */
    NODE_FILTER_BLOCK, /* the text of b through the filters a */
    NODE_SCOPE,        /* a: SETs, then b in a scope of its own */
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
    const struct builtin *builtin; /* of a filter or test; null when there is none of the name */
};

struct parser {
    struct lexer lexer;
    struct token token; /* the next one */
    struct node scrap;  /* what nodes are after an error */
    unsigned loops;     /* that `break` could leave */
};
/* The whole template as a list of statements; an empty one is null. Nodes are never null, but scrap after an error. */
struct node *template_parse(struct interp *in, const char *text, size_t bytes);
/* For the parser of statements. */
struct node *node_new(struct parser *parser, enum node_kind kind, struct node *a, struct node *b);
struct node *node_add(struct node ***link, struct node *node); /* to a list, by its last link */
void parser_next(struct parser *parser);
bool parser_at(const struct parser *parser, unsigned operation);
bool parser_take(struct parser *parser, unsigned operation); /* takes the operator if it is next */
void parser_expect(struct parser *parser, unsigned operation);
bool parser_at_name(const struct parser *parser, const char *name);
bool parser_take_name(struct parser *parser, const char *name);
struct node *parser_unexpected(struct parser *parser);
struct node *parse_expression(struct parser *parser);
struct node *parse_choiceless(struct parser *parser); /* without a trailing `if` */
struct node *parse_tuple(struct parser *parser, struct node *(*item)(struct parser *), bool parenthesized);
/* |name(...)|name ... after the operand; `named` when the first | is left out. */
struct node *parse_filters(struct parser *parser, struct node *operand, bool named);
struct value *parse_name(struct parser *parser);
struct node *parse_statements(struct parser *parser);

/* ---- evaluation ---- */

struct scope {
    struct scope *parent;
    struct value *names; /* a dict */
    bool kept;           /* a macro was defined in it */
};

enum flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE }; /* BREAK after an error */

struct value *evaluate(struct interp *in, const struct node *node);
enum flow execute(struct interp *in, const struct node *list);
enum flow execute_for(struct interp *in, const struct node *node);
/* Assigns to a name, attribute of a namespace, or tuple of those. */
void assign(struct interp *in, const struct node *target, struct value *value);
void name_set(struct interp *in, struct value *name, struct value *value);
/* The scope becomes a new one inside `parent`. False after an error. */
bool scope_open(struct interp *in, struct scope *parent);

struct call {
    struct value *positional; /* list */
    struct value *named;      /* dict, or null */
};
struct value *call_value(struct interp *in, struct value *callee, const struct call *call);
struct value *call_macro(struct interp *in, const struct value *macro, const struct call *call);
struct value *call_builtin(struct interp *in, const struct builtin *builtin, struct value *self,
                           const struct call *call);

struct value *operate(struct interp *in, unsigned operation, struct value *a, struct value *b);
bool contains(struct interp *in, const struct value *container, const struct value *value);
struct value *attribute_of(struct interp *in, struct value *object, struct value *name);       /* object.name */
struct value *item_of(struct interp *in, struct value *object, struct value *key);             /* object[key] */
struct value *slice_of(struct interp *in, struct value *object, struct value *const range[3]); /* null: left out */
struct value *loop_attribute(struct interp *in, struct value *loop, const struct value *name); /* null: none */

/* ---- built-in functions ---- */

#define MAX_ARGUMENTS 5

struct arguments {
    struct value *at[MAX_ARGUMENTS]; /* as builtin.parameters names them; null where not given */
    const struct call *call;
    unsigned variant; /* of the function, for names that share one */
};

struct builtin {
    const char *name;
    struct value *(*run)(struct interp *in, struct value *self, const struct arguments *arguments);
    const char *parameters; /* "a,b": names in order; those after | may be left out. Null: whatever is given. */
    unsigned variant;
};

/* Ends with a null name. */
extern const struct builtin builtin_globals[], builtin_tests[], builtin_filters[], builtin_sequence_filters[],
    builtin_string_methods[], builtin_list_methods[], builtin_dict_methods[], builtin_loop_methods[],
    builtin_cycler_methods[];
const struct builtin *builtin_find(const struct builtin *table, const char *name, size_t bytes);
const struct builtin *filter_find(const char *name, size_t bytes);
const struct builtin *method_find(const struct value *self, const char *name, size_t bytes); /* null: none */

/* An integer argument, or `otherwise` when it is null or none, cut to +-2^30; fails for other values. */
ptrdiff_t argument_int(struct interp *in, const struct value *value, ptrdiff_t otherwise);
/* True when the argument is there and true. */
bool argument_true(const struct value *value);
/* A string argument; fails for other values. */
const struct value *argument_string(struct interp *in, const struct value *value);

/* The pairs of keys and values. */
struct value *dict_items(struct interp *in, const struct value *dict);
/* What list.sort(reverse) gives, by these keys, one for each item; a list of its own. */
struct value *sort_values(struct interp *in, const struct value *items, const struct value *keys, bool reverse);

/* Shared by filters and methods. */
enum letter_case { CASE_UPPER, CASE_LOWER, CASE_CAPITALIZE, CASE_TITLE, CASE_WORDS };
struct value *string_case(struct interp *in, const struct value *string, enum letter_case to);
enum strip_sides { STRIP_LEFT = 1, STRIP_RIGHT = 2, STRIP_BOTH = 3 };
struct value *string_strip(struct interp *in, const struct value *string, const struct value *characters,
                           enum strip_sides sides);
struct value *string_replace(struct interp *in, const struct value *string, const struct value *from,
                             const struct value *to, ptrdiff_t count);
struct value *string_join(struct interp *in, const struct value *separator, const struct value *list); /* null: "" */
/* Where the next line starts after `from`; *end is where this one ends, without its newline. */
size_t string_line(const struct value *string, size_t from, size_t *end);
struct value *format_percent(struct interp *in, const struct value *format, struct value *values);
struct value *format_braces(struct interp *in, const struct value *format, const struct call *call);
/* int(string, base) and float(string); null when it is none. */
struct value *integer_parse(struct interp *in, const struct value *string, ptrdiff_t base);
struct value *float_parse(struct interp *in, const struct value *string);
/* strftime of seconds since 1970, UTC. */
void time_format(struct buffer *buffer, int64_t seconds, const struct value *format);

#endif
