/* GBNF, the grammar notation of llama.cpp: rules of literals, classes of characters, references, groups, alternatives,
 * repetitions and tokens. Left recursion is allowed. */
#ifndef ENGINE_GRAMMAR_GBNF_H
#define ENGINE_GRAMMAR_GBNF_H

#include "engine/grammar/rules.h"

/* Adds the rules of a grammar; rules->root is then its rule `root`. Parts without recursion and tokens become single
 * regular languages. Errors are recorded in the sandbox: QN_ERR_ARGUMENT with the offset in the text, QN_ERR_LIMIT,
 * QN_ERR_MEMORY. */
void gbnf_compile(struct rules *rules, const char *text, size_t bytes);

#endif
