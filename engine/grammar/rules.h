/* The rules of a grammar, as small automata whose transitions read a string of a regular language, or call a rule.
 *
 * Build them from the end: add a state after the states that it leads to. A state of a loop is changed once its body
 * exists. */
#ifndef ENGINE_GRAMMAR_RULES_H
#define ENGINE_GRAMMAR_RULES_H

#include "engine/grammar/regular.h"

enum state_kind {
    STATE_END,    /* of rule a: goes on behind the call */
    STATE_ACCEPT, /* the text is complete */
    STATE_SPLIT,  /* goes on at next and at a */
    STATE_BYTES,  /* reads a string of the regular language a, then next */
    STATE_CALL,   /* reads rule a, then next */
    STATE_TOKEN,  /* reads the token of entry a of the grammar's list of tokens, or any other one, then next */
    STATE_ADD,    /* adds 1 to a counter unless that is `limit` already; the counter stops at `stop` */
    STATE_CHECK,  /* goes on if the counter is at least `limit` */
    STATE_STUCK,  /* no text leads from here to an end */
};

#define COUNTERS 2u /* of each call of a rule; they start at 0 */

struct rule_state {
    uint8_t kind;
    uint8_t counter;
    bool negated; /* STATE_TOKEN: any token but this one */
    uint32_t a, next, limit, stop;
};

/* A token that a grammar names: by its id, or by its text until the host's vocabulary is known. */
struct named_token {
    const char *text; /* (bytes), in the arena; null if it was named by its id */
    size_t bytes;
    int32_t id; /* -1: not known */
};

struct rules {
    struct regular *regular;
    struct rule_state *states; /* (n_states) */
    size_t n_states, states_capacity;
    uint32_t *starts; /* (n_rules) the first state of each rule; NO_LIMIT: not defined yet */
    size_t n_rules, rules_capacity;
    struct named_token *tokens; /* (n_tokens) */
    size_t n_tokens, tokens_capacity;
    uint32_t root;   /* rule */
    uint64_t serial; /* the last one of a matcher */
};

/* States that every grammar has. */
#define ACCEPT 0u /* STATE_ACCEPT */
#define STUCK  1u /* STATE_STUCK */

void rules_begin(struct rules *rules, struct regular *regular);
/* A rule without states. Returns its number. */
uint32_t rules_declare(struct rules *rules);
/* Adds a state and returns its number. */
uint32_t rules_add(struct rules *rules, struct rule_state state);
/* Short forms. */
uint32_t rules_end(struct rules *rules, uint32_t rule);
uint32_t rules_bytes(struct rules *rules, uint32_t node, uint32_t next);
uint32_t rules_call(struct rules *rules, uint32_t rule, uint32_t next);
uint32_t rules_split(struct rules *rules, uint32_t a, uint32_t next);
/* Removes what leads nowhere, so that a text that the matcher goes on with can always be completed. False if the
 * root accepts no text. Call it once, when all rules are defined. */
bool rules_prune(struct rules *rules);

#endif
