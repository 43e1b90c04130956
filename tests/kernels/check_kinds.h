/* The checks, one per kind of kernel: check_rmsnorm, check_gate and so on, declared from kernels.inc and defined in the
 * files check_*.c. Each runs the cases of `variant` and compares them with `reference`. */
#ifndef TESTS_KERNELS_CHECK_KINDS_H
#define TESTS_KERNELS_CHECK_KINDS_H

#include "check.h"

#define KERNEL(kind, name, best) void check_##kind(struct check *check, kind##_fn *reference, kind##_fn *variant);
#define WEIGHT(type, name, best)
#include "kernels/kernels.inc"
#undef KERNEL
#undef WEIGHT

void check_weight(struct check *check, uint32_t type, const struct weight_kernels *reference,
                  const struct weight_kernels *variant);

#endif
