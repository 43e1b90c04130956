#include "engine/architecture.h"

#include "platform/error.h"

/* In the order of their names. */
static const struct architecture table[] = {
    {.name = "gemma3",
     .features = POST_NORMS | QK_NORM,
     .rope = ROPE_NEOX,
     .act = ACT_GELU,
     .embedding_sqrt = true,
     .window_pattern = 6,
     .window_unscaled = true,
     .window_rope_base = 10000.0f,
     .wide_attention = 62},
    {.name = "llama", .rope = ROPE_NORM, .rope_is_head_dim = true},
};

/* The names, comma-separated, as many as `room` holds beside the number of the others. */
static size_t list_names(char *text, size_t room) {
    const size_t rows = sizeof(table) / sizeof(table[0]);
    size_t used = 0;
    for (size_t i = 0; i < rows; i++) {
        const size_t bytes = strlen(table[i].name);
        if (used + bytes + sizeof(" and 99 more") + 2 > room) {
            const unsigned left = (unsigned)(rows - i);
            memcpy(text + used, " and ", 5);
            used += 5;
            for (unsigned unit = left >= 10 ? 10 : 1; unit; unit /= 10) {
                text[used++] = (char)('0' + left / unit % 10);
            }
            memcpy(text + used, " more", 5);
            return used + 5;
        }
        if (used) {
            memcpy(text + used, ", ", 2);
            used += 2;
        }
        memcpy(text + used, table[i].name, bytes);
        used += bytes;
    }
    return used;
}

const struct architecture *architecture_find(struct gguf_text name, uint64_t offset, struct qn_error *error) {
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strlen(table[i].name) == name.bytes && memcmp(table[i].name, name.at, name.bytes) == 0) {
            return &table[i];
        }
    }
    char known[sizeof(error->text) - 64 - 72]; /* beside the name and the words */
    const size_t bytes = list_names(known, sizeof(known));
    const int shown = name.bytes < 64 ? (int)name.bytes : 64;
    error_set(error, QN_ERR_UNSUPPORTED, offset,
              "general.architecture is \"%.*s\", which this build does not run; it runs %.*s", shown, name.at,
              (int)bytes, known);
    return NULL;
}
