/* engine/grammar: which texts a model may write. A grammar comes from a JSON Schema, from GBNF or from a regular
 * expression; a matcher follows a text and tells whether it can still become a text of the grammar.
 *
 * REPRESENTATION
 * All three notations become the same thing: rules (rules.h), which are small automata that read strings of regular
 * languages, call rules and count; and regular languages (regular.h), which are nodes of a shared graph. Whatever is
 * not recursive becomes a single regular language: a JSON string with its pattern and its bounds, a number with its
 * range, a GBNF rule that calls no recursive rule. Everything works on bytes, so a token may end inside a character.
 *
 *     regular.h   nodes: union, intersection, complement, counted repetition
 *     automaton.h their derivatives, as the transitions of a cached automaton
 *     charset.h   sets of characters, as UTF-8 or as the inside of a JSON string
 *     pattern.h   regular expressions (ECMA-262)
 *     rules.h     rules, states, counters; removal of what leads nowhere
 *     gbnf.h      GBNF
 *     schema.h    JSON Schema 2020-12, with files of its own for each kind of value
 *     matcher.h   sets of items: Earley's algorithm
 *     token_trie.h, mask.h   which tokens of a vocabulary may come next
 *
 * AUTOMATON
 * The state of a regular language is a node: what may still follow. The node behind a byte is the derivative. It is
 * computed when it is first needed and then kept in the node's row, by class of bytes. Intersection and complement make
 * it possible to compile keywords of JSON Schema one by one and to join them afterwards. Counts of up to 2^32 - 2 are
 * part of a node, or counters of a rule, so no repetition is expanded.
 *
 * PARSER
 * Earley's algorithm runs over the rules' automata, with an automaton's state in each item. Ambiguity costs time, at
 * most the cube of the length, but never gives a wrong answer; left recursion is allowed. An item exists only if some
 * text leads from it to the end (rules_prune, automaton_live), with one exception: counters, see rules.h.
 *
 * NEVER OPEN
 * What cannot be enforced is an error, never ignored. An error is sticky: after a limit is reached, a matcher accepts
 * nothing more.
 *
 * LIMITS
 * Input may be hostile. All work counts steps, about 30 to 120 ns each: GRAMMAR_STEPS for making a grammar, and again
 * for each byte or token that is read. 64 bytes of memory are a step as well. Memory comes from an arena with a limit,
 * of the grammar (nodes, rows, rules) and of each matcher (sets). Parsers limit nesting, and no function recurses
 * deeper than that.
 *
 * OWNERSHIP
 * A grammar owns its nodes; they grow while matchers read, so grammars and their matchers belong to one thread at a
 * time. A matcher can be copied (matcher_copy), and rewound to any earlier position. It is saved as the text that it
 * has read: reading that again restores it.
 *
 * This folder knows nothing about tokenizers, models or sessions: a vocabulary is a list of byte strings. */
#ifndef ENGINE_GRAMMAR_GRAMMAR_H
#define ENGINE_GRAMMAR_GRAMMAR_H

#include "engine/grammar/matcher.h"
#include "engine/grammar/schema.h"

#define GRAMMAR_STEPS  800000u
#define GRAMMAR_MEMORY ((size_t)64 << 20)
#define MATCHER_MEMORY ((size_t)64 << 20)

struct grammar {
    struct arena arena;
    struct sandbox box;
    struct qn_error error;
    struct regular regular;
    struct rules rules;
    bool accepts_any; /* there is a text that it accepts */
};

/* Each of these makes a grammar, to be freed with grammar_free, or returns null with *error. The text is not used after
 * the call. Errors: QN_ERR_ARGUMENT, with the offset in the text, if it is malformed or asks for something that cannot
 * be enforced; QN_ERR_LIMIT; QN_ERR_MEMORY. */
struct grammar *grammar_from_gbnf(const char *text, size_t bytes, struct qn_error *error);
/* The texts that the regular expression matches as a whole. */
struct grammar *grammar_from_regex(const char *text, size_t bytes, struct qn_error *error);

/* The JSON texts of values that conform to a JSON Schema, see schema.h. */
struct grammar *grammar_from_schema(const char *text, size_t bytes, const struct schema_options *options,
                                    struct qn_error *error);

void grammar_free(struct grammar *grammar); /* null is allowed */

/* Whether a text is complete and allowed. Errors: QN_ERR_LIMIT, QN_ERR_MEMORY; then *accepted is false. */
int grammar_accepts(struct grammar *grammar, const char *text, size_t bytes, bool *accepted, struct qn_error *error);

#endif
