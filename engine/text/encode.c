/* Text to tokens. */
#include "engine/text/tokenizer.h"
#include "engine/text/unicode.h"
#include "platform/error.h"

/* So that no size below wraps, nor passes what a symbol can hold. */
#define MAX_TEXT ((uint32_t)INT32_MAX / 8)

void token_put(struct token_sink *sink, int32_t id) {
    if (sink->count < sink->capacity) {
        sink->ids[sink->count] = id;
    }
    sink->count++;
}

/* A byte that is in no token is left out. */
static void put_bytes(const struct merger *m, const uint8_t *text, size_t bytes, struct token_sink *sink) {
    for (size_t i = 0; i < bytes; i++) {
        const int32_t id = m->vocabulary->byte_ids[text[i]];
        if (id >= 0 && (id == m->vocabulary->unknown || !merger_bars(m, id))) {
            token_put(sink, id);
        }
    }
}

static void put_symbol(const struct merger *m, const struct symbol *symbol, struct token_sink *sink) {
    const uint8_t *text = m->text + symbol->start;
    int32_t id = vocabulary_find_hashed(m->vocabulary, text, symbol->bytes, symbol->hash);
    if (id >= 0 && !merger_bars(m, id)) {
        token_put(sink, id);
        return;
    }
    if (id < 0) {
        put_bytes(m, text, symbol->bytes, sink);
        return;
    }
    for (size_t at = 0; at < symbol->bytes;) { /* the characters of a token that it may not become */
        const size_t width = utf8_width(text[at]);
        const size_t bytes = width < symbol->bytes - at ? width : symbol->bytes - at;
        id = vocabulary_find(m->vocabulary, text + at, bytes);
        if (id >= 0 && !merger_bars(m, id)) {
            token_put(sink, id);
        } else {
            put_bytes(m, text + at, bytes, sink);
        }
        at += bytes;
    }
}

static void put_symbols(const struct merger *m, struct token_sink *sink) {
    for (size_t i = 0; i < m->count; i++) {
        if (m->symbols[i].bytes) {
            put_symbol(m, &m->symbols[i], sink);
        }
    }
}

/* SentencePiece: spaces become U+2581, and the whole text is merged by the tokens' scores. */
bool encode_spm(struct merger *m, const uint8_t *text, size_t bytes, bool space_prefix, struct token_sink *sink) {
    static const uint8_t space[3] = {0xe2, 0x96, 0x81};
    size_t spaces = space_prefix;
    for (size_t i = 0; i < bytes; i++) {
        spaces += text[i] == ' ';
    }
    if (!merger_reserve(m, bytes + 3 * spaces, bytes + spaces)) {
        return false;
    }
    size_t all = 0;
    if (space_prefix) {
        memcpy(m->text, space, sizeof(space));
        all = sizeof(space);
    }
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == ' ') {
            memcpy(m->text + all, space, sizeof(space));
            all += sizeof(space);
        } else {
            m->text[all++] = text[i];
        }
    }
    while (m->text_bytes < all) {
        const size_t width = utf8_width(m->text[m->text_bytes]);
        const size_t left = all - m->text_bytes;
        merger_add(m, width < left ? width : left);
    }
    merger_run(m);
    put_symbols(m, sink);
    return true;
}

/* The printable character that stands for a byte in byte-level BPE: itself, or one from U+0100 on. */
static uint32_t printable(uint8_t byte) {
    return byte <= 0x20                   ? 0x100u + byte
           : byte == 0x7f                 ? 0x121u
           : byte >= 0x80 && byte <= 0xa0 ? 0x122u + byte - 0x80u
           : byte == 0xad                 ? 0x143u
                                          : byte;
}

static bool all_newlines(const uint32_t *codes, size_t count) {
    size_t i = 0;
    while (i < count && codes[i] == '\n') {
        i++;
    }
    return i == count;
}

