/* The host's memory as these tests give it: counted, and refused when they say so. Replaces platform/block_native.c. */
#ifndef TESTS_SESSION_MEMORY_H
#define TESTS_SESSION_MEMORY_H

#include <stddef.h>

extern size_t blocks_held;           /* blocks that have not been given back */
extern size_t blocks_held_bytes;     /* and what they sum to, as asked for */
extern size_t blocks_before_refusal; /* so many calls are granted, the next ones refused; SIZE_MAX: none is */

#endif
