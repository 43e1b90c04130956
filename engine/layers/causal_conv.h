/* The short causal convolution of recurrent layers: each channel of a token is a weighted sum of the channel's last
 * few inputs. */
#ifndef ENGINE_CONV_H
#define ENGINE_CONV_H

#include <stddef.h>

struct conv {
    const float *weight; /* (channels, taps): the last one is the token's own */
    const float *bias;   /* (channels), or null */
    float *state;        /* (taps - 1, channels): inputs of the tokens before, oldest first */
    size_t channels;
    size_t taps; /* 2 at least */
};

/* Channels [begin, end) of tokens, one after another, in the place of their inputs; rows of x are `stride` floats
 * apart. Sums from the oldest input on, the bias last. */
void conv_run(const struct conv *conv, float *x, size_t stride, size_t tokens, size_t begin, size_t end);

#endif
