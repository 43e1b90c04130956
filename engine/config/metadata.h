/* Reads the keys of one architecture, "<architecture>.<suffix>", with checks whose errors name the key and its place.
 */
#ifndef ENGINE_READER_H
#define ENGINE_READER_H

#include "engine/config/hparams.h"

#define MAX_KEY 128

struct reader {
    const struct gguf *gguf;
    const char *prefix;
    struct qn_error *error;
    char key[MAX_KEY]; /* the last that was asked for, whole */
};

/* Null when there is none. */
const struct gguf_value *reader_find(struct reader *reader, const char *suffix);
/* Place of the last key, for an error. */
uint64_t reader_offset(const struct reader *reader);

/* An integer in [low, high]; absent: *out stays, which is an error unless it lies in the range already. */
int read_u32(struct reader *reader, const char *suffix, uint32_t low, uint32_t high, uint32_t *out);
/* A positive finite number; absent: *out stays, an error when it is not positive. */
int read_f32(struct reader *reader, const char *suffix, float *out);
/* The same, but where the key is absent or zero, which means the same, *out stays what it is, zero among it. */
int read_optional_f32(struct reader *reader, const char *suffix, float *out);
/* One number for all layers, or an array with one for each. field: offset in struct layer_hparams. */
int read_layers(struct reader *reader, const char *suffix, uint32_t low, uint32_t high, uint32_t fallback,
                struct layer_hparams *layers, uint32_t n_layer, size_t field);
/* Element of an array of bools or numbers, of a kind that read_flags takes: true unless it is 0. */
bool flag_at(const struct gguf_value *array, size_t i);
/* An array that holds a bool or number for each of n_layer layers; absent: *out is null. */
int read_flags(struct reader *reader, const char *suffix, uint32_t n_layer, const struct gguf_value **out);

#endif