/* codes[0..count) are one word. */
static bool encode_word(struct merger *m, const uint32_t *codes, size_t count, struct token_sink *sink) {
    const struct vocabulary *v = m->vocabulary;
    const uint8_t flags = v->pretokenizer->flags;
    uint8_t character[4];
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += utf8_write(character, codes[i]);
    }
    if (!merger_reserve(m, flags & PRE_RAW ? bytes : 2 * bytes, bytes)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (flags & PRE_RAW) {
            merger_add(m, utf8_write(m->text + m->text_bytes, codes[i]));
            continue;
        }
        const size_t width = utf8_write(character, codes[i]);
        for (size_t j = 0; j < width; j++) {
            merger_add(m, utf8_write(m->text + m->text_bytes, printable(character[j])));
        }
    }
    if ((flags & PRE_IGNORE_MERGES) || ((flags & PRE_GEMMA) && all_newlines(codes, count))) {
        const int32_t id = vocabulary_find(v, m->text, m->text_bytes);
        if (id >= 0 && !merger_bars(m, id)) {
            token_put(sink, id);
            return true;
        }
    }
    merger_run(m);
    put_symbols(m, sink);
    return true;
}

/* Byte-pair encoding, word by word. */
bool encode_bpe(struct merger *m, const uint8_t *text, size_t bytes, struct token_sink *sink) {
    const struct pretokenizer *pretokenizer = m->vocabulary->pretokenizer;
    uint32_t *codes = ARENA_ARRAY(m->scratch, uint32_t, bytes);
    uint8_t *classes = ARENA_ARRAY(m->scratch, uint8_t, bytes);
    if (codes == NULL || classes == NULL) {
        return false;
    }
    size_t count = 0;
    for (size_t at = 0; at < bytes; count++) {
        at += utf8_read(text + at, bytes - at, &codes[count]);
        if ((pretokenizer->flags & PRE_SPACES) && codes[count] == ' ') {
            codes[count] = 0x2581;
        }
        codes[count] = m->vocabulary->lower_case ? unicode_lower(codes[count]) : codes[count];
        classes[count] = unicode_class(codes[count]);
    }
    struct words words;
    words_start(&words, pretokenizer->stages, (struct characters){codes, classes, count, 0});
    while (words_next(&words)) {
        const bool dropped = m->vocabulary->drops_spaces && classes[words.start] == CLASS_SPACE;
        if (!dropped && !encode_word(m, codes + words.start, words.end - words.start, sink)) {
            return false;
        }
    }
    return true;
}

static bool encode(struct merger *m, const uint8_t *text, const struct fragment *fragment, bool after_special,
                   struct token_sink *sink) {
    const struct vocabulary *v = m->vocabulary;
    if (fragment->id >= 0) {
        token_put(sink, fragment->id);
        return true;
    }
    const uint8_t *start = text + fragment->start;
    switch (v->kind) {
    case VOCABULARY_BPE:
        return encode_bpe(m, start, fragment->bytes, sink);
    case VOCABULARY_WPM:
        return encode_wpm(m, start, fragment->bytes, sink);
    case VOCABULARY_UNIGRAM:
        return encode_unigram(m, start, fragment->bytes, sink);
    default:
        return encode_spm(m, start, fragment->bytes, v->add_space_prefix && after_special, sink);
    }
}

int64_t vocabulary_tokenize(const struct vocabulary *v, const char *text, size_t bytes, const uint8_t *untrusted,
                            uint32_t flags, int32_t *ids, size_t capacity, struct arena *scratch,
                            struct qn_error *error) {
    if (bytes > MAX_TEXT) {
        return error_set(error, QN_ERR_LIMIT, QN_NO_OFFSET, "a text of %zu bytes; %u can be tokenised at once", bytes,
                         MAX_TEXT);
    }
    struct token_sink sink = {ids, capacity, 0};
    struct merger merger = {.vocabulary = v, .scratch = scratch, .guards = untrusted != NULL};
    bool ok;
    const struct fragment *fragment =
        partition(v, (const uint8_t *)text, bytes, untrusted, (flags & QN_PARSE_SPECIAL) != 0, scratch, &ok);
    if ((flags & QN_ADD_SPECIAL) && v->add_bos && v->bos >= 0) {
        token_put(&sink, v->bos);
    }
    for (bool after_special = true; ok && fragment; fragment = fragment->next) {
        ok = encode(&merger, (const uint8_t *)text, fragment, after_special, &sink);
        after_special = fragment->id >= 0;
    }
    if ((flags & QN_ADD_SPECIAL) && v->add_eos && v->last >= 0) {
        token_put(&sink, v->last);
    }
    if (!ok) {
        return error_set(error, QN_ERR_MEMORY, QN_NO_OFFSET,
                         "no memory to tokenise %zu bytes of text; %zu are taken, %zu are allowed", bytes,
                         scratch->used, scratch->limit);
    }
    return (int64_t)sink.count;
}
