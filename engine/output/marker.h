/* Markers: texts that separate the parts of an output.
 *
 * A run of white space in a marker matches any white space in the output, and none. A hole matches up to MAX_HOLE bytes
 * that end before the byte that follows the hole in the marker; it stands for what differs between calls, such as an
 * id. Markers neither start nor end with white space. */
#ifndef ENGINE_OUTPUT_MARKER_H
#define ENGINE_OUTPUT_MARKER_H

#include <stdbool.h>
#include <stddef.h>

#define HOLE     '\0'
#define MAX_HOLE 64u

struct marker {
    const char *at; /* (bytes) */
    size_t bytes;
};

enum match { MATCH_NO, MATCH_PARTIAL, MATCH_FULL };

/* Whether text[0..bytes) starts with the marker: then *used has the bytes that it takes. Partial: more text decides. */
enum match marker_match(struct marker marker, const char *text, size_t bytes, size_t *used);

bool marker_equal(struct marker a, struct marker b);
bool marker_starts(struct marker marker, struct marker prefix); /* byte for byte */
struct marker marker_from(struct marker marker, size_t from);   /* without its first bytes */
struct marker marker_to(struct marker marker, size_t bytes);    /* its first bytes */
struct marker marker_trim(struct marker marker);                /* without white space at both ends */
struct marker marker_name(const char *text);                    /* of a C string */
/* Where `needle` first occurs at or after `from`; SIZE_MAX if it does not. */
size_t marker_find(struct marker marker, size_t from, struct marker needle);
bool is_white(char byte);

#endif
