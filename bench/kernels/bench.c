/* The benchmark of the matrix products, as a Wasm module without imports. It has an entry for each variant of each
 * weight type. The host measures the time of these calls, which repeat their work `times` times:
 *
 *   bench_prepare(entry, rows, n, tokens)   chooses an entry and sizes; returns 0 if memory is refused
 *   bench_order(order)    chooses an enum gemv_order
 *   bench_gemv(times)     all tokens by all rows, straight from the blocks; at most bench_gemv_tokens(entry) tokens
 *   bench_batch(times)    all tokens by all rows, by unpack_panel and gemm, as the engine does
 *   bench_gemm(times)     all tokens by one unpacked panel
 *
 * and of these, which show the limits of the machine:
 *   bench_peak(times)     PEAK_PRODUCTS integer multiplications with additions
 *   bench_read(times)     reads all bytes of the rows */
#include <wasm_simd128.h>

#include "kernels/variants.h"
#include "platform/memory.h"

#define EXPORT(name) __attribute__((export_name(name)))

#define ROWS_scalar(type, name)  {#name " scalar", type, &name##_scalar},
#define ROWS_simd128(type, name) ROWS_scalar(type, name){#name " simd128", type, &name##_simd128},
#ifdef QUERN_KERNELS_RELAXED
#define ROWS_relaxed(type, name) ROWS_simd128(type, name){#name " relaxed", type, &name##_relaxed},
#else
#define ROWS_relaxed ROWS_simd128
#endif

static const struct entry {
    const char *name;
    uint32_t type;
    const struct weight_kernels *kernels;
} entries[] = {
#define KERNEL(kind, name, best)
#define WEIGHT(type, name, best) ROWS_##best(type, name)
#include "kernels/kernels.inc"
};

static struct {
    const struct weight_kernels *kernels;
    size_t rows, n, tokens, row_bytes, activation_bytes;
    uint8_t *w, *activations, *panel;
    float *out;
    enum gemv_order order;
} bench;

/* Writes bytes from 0x10 to 0x3f, so that f16 scales are ordinary positive numbers, wherever they are. */
static void fill(uint8_t *at, size_t bytes) {
    uint32_t random = 1;
    for (size_t i = 0; i < bytes; i++) {
        random = random * 1664525u + 1013904223u;
        at[i] = (uint8_t)(0x10 + (random >> 24) % 0x30);
    }
}

static void fill_activations(enum activation_kind kind) {
    static quantize_fn *const quantize[] = {
        [ACTIVATION_F32] = activation_quantize_f32,
        [ACTIVATION_Q8_0] = activation_quantize_q8_0,
        [ACTIVATION_Q8_1] = activation_quantize_q8_1,
        [ACTIVATION_Q8_K] = activation_quantize_q8_K,
    };
    float *x = bench.out; /* bench_prepare makes it long enough */
    for (size_t t = 0; t < bench.tokens; t++) {
        for (size_t i = 0; i < bench.n; i++) {
            x[i] = (float)((i * 7919 + t * 104729) % 2001) * 0.001f - 1.0f;
        }
        quantize[kind](bench.activations + t * bench.activation_bytes, x, bench.n);
    }
}

extern uint8_t __heap_base;

static uint8_t *take(size_t *at, size_t bytes) {
    uint8_t *taken = (uint8_t *)*at;
    *at += (bytes + 127) & ~(size_t)63;
    return taken;
}

EXPORT("bench_count") uint32_t count(void);
uint32_t count(void) { return sizeof entries / sizeof *entries; }

EXPORT("bench_name") const char *name(uint32_t entry);
const char *name(uint32_t entry) { return entries[entry].name; }

EXPORT("bench_block") uint32_t block(uint32_t entry);
uint32_t block(uint32_t entry) { return type_traits(entries[entry].type)->block_weights; }

EXPORT("bench_gemv_tokens") uint32_t gemv_tokens(uint32_t entry);
uint32_t gemv_tokens(uint32_t entry) { return entries[entry].kernels->gemv_tokens; }

/* The size of n weights in bytes. */
EXPORT("bench_bytes") size_t bytes(uint32_t entry, size_t n);
size_t bytes(uint32_t entry, size_t n) {
    const struct type_traits *traits = type_traits(entries[entry].type);
    return n / traits->block_weights * traits->block_bytes;
}

static void unpack_panel(size_t row, size_t rows) {
    const struct panel_args args = {.panel = bench.panel,
                                    .w = bench.w + row * bench.row_bytes,
                                    .row_bytes = bench.row_bytes,
                                    .rows = rows,
                                    .n = bench.n};
    bench.kernels->unpack_panel(&args);
}

static void multiply_panel(size_t row) {
    const struct gemm_args args = {.out = bench.out + row,
                                   .out_stride = bench.rows,
                                   .panel = bench.panel,
                                   .rows = PANEL_ROWS,
                                   .activations = bench.activations,
                                   .activation_bytes = bench.activation_bytes,
                                   .tokens = bench.tokens,
                                   .n = bench.n};
    bench.kernels->gemm(&args);
}

