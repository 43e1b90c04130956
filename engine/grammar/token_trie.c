/* Sorts the tokens and lays the trie out in one pass. */
#include "engine/grammar/token_trie.h"

#include "engine/text/unicode/utf8.h"

#define MOST_BYTES ((uint32_t)1 << 24) /* a node's number has 24 bits */

struct text {
    const uint8_t *at; /* (bytes) */
    uint32_t bytes;
};

static struct text text_of(const struct token_bytes *tokens, uint32_t token) {
    const uint32_t start = tokens->starts[token];
    return (struct text){tokens->bytes + start, tokens->starts[token + 1] - start};
}

/* The bytes at the start that two texts have in common. */
static uint32_t common(struct text a, struct text b) {
    const uint32_t most = a.bytes < b.bytes ? a.bytes : b.bytes;
    uint32_t same = 0;
    while (same < most && a.at[same] == b.at[same]) {
        same++;
    }
    return same;
}

/* Whether token a comes after token b: by bytes, then by number. */
static bool after(const struct token_bytes *tokens, uint32_t a, uint32_t b) {
    const struct text x = text_of(tokens, a);
    const struct text y = text_of(tokens, b);
    const uint32_t same = common(x, y);
    if (same == x.bytes || same == y.bytes) {
        return x.bytes == y.bytes ? a > b : x.bytes > y.bytes;
    }
    return x.at[same] > y.at[same];
}

/* Moves an element of a heap down to its place. */
static void sift(const struct token_bytes *tokens, uint32_t *order, uint32_t at, uint32_t count) {
    const uint32_t moved = order[at];
    for (uint32_t child; child = 2 * at + 1, child < count; at = child) {
        child += child + 1 < count && after(tokens, order[child + 1], order[child]);
        if (!after(tokens, order[child], moved)) {
            break;
        }
        order[at] = order[child];
    }
    order[at] = moved;
}

static void heap_sort(const struct token_bytes *tokens, uint32_t *order, uint32_t count) {
    for (uint32_t i = count / 2; i-- > 0;) {
        sift(tokens, order, i, count);
    }
    for (uint32_t left = count; left > 1; left--) {
        const uint32_t last = order[left - 1];
        order[left - 1] = order[0];
        order[0] = last;
        sift(tokens, order, 0, left - 1);
    }
}

/* Nodes of the sorted tokens. A token with the same bytes as the one before it gets a node of its own behind that one's
 * subtree, so it counts as one byte that differs. */
static uint32_t count_nodes(const struct token_bytes *tokens, const uint32_t *order, uint32_t count, uint32_t *depth) {
    struct text before = {NULL, 0};
    uint32_t nodes = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct text text = text_of(tokens, order[i]);
        const uint32_t same = common(before, text);
        nodes += text.bytes - same + (same == text.bytes);
        *depth = text.bytes > *depth ? text.bytes : *depth;
        before = text;
    }
    return nodes;
}

/* The characters of a plain token; 0: it is not plain. */
static uint8_t plain_characters(struct text text) {
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000}; /* code point of so many bytes */
    uint32_t count = 0;
    for (uint32_t at = 0; at < text.bytes; count++) {
        uint32_t code;
        const size_t width = utf8_read(text.at + at, text.bytes - at, &code);
        const bool valid = code >= least[width] && code < 0x110000 && (code < 0xd800 || code > 0xdfff);
        if (!valid || !trie_plain_byte(text.at[at]) || (text.at[at] >= 0x80 && width == 1)) {
            return 0;
        }
        at += (uint32_t)width;
    }
    return count < 256 ? (uint8_t)count : 0;
}

static void add_token(struct token_trie *trie, uint32_t node, int32_t id, struct text text) {
    trie->is_token[node / 64] |= (uint64_t)1 << node % 64;
    trie->plain[trie->n_tokens] = plain_characters(text);
    trie->ids[trie->n_tokens++] = id;
}

