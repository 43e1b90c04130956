/* The gemm loops by dot2. */
#include "kernels/relaxed/gemm_dot2.h"

#include "kernels/relaxed/dot2.h"
#include "kernels/relaxed/host_probe.h"
#include "kernels/relaxed/panel_i8.h"

/* i16: the dot2 of two slices, added to the sums unless they are the first. */
ALWAYS_INLINE void add_two_slices(enum splat splat, struct tile *sums, const uint8_t **w, struct cursors *at,
                                  int first) {
    const uint8_t *const codes = opaque(*w);
    v128_t a[TOKENS][2];
    FOR_TOKENS(t) {
        at->q[t] = opaque(at->q[t]);
        if (splat == SPLAT_BY_LOAD) {
            a[t][0] = wasm_v128_load32_splat(at->q[t]);
            a[t][1] = wasm_v128_load32_splat(at->q[t] + 4);
        } else { /* may read past the last quants, where the scales are */
            const v128_t next = wasm_v128_load(at->q[t]);
            a[t][0] = wasm_i32x4_shuffle(next, next, 0, 0, 0, 0);
            a[t][1] = wasm_i32x4_shuffle(next, next, 1, 1, 1, 1);
        }
    }
    UNROLL
    for (int i = 0; i < 2; i++) {
        FOR_TILE(t, g) {
            const v128_t dot = dot2(wasm_v128_load(codes + i * I8_SLICE_BYTES + 16 * g), a[t][i]);
            sums->of[t][g] = first && i == 0 ? dot : wasm_i16x8_add(sums->of[t][g], dot);
        }
    }
    *w = codes + 2 * I8_SLICE_BYTES;
    for (int t = 0; t < TOKENS; t++) {
        at->q[t] += 8;
    }
}

/* i16: the sums of form->dot2_slices slices, 8, 4 or 2. */
ALWAYS_INLINE void sum_slices(const struct gemm_form *form, struct tile *sums, const uint8_t **w, struct cursors *at) {
    const uint8_t *const end = opaque(*w + form->dot2_slices * I8_SLICE_BYTES);
    add_two_slices(form->splat, sums, w, at, 1);
    if (form->dot2_slices > 2) {
        KEEP_LOOP
        do {
            add_two_slices(form->splat, sums, w, at, 0);
        } while (*w != end);
    }
}

/* Runs the loop that suits the host. */
ALWAYS_INLINE void gemm_of_form(multiply_block_fn *multiply_block, struct gemm_form form,
                                const struct gemm_args *args) {
    if (probe_splat() == SPLAT_BY_LOAD) {
        form.splat = SPLAT_BY_LOAD;
        gemm_tiles(multiply_block, &form, args);
    } else {
        form.splat = SPLAT_BY_SHUFFLE;
        gemm_tiles(multiply_block, &form, args);
    }
}

/* ---- legacy types ---- */

ALWAYS_INLINE void multiply_legacy_block(const struct gemm_form *form, struct tile *sums, const uint8_t **w,
                                         struct cursors *at) {
    const uint8_t *const end = *w + 8 * I8_SLICE_BYTES;
    struct tile isum;
    struct tile narrow;
    sum_slices(form, &narrow, w, at);
    FOR_TILE(t, g) { isum.of[t][g] = wasm_i32x4_extadd_pairwise_i16x8(narrow.of[t][g]); }
    if (form->dot2_slices < 8) {
        KEEP_LOOP
        do {
            sum_slices(form, &narrow, w, at);
            FOR_TILE(t, g) {
                const v128_t sum = wasm_i32x4_extadd_pairwise_i16x8(narrow.of[t][g]);
                isum.of[t][g] = wasm_i32x4_add(isum.of[t][g], sum);
            }
        } while (*w != end);
    }
    const struct legacy_panel_scales *scales = (const struct legacy_panel_scales *)(const void *)opaque(*w);
    finish_legacy(form, sums, &isum, scales, at);
    *w = (const uint8_t *)(scales + 1);
}

NEVER_INLINE void legacy_4_bits(const struct gemm_args *args) {
    const struct gemm_form form = {.block = 32, .activation = ACTIVATION_Q8_0, .offset_log2 = 3, .dot2_slices = 8};
    gemm_of_form(multiply_legacy_block, form, args);
}

NEVER_INLINE void legacy_4_bits_with_minimum(const struct gemm_args *args) {
    const struct gemm_form form = {.block = 32, .activation = ACTIVATION_Q8_1, .has_minimum = 1, .dot2_slices = 8};
    gemm_of_form(multiply_legacy_block, form, args);
}

NEVER_INLINE void legacy_5_bits(const struct gemm_args *args) {
    const struct gemm_form form = {.block = 32, .activation = ACTIVATION_Q8_0, .offset_log2 = 4, .dot2_slices = 4};
    gemm_of_form(multiply_legacy_block, form, args);
}

NEVER_INLINE void legacy_5_bits_with_minimum(const struct gemm_args *args) {
    const struct gemm_form form = {.block = 32, .activation = ACTIVATION_Q8_1, .has_minimum = 1, .dot2_slices = 4};
    gemm_of_form(multiply_legacy_block, form, args);
}

void gemm_dot2_legacy(const struct legacy_type *type, const struct gemm_args *args) {
    if (type->code_bits == 4) {
        (type->has_minimum ? legacy_4_bits_with_minimum : legacy_4_bits)(args);
    } else {
        (type->has_minimum ? legacy_5_bits_with_minimum : legacy_5_bits)(args);
    }
}

