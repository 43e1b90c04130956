/* Regular languages over bytes, as a shared graph of nodes that is also a lazily built automaton.
 *
 * A node stands for a set of byte strings: a set of bytes, a concatenation, a union, an intersection, a complement, a
 * counted repetition. Equal nodes exist once, so a node's number identifies it. The strings that may follow once a byte
 * has been read are a node again, the derivative (Brzozowski 1964; Owens, Reppy and Turon 2009). A node is therefore
 * the state of a deterministic automaton, whose transitions are computed when they are first needed and then kept.
 *
 * Repetitions are counters: the derivative of x{m,n} is the derivative of x followed by x{m-1,n-1}. Nothing is
 * expanded.
 *
 * A node whose language is empty is REGULAR_EMPTY or is never returned by automaton_next, so an automaton that goes on
 * can always reach a match. After an error in the sandbox every function returns REGULAR_EMPTY: nothing is accepted. */
#ifndef ENGINE_GRAMMAR_REGULAR_H
#define ENGINE_GRAMMAR_REGULAR_H

#include "engine/text/json/sandbox.h"

#define REGULAR_EMPTY   0u /* no string */
#define REGULAR_EPSILON 1u /* the empty string only */
#define NO_LIMIT        UINT32_MAX

enum regular_kind {
    REGULAR_NOTHING, /* REGULAR_EMPTY and REGULAR_EPSILON have kinds of their own */
    REGULAR_END,
    REGULAR_SET,      /* a: the set's number */
    REGULAR_CAT,      /* a then b; a is no CAT */
    REGULAR_OR,       /* a or b; a is no OR, and a list of OR is sorted */
    REGULAR_AND,      /* both; likewise */
    REGULAR_NOT,      /* all strings of bytes but those of a */
    REGULAR_REPEAT,   /* a, min to max times */
    REGULAR_MULTIPLE, /* what is left of a decimal number that is a multiple: see multiple.h */
};

enum regular_flag {
    REGULAR_NULLABLE = 1,
    REGULAR_INDIRECT = 2, /* made of an intersection or a complement: only a search tells whether it is live */
    REGULAR_LIVE = 4,     /* a search has found a string */
    REGULAR_DEAD = 8,
    REGULAR_SEEN = 16, /* by the search that is going on */
};

struct byte_set {
    uint64_t bits[4];
};

struct regular_node {
    uint8_t kind;
    uint8_t flags;
    uint16_t depth;       /* of nesting; lists count as one level */
    uint16_t row_classes; /* the number of byte classes when `row` was made */
    uint32_t a, b, min, max;
    uint32_t *row; /* (row_classes) node for each class, or NO_LIMIT where it is not known; null at first */
};

struct regular {
    struct sandbox *box;
    uint64_t steps, step_limit; /* work done, and the most that may be done, since the host's last call */
    size_t used;                /* memory that has been counted as steps */
    struct regular_node *nodes; /* (count) */
    size_t count, capacity;
    uint32_t *index; /* (slots) node number by hash, 0: free */
    size_t slots;
    struct byte_set *sets; /* (n_sets) */
    size_t n_sets, sets_capacity;
    uint8_t class_of[256]; /* bytes of one class are in the same sets */
    uint8_t member[256];   /* (n_classes) a byte of each class */
    uint32_t n_classes;
    uint32_t *work; /* (work_count) a stack of operands */
    size_t work_count, work_capacity;
};

void regular_start(struct regular *regular, struct sandbox *box, uint64_t step_limit);
/* Counts work, and the memory taken since the last call. False past the limit or after an error. */
bool regular_step(struct regular *regular, size_t steps);

uint32_t regular_range(struct regular *regular, uint8_t low, uint8_t high); /* one byte of low..high */
uint32_t regular_set(struct regular *regular, const struct byte_set *set);
uint32_t regular_text(struct regular *regular, const char *text, size_t bytes);
uint32_t regular_cat(struct regular *regular, uint32_t a, uint32_t b);
uint32_t regular_or(struct regular *regular, uint32_t a, uint32_t b);
uint32_t regular_and(struct regular *regular, uint32_t a, uint32_t b);
uint32_t regular_not(struct regular *regular, uint32_t a);
/* a, min to max times; max NO_LIMIT: any number of times. min <= max. */
uint32_t regular_repeat(struct regular *regular, uint32_t a, uint32_t min, uint32_t max);
/* The union of the operands that were pushed since the stack had `from` of them; pops them. */
uint32_t regular_or_all(struct regular *regular, size_t from);
void regular_push(struct regular *regular, uint32_t node);
/* A node with the same behaviour for the next `bytes` bytes: counts that these cannot exhaust are made alike. */
uint32_t regular_clip(struct regular *regular, uint32_t number, uint32_t bytes);

/* Whether the empty string is in the language. */
bool regular_nullable(const struct regular *regular, uint32_t node);
/* Whether a set has a byte. */
static inline bool byte_set_has(const struct byte_set *set, unsigned byte) {
    return set->bits[byte / 64] >> byte % 64 & 1;
}
/* The number of the node that equals *node, which is made if need be. */
uint32_t regular_intern(struct regular *regular, const struct regular_node *node);

#endif
