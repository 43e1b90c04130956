/* The host's memory for these suites, in place of platform/block_native.c: blocks of exactly the size that was asked
 * for, so that ASan sees every overread, counted, and refused when a test says so. */
#ifndef TESTS_ENGINE_BLOCKS_H
#define TESTS_ENGINE_BLOCKS_H

#include <stddef.h>

struct blocks {
    size_t takes;      /* calls of block_take, the refused ones included */
    size_t live;       /* blocks not given back */
    size_t live_bytes; /* of them */
    size_t peak_bytes; /* the most that live_bytes has been */
    size_t refuse;     /* the number of the call that is refused, from 1; 0: none */
    size_t refuse_all; /* from this call on all are; 0: none */
    size_t limit;      /* live_bytes never pass this; 0: no limit */
    int fill;          /* the byte that a new block is full of, less 0xa5 */
};
extern struct blocks blocks;

/* Counts anew, with nothing refused. Blocks that live go on being counted. */
void blocks_restart(void);

#endif
