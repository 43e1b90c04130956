/* Markers: comparing, cutting and matching. */
#include "engine/output/marker.h"

#include <stdint.h>

#include "platform/memory.h"

bool is_white(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

enum match marker_match(struct marker marker, const char *text, size_t bytes, size_t *used) {
    size_t at = 0;
    for (size_t i = 0; i < marker.bytes; i++) {
        if (is_white(marker.at[i])) {
            while (at < bytes && is_white(text[at])) {
                at++;
            }
            continue;
        }
        const size_t start = at;
        if (marker.at[i] == HOLE && i + 1 < marker.bytes) {
            while (at < bytes && text[at] != marker.at[i + 1]) {
                at++;
            }
            if (at - start > MAX_HOLE) {
                return MATCH_NO;
            }
            continue;
        }
        if (at == bytes) {
            return MATCH_PARTIAL;
        }
        if (text[at++] != marker.at[i]) {
            return MATCH_NO;
        }
    }
    *used = at;
    return MATCH_FULL;
}

bool marker_equal(struct marker a, struct marker b) { return a.bytes == b.bytes && marker_starts(a, b); }

bool marker_starts(struct marker marker, struct marker prefix) {
    return marker.bytes >= prefix.bytes && (prefix.bytes == 0 || memcmp(marker.at, prefix.at, prefix.bytes) == 0);
}

struct marker marker_from(struct marker marker, size_t from) {
    return from ? (struct marker){marker.at + from, marker.bytes - from} : marker;
}

struct marker marker_to(struct marker marker, size_t bytes) { return (struct marker){marker.at, bytes}; }

struct marker marker_trim(struct marker marker) {
    while (marker.bytes && is_white(marker.at[0])) {
        marker = marker_from(marker, 1);
    }
    while (marker.bytes && is_white(marker.at[marker.bytes - 1])) {
        marker.bytes--;
    }
    return marker;
}

struct marker marker_name(const char *text) { return (struct marker){text, strlen(text)}; }

size_t marker_find(struct marker marker, size_t from, struct marker needle) {
    for (size_t at = from; at + needle.bytes <= marker.bytes; at++) {
        if (marker_starts(marker_from(marker, at), needle)) {
            return at;
        }
    }
    return SIZE_MAX;
}
