/* gguf_dump <file>: prints the directory of a GGUF file as JSON lines, with names and strings in hexadecimal because
 * they may hold any bytes. Reads the file in the pieces that the scan asks for. On an error: exit status 1 and a line
 * on stderr. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "gguf/gguf.h"

static void put_hex(const void *bytes, size_t n) {
    putchar('"');
    for (size_t i = 0; i < n; i++) {
        printf("%02x", ((const uint8_t *)bytes)[i]);
    }
    putchar('"');
}

static void put_value(const struct gguf *gguf, const struct gguf_value *value) {
    printf("{\"key\": ");
    put_hex(value->key.at, value->key.bytes);
    printf(", \"type\": %d, \"element\": %d, \"count\": %zu", value->type, value->element, value->count);
    if (value->type == GGUF_ARRAY && value->element == GGUF_STRING) {
        size_t at = 0;
        printf(", \"texts\": [");
        for (size_t i = 0; i < value->count; i++) {
            const struct gguf_text text = gguf_next_text(value, &at);
            fputs(i ? ", " : "", stdout);
            put_hex(text.at, text.bytes);
        }
        putchar(']');
    } else {
        printf(", \"raw\": ");
        put_hex(value->data, value->bytes);
    }
    char key[256];
    struct qn_error error;
    uint32_t integer;
    float number;
    if (value->key.bytes < sizeof(key)) {
        memcpy(key, value->key.at, value->key.bytes);
        key[value->key.bytes] = 0;
        if (gguf_u32(gguf, key, &integer, &error) == QN_OK) {
            printf(", \"u32\": %" PRIu32, integer);
        }
        if (gguf_f32(gguf, key, &number, &error) == QN_OK) {
            printf(", \"f32\": \"%a\"", (double)number);
        }
    }
    puts("}");
}

static void put_tensor(const struct gguf_tensor *tensor) {
    printf("{\"tensor\": ");
    put_hex(tensor->name.at, tensor->name.bytes);
    printf(", \"shape\": [");
    for (uint32_t i = 0; i < tensor->n_dims; i++) {
        printf("%s%" PRIu64, i ? ", " : "", tensor->shape[i]);
    }
    printf("], \"type\": %" PRIu32 ", \"offset\": %" PRIu64 ", \"bytes\": %" PRIu64 "}\n", tensor->type, tensor->offset,
           tensor->bytes);
}

/* The first bytes of the file, up to the end of the directory; NULL on an error. */
static uint8_t *read_directory(FILE *file, struct gguf_scan *scan, struct qn_error *error) {
    uint8_t *bytes = NULL;
    size_t have = 0;
    for (;;) {
        const int status = gguf_scan_bytes(scan, bytes, have, error);
        if (status != QN_MORE) {
            if (status != QN_OK) {
                free(bytes);
            }
            return status == QN_OK ? bytes : NULL;
        }
        const size_t ample = 2 * have;
        const size_t wanted = scan->needed > ample ? (size_t)scan->needed : ample;
        uint8_t *grown = realloc(bytes, wanted);
        const size_t read = grown ? fread(grown + have, 1, wanted - have, file) : 0;
        if (read == 0) {
            snprintf(error->text, sizeof(error->text), "cannot read the directory");
            free(grown ? grown : bytes);
            return NULL;
        }
        bytes = grown;
        have += read;
    }
}

int main(int argc, char **argv) {
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        fprintf(stderr, "cannot open the file\n");
        return 1;
    }
    struct gguf_scan scan = {.file_bytes = (uint64_t)ftell(file)};
    struct arena arena = {.limit = SIZE_MAX};
    struct gguf gguf;
    struct qn_error error;
    rewind(file);
    uint8_t *bytes = read_directory(file, &scan, &error);
    fclose(file);
    if (bytes == NULL || gguf_index(&gguf, &scan, bytes, &arena, &error) != QN_OK) {
        fprintf(stderr, "%s\n", error.text);
        free(bytes);
        arena_free(&arena);
        return 1;
    }
    printf("{\"version\": %" PRIu32 ", \"alignment\": %" PRIu32 ", \"data_offset\": %" PRIu64
           ", \"data_bytes\": %" PRIu64 "}\n",
           gguf.version, gguf.alignment, gguf.data_offset, gguf.data_bytes);
    for (size_t i = 0; i < gguf.n_values; i++) {
        put_value(&gguf, &gguf.values[i]);
    }
    for (size_t i = 0; i < gguf.n_tensors; i++) {
        put_tensor(&gguf.tensors[i]);
    }
    arena_free(&arena);
    free(bytes);
    return 0;
}
