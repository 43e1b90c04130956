/* Fuzzes the GGUF reader. The input is scanned at once and in random pieces, with the same result. Then it is indexed,
 * with enough memory and with little, and everything in it is read. */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>

#include "gguf/gguf.h"
#include "platform/error.h"

static int scan_whole(struct gguf_scan *scan, const uint8_t *data, size_t size, struct qn_error *error) {
    uint8_t *copy = fuzz_copy(data, size);
    const int status = gguf_scan_bytes(scan, copy, size, error);
    free(copy);
    return status;
}

static int scan_pieces(struct gguf_scan *scan, const uint8_t *data, size_t size, uint64_t *random,
                       struct qn_error *error) {
    size_t have = 0;
    for (;;) {
        const uint64_t before = scan->position;
        const int status = scan_whole(scan, data, have, error);
        REQUIRE(status != QN_MORE || scan->needed > have);
        REQUIRE(scan->position >= before && scan->position <= have);
        if (status != QN_MORE || have == size) {
            return status;
        }
        /* about 20 pieces, some of one or two bytes */
        const size_t piece = 1 + fuzz_random(random, fuzz_random(random, 3) ? size / 8 + 1 : 2);
        have = piece < size - have ? have + piece : size;
    }
}

static volatile uint64_t sum; /* so that no read is optimized away */

static void read_bytes(const void *bytes, size_t n) { sum += fuzz_hash(bytes, n); }

/* Reads the value with every getter. Each returns it or an error. */
static void read_value(const struct gguf *gguf, const struct gguf_value *value) {
    char *key =
        (char *)fuzz_copy((const uint8_t *)value->key.at, value->key.bytes + 1); /* the byte after a key exists */
    key[value->key.bytes] = 0;
    const bool plain = strlen(key) == value->key.bytes;
    REQUIRE(!plain || gguf_find(gguf, key) == value);
    REQUIRE(gguf_type_name(value->type)[0] != '?');
    struct qn_error error = {0};
    uint32_t u32;
    float f32;
    bool boolean;
    struct gguf_text text;
    const struct gguf_value *array;
    const int statuses[] = {gguf_u32(gguf, key, &u32, &error), gguf_f32(gguf, key, &f32, &error),
                            gguf_bool(gguf, key, &boolean, &error), gguf_text(gguf, key, &text, &error),
                            gguf_array(gguf, key, value->element, &array, &error)};
    int taken = 0;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        REQUIRE(!plain || statuses[i] != QN_MORE);
        taken += statuses[i] == QN_OK;
    }
    REQUIRE(taken <= 1 && (!plain || value->type != GGUF_ARRAY || taken == 1));
    read_bytes(value->data, value->bytes);
    size_t at = 0;
    for (size_t i = 0; value->type == GGUF_ARRAY && i < value->count; i++) {
        if (value->element == GGUF_STRING) {
            text = gguf_next_text(value, &at);
            read_bytes(text.at, text.bytes);
        } else if (value->element == GGUF_U32 || value->element == GGUF_I32) {
            sum += gguf_array_u32(value, i);
        } else if (value->element == GGUF_F32) {
            sum += gguf_array_f32(value, i) > 0;
        } else if (value->element == GGUF_BOOL) {
            sum += gguf_array_bool(value, i);
        }
    }
    REQUIRE(at == (value->type == GGUF_ARRAY && value->element == GGUF_STRING ? value->bytes : 0));
    free(key);
}

static void read_tensor(const struct gguf *gguf, const struct gguf_tensor *tensor, uint64_t file_bytes) {
    char name[GGUF_MAX_NAME] = {0};
    REQUIRE(tensor->name.bytes < GGUF_MAX_NAME);
    memcpy(name, tensor->name.at, tensor->name.bytes);
    REQUIRE(strlen(name) != tensor->name.bytes || gguf_find_tensor(gguf, name) == tensor);
    REQUIRE(tensor->offset >= gguf->data_offset && tensor->offset % gguf->alignment == 0);
    REQUIRE(tensor->offset + tensor->bytes <= gguf->data_offset + gguf->data_bytes);
    REQUIRE(file_bytes == 0 || tensor->offset + tensor->bytes <= file_bytes);
}

static void index_and_read(const struct gguf_scan *scan, const uint8_t *data, size_t limit) {
    const size_t size = (size_t)scan->position;
    uint8_t *copy = fuzz_copy(data, size);
    struct arena arena = {.limit = limit};
    struct gguf gguf;
    struct qn_error error = {0};
    const int status = gguf_index(&gguf, scan, copy, &arena, &error);
    REQUIRE(status == QN_OK || (status == error.code && (status == QN_ERR_FORMAT || status == QN_ERR_MEMORY)));
    for (size_t i = 0; status == QN_OK && i < gguf.n_values; i++) {
        read_value(&gguf, &gguf.values[i]);
    }
    for (size_t i = 0; status == QN_OK && i < gguf.n_tensors; i++) {
        read_tensor(&gguf, &gguf.tensors[i], scan->file_bytes);
    }
    arena_free(&arena);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint64_t random = fuzz_hash(data, size);
    for (int known = 0; known < 2; known++) {
        struct gguf_scan whole = {.file_bytes = known ? size : 0};
        struct gguf_scan pieces = whole;
        struct qn_error whole_error = {0};
        struct qn_error pieces_error = {0};
        const int status = scan_whole(&whole, data, size, &whole_error);
        REQUIRE(scan_pieces(&pieces, data, size, &random, &pieces_error) == status);
        REQUIRE(whole.position == pieces.position && whole.done == pieces.done);
        REQUIRE(memcmp(&whole_error, &pieces_error, sizeof(whole_error)) == 0);
        REQUIRE(status < 0 ? status == whole_error.code : whole_error.code == 0);
        REQUIRE(!known || size == 0 || status != QN_MORE);
        if (status == QN_OK) {
            index_and_read(&whole, data, 1u << 26);
            index_and_read(&whole, data, fuzz_random(&random, 4096));
        }
    }
    return 0;
}