EXPORT("bench_prepare") uint32_t prepare(uint32_t entry, size_t rows, size_t n, size_t tokens);
uint32_t prepare(uint32_t entry, size_t rows, size_t n, size_t tokens) {
    const struct weight_kernels *kernels = entries[entry].kernels;
    const size_t panel_block = kernels->panel_block_bytes;
    size_t at = ((size_t)&__heap_base + 63) & ~(size_t)63;
    bench.kernels = kernels;
    bench.rows = rows;
    bench.n = n;
    bench.tokens = tokens;
    bench.row_bytes = bytes(entry, n);
    bench.activation_bytes = (activation_layout(kernels->activation, n).bytes + 63) & ~(size_t)63;
    bench.w = take(&at, rows * bench.row_bytes);
    bench.activations = take(&at, tokens * bench.activation_bytes);
    bench.panel = take(&at, n / block(entry) * panel_block);
    bench.out = (float *)(void *)take(&at, (rows * tokens + n) * sizeof(float));
    const size_t pages = (at + 65535) / 65536;
    const size_t have = __builtin_wasm_memory_size(0);
    if (pages > have && __builtin_wasm_memory_grow(0, pages - have) == (size_t)-1) {
        return 0;
    }
    fill(bench.w, rows * bench.row_bytes);
    fill_activations(kernels->activation);
    unpack_panel(0, rows < PANEL_ROWS ? rows : PANEL_ROWS);
    return 1;
}

EXPORT("bench_order") void order(uint32_t number);
void order(uint32_t number) { bench.order = (enum gemv_order)number; }

EXPORT("bench_gemv") void gemv(uint32_t times);
void gemv(uint32_t times) {
    for (; times; times--) {
        const struct gemv_args args = {.out = bench.out,
                                       .out_stride = bench.rows,
                                       .w = bench.w,
                                       .row_bytes = bench.row_bytes,
                                       .rows = bench.rows,
                                       .activations = bench.activations,
                                       .activation_bytes = bench.activation_bytes,
                                       .tokens = bench.tokens,
                                       .n = bench.n,
                                       .order = bench.order};
        bench.kernels->gemv(&args);
    }
}

EXPORT("bench_gemm") void gemm(uint32_t times);
void gemm(uint32_t times) {
    for (; times; times--) {
        multiply_panel(0);
    }
}

EXPORT("bench_batch") void batch(uint32_t times);
void batch(uint32_t times) {
    for (; times; times--) {
        for (size_t row = 0; row + PANEL_ROWS <= bench.rows; row += PANEL_ROWS) {
            unpack_panel(row, PANEL_ROWS);
            multiply_panel(row);
        }
    }
}

#define CHAINS        8 /* of dependent instructions, independent of each other */
#define PEAK_ROUNDS   1024u
#define PEAK_PRODUCTS (PEAK_ROUNDS * CHAINS * PEAK_LANES)

/* The product with the most multiplications per instruction: 16 of bytes, or 8 of i16. The result is added to `sum`. */
#ifdef QUERN_KERNELS_RELAXED
#define PEAK_LANES 16u
static inline v128_t multiply(v128_t sum, v128_t a, v128_t b) {
    return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(a, b, sum);
}
#else
#define PEAK_LANES 8u
static inline v128_t multiply(v128_t sum, v128_t a, v128_t b) {
    return wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(a, b));
}
#endif

EXPORT("bench_peak_products") uint32_t peak_products(void);
uint32_t peak_products(void) { return PEAK_PRODUCTS; }

static volatile uint32_t kept; /* so that the compiler keeps the work */

EXPORT("bench_peak") void peak(uint32_t times);
void peak(uint32_t times) {
    static int8_t factors[16 * (16 + CHAINS)]; /* loaded in each round, so that products cannot be hoisted */
    static int8_t *volatile unknown = factors;
    const int8_t *const from = unknown;
    v128_t chain[CHAINS] = {0};
    const v128_t twice[2] = {wasm_i8x16_splat((int8_t)(3 + (kept & 1))), wasm_i8x16_splat((int8_t)(5 + (kept & 2)))};
    for (uint32_t round = 0; round < times * PEAK_ROUNDS; round++) {
        const int8_t *const at = from + 16 * (round % 16);
#pragma unroll
        for (uint32_t i = 0; i < CHAINS; i++) {
            chain[i] = multiply(chain[i], wasm_v128_load(at + i / 2 * 16), twice[i % 2]);
        }
    }
    for (int i = 1; i < CHAINS; i++) {
        chain[0] = wasm_v128_xor(chain[0], chain[i]);
    }
    kept = (uint32_t)wasm_i32x4_extract_lane(chain[0], 0);
}

EXPORT("bench_read") void read_all(uint32_t times);
void read_all(uint32_t times) {
    v128_t sum[4] = {0};
    for (; times; times--) {
        const size_t bytes = bench.rows * bench.row_bytes;
        for (size_t at = 0; at + 64 <= bytes; at += 64) {
#pragma unroll
            for (size_t i = 0; i < 4; i++) {
                sum[i] = wasm_i64x2_add(sum[i], wasm_v128_load(bench.w + at + 16 * i));
            }
        }
    }
    sum[0] = wasm_v128_xor(wasm_v128_xor(sum[0], sum[1]), wasm_v128_xor(sum[2], sum[3]));
    kept = (uint32_t)wasm_i32x4_extract_lane(sum[0], 0);
}
