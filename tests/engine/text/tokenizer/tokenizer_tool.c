/* tokenizer_tool <model.gguf>: the tokenizer for tests in Python. Reads the file's directory, prints "ready" or why the
 * file is rejected, then answers requests on standard input. A request is a letter, u32 flags, u32 count and a payload.
 * An answer is an i64 count, or a negative qn_status, and the result.
 *
 *   t  text of count bytes -> ids        m  text and as many mask bytes -> ids
 *   d  ids -> bytes, detokenized         p  ids -> bytes, streamed and flushed
 *   b  one id -> bytes of the token      e  ids -> those that end generation
 *   n  text of count bytes -> bytes, normalized to NFC
 *   i  no payload -> size, bos, eos, adds bos, adds eos as ids */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/text/tokenizer/detokenizer.h"
#include "engine/text/tokenizer/tokenizer.h"
#include "engine/text/tokenizer/vocabulary_read.h"
#include "engine/text/unicode/nfc.h"

#define LIMIT ((size_t)1 << 30)

static void *grow(void *memory, size_t bytes) {
    void *grown = realloc(memory, bytes + 1);
    if (grown == NULL) {
        exit(2);
    }
    return grown;
}

static uint8_t *read_head(FILE *file, struct gguf_scan *scan, struct qn_error *error) {
    uint8_t *bytes = NULL;
    size_t have = 0;
    for (size_t wanted = 1 << 16;; wanted = scan->needed > 2 * have ? (size_t)scan->needed : 2 * have) {
        bytes = grow(bytes, wanted);
        const size_t more = fread(bytes + have, 1, wanted - have, file);
        have += more;
        const int status = gguf_scan_bytes(scan, bytes, have, error);
        if (status != QN_MORE) {
            return status == QN_OK ? bytes : NULL;
        }
        if (more == 0) {
            strcpy(error->text, "the file ends in its head");
            return NULL;
        }
    }
}

static void answer(int64_t count, const void *data, size_t bytes) {
    fwrite(&count, sizeof(count), 1, stdout);
    if (count > 0) {
        fwrite(data, 1, bytes, stdout);
    }
    fflush(stdout);
}

static void answer_nfc(const char *text, uint32_t count) {
    struct arena scratch = {.limit = LIMIT};
    const uint8_t *out = (const uint8_t *)text;
    size_t bytes = count;
    const bool ok = nfc_normalize(&out, &bytes, &scratch);
    answer(ok ? (int64_t)bytes : QN_ERR_MEMORY, out, bytes);
    arena_free(&scratch);
}

static void answer_ids(const struct vocabulary *v, uint8_t letter, uint32_t flags, const char *text, uint32_t count) {
    const size_t capacity = (size_t)count * 2 + 16;
    int32_t *ids = grow(NULL, capacity * sizeof(*ids));
    struct arena scratch = {.limit = LIMIT};
    struct qn_error error;
    const uint8_t *mask = letter == 'm' ? (const uint8_t *)text + count : NULL;
    const int64_t n = vocabulary_tokenize(v, text, count, mask, flags, ids, capacity, &scratch, &error);
    answer(n, ids, (size_t)n * sizeof(*ids));
    arena_free(&scratch);
    free(ids);
}

static void answer_text(const struct vocabulary *v, uint32_t flags, const int32_t *ids, uint32_t count) {
    const int64_t bytes = vocabulary_detokenize(v, ids, count, flags, NULL, 0);
    char *text = grow(NULL, (size_t)bytes);
    answer(vocabulary_detokenize(v, ids, count, flags, text, (size_t)bytes), text, (size_t)bytes);
    free(text);
}

static void answer_pieces(const struct vocabulary *v, uint32_t flags, const int32_t *ids, uint32_t count) {
    struct qn_decoder decoder = {0};
    size_t bytes = 0;
    size_t capacity = 0;
    char *text = NULL;
    for (uint32_t i = 0; i <= count; i++) {
        const int32_t id = i < count ? ids[i] : -1;
        const int64_t more = vocabulary_piece(v, &decoder, id, flags, NULL, 0);
        if (bytes + (size_t)more > capacity) {
            capacity = 2 * (bytes + (size_t)more);
            text = grow(text, capacity);
        }
        if (more) { /* a piece that did not fit can be requested again */
            vocabulary_piece(v, &decoder, id, flags, text + bytes, (size_t)more);
        }
        bytes += (size_t)more;
    }
    answer((int64_t)bytes, text, bytes);
    free(text);
}

static void answer_bytes(const struct vocabulary *v, uint32_t flags, int32_t id) {
    const size_t bytes = vocabulary_bytes(v, id, flags, NULL, 0);
    uint8_t *text = grow(NULL, bytes);
    answer((int64_t)vocabulary_bytes(v, id, flags, text, bytes), text, bytes);
    free(text);
}

static void answer_ends(const struct vocabulary *v, int32_t *ids, uint32_t count) {
    int64_t ends = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (vocabulary_is_end(v, ids[i])) {
            ids[ends++] = ids[i];
        }
    }
    answer(ends, ids, (size_t)ends * sizeof(*ids));
}

int main(int argc, char **argv) {
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        fputs("usage: tokenizer_tool <model.gguf>\n", stderr);
        return 2;
    }
    struct gguf_scan scan = {0};
    struct gguf gguf;
    struct qn_error error = {0};
    struct arena arena = {.limit = LIMIT};
    uint8_t *head = read_head(file, &scan, &error);
    const struct vocabulary *v = NULL;
    if (head && gguf_index(&gguf, &scan, head, &arena, &error) == QN_OK) {
        v = vocabulary_new(&gguf, &arena, &error);
    }
    fclose(file);
    printf("%s\n", v ? "ready" : error.text);
    fflush(stdout);
    uint8_t letter;
    uint32_t request[2];
    uint8_t *data = NULL;
    while (v && fread(&letter, 1, 1, stdin) == 1 && fread(request, sizeof(request), 1, stdin) == 1) {
        const uint32_t flags = request[0];
        const uint32_t count = request[1];
        const size_t bytes = letter == 't' || letter == 'n' ? count
                             : letter == 'm'                ? (size_t)count * 2
                                                            : (size_t)count * 4;
        data = grow(data, bytes);
        if (fread(data, 1, bytes, stdin) != bytes) {
            return 2;
        }
        if (letter == 't' || letter == 'm') {
            answer_ids(v, letter, flags, (const char *)data, count);
        } else if (letter == 'n') {
            answer_nfc((const char *)data, count);
        } else if (letter == 'd') {
            answer_text(v, flags, (const int32_t *)(void *)data, count);
        } else if (letter == 'p') {
            answer_pieces(v, flags, (const int32_t *)(void *)data, count);
        } else if (letter == 'b') {
            answer_bytes(v, flags, *(const int32_t *)(void *)data);
        } else if (letter == 'e') {
            answer_ends(v, (int32_t *)(void *)data, count);
        } else {
            const int32_t facts[5] = {(int32_t)vocabulary_size(v), vocabulary_bos(v), vocabulary_eos(v),
                                      vocabulary_adds_bos(v), vocabulary_adds_eos(v)};
            answer(5, facts, sizeof(facts));
        }
    }
    free(data);
    free(head);
    arena_free(&arena);
    return 0;
}
