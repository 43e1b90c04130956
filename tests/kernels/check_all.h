/* The table of checks: every variant of every kernel that this build has. */
#ifndef TESTS_KERNELS_CHECK_ALL_H
#define TESTS_KERNELS_CHECK_ALL_H

#include <stdint.h>

/* Runs all checks, or only those of the kernel `only` if it is not null. Returns the number of variants that failed or
 * had no case. The report (report.h) has a line per variant and says what failed. */
uint32_t check_all(uint32_t seed, const char *only);
extern uint32_t check_count; /* variants that the last check_all checked */

#endif
