/* Unigram, as in SentencePiece: the text is normalized and then segmented into the tokens whose scores have the highest
 * sum (Viterbi). */
#include "engine/text/tokenizer/unigram.h"

#include "engine/text/unicode/utf8.h"
#include "platform/error.h"

#define UNKNOWN_PENALTY 10.0f /* subtracted from the lowest score, as in SentencePiece */

static void read_charsmap(struct vocabulary_reader *r) {
    static const char key[] = TOKENIZER_KEY "precompiled_charsmap";
    struct charsmap *map = &r->vocabulary->charsmap;
    const struct gguf_value *array = gguf_find(r->gguf, key);
    array = read_array(r, key, array && array->element == GGUF_I8 ? GGUF_I8 : GGUF_U8);
    if (array == NULL) {
        return;
    }
    uint32_t bytes = UINT32_MAX;
    if (array->bytes > sizeof(bytes)) {
        memcpy(&bytes, array->data, sizeof(bytes));
    }
    if (array->bytes <= sizeof(bytes) || bytes >= array->bytes - sizeof(bytes)) {
        r->status = error_set(r->error, QN_ERR_FORMAT, array->offset,
                              "%s has %zu bytes, too few for the double array in it", key, array->bytes);
        return;
    }
    map->nodes = array->data + sizeof(bytes);
    map->n_nodes = bytes / 4;
    map->texts = map->nodes + bytes;
    map->text_bytes = array->bytes - sizeof(bytes) - bytes;
}

void unigram_read(struct vocabulary_reader *r) {
    const unsigned user = 1u << TOKEN_USER_DEFINED;
    struct vocabulary *v = r->vocabulary;
    float lowest = __FLT_MAX__;
    for (uint32_t i = 0; i < v->tokens.count; i++) {
        const float score = vocabulary_score(v, (int32_t)i);
        lowest = (v->types[i] & TOKEN_TYPE_MASK) == TOKEN_NORMAL && score < lowest ? score : lowest;
    }
    v->unknown_score = (double)(lowest - UNKNOWN_PENALTY);
    read_bool(r, TOKENIZER_KEY "remove_extra_whitespaces", &v->merges_spaces);
    read_charsmap(r);
    if (r->status == QN_OK && !(sorted_texts_new(&v->pieces, &v->tokens, v->types,
                                                 1u << TOKEN_NORMAL | user | 1u << TOKEN_UNUSED, r->arena) &&
                                sorted_texts_new(&v->user_defined, &v->tokens, v->types, user, r->arena))) {
        read_no_memory(r);
    }
}

/* The node at an index of the double array. Outside of the array it is 0, which is no node's child. */
static uint32_t node_at(const struct charsmap *map, uint32_t index) {
    uint32_t node = 0;
    if (index < map->n_nodes) {
        memcpy(&node, map->nodes + (size_t)index * 4, sizeof(node));
    }
    return node;
}

static uint32_t base_of(uint32_t node) { return node >> 10 << ((node >> 6) & 8); }

/* Finds the longest prefix of a text that is replaced, and its replacement *with. Returns its bytes; 0 if there is
 * none. */
static size_t find_replacement(const struct charsmap *map, const uint8_t *text, size_t bytes, struct gguf_text *with) {
    size_t found = 0;
    uint32_t index = base_of(node_at(map, 0));
    for (size_t i = 0; i < bytes && i < MAX_PIECE && text[i]; i++) {
        index ^= text[i];
        const uint32_t node = node_at(map, index);
        if ((node & 0x800000ffu) != text[i]) {
            break;
        }
        index ^= base_of(node);
        const uint32_t at = node_at(map, index) & 0x7fffffffu;
        if ((node & 0x100) && at < map->text_bytes) {
            found = i + 1;
            with->at = (const char *)map->texts + at;
            with->bytes = map->text_bytes - at;
        }
    }
    size_t used = 0;
    while (found && used < with->bytes && used < MAX_PIECE && with->at[used]) {
        used++;
    }
    with->bytes = used;
    return found;
}

struct normalizer {
    const struct vocabulary *vocabulary;
    uint8_t *out; /* null: bytes are only counted */
    size_t count;
    bool in_word;
    bool has_prefix;
};

static void put(struct normalizer *n, const char *bytes, size_t count) {
    if (n->out) {
        memcpy(n->out + n->count, bytes, count);
    }
    n->count += count;
}

static const char space[] = "\xe2\x96\x81"; /* U+2581 */

static void put_normal(struct normalizer *n, char byte) {
    const struct vocabulary *v = n->vocabulary;
    if (byte == ' ') {
        n->in_word = false;
        if (!v->merges_spaces) {
            put(n, space, 3);
        }
        return;
    }
    if (!n->in_word && ((v->add_space_prefix && !n->has_prefix) || v->merges_spaces)) {
        put(n, space, 3);
        n->has_prefix = true;
    }
    n->in_word = true;
    put(n, &byte, 1);
}

