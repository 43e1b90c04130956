#include "kernels/relaxed/wide.h"

/* The dot of the extremes, asked of the host rather than of the compiler. */
enum eighth_bit eighth_bit(void) {
    static const int8_t activations[16] = {127, 127, 127, 127, -127, -127, -127, -127, 127, 127, 127, 127, -127, 127};
    static const int8_t codes[16] = {-1, -1, -1, -1, -1, -1, -1, -1, -128, -128, -128, -128, -128, 127};
    static const int32_t as_signed[4] = {-4 * 127, 4 * 127, -4 * 127 * 128, 127 * 128 + 127 * 127};
    static const int32_t as_unsigned[4] = {4 * 127 * 255, -4 * 127 * 255, 4 * 127 * 128, -127 * 128 + 127 * 127};
    const v128_t dot = dot_add(constant(activations), constant(codes), wasm_i32x4_splat(0));
    return wasm_i32x4_all_true(wasm_i32x4_eq(dot, constant(as_signed)))     ? SIGNED
           : wasm_i32x4_all_true(wasm_i32x4_eq(dot, constant(as_unsigned))) ? UNSIGNED
                                                                            : LOST;
}

/* i32 sums of a tile. Two of each take turns, for a dot waits some cycles for the one before it. */
struct wide {
    struct tile of[2];
};

ALWAYS_INLINE void wide_clear(struct wide *sums) {
    tile_clear(&sums->of[0]);
    tile_clear(&sums->of[1]);
}

/* Adds steps up to `end`, an even number of them. */
ALWAYS_INLINE void wide_steps(struct wide *sums, const uint8_t **w, const uint8_t *end, struct places *at) {
    const uint8_t *codes = *w;
    KEEP_LOOP
    do {
        codes = opaque(codes);
        for (int t = 0; t < TOKENS; t++) {
            at->q[t] = opaque(at->q[t]);
        }
        UNROLL
        for (int i = 0; i < 2; i++) {
            FOR_TILE(t, g) {
                sums->of[i].of[t][g] = dot_add(wasm_v128_load32_splat(at->q[t] + 4 * i),
                                               wasm_v128_load(codes + i * STEP_BYTES + 16 * g), sums->of[i].of[t][g]);
            }
        }
        codes += 2 * STEP_BYTES;
        for (int t = 0; t < TOKENS; t++) {
            at->q[t] += 8;
        }
    } while (codes != end);
    *w = codes;
}

ALWAYS_INLINE void wide32(int has_minimum, uint32_t offset, const struct gemm_args *args) {
    const struct activation_layout layout = activation_layout(has_minimum ? ACTIVATION_Q8_1 : ACTIVATION_Q8_0, args->n);
    for (size_t token = 0; token < args->tokens; token += TOKENS) {
        struct places at = places_of(args, token, layout);
        const uint8_t *w = args->panel;
        struct tile sums;
        tile_clear(&sums);
        for (size_t b = args->n / 32; b; b--) {
            struct wide isum;
            wide_clear(&isum);
            wide_steps(&isum, &w, w + 8 * STEP_BYTES, &at);
            FOR_TILE(t, g) { isum.of[0].of[t][g] = wasm_i32x4_add(isum.of[0].of[t][g], isum.of[1].of[t][g]); }
            const struct tail32 *tail = (const struct tail32 *)(const void *)opaque(w);
            finish32(LOADED, &sums, &isum.of[0], has_minimum, offset, tail, &at);
            w = (const uint8_t *)(tail + 1);
        }
        tile_store(args, token, &sums);
    }
}

void gemm_wide32(uint32_t offset, const struct gemm_args *args) { wide32(0, offset, args); }
void gemm_wide32_minimum(const struct gemm_args *args) { wide32(1, 0, args); }
