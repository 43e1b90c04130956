/* Reads the metadata keys of one architecture, "<architecture>.<suffix>", and checks their types and ranges.
 *
 * The reader keeps the first failure: it writes the error record once, and every later read does nothing. Code can
 * therefore read key after key and look at reader.status at the end. After a failure, outputs still hold values in
 * their ranges (the lowest one for an integer, 1 for a float), so that arithmetic on them is safe. */
#ifndef ENGINE_CONFIG_METADATA_H
#define ENGINE_CONFIG_METADATA_H

#include "gguf/gguf.h"

#define MAX_KEY 128 /* bytes of a whole key; the prefixes and suffixes are constants of this build and fit */

/* As a default: out of every range, so that the key is required. */
#define NO_DEFAULT UINT32_MAX

struct reader {
    const struct gguf *gguf;
    const char *prefix;     /* the architecture's name */
    struct qn_error *error; /* filled by the first failure */
    int status;             /* QN_OK, or the code of the first failure */
    char key[MAX_KEY];      /* the whole key that was read last, for errors */
};

/* The value of a key. NULL when the key is absent, or after a failure. */
const struct gguf_value *reader_find(struct reader *reader, const char *suffix);

/* Records a failure, unless there was one before. */
void reader_fail(struct reader *reader, int code, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* File offset of the value that was read last, or QN_NO_OFFSET if that key is absent. */
uint64_t reader_offset(const struct reader *reader);

/* The functions below leave *out as it is when the key is absent: *out is the default. */

/* An integer in [low, high]. If the key is absent and the default is out of range, the key is required. */
void reader_u32(struct reader *reader, const char *suffix, uint32_t low, uint32_t high, uint32_t *out);
/* An integer of any size. */
void reader_any_u32(struct reader *reader, const char *suffix, uint32_t *out);
/* A positive finite number. If the key is absent and the default is not positive, the key is required. */
void reader_f32(struct reader *reader, const char *suffix, float *out);
/* The same, but a value of zero means absent, and the default may be zero. */
void reader_optional_f32(struct reader *reader, const char *suffix, float *out);
void reader_bool(struct reader *reader, const char *suffix, bool *out);
/* A string that must be one of names[0..count). Returns its index; 0 when the key is absent and after a failure. */
size_t reader_choice(struct reader *reader, const char *suffix, const char *const *names, size_t count);

/* One integer for all n_layer layers, or an array with one for each. *out belongs to layer 0 and holds the default for
 * all layers; those of the next layers follow `stride` bytes apart. */
void reader_layers(struct reader *reader, const char *suffix, uint32_t low, uint32_t high, uint32_t *out, size_t stride,
                   uint32_t n_layer);
/* An array with a bool or number for each of n_layer layers, for flag_at. NULL when the key is absent, or after a
 * failure. */
const struct gguf_value *reader_flags(struct reader *reader, const char *suffix, uint32_t n_layer);
/* Whether element i of such an array is true (a number: not 0). */
bool flag_at(const struct gguf_value *array, size_t i);

#endif
