/* Which tokens of a vocabulary may come next.
 *
 * A token's bytes may stay inside the string of the regular language that an item reads, or pass its end. The tokens
 * that stay inside, and the nodes of the trie at which the string may end, depend on nothing but the item's node: a
 * profile. A profile is computed once per node and kept. Behind the ends, the matcher follows the rest of the trie. A
 * whole mask is kept as well, and serves again while the set of items stays the same, as it does inside a JSON string.
 */
#ifndef ENGINE_GRAMMAR_MASK_H
#define ENGINE_GRAMMAR_MASK_H

#include "engine/grammar/matcher.h"
#include "engine/grammar/token_trie.h"

/* What a node's strings have to do with the trie. */
struct mask_profile {
    uint32_t node;
    uint32_t *inside;                   /* (n_inside) ids of tokens that stay inside; or a bit for each id */
    uint32_t *ends;                     /* (n_ends) likewise: tokens at whose last byte the string may end */
    uint32_t *nodes;                    /* (n_nodes) with children, at which the string may end; see IN_REST */
    uint32_t n_inside, n_ends, n_nodes; /* NO_LIMIT: bits */
};

#define MASK_ITEMS  8u                  /* of a set whose mask is kept */
#define PLAIN_STEPS 64u                 /* remembered, a power of two */
#define IN_REST     ((uint32_t)1 << 31) /* of a node's number: it is one of the trie of tokens that are not plain */

/* What the plain characters do to a node of a regular language. */
struct plain_step {
    uint32_t node, next; /* next: where all of them lead; NO_LIMIT: to different nodes */
    bool known;
};

/* A node of the trie whose children are being followed. */
struct mask_open {
    uint32_t end;        /* the node behind the children */
    uint32_t state;      /* of the automaton */
    uint32_t characters; /* before the children */
    uint32_t pending;    /* bytes that the character still lacks */
};

struct mask_maker {
    const struct token_trie *trie;
    struct arena arena;
    struct sandbox box;
    struct mask_profile *profiles; /* (n_profiles) */
    size_t n_profiles, profiles_capacity;
    uint32_t *index; /* (slots) profile + 1, by node; 0: free */
    size_t slots;
    uint32_t *bits[2];                    /* (words) while a profile is made */
    struct mask_open *path;               /* (depth + 1) the nodes that are open */
    struct plain_step steps[PLAIN_STEPS]; /* by node */
    uint32_t words;                       /* of 32 bits, in a mask */
    uint64_t last_serial;                 /* of the matcher whose mask is `last`; 0: none */
    struct item last_items[MASK_ITEMS];
    size_t n_last;
    uint32_t *last; /* (words) */
};

/* For one grammar and one vocabulary. The trie stays the caller's. Takes up to `limit` bytes. Errors: QN_ERR_MEMORY. */
int mask_start(struct mask_maker *maker, const struct token_trie *trie, size_t limit, struct qn_error *error);
void mask_free(struct mask_maker *maker);

/* Sets the bit of each token that may come next, and clears all others. bits: (words). Only tokens of the trie are set,
 * and those that the grammar names. Tokens that end generation are up to the caller: see matcher_complete. False after
 * an error (of the maker, the matcher or the grammar); then no bit is set. */
bool mask_make(struct mask_maker *maker, struct matcher *matcher, uint32_t *bits);

#endif
