/* The report of the kernel check. */
#include "report.h"

#define REPORT_BYTES 65536u

char check_report[REPORT_BYTES];
static size_t used;

static void put(char c) {
    if (used + 1 < REPORT_BYTES) {
        check_report[used++] = c;
        check_report[used] = 0;
    }
}

void report_clear(void) {
    used = 0;
    check_report[0] = 0;
}

void report_text(const char *text) {
    while (*text) {
        put(*text++);
    }
}

void report_number(size_t number) {
    char digits[20];
    unsigned n = 0;
    do {
        digits[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    while (n) {
        put(digits[--n]);
    }
}

void report_hex(const uint8_t *bytes, size_t count) {
    while (count--) {
        put("0123456789abcdef"[bytes[count] >> 4]);
        put("0123456789abcdef"[bytes[count] & 15]);
    }
}
