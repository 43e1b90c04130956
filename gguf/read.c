/* Typed access to metadata values. */
#include "gguf/cursor.h"
#include "platform/error.h"

static const char *const type_names[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                         "bool", "string", "array", "u64", "i64", "f64"};

const char *gguf_type_name(uint32_t type) {
    return type < sizeof(type_names) / sizeof(type_names[0]) ? type_names[type] : "?";
}

bool gguf_text_is(struct gguf_text text, const char *word) {
    return text.bytes == strlen(word) && memcmp(text.at, word, text.bytes) == 0;
}

bool gguf_value_is(const struct gguf_value *value, const char *word) {
    return value->type == GGUF_STRING &&
           gguf_text_is((struct gguf_text){(const char *)value->data, value->bytes}, word);
}

static int wrong_type(const struct gguf_value *value, const char *of, const char *wanted, struct qn_error *error) {
    const bool array = value->type == GGUF_ARRAY;
    return error_set(error, QN_ERR_FORMAT, value->offset, "key %.*s is %s%s, but must be %s%s", (int)value->key.bytes,
                     value->key.at, array ? "an array of " : "", gguf_type_name(value->element), of, wanted);
}

/* Sign-extends. False if the value is not an integer. */
static bool read_integer(const struct gguf_value *value, uint64_t *bits, bool *negative) {
    const uint8_t *data = value->data;
    *negative = false;
    switch (value->type) {
    case GGUF_U8:
        *bits = data[0];
        return true;
    case GGUF_U16:
        *bits = (uint64_t)data[0] | (uint64_t)data[1] << 8;
        return true;
    case GGUF_U32:
        *bits = load_u32(data);
        return true;
    case GGUF_U64:
        *bits = load_u64(data);
        return true;
    case GGUF_I8:
        *bits = (uint64_t)(int8_t)data[0];
        break;
    case GGUF_I16:
        *bits = (uint64_t)(int16_t)(data[0] | data[1] << 8);
        break;
    case GGUF_I32:
        *bits = (uint64_t)(int32_t)load_u32(data);
        break;
    case GGUF_I64:
        *bits = load_u64(data);
        break;
    default:
        return false;
    }
    *negative = *bits >> 63 != 0;
    return true;
}

/* A key's value if it is an integer; the result is that of the typed readers. */
static int find_integer(const struct gguf *gguf, const char *key, const struct gguf_value **value, uint64_t *bits,
                        bool *negative, struct qn_error *error) {
    *value = gguf_find(gguf, key);
    if (*value == NULL) {
        return QN_MORE;
    }
    return read_integer(*value, bits, negative) ? QN_OK : wrong_type(*value, "", "an integer", error);
}

int gguf_u32(const struct gguf *gguf, const char *key, uint32_t *out, struct qn_error *error) {
    const struct gguf_value *value;
    uint64_t bits;
    bool negative;
    const int status = find_integer(gguf, key, &value, &bits, &negative, error);
    if (status != QN_OK) {
        return status;
    }
    if (negative) {
        return error_set(error, QN_ERR_FORMAT, value->offset, "key %s is %lld, but must fit u32", key, (long long)bits);
    }
    if (bits > UINT32_MAX) {
        return error_set(error, QN_ERR_FORMAT, value->offset, "key %s is %llu, but must fit u32", key,
                         (unsigned long long)bits);
    }
    *out = (uint32_t)bits;
    return QN_OK;
}

int gguf_i32(const struct gguf *gguf, const char *key, int32_t *out, struct qn_error *error) {
    const struct gguf_value *value;
    uint64_t bits;
    bool negative;
    const int status = find_integer(gguf, key, &value, &bits, &negative, error);
    if (status != QN_OK) {
        return status;
    }
    if (negative ? (int64_t)bits < INT32_MIN : bits > INT32_MAX) {
        return error_set(error, QN_ERR_FORMAT, value->offset, "key %s does not fit i32", key);
    }
    *out = (int32_t)(uint32_t)bits;
    return QN_OK;
}

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static double double_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

int gguf_f32(const struct gguf *gguf, const char *key, float *out, struct qn_error *error) {
    const struct gguf_value *value = gguf_find(gguf, key);
    if (value == NULL) {
        return QN_MORE;
    }
    if (value->type == GGUF_F32) {
        *out = float_of(load_u32(value->data));
    } else if (value->type == GGUF_F64) {
        *out = (float)double_of(load_u64(value->data)); /* out of range: infinity, by IEEE 754 */
    } else {
        return wrong_type(value, "", "f32", error);
    }
    return QN_OK;
}

int gguf_bool(const struct gguf *gguf, const char *key, bool *out, struct qn_error *error) {
    const struct gguf_value *value = gguf_find(gguf, key);
    if (value == NULL) {
        return QN_MORE;
    }
    if (value->type != GGUF_BOOL) {
        return wrong_type(value, "", "bool", error);
    }
    *out = value->data[0] != 0;
    return QN_OK;
}

int gguf_text(const struct gguf *gguf, const char *key, struct gguf_text *out, struct qn_error *error) {
    const struct gguf_value *value = gguf_find(gguf, key);
    if (value == NULL) {
        return QN_MORE;
    }
    if (value->type != GGUF_STRING) {
        return wrong_type(value, "", "string", error);
    }
    *out = (struct gguf_text){(const char *)value->data, value->bytes};
    return QN_OK;
}

int gguf_array(const struct gguf *gguf, const char *key, enum gguf_type element, const struct gguf_value **out,
               struct qn_error *error) {
    const struct gguf_value *value = gguf_find(gguf, key);
    if (value == NULL) {
        return QN_MORE;
    }
    if (value->type != GGUF_ARRAY || value->element != element) {
        return wrong_type(value, "an array of ", gguf_type_name(element), error);
    }
    *out = value;
    return QN_OK;
}

uint32_t gguf_array_u32(const struct gguf_value *value, size_t i) { return load_u32(value->data + 4 * i); }

float gguf_array_f32(const struct gguf_value *value, size_t i) { return float_of(load_u32(value->data + 4 * i)); }

bool gguf_array_bool(const struct gguf_value *value, size_t i) { return value->data[i] != 0; }

struct gguf_text gguf_next_text(const struct gguf_value *value, size_t *at) {
    if (*at >= value->bytes) {
        return (struct gguf_text){"", 0};
    }
    const uint8_t *string = value->data + *at;
    const size_t bytes = (size_t)load_u64(string); /* the scan has checked it */
    *at += 8 + bytes;
    return (struct gguf_text){(const char *)string + 8, bytes};
}