/* Normalizes the start of a text: *with is the result. Returns the number of bytes consumed. As in llama.cpp's
 * llm_tokenizer_ugm_session::normalize_prefix, text that begins like a user-defined token stays as it is, even if the
 * token does not continue. */
static size_t normalize_next(struct normalizer *n, const uint8_t *text, size_t bytes, struct gguf_text *with) {
    const struct vocabulary *v = n->vocabulary;
    struct prefix prefix = prefix_start(&v->user_defined);
    size_t used = 0;
    while (used < bytes && prefix_extend(&v->user_defined, &prefix, text[used])) {
        used++;
    }
    if (used == 0) {
        used = find_replacement(&v->charsmap, text, bytes, with);
        if (used) {
            return used;
        }
        uint32_t code;
        used = utf8_read(text, bytes, &code);
        if (code == REPLACEMENT && used == 1) {
            *with = (struct gguf_text){"\xef\xbf\xbd", 3};
            return used;
        }
    }
    *with = (struct gguf_text){(const char *)text, used};
    return used;
}

/* False if the result has `limit` bytes or more. */
static bool normalize(struct normalizer *n, const uint8_t *text, size_t bytes, size_t limit) {
    for (size_t at = 0; at < bytes && n->count < limit;) {
        struct gguf_text with;
        at += normalize_next(n, text + at, bytes - at, &with);
        for (size_t i = 0; i < with.bytes; i++) {
            put_normal(n, with.at[i]);
        }
    }
    return n->count < limit;
}

/* The best segmentation up to a byte: its sum of scores, its last token, and where that token starts. */
struct path {
    double sum;
    int32_t id;
    uint32_t start;
};

static void consider(struct path *path, double sum, int32_t id, size_t start) {
    if (sum > path->sum) {
        *path = (struct path){sum, id, (uint32_t)start};
    }
}

/* Considers every token that starts at `at`. */
static void consider_tokens(const struct encoder *e, const uint8_t *text, size_t bytes, size_t at, struct path *paths) {
    const struct vocabulary *v = e->vocabulary;
    const size_t width = utf8_width(text[at]);
    const size_t next = width < bytes - at ? at + width : bytes;
    bool character_found = false;
    struct prefix prefix = prefix_start(&v->pieces);
    for (size_t i = at; i < bytes && prefix_extend(&v->pieces, &prefix, text[i]); i++) {
        const int32_t id = prefix_match(&v->pieces, &prefix);
        if (id >= 0 && !encoder_bars(e, id)) {
            const bool user = (v->types[id] & TOKEN_TYPE_MASK) == TOKEN_USER_DEFINED;
            consider(&paths[i + 1], paths[at].sum + (user ? 0.0 : (double)vocabulary_score(v, id)), id, at);
            character_found = character_found || i + 1 == next;
        }
    }
    if (!character_found) {
        consider(&paths[next], paths[at].sum + v->unknown_score, v->unknown, at);
    }
}

bool encode_unigram(struct encoder *e, const uint8_t *text, size_t bytes) {
    const struct vocabulary *v = e->vocabulary;
    struct normalizer counter = {.vocabulary = v};
    if (!normalize(&counter, text, bytes, e->scratch->limit)) {
        return false;
    }
    const size_t count = counter.count;
    struct normalizer writer = {.vocabulary = v, .out = ARENA_ARRAY(e->scratch, uint8_t, count + 1)};
    struct path *paths = ARENA_ARRAY(e->scratch, struct path, count + 1);
    if (writer.out == NULL || paths == NULL) {
        return false;
    }
    normalize(&writer, text, bytes, e->scratch->limit);
    for (size_t i = 1; i <= count; i++) {
        paths[i] = (struct path){-__DBL_MAX__, v->unknown, 0};
    }
    for (size_t at = 0; at < count;) {
        consider_tokens(e, writer.out, count, at, paths);
        const size_t width = utf8_width(writer.out[at]);
        at += width < count - at ? width : count - at;
    }
    /* Reverse the links, which lead back from the end. */
    uint32_t at = (uint32_t)count;
    for (uint32_t after = 0; at;) {
        const uint32_t before = paths[at].start;
        paths[at].start = after;
        after = at;
        at = before;
        paths[0].start = after;
    }
    bool was_unknown = false;
    for (at = count ? paths[0].start : 0; at; at = paths[at].start) {
        const bool is_unknown = paths[at].id == v->unknown;
        if (paths[at].id >= 0 && !(is_unknown && was_unknown)) {
            encoder_put(e, paths[at].id);
        }
        was_unknown = is_unknown;
    }
    return true;
}
