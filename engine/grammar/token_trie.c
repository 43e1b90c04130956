/* Sorts the tokens and lays the trie out in one pass. */
#include "engine/grammar/token_trie.h"

#include "engine/text/unicode/utf8.h"

#define MOST ((uint32_t)1 << 24) /* the numbers of nodes and tokens have 24 bits */

struct text {
    const uint8_t *at; /* (bytes) */
    uint32_t bytes;
};

static struct text text_of(const struct token_bytes *tokens, uint32_t token) {
    const uint32_t start = tokens->starts[token];
    return (struct text){tokens->bytes + start, tokens->starts[token + 1] - start};
}

/* The bytes at the start that two texts have in common. */
__attribute__((noinline)) static uint32_t common(struct text a, struct text b) {
    const uint32_t most = a.bytes < b.bytes ? a.bytes : b.bytes;
    uint32_t same = 0;
    while (same < most && a.at[same] == b.at[same]) {
        same++;
    }
    return same;
}

/* Sorts tokens by the byte at a place that all of them have; otherwise their order stays. moved, at: (count) for work.
 *
 * Not inlined, like add_text: V8 runs a function's first call in slow code to its end, however long that is. */
__attribute__((noinline)) static void sort_place(const struct token_bytes *tokens, uint32_t place, uint32_t *order,
                                                 uint32_t count, uint32_t *moved, uint8_t *at) {
    uint32_t to[257] = {0};
    for (uint32_t i = 0; i < count; i++) {
        at[i] = tokens->bytes[tokens->starts[order[i]] + place];
        to[at[i] + 1]++;
    }
    for (uint32_t byte = 0; byte < 256; byte++) {
        to[byte + 1] += to[byte];
    }
    for (uint32_t i = 0; i < count; i++) {
        moved[to[at[i]]++] = order[i];
    }
    memcpy(order, moved, count * sizeof(uint32_t));
}

/* Sorts the tokens that have bytes into order[0..returned), by bytes and then by number. order: (count + 1). Null if
 * memory is refused.
 *
 * A radix sort from the last place to the first. At each place, the tokens that are long enough are at the end of
 * `order`, in front those that end there, behind them the longer ones, sorted by what follows. */
static uint32_t *sorted(struct arena *arena, const struct token_bytes *tokens, uint32_t depth, uint32_t *count) {
    uint32_t *order = ARENA_ARRAY(arena, uint32_t, tokens->count + 1);
    uint32_t *moved = ARENA_ARRAY(arena, uint32_t, tokens->count + 1);
    uint32_t *first = ARENA_ARRAY(arena, uint32_t, (size_t)depth + 2); /* token of each length, in order */
    uint8_t *at = ARENA_ARRAY(arena, uint8_t, tokens->count + 1);      /* the byte of each token at the place */
    if (!order || !moved || !first || !at) {
        return NULL;
    }
    for (uint32_t i = 0; i < tokens->count; i++) {
        first[text_of(tokens, i).bytes + 1]++;
    }
    for (uint32_t i = 1; i <= depth; i++) {
        first[i + 1] += first[i];
    }
    for (uint32_t i = 0; i < tokens->count; i++) {
        order[first[text_of(tokens, i).bytes]++] = i; /* then first[n] is that of length n + 1 */
    }
    for (uint32_t place = depth; place-- > 0;) {
        sort_place(tokens, place, order + first[place], tokens->count - first[place], moved, at);
    }
    *count = tokens->count - first[0];
    return order + first[0];
}

/* Sets same[i] to the bytes at the start that the sorted token i shares with the one before it, and returns the number
 * of nodes. A token with the same bytes as the one before it gets a node of its own behind that one's subtree, so it
 * counts as one byte that differs. same: (count) */
static uint32_t count_nodes(const struct token_bytes *tokens, const uint32_t *order, uint32_t count, uint32_t *same) {
    struct text before = {NULL, 0};
    uint32_t nodes = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct text text = text_of(tokens, order[i]);
        same[i] = common(before, text);
        same[i] -= same[i] == text.bytes;
        nodes += text.bytes - same[i];
        before = text;
    }
    return nodes;
}

/* The characters of a plain token; 0: it is not plain. */
static uint32_t plain_characters(struct text text) {
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000}; /* code point of so many bytes */
    uint32_t count = 0;
    for (uint32_t at = 0; at < text.bytes; count++) {
        uint32_t code = text.at[at];
        const size_t width = code < 0x80 ? 1 : utf8_read(text.at + at, text.bytes - at, &code);
        const bool valid = code >= least[width] && code < 0x110000 && (code < 0xd800 || code > 0xdfff);
        if (!valid || !trie_plain_byte(text.at[at]) || (text.at[at] >= 0x80 && width == 1)) {
            return 0;
        }
        at += (uint32_t)width;
    }
    return count <= PLAIN_MOST ? count : 0;
}

/* The layout so far. */
struct layout {
    uint32_t *open; /* (depth) the nodes of the text before, by depth. Their ends are written when they are closed. */
    uint32_t n_open;
    uint32_t node; /* the next one */
};

