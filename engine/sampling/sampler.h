/* Draws a token from logits. The order of its steps and its defaults are llama.cpp's; the random numbers are our own.
 */
#ifndef ENGINE_SAMPLER_H
#define ENGINE_SAMPLER_H

#include <stddef.h>
#include <stdint.h>

#include "quern.h"

struct candidate {
    float logit;
    int32_t id;
};

struct sampler {
    struct qn_sampling settings;
    struct qn_bias *biases; /* (n_biases), owned */
    size_t n_biases;
    uint64_t random[4];           /* state of xoshiro256** */
    struct candidate *candidates; /* (n_vocab) */
    int32_t *recent;              /* (context): room to sort the tokens looked back on */
};

void sampler_init(struct sampler *sampler, struct candidate *candidates, int32_t *recent);
void sampler_free(struct sampler *sampler);
/* Checks and takes settings; the seed starts anew. */
int sampler_set(struct sampler *sampler, const struct qn_sampling *settings, const struct qn_bias *biases,
                size_t n_biases, uint32_t n_vocab, struct qn_error *error);
/* tokens: (n_tokens), all that came before. */
int32_t sampler_draw(struct sampler *sampler, const float *logits, uint32_t n_vocab, const int32_t *tokens,
                     uint32_t n_tokens);

#endif
