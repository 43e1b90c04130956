/* The short causal convolution of recurrent mixers: a channel's output is a weighted sum of its last few inputs. */
#ifndef ENGINE_LAYERS_CAUSAL_CONV_H
#define ENGINE_LAYERS_CAUSAL_CONV_H

#include <stddef.h>

struct causal_conv {
    const float *weight; /* (channels, taps); the last tap is for the token's own input */
    const float *bias;   /* (channels), or null */
    float *state;        /* (taps - 1, channels): the inputs of earlier tokens, oldest first */
    size_t channels;
    size_t taps; /* at least 2 */
};

/* Convolves channels [begin, end) of x (tokens, channels) in place and advances their state. Rows of x are `stride`
 * floats apart. Each sum starts with the oldest input and ends with the bias. */
void causal_conv_run(const struct causal_conv *conv, float *x, size_t stride, size_t tokens, size_t begin, size_t end);

#endif
