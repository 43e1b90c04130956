/* Fuzzes grammars and the texts that they are given. The first byte chooses the notation; the grammar follows, up to a
 * zero byte, and then a text. Whatever the input, there is a result or an error in bounded time. Copies and rewinding
 * must give what reading from the start gives, and a mask what the tokens give one by one. */
#include "tests/fuzz/fuzz.h"

#include "engine/grammar/grammar.h"
#include "engine/grammar/mask.h"

#define MEMORY ((size_t)1 << 24)

static const uint8_t token_bytes[] = "\"},\":{\"[1null \xc3\xa9 -\"]ab aa0.5e1";
static const uint32_t token_starts[] = {0, 1, 2, 3, 5, 6, 7, 8, 9, 13, 14, 16, 17, 18, 20, 21, 22, 23, 24, 26, 31};
static const int32_t token_ids[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
#define TOKENS 20

static struct grammar *make(uint8_t notation, const char *text, size_t bytes, struct qn_error *error) {
    const struct schema_options options = {.white_space = notation & 4, .ignore_format = notation & 8};
    switch (notation & 3) {
    case 0:
        return grammar_from_gbnf(text, bytes, error);
    case 1:
        return grammar_from_regex(text, bytes, error);
    default:
        return grammar_from_schema(text, bytes, &options, error);
    }
}

/* Reads from the start, and tells how far it gets. */
static size_t read_all(struct matcher *matcher, const uint8_t *text, size_t bytes) {
    size_t read = 0;
    while (read < bytes && matcher_byte(matcher, text[read])) {
        read++;
    }
    return read;
}

static void check_mask(struct matcher *matcher, const struct token_trie *trie) {
    struct qn_error error = {0};
    struct mask_maker maker;
    uint32_t bits = 0;
    REQUIRE(mask_start(&maker, trie, MEMORY, &error) == QN_OK);
    if (mask_make(&maker, matcher, &bits)) {
        for (uint32_t i = 0; i < TOKENS; i++) {
            const size_t position = matcher_position(matcher);
            const uint32_t size = token_starts[i + 1] - token_starts[i];
            const bool taken = matcher_token(matcher, token_ids[i], token_bytes + token_starts[i], size);
            matcher_drop(matcher, position);
            REQUIRE(matcher_failed(matcher) || taken == (bits >> token_ids[i] & 1));
        }
    } else {
        REQUIRE(bits == 0);
    }
    mask_free(&maker);
}

static void check_texts(struct grammar *grammar, const uint8_t *text, size_t bytes, uint64_t chance) {
    struct qn_error error = {0};
    struct matcher matcher;
    struct matcher other;
    struct token_trie trie;
    const struct token_bytes tokens = {token_bytes, token_starts, token_ids, TOKENS};
    if (matcher_start(&matcher, &grammar->rules, MEMORY, &error) != QN_OK) {
        return;
    }
    REQUIRE(trie_build(&trie, &tokens, TOKENS, MEMORY, &error) == QN_OK);
    const size_t read = read_all(&matcher, text, bytes);
    const bool complete = matcher_complete(&matcher);
    const size_t back = fuzz_random(&chance, read + 1);
    matcher_rewind(&matcher, back);
    if (matcher_copy(&other, &matcher, &error) == QN_OK) {
        const bool same = read_all(&other, text + back, bytes - back) == read - back;
        REQUIRE(matcher_failed(&other) || matcher_failed(&matcher) || (same && matcher_complete(&other) == complete));
        matcher_free(&other);
    }
    check_mask(&matcher, &trie);
    trie_free(&trie);
    matcher_free(&matcher);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    const uint8_t *zero = memchr(data + 1, 0, size - 1);
    const size_t bytes = zero ? (size_t)(zero - data) - 1 : size - 1;
    const size_t text_bytes = zero ? size - bytes - 2 : 0;
    char *notation = (char *)fuzz_copy(data + 1, bytes);
    uint8_t *text = fuzz_copy(zero ? zero + 1 : data, text_bytes);
    struct qn_error error = {0};
    struct grammar *grammar = make(data[0], notation, bytes, &error);
    free(notation);
    if (grammar) {
        bool accepted;
        const int status = grammar_accepts(grammar, (const char *)text, text_bytes, &accepted, &error);
        REQUIRE(status == QN_OK || (!accepted && error.code == status && error.text_bytes > 0));
        check_texts(grammar, text, text_bytes, fuzz_hash(data, size));
    } else {
        REQUIRE(error.code == QN_ERR_ARGUMENT || error.code == QN_ERR_LIMIT || error.code == QN_ERR_MEMORY ||
                error.code == QN_ERR_TEMPLATE);
        REQUIRE(error.text_bytes > 0);
    }
    grammar_free(grammar);
    free(text);
    return 0;
}
