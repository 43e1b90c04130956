/* The metadata reader: keys of one architecture, with checked types and ranges. */
#include "engine/config/metadata.h"

#include "platform/error.h"

#define SHOWN_TEXT 32 /* bytes of a string value in an error */

static const char *whole_key(struct reader *reader, const char *suffix) {
    const size_t left = strlen(reader->prefix);
    memcpy(reader->key, reader->prefix, left);
    reader->key[left] = '.';
    memcpy(reader->key + left + 1, suffix, strlen(suffix) + 1);
    return reader->key;
}

const struct gguf_value *reader_find(struct reader *reader, const char *suffix) {
    return reader->status == QN_OK ? gguf_find(reader->gguf, whole_key(reader, suffix)) : NULL;
}

uint64_t reader_offset(const struct reader *reader) {
    const struct gguf_value *value = gguf_find(reader->gguf, reader->key);
    return value ? value->offset : QN_NO_OFFSET;
}

void reader_fail(struct reader *reader, int code, uint64_t offset, const char *format, ...) {
    if (reader->status == QN_OK) {
        va_list values;
        va_start(values, format);
        reader->status = error_set_list(reader->error, code, offset, format, values);
        va_end(values);
    }
}

static void fail_missing(struct reader *reader) {
    reader_fail(reader, QN_ERR_FORMAT, QN_NO_OFFSET, "the metadata has no %s", reader->key);
}

/* Takes the status of a gguf_ function; returns whether the key was there. */
static bool take(struct reader *reader, int status) {
    if (status < 0) {
        reader->status = status;
    }
    return status == QN_OK;
}

void reader_any_u32(struct reader *reader, const char *suffix, uint32_t *out) {
    if (reader->status == QN_OK) {
        take(reader, gguf_u32(reader->gguf, whole_key(reader, suffix), out, reader->error));
    }
}

void reader_u32(struct reader *reader, const char *suffix, uint32_t low, uint32_t high, uint32_t *out) {
    if (reader->status == QN_OK) {
        const bool present = take(reader, gguf_u32(reader->gguf, whole_key(reader, suffix), out, reader->error));
        if (present && (*out < low || *out > high)) {
            reader_fail(reader, QN_ERR_FORMAT, reader_offset(reader), "%s is %u; it must lie in %u to %u", reader->key,
                        *out, low, high);
        } else if (*out < low || *out > high) {
            fail_missing(reader);
        }
    }
    if (reader->status != QN_OK) {
        *out = low;
    }
}

static bool is_positive(float value) { return value > 0.0f && value < 1e30f; }

static void read_f32(struct reader *reader, const char *suffix, bool optional, float *out) {
    float value = 0.0f;
    if (reader->status == QN_OK) {
        const bool present = take(reader, gguf_f32(reader->gguf, whole_key(reader, suffix), &value, reader->error));
        if (present && !is_positive(value) && !(optional && value == 0.0f)) {
            reader_fail(reader, QN_ERR_FORMAT, reader_offset(reader), "%s is not a positive finite number",
                        reader->key);
        } else if (present && value != 0.0f) {
            *out = value;
        } else if (!optional && !is_positive(*out)) {
            fail_missing(reader);
        }
    }
    if (reader->status != QN_OK) {
        *out = 1.0f;
    }
}

void reader_f32(struct reader *reader, const char *suffix, float *out) { read_f32(reader, suffix, false, out); }

void reader_optional_f32(struct reader *reader, const char *suffix, float *out) { read_f32(reader, suffix, true, out); }

void reader_bool(struct reader *reader, const char *suffix, bool *out) {
    if (reader->status == QN_OK) {
        take(reader, gguf_bool(reader->gguf, whole_key(reader, suffix), out, reader->error));
    }
}

size_t reader_choice(struct reader *reader, const char *suffix, const char *const *names, size_t count) {
    struct gguf_text text = {NULL, 0};
    if (reader->status != QN_OK ||
        !take(reader, gguf_text(reader->gguf, whole_key(reader, suffix), &text, reader->error))) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (gguf_text_is(text, names[i])) {
            return i;
        }
    }
    reader_fail(reader, QN_ERR_UNSUPPORTED, reader_offset(reader), "%s is \"%.*s\", which is not supported",
                reader->key, text.bytes < SHOWN_TEXT ? (int)text.bytes : SHOWN_TEXT, text.at);
    return 0;
}

static uint32_t *layer_at(uint32_t *out, size_t stride, uint32_t layer) {
    return (uint32_t *)(void *)((uint8_t *)out + layer * stride);
}

static void read_layer_array(struct reader *reader, const struct gguf_value *array, uint32_t low, uint32_t high,
                             uint32_t *out, size_t stride, uint32_t n_layer) {
    if (array->element != GGUF_U32 && array->element != GGUF_I32) {
        reader_fail(reader, QN_ERR_FORMAT, array->offset, "%s is an array of %s; it must hold u32 or i32", reader->key,
                    gguf_type_name(array->element));
    } else if (array->count < n_layer) {
        reader_fail(reader, QN_ERR_FORMAT, array->offset, "%s has %zu elements for %u layers", reader->key,
                    array->count, n_layer);
    }
    for (uint32_t i = 0; i < n_layer && reader->status == QN_OK; i++) {
        const uint32_t value = gguf_array_u32(array, i);
        if (value < low || value > high) {
            reader_fail(reader, QN_ERR_FORMAT, array->offset, "%s is %u in layer %u; it must lie in %u to %u",
                        reader->key, value, i, low, high);
        } else {
            *layer_at(out, stride, i) = value;
        }
    }
}

void reader_layers(struct reader *reader, const char *suffix, uint32_t low, uint32_t high, uint32_t *out, size_t stride,
                   uint32_t n_layer) {
    const struct gguf_value *value = reader_find(reader, suffix);
    if (value && value->type == GGUF_ARRAY) {
        read_layer_array(reader, value, low, high, out, stride, n_layer);
        return;
    }
    reader_u32(reader, suffix, low, high, out);
    for (uint32_t i = 1; i < n_layer; i++) {
        *layer_at(out, stride, i) = *out;
    }
}

const struct gguf_value *reader_flags(struct reader *reader, const char *suffix, uint32_t n_layer) {
    const struct gguf_value *array = reader_find(reader, suffix);
    if (array && (array->type != GGUF_ARRAY || array->count < n_layer ||
                  (array->element != GGUF_BOOL && array->element != GGUF_U32 && array->element != GGUF_I32))) {
        reader_fail(reader, QN_ERR_FORMAT, array->offset, "%s must hold a bool or number for each layer", reader->key);
        return NULL;
    }
    return array;
}

bool flag_at(const struct gguf_value *array, size_t i) {
    return array->element == GGUF_BOOL ? gguf_array_bool(array, i) : gguf_array_u32(array, i) != 0;
}
