/* The short causal convolution of recurrent mixers. */
#include "engine/layers/causal_conv.h"

void causal_conv_run(const struct causal_conv *conv, float *x, size_t stride, size_t tokens, size_t begin, size_t end) {
    const size_t before = conv->taps - 1;
    for (size_t t = 0; t < tokens; t++, x += stride) {
        for (size_t c = begin; c < end; c++) {
            const float *weight = conv->weight + c * conv->taps;
            float *state = conv->state + c;
            float sum = 0.0f;
            for (size_t k = 0; k < before; k++, state += conv->channels) {
                sum += *state * weight[k];
                *state = k + 1 < before ? state[conv->channels] : x[c];
            }
            sum += x[c] * weight[before];
            x[c] = conv->bias ? sum + conv->bias[c] : sum;
        }
    }
}
