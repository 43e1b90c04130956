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

ALWAYS_INLINE void sum_slices_by(enum splat splat, size_t slices, struct tile *sums, const uint8_t **w,
                                 struct cursors *at) {
    const uint8_t *const end = opaque(*w + slices * I8_SLICE_BYTES);
    add_two_slices(splat, sums, w, at, 1);
    if (slices > 2) {
        KEEP_LOOP
        do {
            add_two_slices(splat, sums, w, at, 0);
        } while (*w != end);
    }
}

/* i16: the sums of form->dot2_slices slices, 8, 4 or 2. */
ALWAYS_INLINE void sum_slices(const struct gemm_form *form, struct tile *sums, const uint8_t **w, struct cursors *at) {
    if (form->splat == SPLAT_BY_LOAD) {
        sum_slices_by(SPLAT_BY_LOAD, form->dot2_slices, sums, w, at);
    } else {
        sum_slices_by(SPLAT_BY_SHUFFLE, form->dot2_slices, sums, w, at);
    }
}

/* Runs the loop that suits the host: of two copies, or of one that asks in each block. For blocks of 32 weights the
 * question costs a tenth of the speed; for those of 256 no difference was measured, and a copy would be 2 KB. */
ALWAYS_INLINE void gemm_copy_for_host(multiply_block_fn *multiply_block, struct gemm_form form,
                                      const struct gemm_args *args) {
    if (probe_splat() == SPLAT_BY_LOAD) {
        form.splat = SPLAT_BY_LOAD;
        gemm_tiles(multiply_block, &form, args);
    } else {
        form.splat = SPLAT_BY_SHUFFLE;
        gemm_tiles(multiply_block, &form, args);
    }
}
ALWAYS_INLINE void gemm_for_host(multiply_block_fn *multiply_block, struct gemm_form form,
                                 const struct gemm_args *args) {
    form.splat = probe_splat();
    gemm_tiles(multiply_block, &form, args);
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

ALWAYS_INLINE void gemm_legacy(int has_minimum, uint32_t offset_log2, size_t dot2_slices,
                               const struct gemm_args *args) {
    const struct gemm_form form = {
        .block = 32,
        .activation = has_minimum ? ACTIVATION_Q8_1 : ACTIVATION_Q8_0,
        .offset_log2 = offset_log2,
        .has_minimum = has_minimum,
        .dot2_slices = dot2_slices,
    };
    gemm_copy_for_host(multiply_legacy_block, form, args);
}

/* One loop for types with and without minimums. For codes of 5 bits, that would take 10 % more instructions. */
NEVER_INLINE void legacy_4_bits(const struct legacy_type *type, const struct gemm_args *args) {
    gemm_legacy(type->has_minimum, type->offset_log2, 8, args);
}
NEVER_INLINE void legacy_5_bits(const struct gemm_args *args) { gemm_legacy(0, 4, 4, args); }
NEVER_INLINE void legacy_5_bits_with_minimum(const struct gemm_args *args) { gemm_legacy(1, 0, 4, args); }

void gemm_dot2_legacy(const struct legacy_type *type, const struct gemm_args *args) {
    if (type->code_bits == 4) {
        legacy_4_bits(type, args);
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

/* Only the number of slices is a constant of each loop: the rest matters once per block. */
ALWAYS_INLINE void gemm_kquant(const struct kquant_type *type, size_t dot2_slices, const struct gemm_args *args) {
    const struct gemm_form form = {
        .block = 256,
        .activation = ACTIVATION_Q8_K,
        .sub_block = type->sub_block,
        .exact = type->exact,
        .dot2_slices = dot2_slices,
    };
    gemm_for_host(multiply_kquant_block, form, args);
}

NEVER_INLINE void kquant_8_slices(const struct kquant_type *type, const struct gemm_args *args) {
    gemm_kquant(type, 8, args);
}
NEVER_INLINE void kquant_4_slices(const struct kquant_type *type, const struct gemm_args *args) {
    gemm_kquant(type, 4, args);
}
NEVER_INLINE void kquant_2_slices(const struct kquant_type *type, const struct gemm_args *args) {
    gemm_kquant(type, 2, args);
}

void gemm_dot2_kquant(const struct kquant_type *type, size_t dot2_slices, const struct gemm_args *args) {
    switch (dot2_slices) {
    case 8:
        kquant_8_slices(type, args);
        break;
    case 4:
        kquant_4_slices(type, args);
        break;
    case 2:
        kquant_2_slices(type, args);
        break;
    default:
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
    gemm_copy_for_host(multiply_sub_blocks16, form, args);
}
