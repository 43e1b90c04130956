#include "engine/config/metadata.h"

#include "platform/error.h"

static const char *key_of(struct reader *reader, const char *suffix) {
    const size_t left = strlen(reader->prefix);
    const size_t right = strlen(suffix);
    memcpy(reader->key, reader->prefix, left); /* both are our own constants: they fit */
    reader->key[left] = '.';
    memcpy(reader->key + left + 1, suffix, right + 1);
    return reader->key;
}

const struct gguf_value *reader_find(struct reader *reader, const char *suffix) {
    return gguf_find(reader->gguf, key_of(reader, suffix));
}

uint64_t reader_offset(const struct reader *reader) {
    const struct gguf_value *value = gguf_find(reader->gguf, reader->key);
    return value ? value->offset : QN_NO_OFFSET;
}

static int missing(const struct reader *reader) {
    return error_set(reader->error, QN_ERR_FORMAT, QN_NO_OFFSET, "the metadata has no %s", reader->key);
}

int read_u32(struct reader *reader, const char *suffix, uint32_t low, uint32_t high, uint32_t *out) {
    const int status = gguf_u32(reader->gguf, key_of(reader, suffix), out, reader->error);
    if (status < 0) {
        return status;
    }
    if (*out < low || *out > high) {
        return status == QN_MORE ? missing(reader)
                                 : error_set(reader->error, QN_ERR_FORMAT, reader_offset(reader),
                                             "%s is %u; it must lie in %u to %u", reader->key, *out, low, high);
    }
    return QN_OK;
}

int read_f32(struct reader *reader, const char *suffix, float *out) {
    const int status = gguf_f32(reader->gguf, key_of(reader, suffix), out, reader->error);
    if (status < 0) {
        return status;
    }
    if (!(*out > 0.0f && *out < 1e30f)) {
        return status == QN_MORE ? missing(reader)
                                 : error_set(reader->error, QN_ERR_FORMAT, reader_offset(reader),
                                             "%s is not a positive finite number", reader->key);
    }
    return QN_OK;
}

int read_optional_f32(struct reader *reader, const char *suffix, float *out) {
    float value = 0.0f;
    const int status = gguf_f32(reader->gguf, key_of(reader, suffix), &value, reader->error);
    if (status != QN_OK || value == 0.0f) {
        return status < 0 ? status : QN_OK;
    }
    return read_f32(reader, suffix, out);
}

int read_layers(struct reader *reader, const char *suffix, uint32_t low, uint32_t high, uint32_t fallback,
                struct layer_hparams *layers, uint32_t n_layer, size_t field) {
    const struct gguf_value *value = reader_find(reader, suffix);
    const bool array = value && value->type == GGUF_ARRAY;
    uint32_t all = fallback;
    if (array) {
        if (value->element != GGUF_U32 && value->element != GGUF_I32) {
            return error_set(reader->error, QN_ERR_FORMAT, value->offset,
                             "%s is an array of %s; it must hold u32 or i32", reader->key,
                             gguf_type_name(value->element));
        }
        if (value->count < n_layer) {
            return error_set(reader->error, QN_ERR_FORMAT, value->offset, "%s has %zu elements for %u layers",
                             reader->key, value->count, n_layer);
        }
    } else {
        const int status = read_u32(reader, suffix, low, high, &all);
        if (status < 0) {
            return status;
        }
    }
    for (uint32_t i = 0; i < n_layer; i++) {
        const uint32_t one = array ? gguf_array_u32(value, i) : all;
        if (one < low || one > high) {
            return error_set(reader->error, QN_ERR_FORMAT, reader_offset(reader),
                             "%s is %u in layer %u; it must lie in %u to %u", reader->key, one, i, low, high);
        }
        memcpy((uint8_t *)&layers[i] + field, &one, sizeof(one));
    }
    return QN_OK;
}

bool flag_at(const struct gguf_value *array, size_t i) {
    return array->element == GGUF_BOOL ? gguf_array_bool(array, i) : gguf_array_u32(array, i) != 0;
}

int read_flags(struct reader *reader, const char *suffix, uint32_t n_layer, const struct gguf_value **out) {
    const struct gguf_value *array = reader_find(reader, suffix);
    *out = array;
    if (array == NULL) {
        return QN_OK;
    }
    const bool fits = array->type == GGUF_ARRAY &&
                      (array->element == GGUF_BOOL || array->element == GGUF_U32 || array->element == GGUF_I32);
    if (!fits || array->count < n_layer) {
        return error_set(reader->error, QN_ERR_FORMAT, array->offset, "%s must hold a bool or number for each layer",
                         reader->key);
    }
    return QN_OK;
}
