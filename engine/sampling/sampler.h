/* engine/sampling: draws a token from logits. The order of the steps and the defaults are llama.cpp's; the random
 * numbers are our own. Takes settings, a row of logits and the tokens so far; returns a token id. The same seed and
 * logits give the same tokens on every host. It must not know about models, sessions or text: a vocabulary is a number
 * of ids. */
#ifndef ENGINE_SAMPLING_SAMPLER_H
#define ENGINE_SAMPLING_SAMPLER_H

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
    int32_t *recent;              /* (context): the tokens to penalize, sorted */
};

/* Default settings; the arrays stay the caller's. */
void sampler_init(struct sampler *sampler, struct candidate *candidates, int32_t *recent);
void sampler_free(struct sampler *sampler);
/* Checks the settings and takes them, with a copy of the biases, and restarts the random numbers from the seed. After
 * an error the sampler is as it was. */
int sampler_set(struct sampler *sampler, const struct qn_sampling *settings, const struct qn_bias *biases,
                size_t n_biases, uint32_t n_vocab, struct qn_error *error);
/* logits: (n_vocab). allowed: a bit for each id that may be drawn, at least one of them set; null: all. The others are
 * left out before anything is compared, so the draw is defined over the allowed tokens alone. Where only one is
 * allowed, no random number is used. tokens: (n_tokens), all tokens so far; the penalties look back on them. */
int32_t sampler_draw(struct sampler *sampler, const float *logits, uint32_t n_vocab, const uint32_t *allowed,
                     const int32_t *tokens, uint32_t n_tokens);

#endif
