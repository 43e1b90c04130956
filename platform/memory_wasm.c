/* The memory functions of the C library that compiled code calls, as bulk memory instructions. This file is compiled
 * with -fno-builtin, or the compiler could turn a body into a call of the same function. */
#include "platform/memory.h"

void *memcpy(void *restrict to, const void *restrict from, size_t bytes) {
    __asm__ volatile("local.get %0\n\tlocal.get %1\n\tlocal.get %2\n\tmemory.copy 0, 0"
                     :
                     : "r"(to), "r"(from), "r"(bytes)
                     : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t bytes) {
    __asm__ volatile("local.get %0\n\tlocal.get %1\n\tlocal.get %2\n\tmemory.copy 0, 0"
                     :
                     : "r"(to), "r"(from), "r"(bytes)
                     : "memory");
    return to;
}

void *memset(void *to, int value, size_t bytes) {
    __asm__ volatile("local.get %0\n\tlocal.get %1\n\tlocal.get %2\n\tmemory.fill 0"
                     :
                     : "r"(to), "r"(value), "r"(bytes)
                     : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes) {
    const uint8_t *left = a;
    const uint8_t *right = b;
    for (size_t i = 0; i < bytes; i++) {
        if (left[i] != right[i]) {
            return left[i] < right[i] ? -1 : 1;
        }
    }
    return 0;
}

size_t strlen(const char *text) {
    size_t n = 0;
    while (text[n]) {
        n++;
    }
    return n;
}
