/* The table of checks, made from kernels.inc: a row for each variant that this build has. A kernel of a new kind
 * without a function check_<kind> does not link. */
#include "check_all.h"

#include "check_kinds.h"
#include "fault.h"
#include "report.h"

/* ROWS_<best>(ROW, key, name) expands to ROW(key, name, variant) for each variant up to the best one of this build. key
 * is the kind of a kernel or the number of a weight type. */
#define ROWS_scalar(ROW, key, name) ROW(key, name, scalar)
#ifdef QUERN_KERNELS_SIMD128
#define ROWS_simd128(ROW, key, name) ROWS_scalar(ROW, key, name) ROW(key, name, simd128)
#else
#define ROWS_simd128 ROWS_scalar
#endif
#ifdef QUERN_KERNELS_RELAXED
#define ROWS_relaxed(ROW, key, name) ROWS_simd128(ROW, key, name) ROW(key, name, relaxed)
#else
#define ROWS_relaxed ROWS_simd128
#endif

#define CHECK_KERNEL(kind, name, variant)                                                                              \
    static void check_##name##_##variant(struct check *check) { check_##kind(check, name##_scalar, name##_##variant); }
#define CHECK_WEIGHT(type, name, variant)                                                                              \
    static void check_##name##_##variant(struct check *check) {                                                        \
        check_weight(check, type, &name##_scalar, &name##_##variant);                                                  \
    }
#define KERNEL(kind, name, best) ROWS_##best(CHECK_KERNEL, kind, name)
#define WEIGHT(type, name, best) ROWS_##best(CHECK_WEIGHT, type, name)
#include "kernels/kernels.inc"
#undef KERNEL
#undef WEIGHT

#define ROW(key, name, variant)  {#name, #variant, check_##name##_##variant},
#define KERNEL(kind, name, best) ROWS_##best(ROW, kind, name)
#define WEIGHT(type, name, best) ROWS_##best(ROW, type, name)
static const struct row {
    const char *kernel;
    const char *variant;
    void (*run)(struct check *check);
} rows[] = {
#include "kernels/kernels.inc"
};
#undef KERNEL
#undef WEIGHT

uint32_t check_count;

/* The state of check_random for a kernel: a hash (FNV-1a) of seed and name. All variants get the same numbers. */
static uint64_t seed_of(uint32_t seed, const char *name) {
    uint64_t hash = 0xcbf29ce484222325u ^ seed;
    for (; *name; name++) {
        hash = (hash ^ (uint8_t)*name) * 0x100000001b3u;
    }
    return hash;
}

static bool run_row(const struct row *row, uint32_t seed) {
    struct check check = {.kernel = row->kernel, .variant = row->variant};
    check.random = seed_of(seed, row->kernel);
    row->run(&check);
    const bool ok = check.failures == 0 && check.cases > 0;
    report_text(ok ? "ok " : "FAILED ");
    report_text(check.kernel);
    report_text(" ");
    report_text(check.variant);
    report_text(": ");
    report_number(check.cases);
    report_text(" cases");
    if (check.failures) {
        report_text(", failed ");
        report_number(check.failures);
    }
    report_text("\n");
    return ok;
}

uint32_t check_all(uint32_t seed, const char *only) {
    uint32_t failed = 0;
    check_count = 0;
    report_clear();
    report_text("seed ");
    report_number(seed);
    report_text("\n");
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct check named = {.kernel = rows[i].kernel};
        if (!only || check_is(&named, only)) {
            check_count++;
            failed += !run_row(&rows[i], seed);
        }
    }
    return failed;
}
