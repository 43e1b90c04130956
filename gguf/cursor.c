/* Reads one key with its value, or one tensor entry. */
#include "gguf/cursor.h"

#include "platform/error.h"
#include "quant/types.h"

#define SHOWN_NAME 120 /* bytes of a name in an error: leaves space for the reason */

/* Bytes of a value, by enum gguf_type; 0: variable. */
static const uint8_t value_bytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

void cursor_entry(struct cursor *c, const char *kind, uint64_t number, uint64_t at) {
    c->kind = kind;
    c->number = number;
    c->name = (struct gguf_text){"?", 1};
    c->at = at;
}

static void set_name(struct cursor *c, struct gguf_text name) {
    c->name = (struct gguf_text){name.at, name.bytes < SHOWN_NAME ? name.bytes : SHOWN_NAME};
}

int cursor_need(struct cursor *c, uint64_t n, uint64_t after) {
    if (c->file_bytes && (c->at > c->file_bytes || n + after > c->file_bytes - c->at)) {
        return error_set(c->error, QN_ERR_FORMAT, c->at,
                         ENTRY "at least %llu more bytes are needed, but the file has only %llu", ENTRY_OF(c),
                         (unsigned long long)(n + after),
                         c->at > c->file_bytes ? 0ull : (unsigned long long)(c->file_bytes - c->at));
    }
    if (c->at > c->have || n > c->have - c->at) {
        c->needed = c->at + n + after;
        return QN_MORE;
    }
    return QN_OK;
}

static const uint8_t *here(const struct cursor *c) { return c->bytes + (size_t)c->at; }

uint32_t cursor_u32(struct cursor *c) {
    c->at += 4;
    return load_u32(here(c) - 4);
}

uint64_t cursor_u64(struct cursor *c) {
    c->at += 8;
    return load_u64(here(c) - 8);
}

/* A string of at most `limit` bytes; `after` more bytes of the entry follow it. */
static int read_text(struct cursor *c, struct gguf_text *text, uint64_t limit, uint64_t after) {
    int status = cursor_need(c, 8, after);
    if (status != QN_OK) {
        return status;
    }
    const uint64_t bytes = cursor_u64(c);
    if (bytes > limit) {
        return error_set(c->error, QN_ERR_FORMAT, c->at - 8, ENTRY "a string of %llu bytes exceeds the limit of %llu",
                         ENTRY_OF(c), (unsigned long long)bytes, (unsigned long long)limit);
    }
    status = cursor_need(c, bytes, after);
    if (status == QN_OK) {
        *text = (struct gguf_text){(const char *)here(c), (size_t)bytes};
        c->at += bytes;
    }
    return status;
}

static int read_array_head(struct cursor *c, struct gguf_value *value) {
    const int status = cursor_need(c, 12, 0);
    if (status != QN_OK) {
        return status;
    }
    const uint32_t element = cursor_u32(c);
    const uint64_t count = cursor_u64(c);
    if (element == GGUF_ARRAY) {
        return error_set(c->error, QN_ERR_UNSUPPORTED, value->offset, ENTRY "an array of arrays is not supported",
                         ENTRY_OF(c));
    }
    if (count > MAX_COUNT) {
        return error_set(c->error, QN_ERR_FORMAT, c->at - 8,
                         ENTRY "an array of %llu elements exceeds the limit of %llu", ENTRY_OF(c),
                         (unsigned long long)count, MAX_COUNT);
    }
    value->element = element;
    value->count = (size_t)count;
    return QN_OK;
}

int cursor_value(struct cursor *c, struct gguf_value *value) {
    const uint64_t start = c->at;
    int status = read_text(c, &value->key, MAX_STRING, 4 + 1);
    if (status == QN_OK) {
        set_name(c, value->key);
        if (value->key.bytes == 0) {
            return error_set(c->error, QN_ERR_FORMAT, start, ENTRY "the key is empty", ENTRY_OF(c));
        }
        status = cursor_need(c, 4, 1);
    }
    if (status != QN_OK) {
        return status;
    }
    const uint32_t type = cursor_u32(c);
    value->type = type;
    value->element = type;
    value->count = 1;
    value->offset = c->at;
    if (type == GGUF_ARRAY) {
        status = read_array_head(c, value);
    }
    if (status != QN_OK) {
        return status;
    }
    if ((uint32_t)value->element >= sizeof(value_bytes)) {
        return error_set(c->error, QN_ERR_FORMAT, type == GGUF_ARRAY ? value->offset : value->offset - 4,
                         ENTRY "unknown value type %u", ENTRY_OF(c), (unsigned)value->element);
    }
    if (type == GGUF_STRING) {
        struct gguf_text text;
        status = read_text(c, &text, MAX_STRING, 0);
        if (status == QN_OK) {
            value->data = (const uint8_t *)text.at;
            value->bytes = text.bytes;
        }
        return status;
    }
    const uint64_t bytes = (uint64_t)value->count * value_bytes[value->element]; /* 0 for strings */
    status = cursor_need(c, bytes, 0);
    if (status == QN_OK) {
        value->data = here(c);
        value->bytes = (size_t)bytes;
        c->at += bytes;
    }
    return status;
}

