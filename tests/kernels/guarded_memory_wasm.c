/* In Wasm an access past the end of linear memory traps. In each round another buffer ends at the last byte of memory,
 * so there are as many rounds as buffers. The other buffers lie lower, between borders. */
#include "guarded_memory.h"

#include "check.h"

#define PAGE ((size_t)65536)

extern uint8_t __heap_base;

/* Memory from low to high: the workspace (index 0), GUARDED_BYTES per buffer (1 and up), GUARDED_BYTES for the buffer
 * at the end. */
static uint8_t *area(unsigned index) {
    const size_t low = ((size_t)&__heap_base + PAGE - 1) & ~(PAGE - 1);
    const size_t needed = low + GUARDED_WORKSPACE + (CHECK_BUFFERS + 1) * GUARDED_BYTES;
    const size_t have = __builtin_wasm_memory_size(0) * PAGE;
    if (have < needed && __builtin_wasm_memory_grow(0, (needed - have + PAGE - 1) / PAGE) == (size_t)-1) {
        __builtin_trap();
    }
    return (uint8_t *)low + (index ? GUARDED_WORKSPACE + (index - 1) * GUARDED_BYTES : 0);
}

uint8_t *guarded_workspace(void) { return area(0); }

unsigned guarded_rounds(unsigned n_buffers) { return n_buffers; }

struct guarded_buffer guarded_buffer(unsigned buffer, unsigned round, size_t bytes) {
    if (buffer == round) {
        uint8_t *end = (uint8_t *)(__builtin_wasm_memory_size(0) * PAGE);
        return (struct guarded_buffer){.at = end - bytes, .before = GUARDED_BORDER, .after = 0};
    }
    return (struct guarded_buffer){
        .at = area(1 + buffer) + GUARDED_BORDER, .before = GUARDED_BORDER, .after = GUARDED_BORDER};
}
