/* The benchmark of the kernels other than matrix products, on data that fits into the L1 cache.
 *
 *   bench_vector(entry, times)   calls the kernel `times` times
 *   bench_vector_bytes(entry)    bytes that a call reads and writes */
#include "kernels/variants.h"

#define EXPORT(name) __attribute__((export_name(name)))

#define N        2048u /* floats per vector */
#define HEAD_DIM 64u
#define QUERIES  8u
#define ROWS     32u /* of recurrent state, STATE floats each */
#define STATE    128u

static _Alignas(64) float out[N * 2], a[N * 2], b[N * 2], c[N * 2], d[N * 2];
static _Alignas(64) uint16_t f16s[N * 2];
static _Alignas(64) uint8_t bytes[N * 2];

/* Values that neither grow nor vanish when a kernel is called repeatedly on its own result. */
static void fill(void) {
    for (size_t i = 0; i < N * 2; i++) {
        a[i] = (float)((i * 7919) % 2001) * 0.001f - 1.0f;
        b[i] = 0.6f;
        c[i] = 0.8f;
        d[i] = -0.5f;
        f16s[i] = (uint16_t)(0x2c00 + i % 0x1000);
        bytes[i] = (uint8_t)(0x10 + i % 0x20);
    }
}

#define RUN(kind) static void run_##kind(kind##_fn *f)
RUN(rmsnorm) { f(out, a, b, N, 1e-5f); }
RUN(layernorm) { f(out, a, b, c, N, 1e-5f); }
RUN(add) { f(out, a, b, N); }
RUN(scale) { f(a, 1.0f, N); }
RUN(gate) { f(out, a, b, N); }
RUN(act) { f(out, a, N); }
RUN(softcap) { f(a, 30.0f, N); }
RUN(rope) { f(a, b, c, N / 2); }
RUN(f32_to_f16) { f(f16s, a, N); }
RUN(f16_to_f32) { f(out, f16s, N); }
RUN(scan) { f(out, a, ROWS, STATE, 0.5f, b, c, b); }
RUN(scan_each) { f(out, a, ROWS, STATE, c, d, b, c, b); }
RUN(delta) { f(out, a, ROWS, STATE, 0.5f, 0.01f, b, c, b); }
RUN(quantize) { f(bytes, a, N / 2); }
static struct kv_rows cached(void) { return (struct kv_rows){(const uint8_t *)f16s, 2 * HEAD_DIM, false}; }
RUN(attention_scores) { f(out, KV_TILE, b, HEAD_DIM, QUERIES, cached(), KV_TILE, HEAD_DIM, 0.125f); }
RUN(attention_softmax) {
    for (size_t i = 0; i < N; i++) { /* because it overwrites its input */
        out[i] = a[i];
    }
    f(out, N);
}
RUN(attention_values) { f(out, HEAD_DIM, c, KV_TILE, QUERIES, cached(), KV_TILE, HEAD_DIM); }

enum {
    FLOATS = 4 * N,
    BYTES_rmsnorm = 3 * FLOATS,
    BYTES_layernorm = 4 * FLOATS,
    BYTES_add = 3 * FLOATS,
    BYTES_scale = 2 * FLOATS,
    BYTES_gate = 3 * FLOATS,
    BYTES_act = 2 * FLOATS,
    BYTES_softcap = 2 * FLOATS,
    BYTES_rope = 3 * FLOATS,
    BYTES_f32_to_f16 = FLOATS + FLOATS / 2,
    BYTES_f16_to_f32 = FLOATS + FLOATS / 2,
    BYTES_scan = 2 * 4 * ROWS * STATE,
    BYTES_scan_each = 3 * 4 * ROWS * STATE,
    BYTES_delta = 2 * 4 * ROWS * STATE,
    BYTES_quantize = (FLOATS + N) / 2,
    BYTES_attention_softmax = 2 * FLOATS,
    ATTENDED = KV_TILE * HEAD_DIM,
    BYTES_attention_scores = 2 * ATTENDED + 4 * QUERIES * (HEAD_DIM + KV_TILE),
    BYTES_attention_values = 2 * ATTENDED + 4 * QUERIES * (2 * HEAD_DIM + KV_TILE)
};

#define DEFINE(kind, name, variant)                                                                                    \
    static void run_##name##_##variant(void) { run_##kind(name##_##variant); }
#define DEFINE_scalar(kind, name)  DEFINE(kind, name, scalar)
#define DEFINE_simd128(kind, name) DEFINE(kind, name, scalar) DEFINE(kind, name, simd128)
#define KERNEL(kind, name, best)   DEFINE_##best(kind, name)
#define WEIGHT(type, name, best)
#include "kernels/kernels.inc"
#undef KERNEL
#undef WEIGHT

#define ROW(kind, name, variant) {#name " " #variant, run_##name##_##variant, BYTES_##kind},
#define ROWS_scalar(kind, name)  ROW(kind, name, scalar)
#define ROWS_simd128(kind, name) ROW(kind, name, scalar) ROW(kind, name, simd128)

static const struct entry {
    const char *name;
    void (*run)(void);
    uint32_t bytes;
} entries[] = {
#define KERNEL(kind, name, best) ROWS_##best(kind, name)
#define WEIGHT(type, name, best)
#include "kernels/kernels.inc"
};

EXPORT("bench_vector_count") uint32_t vector_count(void);
uint32_t vector_count(void) { return sizeof entries / sizeof *entries; }

EXPORT("bench_vector_name") const char *vector_name(uint32_t entry);
const char *vector_name(uint32_t entry) { return entries[entry].name; }

EXPORT("bench_vector_bytes") uint32_t vector_bytes(uint32_t entry);
uint32_t vector_bytes(uint32_t entry) { return entries[entry].bytes; }

EXPORT("bench_vector") void vector(uint32_t entry, uint32_t times);
void vector(uint32_t entry, uint32_t times) {
    fill();
    for (; times; times--) {
        entries[entry].run();
    }
}
