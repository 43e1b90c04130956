/* Reads a text byte by byte and tells whether the grammar allows it: Earley's algorithm over the rules' automata.
 *
 * Each byte adds a set of items. An item is a place in a rule: a state that reads bytes, the node of what may still
 * follow there, and the set in which the rule was called. The places that a set's calls return to are its callers. Sets
 * are never changed once complete, so going back means dropping the sets behind. Ambiguous and left-recursive grammars
 * need no special care.
 *
 * A matcher uses the automata of its grammar, which grow while it reads. */
#ifndef ENGINE_GRAMMAR_MATCHER_H
#define ENGINE_GRAMMAR_MATCHER_H

#include "engine/grammar/rules.h"

struct item {
    uint32_t state, node;
    uint32_t origin; /* set */
    uint32_t count[COUNTERS];
};

struct caller {
    uint32_t rule; /* that was called */
    uint32_t next; /* state behind the call */
    uint32_t origin;
    uint32_t count[COUNTERS];
};

struct item_set {
    uint32_t first_item, first_caller; /* up to those of the next set */
    bool complete;                     /* the text may end here */
};

struct visit {
    struct item item;
    uint64_t epoch;
};

struct matcher {
    struct rules *rules;
    uint64_t serial; /* another one after each rewinding; unique among the matchers of a grammar */
    struct arena arena;
    struct sandbox box;
    struct item *items; /* (n_items) */
    size_t n_items, items_capacity;
    struct caller *callers; /* (n_callers) */
    size_t n_callers, callers_capacity;
    struct item_set *sets; /* (n_sets) */
    size_t n_sets, sets_capacity;
    /* While a set is made: */
    struct item *work; /* (n_work) places still to follow */
    size_t n_work, work_capacity;
    struct visit *visits; /* (n_slots) what the set of this epoch has already, by hash */
    size_t n_visits, n_slots;
    uint64_t epoch;
    uint64_t *empty; /* (n_rules) the epoch in which the rule was found to read nothing */
};

/* Starts at the beginning of a text. The rules stay the caller's, must have been pruned, and must not move. The matcher
 * takes up to `limit` bytes of memory; it must not move either. Errors: QN_ERR_MEMORY. */
int matcher_start(struct matcher *matcher, struct rules *rules, size_t limit, struct qn_error *error);
void matcher_free(struct matcher *matcher);
/* A copy of `from` that goes on independently. */
int matcher_copy(struct matcher *matcher, const struct matcher *from, struct qn_error *error);

/* Reads a byte. False, and the matcher is as before, if no text of the grammar goes on with it, or after an error. */
bool matcher_byte(struct matcher *matcher, uint8_t byte);
/* Reads a token: its bytes, or as what a grammar calls a token. False as above. A control token has no bytes. */
bool matcher_token(struct matcher *matcher, int32_t id, const uint8_t *bytes, size_t n_bytes);
/* Whether the text may end here. False after an error. */
bool matcher_complete(const struct matcher *matcher);
/* The number of steps so far, and going back to it. */
size_t matcher_position(const struct matcher *matcher);
void matcher_rewind(struct matcher *matcher, size_t position);
bool matcher_failed(const struct matcher *matcher);

/* For masks: steps that do not restart the count of steps, and are undone by matcher_drop. False, with the matcher as
 * before, if nothing can follow. */
bool matcher_advance(struct matcher *matcher, uint8_t byte);
/* Goes on as if the item's string ended here: a set with what follows `next`. */
bool matcher_enter(struct matcher *matcher, const struct item *item, uint32_t next);
void matcher_drop(struct matcher *matcher, size_t position);
/* The first item of the last set; its items are the last ones. */
size_t matcher_items(const struct matcher *matcher);

#endif
