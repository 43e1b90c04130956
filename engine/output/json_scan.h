/* Follows a JSON text byte by byte, and notices the first byte that cannot belong to it. */
#ifndef ENGINE_OUTPUT_JSON_SCAN_H
#define ENGINE_OUTPUT_JSON_SCAN_H

#include <stdbool.h>
#include <stdint.h>

enum json_status {
    JSON_MORE,
    JSON_DONE,   /* the value ends with this byte */
    JSON_BEHIND, /* the value ended before this byte */
    JSON_WRONG
};

/* All zero at the start of a value. */
struct json_scan {
    uint64_t objects; /* bit d: the container at depth d is an object */
    uint8_t depth;
    uint8_t state, count;
    bool key;         /* the string is a member's name */
    const char *word; /* what is left of true, false or null */
};

enum json_status json_scan(struct json_scan *scan, char byte);

#endif
