/* In Wasm one buffer at a time ends at the last byte of linear memory, where one byte more traps; there are as many
 * turns as buffers. The others lie lower, with borders. */
#include "check.h"

#define PAGE ((size_t)65536)

extern uint8_t __heap_base;

static uint8_t *room(unsigned index) {
    /* The workspace, rooms for the buffers, and one at the end. */
    const size_t low = ((size_t)&__heap_base + PAGE - 1) & ~(PAGE - 1);
    const size_t needed = low + CHECK_WORKSPACE + (CHECK_BUFFERS + 1) * PLACE_BYTES;
    const size_t have = __builtin_wasm_memory_size(0) * PAGE;
    if (have < needed && __builtin_wasm_memory_grow(0, (needed - have + PAGE - 1) / PAGE) == (size_t)-1) {
        __builtin_trap();
    }
    return (uint8_t *)low + (index ? CHECK_WORKSPACE + (index - 1) * PLACE_BYTES : 0);
}

uint8_t *place_workspace(void) { return room(0); }

unsigned place_turns(unsigned n_buffers) { return n_buffers; }

struct place place_buffer(unsigned buffer, unsigned turn, size_t bytes) {
    if (buffer == turn) {
        uint8_t *end = (uint8_t *)(__builtin_wasm_memory_size(0) * PAGE);
        return (struct place){end - bytes, PLACE_BORDER, 0};
    }
    return (struct place){room(1 + buffer) + PLACE_BORDER, PLACE_BORDER, PLACE_BORDER};
}
