/* Lookups in a vocabulary. */
#include "engine/text/tokenizer/vocabulary.h"

#include "engine/text/tokenizer/vocabulary_match.h"

int32_t vocabulary_find_hashed(const struct vocabulary *v, const uint8_t *text, size_t bytes, uint32_t hash) {
    const struct needle needle = {&v->tokens, text, NULL, bytes, 0};
    return (int32_t)index_find(&v->token_index, hash, same_token, &needle); /* NOT_FOUND is -1 */
}

int32_t vocabulary_find(const struct vocabulary *v, const uint8_t *text, size_t bytes) {
    return bytes > v->tokens.longest ? -1 : vocabulary_find_hashed(v, text, bytes, text_hash(text, bytes));
}

uint32_t vocabulary_rank(const struct vocabulary *v, const uint8_t *left, size_t left_bytes, uint32_t left_hash,
                         const uint8_t *right, size_t right_bytes, uint32_t right_hash) {
    const struct needle needle = {&v->merges, left, right, left_bytes, right_bytes};
    return index_find(&v->merge_index, pair_hash(left_hash, right_hash), same_merge, &needle);
}

float vocabulary_score(const struct vocabulary *v, int32_t id) {
    if (v->scores == NULL) {
        return 0;
    }
    return v->scores->element == GGUF_F32 ? gguf_array_f32(v->scores, (size_t)id)
                                          : (float)(int32_t)gguf_array_u32(v->scores, (size_t)id);
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = (char)(c | 32);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

int vocabulary_byte(const struct vocabulary *v, int32_t id) {
    const struct gguf_text text = strings_at(&v->tokens, (uint32_t)id);
    if (text.bytes != 6 || memcmp(text.at, "<0x", 3) != 0 || text.at[5] != '>') {
        return -1;
    }
    const int high = hex_digit(text.at[3]);
    const int low = hex_digit(text.at[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

size_t vocabulary_size(const struct vocabulary *v) { return v->tokens.count; }

struct gguf_text vocabulary_text(const struct vocabulary *v, int32_t id) {
    return strings_at(&v->tokens, (uint32_t)id);
}

enum token_type vocabulary_type(const struct vocabulary *v, int32_t id) {
    return (enum token_type)(v->types[id] & TOKEN_TYPE_MASK);
}

int32_t vocabulary_bos(const struct vocabulary *v) { return v->bos; }
int32_t vocabulary_eos(const struct vocabulary *v) { return v->eos; }
bool vocabulary_adds_bos(const struct vocabulary *v) { return v->add_bos; }
bool vocabulary_adds_eos(const struct vocabulary *v) { return v->add_eos; }

bool vocabulary_is_end(const struct vocabulary *v, int32_t id) {
    bool end = false;
    for (uint32_t i = 0; i < v->n_ends; i++) {
        end = end || (id >= 0 && v->ends[i] == id);
    }
    return end;
}
