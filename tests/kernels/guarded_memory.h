/* Memory in which an access outside a buffer ends the program: natively with protected pages, in Wasm at the end of
 * linear memory. Two implementations: guarded_memory_native.c and guarded_memory_wasm.c. */
#ifndef TESTS_KERNELS_GUARDED_MEMORY_H
#define TESTS_KERNELS_GUARDED_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#define GUARDED_WORKSPACE ((size_t)24 << 20)
#define GUARDED_BYTES     ((size_t)4 << 20) /* of a buffer and its two borders, at most */
#define GUARDED_BORDER    ((size_t)256)

/* The buffers of the reference: GUARDED_WORKSPACE bytes, zero at first. */
uint8_t *guarded_workspace(void);
/* The number of rounds in which the buffers of a case get different addresses. */
unsigned guarded_rounds(unsigned n_buffers);

struct guarded_buffer {
    uint8_t *at;
    size_t before; /* bytes before the buffer that can be written and must stay unchanged */
    size_t after;  /* the same after it */
};
/* The address of a buffer in a round. buffer: below CHECK_BUFFERS. */
struct guarded_buffer guarded_buffer(unsigned buffer, unsigned round, size_t bytes);

#endif
