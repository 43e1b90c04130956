#include "kernels/relaxed/pairs.h"

/* Asked of the host rather than of the compiler. */
enum splat splat_here(void) {
    static const float zeros[2][4] = {{0.0f, 0.0f, 0.0f, 0.0f}, {-0.0f, -0.0f, -0.0f, -0.0f}};
    const v128_t plus = wasm_f32x4_relaxed_min(constant(zeros[0]), constant(zeros[1]));
    const v128_t minus = wasm_f32x4_relaxed_min(constant(zeros[1]), constant(zeros[0]));
    return wasm_i32x4_extract_lane(plus, 0) == 0 && wasm_i32x4_extract_lane(minus, 0) != 0 ? SHUFFLED : LOADED;
}

/* The sums of pairs of `flush` steps, 8, 4 or 2. A loop of one turn stays one too: see tile.h. */
ALWAYS_INLINE void flush_steps(enum splat splat, struct tile *pairs, const uint8_t **w, struct places *at, int flush) {
    const uint8_t *const end = opaque(*w + flush * STEP_BYTES);
    two_steps(splat, pairs, w, at, 1);
    if (flush > 2) {
        KEEP_LOOP
        do {
            two_steps(splat, pairs, w, at, 0);
        } while (*w != end);
    }
}

ALWAYS_INLINE void tile32(enum splat splat, int has_minimum, uint32_t offset, int flush, struct tile *sums,
                          const uint8_t **w, struct places *at) {
    const uint8_t *const end = *w + 8 * STEP_BYTES;
    struct tile isum;
    tile_clear(&isum);
    KEEP_LOOP
    do {
        struct tile pairs;
        flush_steps(splat, &pairs, w, at, flush);
        FOR_TILE(t, g) {
            const v128_t sum = wasm_i32x4_extadd_pairwise_i16x8(pairs.of[t][g]);
            isum.of[t][g] = flush == 8 ? sum : wasm_i32x4_add(isum.of[t][g], sum);
        }
    } while (flush != 8 && *w != end);
    const struct tail32 *tail = (const struct tail32 *)(const void *)opaque(*w);
    finish32(splat, sums, &isum, has_minimum, offset, tail, at);
    *w = (const uint8_t *)(tail + 1);
}

ALWAYS_INLINE void batch32(enum splat splat, int has_minimum, uint32_t offset, int flush,
                           const struct gemm_args *args) {
    const struct activation_layout layout = activation_layout(has_minimum ? ACTIVATION_Q8_1 : ACTIVATION_Q8_0, args->n);
    for (size_t token = 0; token < args->tokens; token += TOKENS) {
        struct places at = places_of(args, token, layout);
        const uint8_t *w = args->panel;
        struct tile sums;
        tile_clear(&sums);
        for (size_t b = args->n / 32; b; b--) {
            tile32(splat, has_minimum, offset, flush, &sums, &w, &at);
        }
        tile_store(args, token, &sums);
    }
}

ALWAYS_INLINE void either32(int has_minimum, uint32_t offset, int flush, const struct gemm_args *args) {
    if (splat_here() == LOADED) {
        batch32(LOADED, has_minimum, offset, flush, args);
    } else {
        batch32(SHUFFLED, has_minimum, offset, flush, args);
    }
}

void gemm_pairs32_8(const struct gemm_args *args) { either32(0, 4, 8, args); }
void gemm_pairs32_8_minimum(const struct gemm_args *args) { either32(1, 0, 8, args); }
void gemm_pairs32_4(const struct gemm_args *args) { either32(0, 5, 4, args); }
void gemm_pairs32_4_minimum(const struct gemm_args *args) { either32(1, 0, 4, args); }

ALWAYS_INLINE void tile256(enum splat splat, size_t sub_block, int exact, int flush, struct tile *sums,
                           const uint8_t **w, struct places *at) {
    const uint8_t *const end = *w + (64 + 64 / flush) * STEP_BYTES;
    struct tile isum;
    tile_clear(&isum);
    KEEP_LOOP
    do {
        struct tile pairs;
        flush_steps(splat, &pairs, w, at, flush);
        const uint8_t *const scale = opaque(*w);
        FOR_TILE(t, g) {
            const v128_t sum = wasm_i32x4_dot_i16x8(pairs.of[t][g], wasm_v128_load(scale + 16 * g));
            isum.of[t][g] = wasm_i32x4_add(isum.of[t][g], sum);
        }
        *w = scale + STEP_BYTES;
    } while (*w != end);
    const struct tail256 *tail = (const struct tail256 *)(const void *)opaque(*w);
    finish256(splat, sub_block, sums, &isum, exact, tail, at);
    *w = (const uint8_t *)(tail + GROUPS);
}

ALWAYS_INLINE void batch256(enum splat splat, size_t sub_block, int exact, int flush, const struct gemm_args *args) {
    const struct activation_layout layout = layout256(sub_block, args->n);
    for (size_t token = 0; token < args->tokens; token += TOKENS) {
        struct places at = places_of(args, token, layout);
        const uint8_t *w = args->panel;
        struct tile sums;
        tile_clear(&sums);
        for (size_t b = args->n / 256; b; b--) {
            tile256(splat, sub_block, exact, flush, &sums, &w, &at);
        }
        tile_store(args, token, &sums);
    }
}

ALWAYS_INLINE void either256(size_t sub_block, int exact, int flush, const struct gemm_args *args) {
    if (splat_here() == LOADED) {
        batch256(LOADED, sub_block, exact, flush, args);
    } else {
        batch256(SHUFFLED, sub_block, exact, flush, args);
    }
}

void gemm_pairs256_8(const struct gemm_args *args) { either256(32, 0, 8, args); }
void gemm_pairs256_4(size_t sub_block, const struct gemm_args *args) { either256(sub_block, 0, 4, args); }
void gemm_pairs256_4_exact(const struct gemm_args *args) { either256(16, 1, 4, args); }
void gemm_pairs256_2_exact(const struct gemm_args *args) { either256(16, 1, 2, args); }
