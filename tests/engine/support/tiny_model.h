/* The tiny models, read from their files into memory and from there into the engine. */
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

/* Feeds the engine from the bytes, at most `chunk` at a time, up to `end` of them; told says what size the engine is
 * told. Returns the first status that is not QN_OK, or QN_OK once the model is ready; *model is to be freed either way,
 * unless it is null. */
int load(qn_model **model, struct bytes bytes, size_t end, uint64_t told, size_t chunk);
/* The same from a file, all at once; asserts that it works. */
qn_model *load_file(const char *path);

#endif
