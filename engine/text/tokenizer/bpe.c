/* Byte-pair encoding. */
#include "engine/text/tokenizer/bpe.h"

#include "engine/text/unicode/unicode.h"
#include "engine/text/unicode/utf8.h"

/* The printable character that represents a byte in byte-level BPE: itself, or one from U+0100 on (GPT-2's
 * bytes_to_unicode). */
static uint32_t printable(uint8_t byte) {
    if (byte <= 0x20) {
        return 0x100u + byte;
    }
    if (byte >= 0x7f && byte <= 0xa0) {
        return 0x121u + byte - 0x7fu;
    }
    return byte == 0xad ? 0x143u : byte;
}

static bool all_newlines(const uint32_t *codes, size_t count) {
    size_t i = 0;
    while (i < count && codes[i] == '\n') {
        i++;
    }
    return i == count;
}

/* Encodes one word, codes[0..count). False without memory. */
static bool encode_word(struct merger *m, const uint32_t *codes, size_t count) {
    const struct vocabulary *v = m->encoder->vocabulary;
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
        if (id >= 0 && !encoder_bars(m->encoder, id)) {
            encoder_put(m->encoder, id);
            return true;
        }
    }
    merger_run(m);
    merger_put_tokens(m);
    return true;
}

bool encode_bpe(struct merger *m, const uint8_t *text, size_t bytes) {
    const struct pretokenizer *pretokenizer = m->encoder->vocabulary->pretokenizer;
    uint32_t *codes = ARENA_ARRAY(m->encoder->scratch, uint32_t, bytes);
    uint8_t *classes = ARENA_ARRAY(m->encoder->scratch, uint8_t, bytes);
    if (codes == NULL || classes == NULL) {
        return false;
    }
    size_t count = 0;
    for (size_t at = 0; at < bytes; count++) {
        at += utf8_read(text + at, bytes - at, &codes[count]);
        if ((pretokenizer->flags & PRE_SPACES) && codes[count] == ' ') {
            codes[count] = 0x2581;
        }
        codes[count] = m->encoder->vocabulary->lower_case ? unicode_lower(codes[count]) : codes[count];
        classes[count] = unicode_class(codes[count]);
    }
    struct words words;
    words_start(&words, pretokenizer->patterns, (struct characters){codes, classes, count, 0});
    while (words_next(&words)) {
        const bool dropped = m->encoder->vocabulary->drops_spaces && classes[words.start] == CLASS_SPACE;
        if (!dropped && !encode_word(m, codes + words.start, words.end - words.start)) {
            return false;
        }
    }
    return true;
}
