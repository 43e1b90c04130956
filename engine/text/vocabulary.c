/* The vocabulary: checks of the metadata, and the indexes. */
#include "engine/text/vocabulary.h"

#include "engine/text/tokenizer.h"
#include "platform/error.h"

#define KEY "tokenizer.ggml."

struct needle { /* for index_find: a text, or a pair of texts */
    const struct strings *strings;
    const uint8_t *text, *right;
    size_t bytes, right_bytes;
};

static bool same_token(const void *context, uint32_t number) {
    const struct needle *needle = context;
    const struct gguf_text text = strings_at(needle->strings, number);
    return text.bytes == needle->bytes && memcmp(text.at, needle->text, needle->bytes) == 0;
}

static bool same_merge(const void *context, uint32_t number) {
    const struct needle *needle = context;
    const struct gguf_text text = strings_at(needle->strings, number);
    const size_t left = needle->bytes;
    return text.bytes == left + 1 + needle->right_bytes && text.at[left] == ' ' &&
           memcmp(text.at, needle->text, left) == 0 &&
           memcmp(text.at + left + 1, needle->right, needle->right_bytes) == 0;
}

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

static int no_memory(struct qn_error *error) {
    return error_set(error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for the vocabulary");
}

static int too_many_collide(const struct gguf_value *array, struct qn_error *error) {
    return error_set(error, QN_ERR_LIMIT, array->offset, "%.*s: too many of the texts have hashes alike",
                     (int)array->key.bytes, array->key.at);
}

static int read_tokens(struct vocabulary *v, const struct gguf *gguf, struct arena *arena, struct qn_error *error) {
    const struct gguf_value *array;
    int status = gguf_array(gguf, KEY "tokens", GGUF_STRING, &array, error);
    if (status == QN_MORE) {
        return error_set(error, QN_ERR_FORMAT, QN_NO_OFFSET, "the file has a tokenizer but no " KEY "tokens");
    }
    if (status == QN_OK && (array->count == 0 || array->count > INT32_MAX / 2)) {
        return error_set(error, QN_ERR_FORMAT, array->offset, KEY "tokens has %zu texts", array->count);
    }
    if (status == QN_OK) {
        status = strings_new(&v->tokens, array, arena, error);
    }
    if (status == QN_OK && !index_new(&v->token_index, v->tokens.count, arena)) {
        status = no_memory(error);
    }
    for (uint32_t i = 0; status == QN_OK && i < v->tokens.count; i++) {
        const struct gguf_text text = strings_at(&v->tokens, i);
        const struct needle needle = {&v->tokens, (const uint8_t *)text.at, NULL, text.bytes, 0};
        uint32_t other;
        if (text.bytes == 0) {
            continue; /* never found in a text */
        }
        if (!index_put(&v->token_index, text_hash(needle.text, text.bytes), i, same_token, &needle, &other)) {
            status = too_many_collide(array, error);
        } else if (other != NOT_FOUND) {
            status = error_set(error, QN_ERR_FORMAT, array->offset, "tokens %u and %u are the same: %.*s", other, i,
                               text.bytes < 100 ? (int)text.bytes : 100, text.at);
        }
    }
    return status;
}

/* Where "left right" is cut: at the first space that has something before it. text.bytes when there is none. */
static size_t merge_cut(struct gguf_text text) {
    size_t cut = 1;
    while (cut < text.bytes && text.at[cut] != ' ') {
        cut++;
    }
    return cut < text.bytes ? cut : text.bytes;
}

static int read_merges(struct vocabulary *v, const struct gguf *gguf, struct arena *arena, struct qn_error *error) {
    const struct gguf_value *array;
    int status = gguf_array(gguf, KEY "merges", GGUF_STRING, &array, error);
    if (status == QN_MORE) {
        return error_set(error, QN_ERR_FORMAT, QN_NO_OFFSET, "the file has a BPE tokenizer but no " KEY "merges");
    }
    if (status == QN_OK && array->count > INT32_MAX / 2) {
        return error_set(error, QN_ERR_FORMAT, array->offset, KEY "merges has %zu texts", array->count);
    }
    if (status == QN_OK) {
        status = strings_new(&v->merges, array, arena, error);
    }
    if (status == QN_OK && !index_new(&v->merge_index, v->merges.count, arena)) {
        status = no_memory(error);
    }
    for (uint32_t i = 0; status == QN_OK && i < v->merges.count; i++) {
        const struct gguf_text text = strings_at(&v->merges, i);
        const size_t cut = merge_cut(text);
        uint32_t other; /* the same pair again: the first counts */
        if (cut == text.bytes) {
            continue; /* no pair */
        }
        const uint8_t *left = (const uint8_t *)text.at;
        const struct needle needle = {&v->merges, left, left + cut + 1, cut, text.bytes - cut - 1};
        const uint32_t hash = pair_hash(text_hash(left, cut), text_hash(needle.right, needle.right_bytes));
        if (!index_put(&v->merge_index, hash, i, same_merge, &needle, &other)) {
            status = too_many_collide(array, error);
        }
    }
    return status;
}

static int check_length(const struct gguf_value *array, uint32_t tokens, struct qn_error *error) {
    if (array->count < tokens) {
        return error_set(error, QN_ERR_FORMAT, array->offset, "%.*s has %zu elements for %u tokens",
                         (int)array->key.bytes, array->key.at, array->count, tokens);
    }
    return QN_OK;
}

static int read_scores(struct vocabulary *v, const struct gguf *gguf, struct qn_error *error) {
    const struct gguf_value *array = gguf_find(gguf, KEY "scores");
    if (array == NULL) {
        return QN_OK;
    }
    const enum gguf_type element = array->element == GGUF_I32 ? GGUF_I32 : GGUF_F32;
    const int status = gguf_array(gguf, KEY "scores", element, &v->scores, error);
    return status == QN_OK ? check_length(array, v->tokens.count, error) : status;
}

static int hex_digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* The byte that <0xNN> stands for; -1 when the text is no such thing. */
static int byte_of_text(struct gguf_text text) {
    if (text.bytes != 6 || memcmp(text.at, "<0x", 3) != 0 || text.at[5] != '>') {
        return -1;
    }
    const int high = hex_digit(text.at[3]);
    const int low = hex_digit(text.at[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static int read_types(struct vocabulary *v, uint8_t *types, const struct gguf *gguf, struct qn_error *error) {
    const struct gguf_value *array;
    int status = gguf_array(gguf, KEY "token_type", GGUF_I32, &array, error);
    const bool given = status != QN_MORE;
    if (status == QN_OK) {
        status = check_length(array, v->tokens.count, error);
    }
    for (uint32_t i = 0; status >= QN_OK && i < v->tokens.count; i++) {
        const uint32_t type = given ? gguf_array_u32(array, i) : TOKEN_NORMAL;
        types[i] = type >= TOKEN_NORMAL && type <= TOKEN_BYTE ? (uint8_t)type : TOKEN_UNUSED;
        const struct gguf_text text = strings_at(&v->tokens, i);
        if (type == TOKEN_BYTE && byte_of_text(text) < 0) {
            status = error_set(error, QN_ERR_FORMAT, array->offset, "token %u is a byte, but its text is %.*s", i,
                               text.bytes < 100 ? (int)text.bytes : 100, text.at);
        }
    }
    return status < QN_OK ? status : QN_OK;
}

int vocabulary_byte(const struct vocabulary *v, int32_t id) {
    return byte_of_text(strings_at(&v->tokens, (uint32_t)id));
}

/* Tokens for bytes that end up in no other token: <0xNN>, or for a byte-level BPE the byte itself as a text. */
static void find_bytes(struct vocabulary *v) {
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

int vocabulary_read_id(const struct vocabulary *v, const struct gguf *gguf, const char *key, int32_t *id,
                       struct qn_error *error) {
    uint32_t number;
    const int status = gguf_u32(gguf, key, &number, error);
    if (*id >= 0 && (uint32_t)*id >= v->tokens.count) {
        *id = -1; /* a default, and the vocabulary is tiny */
    }
    if (status != QN_OK) {
        return status == QN_MORE ? QN_OK : status;
    }
    if (number >= v->tokens.count) {
        return error_set(error, QN_ERR_FORMAT, gguf_find(gguf, key)->offset, "%s is %u, the vocabulary has %u tokens",
                         key, number, v->tokens.count);
    }
    *id = (int32_t)number;
    return QN_OK;
}

int vocabulary_read_bool(const struct gguf *gguf, const char *key, bool *value, struct qn_error *error) {
    const int status = gguf_bool(gguf, key, value, error);
    return status == QN_MORE ? QN_OK : status;
}

/* Ids and switches, after the defaults that the kind of tokenizer gives. */
static int read_settings(struct vocabulary *v, const struct gguf *gguf, struct qn_error *error) {
    static const struct {
        int16_t bos, eos, unknown;
    } defaults[] = {[VOCABULARY_BPE] = {11, 11, -1},
                    [VOCABULARY_SPM] = {1, 2, 0},
                    [VOCABULARY_WPM] = {101, -1, 100},
                    [VOCABULARY_UNIGRAM] = {-1, 1, 2}};
    const uint8_t flags = v->pretokenizer ? v->pretokenizer->flags : 0;
    v->add_space_prefix = v->kind == VOCABULARY_SPM;
    v->add_bos = (flags & PRE_ADD_BOS) || v->kind == VOCABULARY_SPM;
    v->add_eos = v->kind == VOCABULARY_UNIGRAM;
    v->bos = flags & PRE_NO_BOS ? -1 : defaults[v->kind].bos;
    v->eos = flags & PRE_GEMMA ? -1 : defaults[v->kind].eos;
    v->unknown = defaults[v->kind].unknown;
    int status = vocabulary_read_id(v, gguf, KEY "bos_token_id", &v->bos, error);
    if (status == QN_OK) {
        status = vocabulary_read_id(v, gguf, KEY "eos_token_id", &v->eos, error);
    }
    if (status == QN_OK) {
        status = vocabulary_read_id(v, gguf, KEY "unknown_token_id", &v->unknown, error);
    }
    if (status == QN_OK) {
        status = vocabulary_read_bool(gguf, KEY "add_space_prefix", &v->add_space_prefix, error);
    }
    if (status == QN_OK) {
        status = vocabulary_read_bool(gguf, KEY "add_bos_token", &v->add_bos, error);
    }
    if (status == QN_OK) {
        status = vocabulary_read_bool(gguf, KEY "add_eos_token", &v->add_eos, error);
    }
    if (status == QN_OK && v->drops_spaces) {
        status = vocabulary_read_bool(gguf, KEY "normalizer.lowercase", &v->lower_case, error);
    }
    v->add_bos = v->add_bos || (flags & PRE_GEMMA);
    v->last = v->eos;
    return status;
}

static bool is(struct gguf_text text, const char *name) {
    return text.bytes == strlen(name) && memcmp(text.at, name, text.bytes) == 0;
}

static int read_kind(struct vocabulary *v, const struct gguf *gguf, struct qn_error *error) {
    struct gguf_text model;
    struct gguf_text name = {"default", 7};
    int status = gguf_text(gguf, KEY "model", &model, error);
    if (status == QN_MORE) {
        return error_set(error, QN_ERR_FORMAT, QN_NO_OFFSET, "the file has no " KEY "model");
    }
    static const char *const others[] = {
        [VOCABULARY_SPM] = "llama", [VOCABULARY_WPM] = "bert", [VOCABULARY_UNIGRAM] = "t5"};
    for (unsigned i = VOCABULARY_SPM; status == QN_OK && i <= VOCABULARY_UNIGRAM; i++) {
        if (is(model, others[i])) {
            v->kind = (enum vocabulary_kind)i;
            return QN_OK;
        }
    }
    if (status != QN_OK) {
        return status;
    }
    if (is(model, "gemma4")) {
        name = (struct gguf_text){"gemma4", 6};
    } else if (!is(model, "gpt2") && !is(model, "whitespace")) {
        return error_set(error, QN_ERR_UNSUPPORTED, gguf_find(gguf, KEY "model")->offset,
                         KEY "model is %.*s; llama, gpt2, gemma4, whitespace, bert and t5 are known",
                         model.bytes < 100 ? (int)model.bytes : 100, model.at);
    } else {
        v->drops_spaces = is(model, "whitespace");
        status = gguf_text(gguf, KEY "pre", &name, error);
        if (status < QN_OK) {
            return status;
        }
        if (name.bytes == 0) {
            name = (struct gguf_text){"default", 7};
        }
    }
    v->pretokenizer = pretokenizer_find(name);
    if (v->pretokenizer == NULL) {
        return error_set(error, QN_ERR_UNSUPPORTED, gguf_find(gguf, KEY "pre")->offset,
                         KEY "pre is %.*s, which is not known", name.bytes < 100 ? (int)name.bytes : 100, name.at);
    }
    return QN_OK;
}

static int too_long(const struct vocabulary *v, struct qn_error *error) {
    return error_set(error, QN_ERR_UNSUPPORTED, QN_NO_OFFSET, KEY "tokens has a text of %u bytes; %u are the most",
                     v->tokens.longest, MAX_PIECE);
}

const struct vocabulary *vocabulary_new(const struct gguf *gguf, struct arena *arena, struct qn_error *error) {
    struct vocabulary *v = ARENA_NEW(arena, struct vocabulary);
    if (v == NULL) {
        no_memory(error);
        return NULL;
    }
    int status = read_kind(v, gguf, error);
    if (status == QN_OK) {
        status = read_tokens(v, gguf, arena, error);
    }
    if (status == QN_OK && v->pretokenizer) {
        status = read_merges(v, gguf, arena, error);
    }
    if (status == QN_OK) {
        status = read_scores(v, gguf, error);
    }
    uint8_t *types = status == QN_OK ? ARENA_ARRAY(arena, uint8_t, v->tokens.count) : NULL;
    if (status == QN_OK) {
        v->types = types;
        status = types ? read_types(v, types, gguf, error) : no_memory(error);
    }
    if (status == QN_OK) {
        status = read_settings(v, gguf, error);
    }
    if (status == QN_OK && (v->kind == VOCABULARY_WPM || v->kind == VOCABULARY_UNIGRAM)) {
        status = v->tokens.longest > MAX_PIECE ? too_long(v, error)
                 : v->kind == VOCABULARY_WPM   ? wpm_read(v, gguf, arena, error)
                                               : unigram_read(v, gguf, arena, error);
    }
    if (status == QN_OK) {
        find_bytes(v);
        status = special_tokens(v, types, gguf, arena, error);
    }
    return status == QN_OK ? v : NULL;
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
