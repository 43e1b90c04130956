/* The tokens of a vocabulary as a trie of their bytes, so that tokens with a common beginning are checked together. A
 * node takes 4 bytes and 1.75 bits, a token 4 bytes and 6 bits: 1.8 MB for the 128,000 tokens of Llama 3.
 *
 * Most tokens are plain: whole characters that may stand as they are in a JSON string. Where a string takes any of
 * them, or any up to a number of characters, they need not be followed one by one. A second trie has the others only.
 */
#ifndef ENGINE_GRAMMAR_TOKEN_TRIE_H
#define ENGINE_GRAMMAR_TOKEN_TRIE_H

#include <stdbool.h>

#include "platform/error.h"
#include "platform/memory.h"

#define PLAIN_BITS 6u
#define PLAIN_MOST ((1u << PLAIN_BITS) - 1) /* characters of a plain token */

/* Nodes are in depth-first order: the children of node i follow it, up to trie_end(i). */
struct token_trie {
    struct arena arena;
    uint32_t *nodes;         /* (n_nodes) the byte in the low 8 bits, the node behind the subtree above */
    uint64_t *is_token;      /* (n_nodes bits) whether a token ends at the node */
    uint32_t *ranks;         /* (n_nodes / 64 + 1) tokens before each word of is_token */
    uint32_t *tokens;        /* (n_tokens) by node: the id in the low 24 bits, trie_plain above */
    uint32_t *plain;         /* (n_vocab / 32 + 1, PLAIN_BITS) trie_plain of each id: word k has bit k of 32 ids */
    struct token_trie *rest; /* of the tokens that are not plain, in the same arena; null in that trie itself */
    uint32_t n_nodes, n_tokens;
    uint32_t depth;   /* bytes of the longest token */
    uint32_t n_vocab; /* ids are below this */
};

/* The tokens' bytes, one after the other: token i has the id ids[i] and bytes[starts[i]] to bytes[starts[i + 1]]. Give
 * only tokens that stand for their bytes: neither control tokens nor tokens that end generation. Tokens without bytes
 * are left out. */
struct token_bytes {
    const uint8_t *bytes;
    const uint32_t *starts; /* (count + 1) */
    const int32_t *ids;     /* (count) */
    uint32_t count;
};

/* Takes up to `limit` bytes of memory, part of it only while it runs. Work grows with the number of bytes, and with
 * 256 times the bytes of the longest token. Errors: QN_ERR_MEMORY; QN_ERR_LIMIT if the tokens have 2^24 bytes or more,
 * or there are 2^24 ids or more. */
int trie_build(struct token_trie *trie, const struct token_bytes *tokens, uint32_t n_vocab, size_t limit,
               struct qn_error *error);
void trie_free(struct token_trie *trie);

static inline uint8_t trie_byte(const struct token_trie *trie, uint32_t node) { return (uint8_t)trie->nodes[node]; }
/* The node behind those below this one. */
static inline uint32_t trie_end(const struct token_trie *trie, uint32_t node) { return trie->nodes[node] >> 8; }
/* Tokens that end before a node. */
static inline uint32_t trie_rank(const struct token_trie *trie, uint32_t node) {
    const uint64_t below = trie->is_token[node / 64] & (((uint64_t)1 << node % 64) - 1);
    return trie->ranks[node / 64] + (uint32_t)__builtin_popcountll(below);
}
/* The id of the token of a rank. */
static inline uint32_t trie_id(const struct token_trie *trie, uint32_t rank) { return trie->tokens[rank] & 0xffffff; }
/* Characters of the token of a rank if it is plain, otherwise 0. */
static inline uint32_t trie_plain(const struct token_trie *trie, uint32_t rank) { return trie->tokens[rank] >> 24; }
/* The id of the token that ends at a node; NO_TOKEN: none does. */
#define NO_TOKEN UINT32_MAX
static inline uint32_t trie_token(const struct token_trie *trie, uint32_t node) {
    return trie->is_token[node / 64] >> node % 64 & 1 ? trie_id(trie, trie_rank(trie, node)) : NO_TOKEN;
}
/* Whether the byte, alone or in a character, may stand as it is in a JSON string. */
static inline bool trie_plain_byte(uint8_t byte) { return byte >= 0x20 && byte != '"' && byte != '\\'; }

#endif
