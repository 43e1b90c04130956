/* Natively each buffer has its own pages between two protected pages. In round 0 it ends at the upper protected page,
 * in round 1 it begins after the lower one. */
#define _GNU_SOURCE
#include "guarded_memory.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "check.h"

#define PROTECTED ((size_t)65536)

static uint8_t *map(size_t bytes) {
    uint8_t *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        abort();
    }
    return at;
}

uint8_t *guarded_workspace(void) {
    static uint8_t *workspace;
    if (!workspace) {
        workspace = map(GUARDED_WORKSPACE);
    }
    return workspace;
}

unsigned guarded_rounds(unsigned n_buffers) {
    (void)n_buffers;
    return 2;
}

struct guarded_buffer guarded_buffer(unsigned buffer, unsigned round, size_t bytes) {
    static uint8_t *mapped[CHECK_BUFFERS];
    if (!mapped[buffer]) {
        uint8_t *at = map(GUARDED_BYTES + 2 * PROTECTED);
        if (mprotect(at, PROTECTED, PROT_NONE) || mprotect(at + PROTECTED + GUARDED_BYTES, PROTECTED, PROT_NONE)) {
            abort();
        }
        mapped[buffer] = at + PROTECTED;
    }
    const size_t free = GUARDED_BYTES - bytes;
    const size_t border = free < GUARDED_BORDER ? free : GUARDED_BORDER;
    if (round == 0) {
        return (struct guarded_buffer){.at = mapped[buffer] + free, .before = border, .after = 0};
    }
    return (struct guarded_buffer){.at = mapped[buffer], .before = 0, .after = border};
}