int cursor_strings(struct cursor *c, uint64_t *left) {
    while (*left) {
        const uint64_t start = c->at;
        struct gguf_text text;
        const int status = read_text(c, &text, MAX_STRING, (*left - 1) * 8);
        if (status != QN_OK) {
            c->at = start;
            return status;
        }
        (*left)--;
    }
    return QN_OK;
}

/* Sets tensor->bytes. The product of the nonzero dimensions must fit int64_t, so that any product of dimensions is
 * safe, and the end of the data must be a valid file offset. */
static int measure(const struct cursor *c, struct gguf_tensor *tensor, const struct type_traits *traits) {
    uint64_t elements = 1;
    bool empty = false;
    for (uint32_t i = 0; i < GGUF_MAX_DIMS; i++) {
        const uint64_t n = tensor->shape[i];
        empty = empty || n == 0;
        if (n != 0 && elements > INT64_MAX / n) {
            return error_set(c->error, QN_ERR_FORMAT, tensor->info_offset,
                             ENTRY "the shape %lld x %lld x %lld x %lld has a negative dimension or too many elements",
                             ENTRY_OF(c), (long long)tensor->shape[0], (long long)tensor->shape[1],
                             (long long)tensor->shape[2], (long long)tensor->shape[3]);
        }
        elements *= n ? n : 1;
    }
    if (tensor->shape[0] % traits->block_weights != 0) {
        return error_set(c->error, QN_ERR_FORMAT, tensor->info_offset,
                         ENTRY "rows of %llu weights are not a multiple of the %s block, %u", ENTRY_OF(c),
                         (unsigned long long)tensor->shape[0], traits->name, traits->block_weights);
    }
    const uint64_t blocks = empty ? 0 : elements / traits->block_weights;
    if (tensor->offset > INT64_MAX || blocks > (INT64_MAX - tensor->offset) / traits->block_bytes) {
        return error_set(c->error, QN_ERR_FORMAT, tensor->info_offset,
                         ENTRY "%llu blocks of %s exceed the largest file", ENTRY_OF(c), (unsigned long long)blocks,
                         traits->name);
    }
    tensor->bytes = blocks * traits->block_bytes;
    return QN_OK;
}

int cursor_tensor(struct cursor *c, struct gguf_tensor *tensor, uint64_t start) {
    tensor->info_offset = c->at;
    int status = read_text(c, &tensor->name, GGUF_MAX_NAME - 1, 4 + 4 + 8);
    if (status == QN_OK) {
        set_name(c, tensor->name);
        status = cursor_need(c, 4, 4 + 8);
    }
    if (status != QN_OK) {
        return status;
    }
    tensor->n_dims = cursor_u32(c);
    if (tensor->n_dims > GGUF_MAX_DIMS) {
        return error_set(c->error, QN_ERR_FORMAT, c->at - 4, ENTRY "%u dimensions exceed the limit of %d", ENTRY_OF(c),
                         tensor->n_dims, GGUF_MAX_DIMS);
    }
    status = cursor_need(c, 8 * tensor->n_dims + 4 + 8, 0);
    if (status != QN_OK) {
        return status;
    }
    for (uint32_t i = 0; i < GGUF_MAX_DIMS; i++) {
        tensor->shape[i] = i < tensor->n_dims ? cursor_u64(c) : 1;
    }
    tensor->type = cursor_u32(c);
    tensor->offset = cursor_u64(c);
    const struct type_traits *traits = type_traits(tensor->type);
    if (traits == NULL) {
        return error_set(c->error, QN_ERR_UNSUPPORTED, c->at - 12, ENTRY "unknown weight type %u", ENTRY_OF(c),
                         tensor->type);
    }
    if (tensor->offset != start) {
        return error_set(c->error, QN_ERR_FORMAT, c->at - 8,
                         ENTRY "its data is at %llu, but must be at %llu, where the previous data ends", ENTRY_OF(c),
                         (unsigned long long)tensor->offset, (unsigned long long)start);
    }
    return measure(c, tensor, traits);
}
