/* Builds a vocabulary: checks of the metadata, and the indexes. */
#include "engine/text/tokenizer/vocabulary_read.h"

#include "engine/text/tokenizer/special_tokens.h"
#include "engine/text/tokenizer/unigram.h"
#include "engine/text/tokenizer/vocabulary_match.h"
#include "engine/text/tokenizer/vocabulary_reader.h"
#include "engine/text/tokenizer/wordpiece.h"
#include "platform/error.h"

#define KEY      TOKENIZER_KEY
#define MAX_SHOW 100 /* bytes of a text that an error shows */

static int shown(struct gguf_text text) { return text.bytes < MAX_SHOW ? (int)text.bytes : MAX_SHOW; }

/* Reads a required array of strings and makes an empty index for them. False after an error. */
static bool read_strings(struct vocabulary_reader *r, const char *key, const char *absent, struct strings *strings,
                         struct string_index *index) {
    const struct gguf_value *array = read_array(r, key, GGUF_STRING);
    if (r->status == QN_OK && array == NULL) {
        r->status = error_set(r->error, QN_ERR_FORMAT, QN_NO_OFFSET, "%s", absent);
    }
    if (r->status == QN_OK && array->count > INT32_MAX / 2) {
        r->status = error_set(r->error, QN_ERR_FORMAT, array->offset, "%s has %zu texts", key, array->count);
    }
    if (r->status == QN_OK) {
        r->status = strings_new(strings, array, r->arena, r->error);
    }
    if (r->status == QN_OK && !index_new(index, strings->count, r->arena)) {
        read_no_memory(r);
    }
    return r->status == QN_OK;
}

static void fail_colliding(struct vocabulary_reader *r, const char *key) {
    r->status = error_set(r->error, QN_ERR_LIMIT, gguf_find(r->gguf, key)->offset,
                          "%s: too many texts have colliding hashes", key);
}

static void read_tokens(struct vocabulary_reader *r) {
    static const char key[] = KEY "tokens";
    struct vocabulary *v = r->vocabulary;
    if (!read_strings(r, key, "the file has a tokenizer but no " KEY "tokens", &v->tokens, &v->token_index)) {
        return;
    }
    if (v->tokens.count == 0) {
        r->status = error_set(r->error, QN_ERR_FORMAT, gguf_find(r->gguf, key)->offset, "%s has 0 texts", key);
    }
    for (uint32_t i = 0; r->status == QN_OK && i < v->tokens.count; i++) {
        const struct gguf_text text = strings_at(&v->tokens, i);
        const struct needle needle = {&v->tokens, (const uint8_t *)text.at, NULL, text.bytes, 0};
        uint32_t other; /* a token of the same text: the first one is used to encode, both can be decoded */
        if (text.bytes == 0) {
            continue; /* never occurs in a text */
        }
        if (!index_put(&v->token_index, text_hash(needle.text, text.bytes), i, same_token, &needle, &other)) {
            fail_colliding(r, key);
        }
    }
}

/* The end of `left` in "left right": the first space that is not at the start. text.bytes if there is none. */
static size_t merge_split(struct gguf_text text) {
    size_t split = 1;
    while (split < text.bytes && text.at[split] != ' ') {
        split++;
    }
    return split < text.bytes ? split : text.bytes;
}

static void read_merges(struct vocabulary_reader *r) {
    static const char key[] = KEY "merges";
    struct vocabulary *v = r->vocabulary;
    if (!read_strings(r, key, "the file has a BPE tokenizer but no " KEY "merges", &v->merges, &v->merge_index)) {
        return;
    }
    for (uint32_t i = 0; r->status == QN_OK && i < v->merges.count; i++) {
        const struct gguf_text text = strings_at(&v->merges, i);
        const size_t split = merge_split(text);
        uint32_t other; /* an equal pair: the first one counts */
        if (split == text.bytes) {
            continue; /* not a pair */
        }
        const uint8_t *left = (const uint8_t *)text.at;
        const struct needle needle = {&v->merges, left, left + split + 1, split, text.bytes - split - 1};
        const uint32_t hash = pair_hash(text_hash(left, split), text_hash(needle.right, needle.right_bytes));
        if (!index_put(&v->merge_index, hash, i, same_merge, &needle, &other)) {
            fail_colliding(r, key);
        }
    }
}

