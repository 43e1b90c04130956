/* Loads the tiny models of tests/vectors into the engine. */
#ifndef TESTS_SESSION_MODEL_H
#define TESTS_SESSION_MODEL_H

#include <stdint.h>

#include "quern.h"

#define LLAMA "tests/vectors/tiny-llama-f32.gguf"
#define MIXED "tests/vectors/tiny-llama-k.gguf"
#define RARE  "tests/vectors/tiny-llama-rare.gguf"
#define GEMMA "tests/vectors/tiny-gemma3-q8.gguf"
#define LFM2  "tests/vectors/tiny-lfm2-f32.gguf"

struct bytes {
    uint8_t *at;
    size_t count;
};
struct bytes file_bytes(const char *path); /* the caller frees `at` */

/* Loads a model from the first `end` bytes, at most `chunk` at a time; the engine is told a file size of `told`.
 * Returns QN_OK when the model is ready, or the first error. The caller frees *model in both cases (it may be NULL). */
int load(qn_model **model, struct bytes bytes, size_t end, uint64_t told, size_t chunk);
/* The same from a file, all at once. Exits if it fails. */
qn_model *load_file(const char *path);

#endif
