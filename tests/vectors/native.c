/* Loads a model from a file, and parses and reports for the native programs of this folder. */
#include "native.h"

#include <stdio.h>
#include <stdlib.h>

int fail(const char *subject) {
    fprintf(stderr, "%s: %s\n", subject, qn_last_error()->text);
    return 1;
}

/* Hands over the bytes that the engine asks for, until it asks for no more. */
static int send_bytes(qn_model *model, FILE *file) {
    struct qn_want want;
    int status;
    while ((status = qn_model_want(model, &want)) == QN_MORE) {
        if (fseek(file, (long)want.offset, SEEK_SET) != 0) {
            return QN_ERR_ARGUMENT;
        }
        const size_t got = fread((void *)(uintptr_t)want.address, 1, (size_t)want.bytes, file);
        status = qn_model_wrote(model, got);
        if (status != QN_OK) {
            return status;
        }
    }
    return status;
}

qn_model *load(const char *path) {
    FILE *file = fopen(path, "rb");
    qn_model *model = qn_model_open(0);
    const int loaded = file && model && send_bytes(model, file) == QN_OK && qn_model_place(model) == QN_OK &&
                       send_bytes(model, file) == QN_OK;
    if (file) {
        fclose(file);
    }
    return loaded ? model : NULL;
}

size_t parse(const char *text, int32_t ids[MAX_IDS]) {
    size_t count = 0;
    for (char *end; *text && count < MAX_IDS; text = *end ? end + 1 : end) {
        ids[count++] = (int32_t)strtol(text, &end, 10);
    }
    return count;
}
