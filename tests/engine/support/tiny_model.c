/* Loads the tiny models. */
#include "tests/engine/support/tiny_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes file_bytes(const char *path) {
    FILE *file = fopen(path, "rb");
    struct bytes bytes = {NULL, 0};
    if (file) {
        fseek(file, 0, SEEK_END);
        bytes.count = (size_t)ftell(file);
        rewind(file);
        bytes.at = malloc(bytes.count);
        bytes.count = fread(bytes.at, 1, bytes.count, file);
        fclose(file);
    }
    return bytes;
}

static int feed(qn_model *model, struct bytes bytes, size_t end, size_t chunk) {
    struct qn_want want;
    int status;
    while ((status = qn_model_want(model, &want)) == QN_MORE) {
        size_t count = want.bytes < chunk ? (size_t)want.bytes : chunk;
        const size_t left = want.offset < end ? end - (size_t)want.offset : 0;
        count = count < left ? count : left;
        memcpy((void *)(uintptr_t)want.address, bytes.at + want.offset, count);
        status = qn_model_wrote(model, count);
        if (status != QN_OK) {
            return status;
        }
    }
    return status;
}

int load(qn_model **model, struct bytes bytes, size_t end, uint64_t told, size_t chunk) {
    *model = qn_model_open(told);
    if (*model == NULL) {
        return qn_last_error()->code;
    }
    int status = feed(*model, bytes, end, chunk);
    if (status == QN_OK) {
        status = qn_model_place(*model);
    }
    return status == QN_OK ? feed(*model, bytes, end, chunk) : status;
}

qn_model *load_file(const char *path) {
    const struct bytes bytes = file_bytes(path);
    qn_model *model = NULL;
    if (bytes.at == NULL || load(&model, bytes, bytes.count, bytes.count, SIZE_MAX) != QN_OK) {
        fprintf(stderr, "%s: %s\n", path, qn_last_error()->text);
        exit(1);
    }
    free(bytes.at);
    return model;
}