static void check_length(struct vocabulary_reader *r, const struct gguf_value *array) {
    const uint32_t n_tokens = r->vocabulary->tokens.count;
    if (array && array->count < n_tokens) {
        r->status = error_set(r->error, QN_ERR_FORMAT, array->offset, "%.*s has %zu elements for %u tokens",
                              (int)array->key.bytes, array->key.at, array->count, n_tokens);
    }
}

static void read_scores(struct vocabulary_reader *r) {
    const struct gguf_value *array = gguf_find(r->gguf, KEY "scores");
    const bool integers = array && array->element == GGUF_I32;
    r->vocabulary->scores = read_array(r, KEY "scores", integers ? GGUF_I32 : GGUF_F32);
    check_length(r, r->vocabulary->scores);
}

static void read_types(struct vocabulary_reader *r) {
    struct vocabulary *v = r->vocabulary;
    r->types = r->status == QN_OK ? ARENA_ARRAY(r->arena, uint8_t, v->tokens.count) : NULL;
    v->types = r->types;
    if (r->types == NULL) {
        read_no_memory(r);
    }
    const struct gguf_value *array = read_array(r, KEY "token_type", GGUF_I32);
    check_length(r, array);
    for (uint32_t i = 0; r->status == QN_OK && i < v->tokens.count; i++) {
        const uint32_t type = array ? gguf_array_u32(array, i) : TOKEN_NORMAL;
        r->types[i] = type >= TOKEN_NORMAL && type <= TOKEN_BYTE ? (uint8_t)type : TOKEN_UNUSED;
        if (type == TOKEN_BYTE && vocabulary_byte(v, (int32_t)i) < 0) {
            const struct gguf_text text = strings_at(&v->tokens, i);
            r->status = error_set(r->error, QN_ERR_FORMAT, array->offset, "token %u is a byte, but its text is %.*s", i,
                                  shown(text), text.at);
        }
    }
}

/* Finds the tokens for bytes that are in no other token: <0xNN>, or for a byte-level BPE the byte itself as a text. */
static void find_byte_tokens(struct vocabulary *v) {
    static const char hex[] = "0123456789ABCDEF";
    const bool spm = v->kind == VOCABULARY_SPM;
    const bool named = spm || (v->pretokenizer && (v->pretokenizer->flags & PRE_RAW));
    for (unsigned i = 0; i < 256; i++) {
        const uint8_t byte = (uint8_t)i;
        const uint8_t name[6] = {'<', '0', 'x', (uint8_t)hex[i >> 4], (uint8_t)hex[i & 15], '>'};
        int32_t id = named ? vocabulary_find(v, name, sizeof(name)) : -1;
        if (id < 0 && (spm || !named)) {
            id = vocabulary_find(v, &byte, 1);
        }
        v->byte_ids[i] = id < 0 && spm ? v->unknown : id;
    }
}

/* Reads ids and switches. The defaults depend on the kind of tokenizer, as in llama.cpp's llama_vocab::impl::load. */
static void read_settings(struct vocabulary_reader *r) {
    static const struct {
        int16_t bos, eos, unknown;
    } defaults[] = {[VOCABULARY_BPE] = {11, 11, -1},
                    [VOCABULARY_SPM] = {1, 2, 0},
                    [VOCABULARY_WPM] = {101, -1, 100},
                    [VOCABULARY_UNIGRAM] = {-1, 1, 2}};
    struct vocabulary *v = r->vocabulary;
    const uint8_t flags = v->pretokenizer ? v->pretokenizer->flags : 0;
    v->add_space_prefix = v->kind == VOCABULARY_SPM;
    v->add_bos = (flags & PRE_ADD_BOS) || v->kind == VOCABULARY_SPM;
    v->add_eos = v->kind == VOCABULARY_UNIGRAM;
    v->bos = flags & PRE_NO_BOS ? -1 : defaults[v->kind].bos;
    v->eos = flags & PRE_GEMMA ? -1 : defaults[v->kind].eos;
    v->unknown = defaults[v->kind].unknown;
    read_id(r, KEY "bos_token_id", &v->bos);
    read_id(r, KEY "eos_token_id", &v->eos);
    read_id(r, KEY "unknown_token_id", &v->unknown);
    read_bool(r, KEY "add_space_prefix", &v->add_space_prefix);
    read_bool(r, KEY "add_bos_token", &v->add_bos);
    read_bool(r, KEY "add_eos_token", &v->add_eos);
    if (v->drops_spaces) {
        read_bool(r, KEY "normalizer.lowercase", &v->lower_case);
    }
    v->add_bos = v->add_bos || (flags & PRE_GEMMA);
    v->last = v->eos;
}

