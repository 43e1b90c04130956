/* qn_model_sampling: the sampler's settings that a file recommends. The keys are those that llama.cpp's converter
 * writes. */
#include "engine/model/model.h"
#include "platform/error.h"

struct float_key {
    const char *key;
    const char *range; /* of the values, for errors */
    size_t field;      /* offset in struct qn_sampling */
    float low;
    float high;
    uint32_t bit; /* enum qn_sampling_field */
};
static const struct float_key float_keys[] = {
    {"general.sampling.temp", "0 to 100", offsetof(struct qn_sampling, temperature), 0, 100, QN_SAMPLING_TEMPERATURE},
    {"general.sampling.top_p", "0 to 1", offsetof(struct qn_sampling, top_p), 0, 1, QN_SAMPLING_TOP_P},
    {"general.sampling.min_p", "0 to 1", offsetof(struct qn_sampling, min_p), 0, 1, QN_SAMPLING_MIN_P},
    {"general.sampling.penalty_repeat", "0.01 to 100", offsetof(struct qn_sampling, repeat_penalty), 0.01f, 100,
     QN_SAMPLING_REPEAT_PENALTY},
};
static const struct {
    const char *key;
    size_t field;
    uint32_t bit;
} integer_keys[] = {
    {"general.sampling.top_k", offsetof(struct qn_sampling, top_k), QN_SAMPLING_TOP_K},
    {"general.sampling.penalty_last_n", offsetof(struct qn_sampling, penalty_last_n), QN_SAMPLING_PENALTY_LAST_N},
};

/* The functions below return QN_OK, QN_MORE if the key is absent, or an error. */

static int read_float(const struct gguf *gguf, const struct float_key *row, float *out) {
    float value;
    const int status = gguf_f32(gguf, row->key, &value, &last_error);
    if (status != QN_OK) {
        return status;
    }
    if (!(value >= row->low && value <= row->high)) {
        return error_set(&last_error, QN_ERR_FORMAT, gguf_find(gguf, row->key)->offset, "%s must lie in %s", row->key,
                         row->range);
    }
    *out = value;
    return QN_OK;
}

/* Whether the file recommends something that the sampler does not have: Mirostat, XTC, or an order of its steps. */
static int read_others(const struct gguf *gguf) {
    uint32_t mirostat = 0;
    float xtc = 0.0f;
    int status = gguf_u32(gguf, "general.sampling.mirostat", &mirostat, &last_error);
    if (status >= 0) {
        status = gguf_f32(gguf, "general.sampling.xtc_probability", &xtc, &last_error);
    }
    if (status < 0) {
        return status;
    }
    return mirostat != 0 || xtc > 0.0f || gguf_find(gguf, "general.sampling.sequence") ? QN_OK : QN_MORE;
}

static int read_all(const struct gguf *gguf, struct qn_sampling *sampling, uint32_t *found) {
    uint8_t *fields = (uint8_t *)sampling;
    int status = QN_OK;
    for (size_t i = 0; i < sizeof(float_keys) / sizeof(float_keys[0]) && status >= 0; i++) {
        status = read_float(gguf, &float_keys[i], (float *)(void *)(fields + float_keys[i].field));
        *found |= status == QN_OK ? float_keys[i].bit : 0;
    }
    for (size_t i = 0; i < sizeof(integer_keys) / sizeof(integer_keys[0]) && status >= 0; i++) {
        status = gguf_i32(gguf, integer_keys[i].key, (int32_t *)(void *)(fields + integer_keys[i].field), &last_error);
        *found |= status == QN_OK ? integer_keys[i].bit : 0;
    }
    if (status >= 0) {
        status = read_others(gguf);
        *found |= status == QN_OK ? QN_SAMPLING_OTHER : 0;
    }
    return status;
}

int32_t qn_model_sampling(const qn_model *model, struct qn_sampling *sampling) {
    uint32_t found = 0;
    qn_sampling_default(sampling);
    if (!model_has_directory(model)) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET, "the model's directory has not been read");
    }
    const int status = read_all(&model->gguf, sampling, &found);
    if (status < 0) {
        qn_sampling_default(sampling);
        return status;
    }
    return (int32_t)found;
}