/* ---- K-quants ---- */

ALWAYS_INLINE void multiply_kquant_block(const struct gemm_form *form, struct tile *sums, const uint8_t **w,
                                         struct cursors *at) {
    const uint8_t *const end = *w + (64 + 64 / form->dot2_slices) * I8_SLICE_BYTES;
    struct tile isum;
    tile_clear(&isum);
    KEEP_LOOP
    do {
        struct tile narrow;
        sum_slices(form, &narrow, w, at);
        const uint8_t *const scale = opaque(*w);
        FOR_TILE(t, g) {
            const v128_t sum = wasm_i32x4_dot_i16x8(narrow.of[t][g], wasm_v128_load(scale + 16 * g));
            isum.of[t][g] = wasm_i32x4_add(isum.of[t][g], sum);
        }
        *w = scale + I8_SLICE_BYTES;
    } while (*w != end);
    const struct kquant_panel_scales *scales = (const struct kquant_panel_scales *)(const void *)opaque(*w);
    finish_kquant(form, sums, &isum, scales, at);
    *w = (const uint8_t *)(scales + GROUPS);
}

NEVER_INLINE void kquant_8_slices(const struct gemm_args *args) {
    const struct gemm_form form = {.block = 256, .activation = ACTIVATION_Q8_K, .sub_block = 32, .dot2_slices = 8};
    gemm_of_form(multiply_kquant_block, form, args);
}

/* One loop for both sizes of sub-blocks: here sub_block is not a constant. */
NEVER_INLINE void kquant_4_slices(size_t sub_block, const struct gemm_args *args) {
    const struct gemm_form form = {
        .block = 256, .activation = ACTIVATION_Q8_K, .sub_block = sub_block, .dot2_slices = 4};
    gemm_of_form(multiply_kquant_block, form, args);
}

NEVER_INLINE void kquant_4_slices_exact(const struct gemm_args *args) {
    const struct gemm_form form = {
        .block = 256, .activation = ACTIVATION_Q8_K, .sub_block = 16, .exact = 1, .dot2_slices = 4};
    gemm_of_form(multiply_kquant_block, form, args);
}

NEVER_INLINE void kquant_2_slices_exact(const struct gemm_args *args) {
    const struct gemm_form form = {
        .block = 256, .activation = ACTIVATION_Q8_K, .sub_block = 16, .exact = 1, .dot2_slices = 2};
    gemm_of_form(multiply_kquant_block, form, args);
}

void gemm_dot2_kquant(const struct kquant_type *type, size_t dot2_slices, const struct gemm_args *args) {
    if (dot2_slices == 8 && !type->exact && type->sub_block == 32) {
        kquant_8_slices(args);
    } else if (dot2_slices == 4 && !type->exact) {
        kquant_4_slices(type->sub_block, args);
    } else if (dot2_slices == 4 && type->sub_block == 16) {
        kquant_4_slices_exact(args);
    } else if (dot2_slices == 2 && type->exact && type->sub_block == 16) {
        kquant_2_slices_exact(args);
    } else {
        __builtin_trap(); /* a new type needs a loop here */
    }
}

/* ---- sub-blocks of 16 ---- */

/* i32, in all lanes: 16 times the sum of 16 activations. */
ALWAYS_INLINE v128_t offset_of_16(const uint8_t *q) {
    v128_t sum = wasm_i32x4_extadd_pairwise_i16x8(dot2(splat8(16), wasm_v128_load(q)));
    sum = wasm_i32x4_add(sum, wasm_i32x4_shuffle(sum, sum, 2, 3, 0, 1));
    return wasm_i32x4_add(sum, wasm_i32x4_shuffle(sum, sum, 1, 0, 3, 2));
}

/* Two sub-blocks, which share the activation's scale. */
ALWAYS_INLINE void multiply_sub_blocks16(const struct gemm_form *form, struct tile *sums, const uint8_t **w,
                                         struct cursors *at) {
    KEEP_LOOP
    for (int i = 0; i < 2; i++) {
        v128_t offset[TOKENS];
        struct tile narrow;
        FOR_TOKENS(t) { offset[t] = offset_of_16(at->q[t]); }
        add_two_slices(form->splat, &narrow, w, at, 1);
        add_two_slices(form->splat, &narrow, w, at, 0);
        FOR_TOKENS(t) {
            const v128_t d = load_splat(form->splat, at->d[t]);
            FOR_GROUPS(g) {
                const v128_t exact = wasm_i32x4_sub(wasm_i32x4_extadd_pairwise_i16x8(narrow.of[t][g]), offset[t]);
                const v128_t scale = wasm_f32x4_mul(wasm_v128_load(*w + 16 * g), d);
                sums->of[t][g] = wasm_f32x4_add(sums->of[t][g], wasm_f32x4_mul(wasm_f32x4_convert_i32x4(exact), scale));
            }
        }
        *w += GROUPS * 16;
    }
    FOR_TOKENS(t) { at->d[t] += 4; }
}

void gemm_dot2_sub_block16(const struct gemm_args *args) {
    const struct gemm_form form = {.block = 32, .activation = ACTIVATION_Q8_0};
    gemm_of_form(multiply_sub_blocks16, form, args);
}
