/* Fuzzes the tokenizer. An input that starts like a GGUF file is one: its vocabulary is read, with enough memory and
 * with little, and tokenizes the file itself. Any other input is a text: its first byte chooses a built-in vocabulary
 * and its second the flags, and detokenizing must restore the text. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

#include "engine/text/tokenizer/detokenizer.h"
#include "engine/text/tokenizer/tokenizer.h"
#include "engine/text/tokenizer/vocabulary_read.h"
#include "engine/text/unicode/utf8.h"
#include "tests/fuzz/vocabularies.h"

#define MEMORY ((size_t)1 << 26)

struct fuzz_vocabulary {
    const struct vocabulary *vocabulary;
    bool spm;
    bool cleans; /* detokenizing removes spaces */
};

/* Each vocabulary is made once. Any number is valid. */
static const struct fuzz_vocabulary *fuzz_vocabulary(size_t number) {
    static struct fuzz_vocabulary made[FUZZ_KINDS];
    static struct arena arenas[FUZZ_KINDS];
    static struct build files[FUZZ_KINDS];
    static struct gguf directories[FUZZ_KINDS];
    const size_t kind = number % FUZZ_KINDS;
    struct fuzz_vocabulary *v = &made[kind];
    if (v->vocabulary == NULL) {
        struct gguf_scan scan = {0};
        struct qn_error error;
        arenas[kind].limit = (size_t)1 << 24;
        put_fuzz_vocabulary(&files[kind], kind);
        REQUIRE(gguf_scan_bytes(&scan, files[kind].at, files[kind].n, &error) == QN_OK);
        REQUIRE(gguf_index(&directories[kind], &scan, files[kind].at, &arenas[kind], &error) == QN_OK);
        v->vocabulary = vocabulary_new(&directories[kind], &arenas[kind], &error);
        v->spm = fuzz_kinds[kind].pre == NULL;
        v->cleans = fuzz_kinds[kind].cleans;
        REQUIRE(v->vocabulary != NULL);
    }
    return v;
}

static volatile uint64_t sum; /* so that no read is optimized away */

static void require_utf8(const uint8_t *text, size_t bytes) {
    for (size_t at = 0; at < bytes;) {
        uint32_t code;
        const size_t width = utf8_read(text + at, bytes - at, &code);
        uint8_t again[4];
        REQUIRE(utf8_write(again, code) == width && memcmp(again, text + at, width) == 0); /* no invalid byte */
        REQUIRE(code < 0xd800 || code > 0xdfff);
        at += width;
    }
}

/* Streams and detokenizes the ids. Streamed pieces must be valid UTF-8. */
static void decode(const struct vocabulary *v, const int32_t *ids, size_t count, uint32_t flags) {
    struct qn_decoder decoder = {0};
    for (size_t i = 0; i <= count; i++) {
        const int32_t id = i < count ? ids[i] : -1;
        const int64_t bytes = vocabulary_piece(v, &decoder, id, flags, NULL, 0);
        REQUIRE(bytes >= 0);
        uint8_t *piece = fuzz_copy(NULL, 0);
        piece = realloc(piece, (size_t)bytes + 1);
        REQUIRE(piece &&
                (bytes == 0 || vocabulary_piece(v, &decoder, id, flags, (char *)piece, (size_t)bytes) == bytes));
        require_utf8(piece, (size_t)bytes);
        free(piece);
    }
    sum += (uint64_t)vocabulary_detokenize(v, ids, count, flags, NULL, 0);
}

/* Tokenizes a text and checks the ids. The caller frees *ids. */
static size_t encode(const struct vocabulary *v, const uint8_t *text, size_t bytes, const uint8_t *untrusted,
                     uint32_t flags, int32_t **ids) {
    struct arena scratch = {.limit = MEMORY};
    struct qn_error error;
    const size_t capacity = 4 * bytes + 16;
    *ids = malloc(capacity * sizeof(**ids));
    REQUIRE(*ids);
    const int64_t n =
        vocabulary_tokenize(v, (const char *)text, bytes, untrusted, flags, *ids, capacity, &scratch, &error);
    arena_free(&scratch);
    REQUIRE(n >= 0 && (size_t)n <= capacity);
    for (int64_t i = 0; i < n; i++) {
        REQUIRE((*ids)[i] >= 0 && (size_t)(*ids)[i] < vocabulary_size(v));
    }
    return (size_t)n;
}

