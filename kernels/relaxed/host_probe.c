/* Probes of the host. Their operands are opaque to the compiler, so that the host computes the results. */
#include "kernels/relaxed/host_probe.h"

#include "kernels/relaxed/dot4.h"
#include "kernels/simd128/constants.h"

enum eighth_bit probe_eighth_bit(void) {
    static const int8_t activations[16] = {127, 127, 127, 127, -127, -127, -127, -127, 127, 127, 127, 127, -127, 127};
    static const int8_t codes[16] = {-1, -1, -1, -1, -1, -1, -1, -1, -128, -128, -128, -128, -128, 127};
    static const int32_t if_signed[4] = {-4 * 127, 4 * 127, -4 * 127 * 128, 127 * 128 + 127 * 127};
    static const int32_t if_unsigned[4] = {4 * 127 * 255, -4 * 127 * 255, 4 * 127 * 128, -127 * 128 + 127 * 127};
    const v128_t dot = dot4_add(load_constant(activations), load_constant(codes), wasm_i32x4_splat(0));
    if (wasm_i32x4_all_true(wasm_i32x4_eq(dot, load_constant(if_signed)))) {
        return EIGHTH_BIT_SIGNED;
    }
    if (wasm_i32x4_all_true(wasm_i32x4_eq(dot, load_constant(if_unsigned)))) {
        return EIGHTH_BIT_UNSIGNED;
    }
    return EIGHTH_BIT_UNUSABLE;
}

/* The relaxed minimum of two zeros may be either of them. wasmtime's is always the first. */
enum splat probe_splat(void) {
    static const float zeros[2][4] = {{0.0f, 0.0f, 0.0f, 0.0f}, {-0.0f, -0.0f, -0.0f, -0.0f}};
    const v128_t plus = wasm_f32x4_relaxed_min(load_constant(zeros[0]), load_constant(zeros[1]));
    const v128_t minus = wasm_f32x4_relaxed_min(load_constant(zeros[1]), load_constant(zeros[0]));
    const int takes_first = wasm_i32x4_extract_lane(plus, 0) == 0 && wasm_i32x4_extract_lane(minus, 0) != 0;
    return takes_first ? SPLAT_BY_SHUFFLE : SPLAT_BY_LOAD;
}
