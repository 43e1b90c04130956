/* A kernel that goes wrong on demand. */
#undef QUERN_PLANTED_FAULT /* so that scale_simd128 is the real kernel here */
#include "fault.h"

enum fault planted_fault = FAULT_BIT;

void scale_faulty(float *x, float factor, size_t n) {
    scale_simd128(x, factor, n);
    volatile uint8_t *bytes = (volatile uint8_t *)x;
    switch (planted_fault) {
    case FAULT_BIT:
        if (n == 61) {
            bytes[n / 2 * 4] ^= 1;
        }
        break;
    case FAULT_OVERWRITE:
        *(bytes - 1) ^= 1;
        break;
    case FAULT_OVERREAD:
        (void)bytes[n * 4];
        break;
    default:
        break;
    }
}
