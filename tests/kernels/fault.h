/* Faults planted on purpose, to show that the check finds them. A build with QUERN_PLANTED_FAULT checks, in place of
 * scale_simd128, one that goes wrong in the way chosen. */
#ifndef TESTS_KERNELS_FAULT_H
#define TESTS_KERNELS_FAULT_H

#include "check.h"

enum fault {
    FAULT_NONE,
    FAULT_BIT,       /* one bit of one result */
    FAULT_OVERWRITE, /* writes what was there, but changed, before the buffer */
    FAULT_OVERREAD,  /* reads a byte after the buffer, which ends the program */
};
extern enum fault planted_fault;

scale_fn scale_faulty;

#ifdef QUERN_PLANTED_FAULT
#define scale_simd128 scale_faulty /* in the table */
#endif

#endif