static void use_file(const uint8_t *data, size_t size, size_t memory) {
    struct gguf_scan scan = {0};
    struct gguf gguf;
    struct arena arena = {.limit = MEMORY};
    struct arena words = {.limit = memory};
    struct qn_error error = {0};
    if (gguf_scan_bytes(&scan, data, size, &error) == QN_OK &&
        gguf_index(&gguf, &scan, data, &arena, &error) == QN_OK) {
        error.code = 0;
        const struct vocabulary *v = vocabulary_new(&gguf, &words, &error);
        REQUIRE((v == NULL) == (error.code < 0));
        REQUIRE(v || (error.text_bytes > 0 && error.text_bytes < sizeof(error.text)));
        for (uint32_t flags = 0; v && flags < 4; flags++) {
            int32_t *ids;
            const size_t n = encode(v, data, size, flags & 1 ? data : NULL, flags, &ids);
            decode(v, ids, n, flags & 1);
            free(ids);
        }
        for (int32_t id = -1; v && id <= (int32_t)vocabulary_size(v); id++) {
            sum += vocabulary_bytes(v, id, QN_SHOW_SPECIAL, NULL, 0) + vocabulary_is_end(v, id);
        }
    }
    arena_free(&words);
    arena_free(&arena);
}

/* Replaces every U+2581 by a space: SPM cannot tell them apart. */
static size_t with_spaces(uint8_t *text, size_t bytes) {
    size_t n = 0;
    for (size_t at = 0; at < bytes; n++) {
        const bool space = bytes - at >= 3 && memcmp(text + at, "\xe2\x96\x81", 3) == 0;
        text[n] = space ? ' ' : text[at];
        at += space ? 3 : 1;
    }
    return n;
}

/* The text that detokenizing should return: the same bytes for SPM, otherwise the characters as utf8_read decodes them.
 */
static size_t expected(const uint8_t *text, size_t bytes, bool spm, uint8_t *out) {
    size_t n = 0;
    for (size_t at = 0; !spm && at < bytes;) {
        uint32_t code;
        at += utf8_read(text + at, bytes - at, &code);
        n += utf8_write(out + n, code);
    }
    if (spm) {
        memcpy(out, text, bytes);
        n = with_spaces(out, bytes);
    }
    return n;
}

static void use_text(const uint8_t *data, size_t size) {
    const struct fuzz_vocabulary *chosen = fuzz_vocabulary(data[0]);
    const struct vocabulary *v = chosen->vocabulary;
    const uint32_t flags = data[1] & 3;
    const uint8_t *text = data + 2;
    const size_t bytes = size - 2;
    const int all_untrusted = data[1] & 4;
    uint8_t *mask = fuzz_copy(text, bytes);
    for (size_t i = 0; i < bytes; i++) {
        mask[i] = all_untrusted ? 1 : (mask[i] & 1);
    }
    int32_t *ids;
    const size_t n = encode(v, text, bytes, data[1] & 8 ? mask : NULL, flags, &ids);
    decode(v, ids, n, data[1] >> 4 & 1);
    const size_t first = (flags & QN_ADD_SPECIAL) && vocabulary_adds_bos(v);
    const size_t last = n - ((flags & QN_ADD_SPECIAL) && vocabulary_adds_eos(v));
    for (size_t i = first; i < last && (all_untrusted && (data[1] & 8)); i++) {
        REQUIRE(vocabulary_type(v, ids[i]) != TOKEN_CONTROL);
    }
    size_t length = (size_t)vocabulary_detokenize(v, ids, n, QN_SHOW_SPECIAL, NULL, 0);
    if (!chosen->cleans && !(flags & QN_ADD_SPECIAL)) {
        uint8_t *wanted = malloc(3 * bytes + 1);
        uint8_t *got = malloc(length + 1);
        REQUIRE(wanted && got);
        vocabulary_detokenize(v, ids, n, QN_SHOW_SPECIAL, (char *)got, length);
        length = chosen->spm ? with_spaces(got, length) : length;
        REQUIRE(expected(text, bytes, chosen->spm, wanted) == length && memcmp(wanted, got, length) == 0);
        free(wanted);
        free(got);
    }
    free(ids);
    free(mask);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size >= 4 && memcmp(data, "GGUF", 4) == 0) {
        uint64_t random = fuzz_hash(data, size);
        uint8_t *copy = fuzz_copy(data, size);
        use_file(copy, size, MEMORY);
        use_file(copy, size, fuzz_random(&random, 1 << 16));
        free(copy);
    } else if (size >= 2) {
        uint8_t *copy = fuzz_copy(data, size);
        use_text(copy, size);
        free(copy);
    }
    return 0;
}
