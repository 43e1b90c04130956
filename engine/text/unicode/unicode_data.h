/* The compressed tables of unicode_data.c, which describes their encoding. */
#ifndef ENGINE_TEXT_UNICODE_UNICODE_DATA_H
#define ENGINE_TEXT_UNICODE_UNICODE_DATA_H

#include <stdint.h>

#define UNICODE_STARTS             143
#define UNICODE_LOWER_ANCHORS      45
#define UNICODE_DECOMPOSED_ANCHORS 65

/* A point in a mapping at which a search can start. */
struct unicode_anchor {
    uint32_t code, to;
    uint32_t offset; /* in the changes */
};

extern const uint8_t unicode_ascii[128];
extern const uint32_t unicode_starts[UNICODE_STARTS];
extern const uint16_t unicode_offsets[UNICODE_STARTS];
extern const uint8_t unicode_ranges[];
extern const struct unicode_anchor unicode_lower_anchors[UNICODE_LOWER_ANCHORS];
extern const uint8_t unicode_lower_changes[];
extern const struct unicode_anchor unicode_decomposed_anchors[UNICODE_DECOMPOSED_ANCHORS];
extern const uint8_t unicode_decomposed_changes[];

#endif
