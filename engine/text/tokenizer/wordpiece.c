/* WordPiece, as in BERT: the text is split at white space and around punctuation and Chinese characters, accents are
 * removed, and letters become lower case. Each word is then segmented greedily into the longest tokens. */
#include "engine/text/tokenizer/wordpiece.h"

#include "engine/text/unicode/unicode.h"
#include "engine/text/unicode/utf8.h"

static const uint8_t space[3] = {0xe2, 0x96, 0x81}; /* U+2581, precedes each word */

void wordpiece_read(struct vocabulary_reader *r) {
    struct vocabulary *v = r->vocabulary;
    v->add_bos = v->add_eos = true; /* whatever the file says */
    v->last = 102;
    v->lower_case = true;
    read_id(r, TOKENIZER_KEY "seperator_token_id", &v->last); /* spelled like this in GGUF */
    read_bool(r, TOKENIZER_KEY "normalizer.lowercase", &v->lower_case);
    v->strips_accents = v->lower_case;
    read_bool(r, TOKENIZER_KEY "normalizer.strip_accents", &v->strips_accents);
    if (r->status == QN_OK && !sorted_texts_new(&v->pieces, &v->tokens, v->types, ~0u, r->arena)) {
        read_no_memory(r);
    }
}

/* The blocks that BERT treats as Chinese. As in llama.cpp's llm_tokenizer_wpm_session::is_chinese_char, one starts
 * later than Unicode's block. */
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

/* The longest token at the start of a text that is not barred, and its size *used in bytes. -1 if there is none. */
static int32_t longest(const struct encoder *e, const uint8_t *text, size_t bytes, size_t *used) {
    const struct sorted_texts *pieces = &e->vocabulary->pieces;
    struct prefix prefix = prefix_start(pieces);
    int32_t best = -1;
    for (size_t i = 0; i < bytes && prefix_extend(pieces, &prefix, text[i]); i++) {
        const int32_t id = prefix_match(pieces, &prefix);
        if (id >= 0 && !encoder_bars(e, id)) {
            best = id;
            *used = i + 1;
        }
    }
    return best;
}

/* Encodes a word that U+2581 precedes. A word that cannot be segmented becomes one unknown token. */
static void encode_word(struct encoder *e, const uint8_t *word, size_t bytes) {
    const size_t before = e->count;
    size_t used = 0;
    for (size_t at = 0; at < bytes; at += used) {
        const int32_t id = longest(e, word + at, bytes - at, &used);
        if (id < 0) {
            e->count = before;
            break;
        }
        encoder_put(e, id);
    }
    if (e->count == before && e->vocabulary->unknown >= 0) {
        encoder_put(e, e->vocabulary->unknown);
    }
}

bool encode_wordpiece(struct encoder *e, const uint8_t *text, size_t bytes) {
    const struct vocabulary *v = e->vocabulary;
    uint8_t *word = ARENA_ARRAY(e->scratch, uint8_t, sizeof(space) + 4 * bytes);
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
            encode_word(e, word, end);
            end = sizeof(space);
        }
        if (class == CLASS_SPACE || class == CLASS_CONTROL || code == REPLACEMENT ||
            (class == CLASS_MARK && v->strips_accents)) {
            continue;
        }
        end += utf8_write(word + end, v->lower_case ? unicode_lower(code) : code);
        if (alone) {
            encode_word(e, word, end);
            end = sizeof(space);
        }
    }
    if (end > sizeof(space)) {
        encode_word(e, word, end);
    }
    return true;
}
