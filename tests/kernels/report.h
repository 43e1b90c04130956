/* The check's report: text in a buffer of fixed size; what does not fit is left out. */
#ifndef TESTS_KERNELS_REPORT_H
#define TESTS_KERNELS_REPORT_H

#include <stddef.h>
#include <stdint.h>

void report_clear(void);
void report_text(const char *text);
void report_number(size_t number);
/* Little-endian bytes as one hexadecimal number. */
void report_hex(const uint8_t *bytes, size_t count);

#endif
