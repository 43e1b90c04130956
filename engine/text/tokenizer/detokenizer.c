/* Tokens to text. Bytes go to a sink one at a time, so that no intermediate buffer is needed. */
#include "engine/text/tokenizer/detokenizer.h"

#include "engine/text/unicode/utf8.h"

typedef void (*byte_sink)(void *context, uint8_t byte);

/* The byte that a printable character represents, the inverse of printable() in bpe.c; -1 if it represents none. */
static int byte_of_printable(uint32_t code) {
    if ((code >= 0x21 && code <= 0x7e) || (code >= 0xa1 && code <= 0xff && code != 0xad)) {
        return (int)code;
    }
    if (code >= 0x100 && code <= 0x120) {
        return (int)code - 0x100;
    }
    if (code >= 0x121 && code <= 0x142) {
        return (int)code - 0x121 + 0x7f;
    }
    return code == 0x143 ? 0xad : -1;
}

static void emit(const uint8_t *text, size_t bytes, byte_sink sink, void *context) {
    for (size_t i = 0; i < bytes; i++) {
        sink(context, text[i]);
    }
}

static void emit_printable(const uint8_t *text, size_t bytes, byte_sink sink, void *context) {
    for (size_t at = 0; at < bytes;) {
        uint32_t code;
        const size_t width = utf8_read(text + at, bytes - at, &code);
        const int byte = byte_of_printable(code);
        if (byte >= 0) {
            sink(context, (uint8_t)byte);
        } else {
            emit(text + at, width, sink, context);
        }
        at += width;
    }
}

static void emit_spaced(const uint8_t *text, size_t bytes, byte_sink sink, void *context) {
    static const uint8_t space[3] = {0xe2, 0x96, 0x81};
    for (size_t at = 0; at < bytes;) {
        const bool is_space = bytes - at >= sizeof(space) && memcmp(text + at, space, sizeof(space)) == 0;
        sink(context, is_space ? ' ' : text[at]);
        at += is_space ? sizeof(space) : 1;
    }
}

static void emit_token(const struct vocabulary *v, int32_t id, uint32_t flags, byte_sink sink, void *context) {
    if (id < 0 || (uint32_t)id >= v->tokens.count) {
        return;
    }
    const struct gguf_text text = strings_at(&v->tokens, (uint32_t)id);
    const uint8_t *bytes = (const uint8_t *)text.at;
    switch (v->types[id] & TOKEN_TYPE_MASK) {
    case TOKEN_CONTROL:
    case TOKEN_UNKNOWN:
        if (flags & QN_SHOW_SPECIAL) {
            emit(bytes, text.bytes, sink, context);
        }
        break;
    case TOKEN_USER_DEFINED:
        emit(bytes, text.bytes, sink, context);
        break;
    case TOKEN_BYTE:
        sink(context, (uint8_t)vocabulary_byte(v, id));
        break;
    case TOKEN_NORMAL:
        if (v->pretokenizer && !(v->pretokenizer->flags & PRE_SPACES)) {
            emit_printable(bytes, text.bytes, sink, context);
        } else {
            emit_spaced(bytes, text.bytes, sink, context);
        }
        break;
    default: /* TOKEN_UNUSED */
        break;
    }
}

struct output {
    uint8_t *text; /* (capacity) */
    size_t capacity;
    size_t count;    /* may exceed the capacity: further bytes are dropped */
    bool skip_space; /* drop the next byte if it is a space */
};

static void put(void *context, uint8_t byte) {
    struct output *out = context;
    const bool skip = out->skip_space && byte == ' ';
    out->skip_space = false;
    if (skip) {
        return;
    }
    if (out->count < out->capacity) {
        out->text[out->count] = byte;
    }
    out->count++;
}

size_t vocabulary_bytes(const struct vocabulary *v, int32_t id, uint32_t flags, uint8_t *bytes, size_t capacity) {
    struct output out = {bytes, capacity, 0, false};
    emit_token(v, id, flags, put, &out);
    return out.count;
}

/* Streaming: only whole characters are released. */

struct utf8 {
    struct output out;
    struct qn_decoder decoder;
};

/* The width of the character that starts with this byte; 0 if no valid character does. */
static size_t width_of(uint8_t first) {
    return (first >= 0x80 && first < 0xc2) || first >= 0xf5 ? 0 : utf8_width(first);
}

/* Whether the byte can follow those held: that excludes overlong forms, surrogates and code points past U+10FFFF. */
static bool can_follow(const struct qn_decoder *decoder, uint8_t byte) {
    const uint8_t first = decoder->held[0];
    uint8_t low = 0x80;
    uint8_t high = 0xbf;
    if (decoder->held_bytes == 1) {
        switch (first) {
        case 0xe0:
            low = 0xa0;
            break;
        case 0xed:
            high = 0x9f;
            break;
        case 0xf0:
            low = 0x90;
            break;
        case 0xf4:
            high = 0x8f;
            break;
        default:
            break;
        }
    }
    return byte >= low && byte <= high;
}

static void put_replacement(struct utf8 *utf8) {
    static const uint8_t replacement[3] = {0xef, 0xbf, 0xbd};
    emit(replacement, sizeof(replacement), put, &utf8->out);
}

