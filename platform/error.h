/* The error record. The code that finds an error fills it in; callers only pass the status on. */
#ifndef PLATFORM_ERROR_H
#define PLATFORM_ERROR_H

#include <stdarg.h>

#include "quern.h"

/* The record behind qn_last_error. */
extern struct qn_error last_error;

/* Writes code, offset (or QN_NO_OFFSET) and one line of text into *error. Returns code, so that a check can read
 * `return error_set(...)`. The format supports %s %.*s %d %u %zu %lld %llu %%. Strings may hold any bytes: those that
 * are not printable ASCII or UTF-8 appear as \xNN, so that hostile text cannot break the line. */
int error_set(struct qn_error *error, int code, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for a function that takes a variable argument list itself. */
int error_set_list(struct qn_error *error, int code, uint64_t offset, const char *format, va_list values)
    __attribute__((format(printf, 4, 0)));

#endif
