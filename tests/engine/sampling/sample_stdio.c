/* The sampler for test_sampler.py. In: the int32 numbers n_vocab, n_tokens, n_biases and draws, struct qn_sampling, the
 * logits, the tokens that came before, the biases. Out: as many ids as draws. */
#include <stdio.h>

#include "engine/sampling/sampler.h"

#define MOST 1024 /* of anything but draws */

static int input(void *at, size_t count, size_t size) {
    return count <= MOST && fread(at, size, count, stdin) == count;
}

int main(void) {
    static struct qn_sampling settings;
    static struct qn_bias biases[MOST];
    static struct candidate candidates[MOST];
    static float logits[MOST];
    static int32_t tokens[MOST], recent[MOST];
    uint32_t sizes[4];
    if (!input(sizes, 4, sizeof(uint32_t)) || !input(&settings, 1, sizeof(settings)) ||
        !input(logits, sizes[0], sizeof(float)) || !input(tokens, sizes[1], sizeof(int32_t)) ||
        !input(biases, sizes[2], sizeof(struct qn_bias))) {
        fprintf(stderr, "sample_stdio: the input ends early, or is too long\n");
        return 2;
    }
    struct sampler sampler;
    struct qn_error error;
    sampler_init(&sampler, candidates, recent);
    if (sampler_set(&sampler, &settings, biases, sizes[2], sizes[0], &error) != QN_OK) {
        fprintf(stderr, "sample_stdio: %s\n", error.text);
        return 1;
    }
    for (uint32_t i = 0; i < sizes[3]; i++) {
        const int32_t id = sampler_draw(&sampler, logits, sizes[0], NULL, tokens, sizes[1]);
        fwrite(&id, sizeof(id), 1, stdout);
    }
    sampler_free(&sampler);
    return 0;
}
