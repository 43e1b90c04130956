/* Follows a JSON text byte by byte, and notices the first byte that cannot belong to it. */
#ifndef ENGINE_OUTPUT_JSON_SCAN_H
#define ENGINE_OUTPUT_JSON_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/output/text.h"

enum json_status {
    JSON_MORE,
    JSON_DONE,   /* the value ends with this byte */
    JSON_BEHIND, /* the value ended before this byte */
    JSON_WRONG
};

/* All zero but for `open` at the start of a value. */
struct json_scan {
    struct text *open; /* the caller's: which containers are open, each as { or [; null: the value must be a scalar */
    uint8_t state, count;
    bool key;         /* the string is a member's name */
    const char *word; /* what is left of true, false or null */
};

enum json_status json_scan(struct json_scan *scan, char byte);

#endif
