/* Host memory for tests, in place of platform/block_native.c: counted, and refused when a test asks for it. A block has
 * exactly the requested size, so that ASan detects every overread. */
#ifndef TESTS_ENGINE_COUNTED_MEMORY_H
#define TESTS_ENGINE_COUNTED_MEMORY_H

#include <stddef.h>

struct blocks {
    size_t takes;      /* calls of block_take, including the refused ones */
    size_t live;       /* blocks that have not been given back */
    size_t live_bytes; /* their bytes */
    size_t peak_bytes; /* the largest live_bytes so far */
    size_t refuse;     /* refuse this call, counted from 1; 0: none */
    size_t refuse_all; /* refuse this call and all later ones; 0: none */
    size_t limit;      /* refuse blocks that would raise live_bytes above this; 0: no limit */
    int fill;          /* new blocks are filled with the byte 0xa5 + fill */
};
extern struct blocks blocks;

/* Resets the counts and refuses nothing. Blocks that live are still counted. */
void blocks_restart(void);
/* Grants the next `granted` calls and refuses all later ones; blocks.refuse_all = 0 ends that. */
void refuse_blocks_after(size_t granted);

#endif