static void read_pretokenizer(struct vocabulary_reader *r, struct gguf_text model) {
    struct gguf_text name = {"default", 7};
    if (gguf_text_is(model, "gemma4")) {
        name = model;
    } else {
        read_text(r, KEY "pre", &name);
        if (name.bytes == 0) {
            name = (struct gguf_text){"default", 7};
        }
    }
    r->vocabulary->drops_spaces = gguf_text_is(model, "whitespace");
    r->vocabulary->pretokenizer = pretokenizer_find(name);
    if (r->status == QN_OK && r->vocabulary->pretokenizer == NULL) {
        r->status = error_set(r->error, QN_ERR_UNSUPPORTED, gguf_find(r->gguf, KEY "pre")->offset,
                              KEY "pre is %.*s, which is not supported", shown(name), name.at);
    }
}

static void read_kind(struct vocabulary_reader *r) {
    static const struct {
        char model[11];
        uint8_t kind;
    } kinds[] = {{"llama", VOCABULARY_SPM},  {"bert", VOCABULARY_WPM}, {"t5", VOCABULARY_UNIGRAM},
                 {"gemma4", VOCABULARY_BPE}, {"gpt2", VOCABULARY_BPE}, {"whitespace", VOCABULARY_BPE}};
    struct gguf_text model = {NULL, 0};
    read_text(r, KEY "model", &model);
    if (r->status != QN_OK) {
        return;
    }
    if (model.at == NULL) {
        r->status = error_set(r->error, QN_ERR_FORMAT, QN_NO_OFFSET, "the file has no " KEY "model");
        return;
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (gguf_text_is(model, kinds[i].model)) {
            r->vocabulary->kind = (enum vocabulary_kind)kinds[i].kind;
            if (r->vocabulary->kind == VOCABULARY_BPE) {
                read_pretokenizer(r, model);
            }
            return;
        }
    }
    r->status = error_set(r->error, QN_ERR_UNSUPPORTED, gguf_find(r->gguf, KEY "model")->offset,
                          KEY "model is %.*s; supported are llama, gpt2, gemma4, whitespace, bert and t5", shown(model),
                          model.at);
}

/* The settings of WordPiece and unigram vocabularies. */
static void read_pieces(struct vocabulary_reader *r) {
    const struct vocabulary *v = r->vocabulary;
    if (v->tokens.longest > MAX_PIECE) {
        r->status = error_set(r->error, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                              KEY "tokens has a text of %u bytes; the maximum is %u", v->tokens.longest, MAX_PIECE);
    } else if (v->kind == VOCABULARY_WPM) {
        wordpiece_read(r);
    } else {
        unigram_read(r);
    }
}

const struct vocabulary *vocabulary_new(const struct gguf *gguf, struct arena *arena, struct qn_error *error) {
    struct vocabulary *v = ARENA_NEW(arena, struct vocabulary);
    struct vocabulary_reader reader = {.gguf = gguf, .arena = arena, .error = error, .vocabulary = v};
    if (v == NULL) {
        read_no_memory(&reader);
        return NULL;
    }
    read_kind(&reader);
    read_tokens(&reader);
    if (v->pretokenizer) {
        read_merges(&reader);
    }
    read_scores(&reader);
    read_types(&reader);
    read_settings(&reader);
    if (reader.status == QN_OK && (v->kind == VOCABULARY_WPM || v->kind == VOCABULARY_UNIGRAM)) {
        read_pieces(&reader);
    }
    if (reader.status == QN_OK) {
        find_byte_tokens(v);
        special_tokens(&reader);
    }
    return reader.status == QN_OK ? v : NULL;
}
