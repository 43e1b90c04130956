/* The report of the kernel check: text in a buffer of fixed size. Text that does not fit is dropped. */
#ifndef TESTS_KERNELS_REPORT_H
#define TESTS_KERNELS_REPORT_H

#include <stddef.h>
#include <stdint.h>

extern char check_report[]; /* ends with a zero byte */

void report_clear(void);
void report_text(const char *text);
void report_number(size_t number);
/* Writes little-endian bytes as one hexadecimal number. */
void report_hex(const uint8_t *bytes, size_t count);

#endif
