/* Natively each buffer has pages of its own between two that cannot be touched: in the first turn it ends at the upper
 * one, in the second it begins at the lower one. */
#define _GNU_SOURCE
#include "check.h"

#include <stdlib.h>
#include <sys/mman.h>

#define GUARD ((size_t)65536)

static uint8_t *map(size_t bytes) {
    uint8_t *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        abort();
    }
    return at;
}

uint8_t *place_workspace(void) {
    static uint8_t *workspace;
    if (!workspace) {
        workspace = map(CHECK_WORKSPACE);
    }
    return workspace;
}

unsigned place_turns(unsigned n_buffers) {
    (void)n_buffers;
    return 2;
}

struct place place_buffer(unsigned buffer, unsigned turn, size_t bytes) {
    static uint8_t *rooms[CHECK_BUFFERS];
    if (!rooms[buffer]) {
        uint8_t *at = map(PLACE_BYTES + 2 * GUARD);
        if (mprotect(at, GUARD, PROT_NONE) || mprotect(at + GUARD + PLACE_BYTES, GUARD, PROT_NONE)) {
            abort();
        }
        rooms[buffer] = at + GUARD;
    }
    const size_t free = PLACE_BYTES - bytes;
    const size_t border = free < PLACE_BORDER ? free : PLACE_BORDER;
    return turn == 0 ? (struct place){rooms[buffer] + free, border, 0} : (struct place){rooms[buffer], 0, border};
}