static void put_streaming(void *context, uint8_t byte) {
    struct utf8 *utf8 = context;
    struct qn_decoder *decoder = &utf8->decoder;
    if (utf8->out.skip_space) {
        utf8->out.skip_space = false;
        if (byte == ' ') {
            return;
        }
    }
    if (decoder->held_bytes && !can_follow(decoder, byte)) {
        put_replacement(utf8);
        decoder->held_bytes = 0;
    }
    if (decoder->held_bytes == 0 && width_of(byte) == 0) {
        put_replacement(utf8);
        return;
    }
    decoder->held[decoder->held_bytes++] = byte;
    if (decoder->held_bytes == width_of(decoder->held[0])) {
        emit(decoder->held, decoder->held_bytes, put, &utf8->out);
        decoder->held_bytes = 0;
    }
}

int64_t vocabulary_piece(const struct vocabulary *v, struct qn_decoder *decoder, int32_t id, uint32_t flags, char *text,
                         size_t capacity) {
    struct utf8 utf8 = {{(uint8_t *)text, capacity, 0, false}, *decoder};
    if (utf8.decoder.held_bytes > 3) {
        utf8.decoder.held_bytes = 0; /* not a valid state */
    }
    if (id >= 0) {
        utf8.out.skip_space = v->add_space_prefix && !utf8.decoder.started;
        utf8.decoder.started = 1;
        emit_token(v, id, flags, put_streaming, &utf8);
    } else if (utf8.decoder.held_bytes) {
        put_replacement(&utf8);
        utf8.decoder.held_bytes = 0;
    }
    if (utf8.out.count <= capacity) {
        *decoder = utf8.decoder;
    }
    return (int64_t)utf8.out.count;
}

/* Whole texts. */

/* Removes spaces as llama_detokenize does with clean_spaces: before ? ! . and , then around a single apostrophe, then
 * before 's 'm 're 've. Each of the three passes holds back the bytes that it cannot decide on yet. */
struct cleaner {
    struct output out;
    bool space;          /* held by the first pass */
    uint8_t apostrophe;  /* held by the second: 1 for a space, 2 for a space and an apostrophe */
    uint8_t contraction; /* held by the third: 1 and 2 as before, otherwise also this letter */
};

static void third_pass(struct cleaner *clean, uint8_t byte) {
    const uint8_t held = clean->contraction;
    clean->contraction = 0;
    if (held == 1 && byte == '\'') {
        clean->contraction = 2;
        return;
    }
    if (held == 2 && (byte == 'r' || byte == 'v')) {
        clean->contraction = byte;
        return;
    }
    const bool joins = held == 2 ? byte == 's' || byte == 'm' : held > 2 && byte == 'e';
    if (held && !joins) {
        put(&clean->out, ' ');
    }
    if (held > 1) {
        put(&clean->out, '\'');
    }
    if (held > 2) {
        put(&clean->out, held);
    }
    if (byte == ' ') {
        clean->contraction = 1;
    } else {
        put(&clean->out, byte);
    }
}

static void second_pass(struct cleaner *clean, uint8_t byte) {
    const uint8_t held = clean->apostrophe;
    clean->apostrophe = 0;
    if (held == 1 && byte == '\'') {
        clean->apostrophe = 2;
        return;
    }
    if (held == 2 && byte == ' ') {
        third_pass(clean, '\'');
        return;
    }
    if (held) {
        third_pass(clean, ' ');
    }
    if (held == 2) {
        third_pass(clean, '\'');
    }
    if (byte == ' ') {
        clean->apostrophe = 1;
    } else {
        third_pass(clean, byte);
    }
}

static void put_clean(void *context, uint8_t byte) {
    struct cleaner *clean = context;
    const bool skip = clean->out.skip_space && byte == ' ';
    clean->out.skip_space = false;
    if (skip) {
        return;
    }
    const bool mark = byte == '?' || byte == '!' || byte == '.' || byte == ',';
    if (clean->space && !mark) {
        second_pass(clean, ' ');
    }
    clean->space = byte == ' ';
    if (!clean->space) {
        second_pass(clean, byte);
    }
}

/* Releases what the passes hold at the end of the text. */
static void finish(struct cleaner *clean) {
    if (clean->space) {
        second_pass(clean, ' ');
    }
    if (clean->apostrophe) {
        third_pass(clean, ' ');
    }
    if (clean->apostrophe == 2) {
        third_pass(clean, '\'');
    }
    if (clean->contraction) {
        put(&clean->out, ' ');
    }
    if (clean->contraction > 1) {
        put(&clean->out, '\'');
    }
    if (clean->contraction > 2) {
        put(&clean->out, clean->contraction);
    }
}

int64_t vocabulary_detokenize(const struct vocabulary *v, const int32_t *ids, size_t count, uint32_t flags, char *text,
                              size_t capacity) {
    struct cleaner clean = {.out = {(uint8_t *)text, capacity, 0, v->add_space_prefix && !(flags & QN_CONTINUES)}};
    const bool cleans = v->pretokenizer ? (v->pretokenizer->flags & PRE_CLEAN) != 0 : v->kind == VOCABULARY_WPM;
    for (size_t i = 0; i < count; i++) {
        emit_token(v, ids[i], flags, cleans ? put_clean : put, cleans ? (void *)&clean : (void *)&clean.out);
        clean.out.skip_space = false; /* only for the first token */
    }
    finish(&clean);
    return (int64_t)clean.out.count;
}
