/* Faults planted on purpose, to show that the check finds them. A build with QUERN_PLANTED_FAULT checks scale_faulty in
 * place of scale_simd128. */
#ifndef TESTS_KERNELS_FAULT_H
#define TESTS_KERNELS_FAULT_H

#include "check.h"

enum fault {
    FAULT_NONE,
    FAULT_BIT,       /* one bit of one result is wrong */
    FAULT_OVERWRITE, /* a byte before the buffer is changed */
    FAULT_OVERREAD,  /* a byte after the buffer is read, which ends the program */
};
extern enum fault planted_fault;

scale_fn scale_faulty;

#ifdef QUERN_PLANTED_FAULT
#define scale_simd128 scale_faulty /* in the table of check_all.c */
#endif

#endif
