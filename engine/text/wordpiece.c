/* WordPiece, as BERT has it: words are cut at white space and around punctuation and Chinese characters, stripped of
 * accents and put in lower case, and each is made of the longest tokens from its start on. */
#include "engine/text/tokenizer.h"
#include "engine/text/unicode.h"
#include "platform/error.h"

#define KEY "tokenizer.ggml."

static const uint8_t space[3] = {0xe2, 0x96, 0x81}; /* U+2581, before each word */

int wpm_read(struct vocabulary *v, const struct gguf *gguf, struct arena *arena, struct qn_error *error) {
    v->add_bos = v->add_eos = true; /* whatever the file says */
    v->last = 102;
    v->lower_case = true;
    int status = vocabulary_read_id(v, gguf, KEY "seperator_token_id", &v->last, error);
    if (status == QN_OK) {
        status = vocabulary_read_bool(gguf, KEY "normalizer.lowercase", &v->lower_case, error);
    }
    v->strips_accents = v->lower_case;
    if (status == QN_OK) {
        status = vocabulary_read_bool(gguf, KEY "normalizer.strip_accents", &v->strips_accents, error);
    }
    if (status == QN_OK && !prefixes_new(&v->pieces, &v->tokens, v->types, ~0u, arena)) {
        status = error_set(error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for the vocabulary");
    }
    return status;
}

/* The blocks that BERT takes for Chinese; one of them starts later than Unicode's does, as it does there. */
static bool is_chinese(uint32_t code) {
    static const uint32_t blocks[][2] = {{0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xf900, 0xfaff},
                                         {0x20000, 0x2a6df}, {0x2a700, 0x2b73f}, {0x2b740, 0x2b81f},
                                         {0x2b920, 0x2ceaf}, {0x2f800, 0x2fa1f}};
    bool found = false;
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        found = found || (code >= blocks[i][0] && code <= blocks[i][1]);
    }
    return found;
}

/* The longest token at the start of a text that may be it; *used bytes long. -1: none. */
static int32_t longest(const struct merger *m, const uint8_t *text, size_t bytes, size_t *used) {
    const struct prefixes *pieces = &m->vocabulary->pieces;
    struct prefix prefix = prefix_start(pieces);
    int32_t best = -1;
    for (size_t i = 0; i < bytes && prefix_step(pieces, &prefix, text[i]); i++) {
        const int32_t id = prefix_whole(pieces, &prefix);
        if (id >= 0 && !merger_bars(m, id)) {
            best = id;
            *used = i + 1;
        }
    }
    return best;
}

/* A word, with U+2581 before it. What cannot be made of tokens is one unknown token. */
static void encode_word(const struct merger *m, const uint8_t *word, size_t bytes, struct token_sink *sink) {
    const size_t before = sink->count;
    size_t used = 0;
    for (size_t at = 0; at < bytes; at += used) {
        const int32_t id = longest(m, word + at, bytes - at, &used);
        if (id < 0) {
            sink->count = before;
            break;
        }
        token_put(sink, id);
    }
    if (sink->count == before && m->vocabulary->unknown >= 0) {
        token_put(sink, m->vocabulary->unknown);
    }
}

bool encode_wpm(struct merger *m, const uint8_t *text, size_t bytes, struct token_sink *sink) {
    const struct vocabulary *v = m->vocabulary;
    uint8_t *word = ARENA_ARRAY(m->scratch, uint8_t, sizeof(space) + 4 * bytes);
    if (word == NULL) {
        return false;
    }
    memcpy(word, space, sizeof(space));
    size_t end = sizeof(space);
    for (size_t at = 0; at < bytes;) {
        uint32_t code;
        at += utf8_read(text + at, bytes - at, &code);
        code = v->strips_accents ? unicode_decomposed(code) : code;
        const uint8_t class = unicode_class_or_control(code);
        const bool alone = class == CLASS_PUNCTUATION || (class == CLASS_SYMBOL && code < 0x7f) || is_chinese(code);
        if ((alone || class == CLASS_SPACE) && end > sizeof(space)) {
            encode_word(m, word, end, sink);
            end = sizeof(space);
        }
        if (class == CLASS_SPACE || class == CLASS_CONTROL || code == REPLACEMENT ||
            (class == CLASS_MARK && v->strips_accents)) {
            continue;
        }
        end += utf8_write(word + end, v->lower_case ? unicode_lower(code) : code);
        if (alone) {
            encode_word(m, word, end, sink);
            end = sizeof(space);
        }
    }
    if (end > sizeof(space)) {
        encode_word(m, word, end, sink);
    }
    return true;
}
