/* The automaton whose states are nodes. Its transitions are derivatives, computed once and kept with the node. */
#ifndef ENGINE_GRAMMAR_AUTOMATON_H
#define ENGINE_GRAMMAR_AUTOMATON_H

#include "engine/grammar/regular.h"

/* Whether the language has any string. */
bool automaton_live(struct regular *regular, uint32_t node);
/* The strings that may follow a byte. */
uint32_t automaton_next(struct regular *regular, uint32_t node, uint8_t byte);
/* The same, fast where the automaton has been here before. */
static inline uint32_t automaton_follow(struct regular *regular, uint32_t node, uint8_t byte) {
    const struct regular_node *from = &regular->nodes[node];
    if (from->row != NULL && from->row_classes == regular->n_classes) {
        const uint32_t next = from->row[regular->class_of[byte]];
        if (next != NO_LIMIT && (regular->nodes[next].flags & (REGULAR_INDIRECT | REGULAR_LIVE)) != REGULAR_INDIRECT) {
            return next;
        }
    }
    return automaton_next(regular, node, byte);
}
/* Whether text[0..bytes) is in the language. */
bool automaton_matches(struct regular *regular, uint32_t node, const char *text, size_t bytes);

#endif
