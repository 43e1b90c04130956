/* The reference quantizers of activations. */
#include "quant/activation.h"
#include "platform/memory.h"
#include "quant/f16.h"

#include <float.h>

static size_t round_up16(size_t bytes) { return (bytes + 15) & ~(size_t)15; }

struct activation_layout activation_layout(enum activation_kind kind, size_t n) {
    struct activation_layout layout;
    switch (kind) {
    case ACTIVATION_Q8_0:
    case ACTIVATION_Q8_1:
        layout.scales = round_up16(n);
        layout.sums = layout.sums_of_32 = layout.scales + round_up16(n / 32 * 4);
        layout.bytes = layout.sums + round_up16(n / 32 * 4);
        break;
    case ACTIVATION_Q8_K:
        layout.scales = round_up16(n);
        layout.sums = layout.scales + round_up16(n / 256 * 4);
        layout.sums_of_32 = layout.sums + round_up16(n / 16 * 2);
        layout.bytes = layout.sums_of_32 + round_up16(n / 32 * 2);
        break;
    default: /* ACTIVATION_F32: no scales, no sums */
        layout.scales = layout.sums = layout.sums_of_32 = layout.bytes = round_up16(n * 4);
        break;
    }
    return layout;
}

/* Rounds to the nearest integer, ties away from zero; |x| < 2^22. A NaN gives 0. The constant is the largest float
 * below 0.5, because adding 0.5 itself would round 0.49999997 up to 1. */
static int round_away(float x) {
    if (x != x) {
        return 0;
    }
    const float nearly_half = 0x1.fffffep-2f;
    return (int)(x < 0 ? x - nearly_half : x + nearly_half);
}

/* The same with ties to even: the addition leaves the integer in the low bits of the float. */
static int round_even(float x) {
    if (x != x) {
        return 0;
    }
    const float shift = 0x1.8p23f;
    return (int)(f32_bits(x + shift) - f32_bits(shift));
}

static float magnitude(float x) { return f32_from_bits(f32_bits(x) & 0x7fffffffu); }

static float finite_or_0(float x) { return magnitude(x) <= FLT_MAX ? x : 0.0f; }

void activation_quantize_f32(uint8_t *row, const float *x, size_t n) { memcpy(row, x, n * sizeof *x); }

/* Writes the 32 codes of a block of Q8_0 or Q8_1 and their sum. Returns d before it is rounded to f16. */
static float quantize_32(int8_t *codes, int32_t *sum, const float *x) {
    float largest = 0;
    for (unsigned i = 0; i < 32; i++) {
        const float m = magnitude(x[i]);
        largest = m > largest ? m : largest;
    }
    const float d = largest / 127;
    const float id = finite_or_0(1.0f / d);
    *sum = 0;
    for (unsigned i = 0; i < 32; i++) {
        const int q = round_away(x[i] * id);
        codes[i] = (int8_t)q;
        *sum += q;
    }
    return d;
}

void activation_quantize_q8_0(uint8_t *row, const float *x, size_t n) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_0, n);
    int8_t *codes = (int8_t *)row;
    float *d = (float *)(void *)(row + layout.scales);
    int32_t *sums = (int32_t *)(void *)(row + layout.sums);
    for (size_t b = 0; b < n / 32; b++) {
        d[b] = f16_to_f32(f32_to_f16(quantize_32(codes + 32 * b, &sums[b], x + 32 * b)));
    }
}

void activation_quantize_q8_1(uint8_t *row, const float *x, size_t n) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_1, n);
    int8_t *codes = (int8_t *)row;
    float *d = (float *)(void *)(row + layout.scales);
    float *s = (float *)(void *)(row + layout.sums);
    for (size_t b = 0; b < n / 32; b++) {
        int32_t sum;
        const float exact = quantize_32(codes + 32 * b, &sum, x + 32 * b);
        d[b] = f16_to_f32(f32_to_f16(exact));
        const float product = (float)sum * exact;
        s[b] = product == product ? f16_to_f32(f32_to_f16(product)) : 0.0f; /* 0 instead of NaN */
    }
}

/* Writes the 256 codes of a block of Q8_K and its 16 sums of 16 codes. Returns d. */
static float quantize_256(int8_t *codes, int16_t *sums, const float *x) {
    float largest = 0; /* with its sign; the first of equal magnitudes */
    for (unsigned i = 0; i < 256; i++) {
        largest = magnitude(x[i]) > magnitude(largest) ? x[i] : largest;
    }
    const float id = finite_or_0(-127.0f / largest);
    for (unsigned g = 0; g < 16; g++) {
        int sum = 0;
        for (unsigned i = 16 * g; i < 16 * g + 16; i++) {
            const int q = round_even(id * x[i]);
            codes[i] = (int8_t)q;
            sum += q;
        }
        sums[g] = (int16_t)sum;
    }
    return id == 0 && magnitude(largest) <= FLT_MAX ? 0.0f : 1.0f / id;
}

void activation_quantize_q8_K(uint8_t *row, const float *x, size_t n) {
    const struct activation_layout layout = activation_layout(ACTIVATION_Q8_K, n);
    int8_t *codes = (int8_t *)row;
    float *d = (float *)(void *)(row + layout.scales);
    int16_t *sums = (int16_t *)(void *)(row + layout.sums);
    int16_t *sums_of_32 = (int16_t *)(void *)(row + layout.sums_of_32);
    for (size_t b = 0; b < n / 256; b++) {
        d[b] = quantize_256(codes + 256 * b, sums + 16 * b, x + 256 * b);
    }
    for (size_t i = 0; i < n / 32; i++) {
        sums_of_32[i] = (int16_t)(sums[2 * i] + sums[2 * i + 1]);
    }
}