/* open: (depth) the nodes of the text before, by depth. Their ends are written when they are closed. */
static void lay_out(struct token_trie *trie, const struct token_bytes *tokens, const uint32_t *order, uint32_t count,
                    uint32_t *open) {
    struct text before = {NULL, 0};
    uint32_t n_open = 0;
    uint32_t node = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct text text = text_of(tokens, order[i]);
        uint32_t same = common(before, text);
        same -= same == text.bytes;
        while (n_open > same) {
            trie->nodes[open[--n_open]] |= node << 8;
        }
        for (; n_open < text.bytes; n_open++) {
            open[n_open] = node;
            trie->nodes[node++] = text.at[n_open];
        }
        add_token(trie, node - 1, tokens->ids[order[i]], text);
        before = text;
    }
    while (n_open) {
        trie->nodes[open[--n_open]] |= node << 8;
    }
    for (uint32_t i = 0, rank = 0; i <= trie->n_nodes / 64; i++) {
        trie->ranks[i] = rank;
        rank += (uint32_t)__builtin_popcountll(trie->is_token[i]);
    }
}

/* The tokens that have bytes, sorted. Null if memory is refused. */
static uint32_t *sorted(struct arena *arena, const struct token_bytes *tokens, uint32_t *count) {
    uint32_t *order = ARENA_ARRAY(arena, uint32_t, tokens->count + 1);
    for (uint32_t i = 0; order && i < tokens->count; i++) {
        if (text_of(tokens, i).bytes) {
            order[(*count)++] = i;
        }
    }
    if (order) {
        heap_sort(tokens, order, *count);
    }
    return order;
}

/* Takes the trie's arrays and fills them with the sorted tokens. False if memory is refused. */
static bool build(struct token_trie *trie, struct arena *arena, struct arena *work, const struct token_bytes *tokens,
                  const uint32_t *order, uint32_t count) {
    trie->n_nodes = count_nodes(tokens, order, count, &trie->depth);
    uint32_t *open = ARENA_ARRAY(work, uint32_t, trie->depth + 1);
    const size_t words = trie->n_nodes / 64 + 1;
    trie->nodes = ARENA_ARRAY(arena, uint32_t, trie->n_nodes + 1);
    trie->is_token = ARENA_ARRAY(arena, uint64_t, words);
    trie->ranks = ARENA_ARRAY(arena, uint32_t, words);
    trie->ids = ARENA_ARRAY(arena, int32_t, count + 1);
    trie->plain = ARENA_ARRAY(arena, uint8_t, count + 1);
    const bool enough = open && trie->nodes && trie->is_token && trie->ranks && trie->ids && trie->plain;
    if (enough) {
        lay_out(trie, tokens, order, count, open);
    }
    return enough;
}

/* Keeps those of the sorted tokens that are not plain. */
static uint32_t drop_plain(const struct token_bytes *tokens, uint32_t *order, uint32_t count) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (plain_characters(text_of(tokens, order[i])) == 0) {
            order[kept++] = order[i];
        }
    }
    return kept;
}

int trie_build(struct token_trie *trie, const struct token_bytes *tokens, uint32_t n_vocab, size_t limit,
               struct qn_error *error) {
    *trie = (struct token_trie){.arena = {.limit = limit}, .n_vocab = n_vocab};
    if (tokens->starts[tokens->count] >= MOST_BYTES) {
        return error_set(error, QN_ERR_LIMIT, QN_NO_OFFSET, "the vocabulary's tokens have more than 2^24 bytes");
    }
    struct arena work = {.limit = limit};
    uint32_t count = 0;
    uint32_t *order = sorted(&work, tokens, &count);
    struct token_trie *rest = ARENA_NEW(&trie->arena, struct token_trie);
    bool enough = order && rest && build(trie, &trie->arena, &work, tokens, order, count);
    if (enough) {
        rest->n_vocab = n_vocab;
        trie->rest = rest;
        enough = build(rest, &trie->arena, &work, tokens, order, drop_plain(tokens, order, count));
    }
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
