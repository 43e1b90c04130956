/* The tree that the text of a GBNF grammar stands for. */
#ifndef ENGINE_GRAMMAR_GBNF_PARSER_H
#define ENGINE_GRAMMAR_GBNF_PARSER_H

#include "engine/grammar/rules.h"

enum gbnf_kind { PART_REGULAR, PART_RULE, PART_TOKEN, PART_SEQUENCE, PART_ALTERNATIVES, PART_REPEAT };

struct gbnf_part {
    uint8_t kind;
    bool negated;   /* of a token */
    uint32_t node;  /* the regular language; NO_LIMIT: it is not regular, or not known to be */
    uint32_t index; /* of a rule or token */
    uint32_t min, max;
    struct gbnf_part *last;   /* child of a sequence, of alternatives, of a repetition */
    struct gbnf_part *before; /* sibling */
};

struct gbnf_name {
    const char *text;       /* (bytes) */
    size_t bytes, at;       /* at: where it is first used */
    struct gbnf_part *part; /* null: not defined yet */
    uint32_t rule;
};

struct gbnf_parser {
    struct rules *rules;
    struct regular *regular;
    struct sandbox *box;
    const char *text; /* (bytes) */
    size_t bytes, at;
    unsigned depth;
    struct gbnf_name *names; /* (n_names) */
    size_t n_names, names_capacity;
};

/* Reads the grammar, and sets the root of the rules. Every name has a part unless the sandbox has failed. */
void gbnf_parse(struct gbnf_parser *parser);

#endif
