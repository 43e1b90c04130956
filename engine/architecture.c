#include "engine/architecture.h"

#include "platform/error.h"

static const struct architecture table[] = {
    {.name = "llama", .rope = ROPE_NORM, .gate = GATE_SILU, .rope_is_head_dim = true},
    {.name = "gemma3",
     .rope = ROPE_NEOX,
     .gate = GATE_GELU,
     .qk_norm = true,
     .post_norms = true,
     .embedding_sqrt = true,
     .window_pattern = 6,
     .window_rope_base = 10000.0f},
};

const struct architecture *architecture_find(struct gguf_text name, uint64_t offset, struct qn_error *error) {
    const size_t rows = sizeof(table) / sizeof(table[0]);
    for (size_t i = 0; i < rows; i++) {
        if (strlen(table[i].name) == name.bytes && memcmp(table[i].name, name.at, name.bytes) == 0) {
            return &table[i];
        }
    }
    char known[256];
    size_t used = 0;
    for (size_t i = 0; i < rows; i++) {
        const size_t bytes = strlen(table[i].name);
        if (used + bytes + 3 > sizeof(known)) {
            break;
        }
        if (used) {
            memcpy(known + used, ", ", 2);
            used += 2;
        }
        memcpy(known + used, table[i].name, bytes);
        used += bytes;
    }
    const int shown = name.bytes < 64 ? (int)name.bytes : 64;
    error_set(error, QN_ERR_UNSUPPORTED, offset,
              "general.architecture is \"%.*s\", which this build does not run; it runs %.*s", shown, name.at,
              (int)used, known);
    return NULL;
}