/* Adds the text of a token that shares `same` bytes with the text before. */
__attribute__((noinline)) static void add_text(struct token_trie *trie, struct layout *layout, struct text text,
                                               uint32_t same, uint32_t id) {
    while (layout->n_open > same) {
        trie->nodes[layout->open[--layout->n_open]] |= layout->node << 8;
    }
    for (uint32_t i = same; i < text.bytes; i++) {
        layout->open[layout->n_open++] = layout->node;
        trie->nodes[layout->node++] = text.at[i];
    }
    const uint32_t last = layout->node - 1;
    const uint32_t plain = plain_characters(text);
    trie->is_token[last / 64] |= (uint64_t)1 << last % 64;
    trie->tokens[trie->n_tokens++] = id | plain << 24;
    for (uint32_t k = 0; k < PLAIN_BITS; k++) {
        trie->plain[id / 32 * PLAIN_BITS + k] |= (plain >> k & 1) << id % 32;
    }
}

static void lay_out(struct token_trie *trie, const struct token_bytes *tokens, const uint32_t *order, uint32_t count,
                    const uint32_t *same, uint32_t *open) {
    struct layout layout = {open, 0, 0};
    for (uint32_t i = 0; i < count; i++) {
        add_text(trie, &layout, text_of(tokens, order[i]), same[i], (uint32_t)tokens->ids[order[i]]);
    }
    while (layout.n_open) {
        trie->nodes[open[--layout.n_open]] |= layout.node << 8;
    }
    for (uint32_t i = 0, rank = 0; i <= trie->n_nodes / 64; i++) {
        trie->ranks[i] = rank;
        rank += (uint32_t)__builtin_popcountll(trie->is_token[i]);
    }
}

/* Takes the trie's arrays and fills them with the sorted tokens. False if memory is refused. */
static bool build(struct token_trie *trie, struct arena *arena, struct arena *work, const struct token_bytes *tokens,
                  const uint32_t *order, uint32_t count) {
    uint32_t *same = ARENA_ARRAY(work, uint32_t, count + 1);
    uint32_t *open = ARENA_ARRAY(work, uint32_t, trie->depth + 1);
    if (!same || !open) {
        return false;
    }
    trie->n_nodes = count_nodes(tokens, order, count, same);
    const size_t words = trie->n_nodes / 64 + 1;
    trie->nodes = ARENA_ARRAY(arena, uint32_t, trie->n_nodes + 1);
    trie->is_token = ARENA_ARRAY(arena, uint64_t, words);
    trie->ranks = ARENA_ARRAY(arena, uint32_t, words);
    trie->tokens = ARENA_ARRAY(arena, uint32_t, count + 1);
    const bool enough = trie->nodes && trie->is_token && trie->ranks && trie->tokens;
    if (enough) {
        lay_out(trie, tokens, order, count, same, open);
    }
    return enough;
}

/* Builds the trie of all tokens, then that of the tokens that are not plain. False if memory is refused. */
static bool build_both(struct token_trie *trie, struct arena *work, const struct token_bytes *tokens) {
    uint32_t count = 0;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < tokens->count; i++) {
        const uint32_t bytes = text_of(tokens, i).bytes;
        trie->depth = bytes > trie->depth ? bytes : trie->depth;
    }
    uint32_t *order = sorted(work, tokens, trie->depth, &count);
    trie->rest = ARENA_NEW(&trie->arena, struct token_trie);
    trie->plain = ARENA_ARRAY(&trie->arena, uint32_t, (size_t)(trie->n_vocab / 32 + 1) * PLAIN_BITS);
    if (!order || !trie->rest || !trie->plain || !build(trie, &trie->arena, work, tokens, order, count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        order[kept] = order[i];
        kept += trie_plain(trie, i) == 0;
    }
    *trie->rest = (struct token_trie){.plain = trie->plain, .depth = trie->depth, .n_vocab = trie->n_vocab};
    return build(trie->rest, &trie->arena, work, tokens, order, kept);
}

int trie_build(struct token_trie *trie, const struct token_bytes *tokens, uint32_t n_vocab, size_t limit,
               struct qn_error *error) {
    *trie = (struct token_trie){.arena = {.limit = limit}, .n_vocab = n_vocab};
    if (tokens->starts[tokens->count] >= MOST || n_vocab >= MOST) {
        return error_set(error, QN_ERR_LIMIT, QN_NO_OFFSET, "the vocabulary's tokens have 2^24 bytes or more");
    }
    struct arena work = {.limit = limit};
    const bool enough = build_both(trie, &work, tokens);
    arena_free(&work);
    if (!enough) {
        trie_free(trie);
        return error_set(error, QN_ERR_MEMORY, QN_NO_OFFSET, "not enough memory for the trie of tokens");
    }
    return QN_OK;
}

void trie_free(struct token_trie *trie) {
    arena_free(&trie->arena);
    *trie = (struct token_trie){0};
}
