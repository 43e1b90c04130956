/* Numbers that are multiples of another one. */
#ifndef ENGINE_GRAMMAR_MULTIPLE_H
#define ENGINE_GRAMMAR_MULTIPLE_H

#include "engine/grammar/regular.h"

/* Numbers as in JSON, without sign and exponent, whose value times 10^decimals is a multiple of `factor`. `whole`:
 * without a point. 1 <= factor < 2^31, decimals <= 400. */
uint32_t multiple_node(struct regular *regular, uint32_t factor, uint32_t decimals, bool whole);
/* The derivative of a node of that kind. */
uint32_t multiple_derive(struct regular *regular, struct regular_node node, uint8_t byte);

#endif
