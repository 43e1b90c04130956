/* The models of fuzz_session: files of tests/vectors, one for each way to keep state, and one that the target makes. */
#ifndef TESTS_FUZZ_SESSION_MODELS_H
#define TESTS_FUZZ_SESSION_MODELS_H

#include <stddef.h>

static const char *const session_models[] = {
    NULL, /* heads of 32 dimensions, which a q8_0 cache needs */
    "tiny-qwen3-f32",
    "tiny-llama-extras-f32",
    "tiny-gemma3n-shared",
    "tiny-gemma4-f32",
    "tiny-qwen35-f32",
    "tiny-mamba-normed-f32",
    "tiny-mamba2-f32",
    "tiny-falcon-h1-f32",
    "tiny-lfm2moe-f32",
    "tiny-gpt-oss-f32",
    "tiny-deepseek2-f32",
    "tiny-deepseek2-heads-f32",
    "tiny-cohere2-f32",
    "tiny-gpt2-f32",
    "tiny-phi3-f32",
    "tiny-llama-legacy",
    "embeddings/bert-f32",
    "embeddings/gemma-embedding-dense-q8",
    "embeddings/modern-bert-f32",
};
#define SESSION_MODELS (sizeof(session_models) / sizeof(session_models[0]))

#endif
