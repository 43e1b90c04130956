/* The compressed tables of unicode_data.c, which describes their encoding. */
#ifndef ENGINE_TEXT_UNICODE_UNICODE_DATA_H
#define ENGINE_TEXT_UNICODE_UNICODE_DATA_H

#include <stdint.h>

#define UNICODE_STARTS             143
#define UNICODE_LOWER_ANCHORS      45
#define UNICODE_DECOMPOSED_ANCHORS 65
/* Of all, and of those in plane 0; the others are in plane 1. */
#define UNICODE_PAIRS        1044
#define UNICODE_PAIRS_0      1018
#define UNICODE_COMPOSITES   941
#define UNICODE_COMPOSITES_0 928
#define UNICODE_MARKS        388
#define UNICODE_MARKS_0      295

/* A point in a mapping at which a search can start. */
struct unicode_anchor {
    uint32_t code, to;
    uint32_t offset; /* in the changes */
};

/* A canonical decomposition. The numbers are those of the characters within their plane. */
struct unicode_pair {
    uint16_t code, first, second;
};

/* Characters [code, code + length) of a plane with the same combining class. */
struct unicode_marks {
    uint16_t code;
    uint8_t length, class;
};

extern const uint8_t unicode_ascii[128];
extern const uint32_t unicode_starts[UNICODE_STARTS];
extern const uint16_t unicode_offsets[UNICODE_STARTS];
extern const uint8_t unicode_ranges[];
extern const struct unicode_anchor unicode_lower_anchors[UNICODE_LOWER_ANCHORS];
extern const uint8_t unicode_lower_changes[];
extern const struct unicode_anchor unicode_decomposed_anchors[UNICODE_DECOMPOSED_ANCHORS];
extern const uint8_t unicode_decomposed_changes[];
extern const struct unicode_pair unicode_pairs[UNICODE_PAIRS];
extern const uint16_t unicode_composites[UNICODE_COMPOSITES]; /* indices of pairs */
extern const struct unicode_marks unicode_marks[UNICODE_MARKS];

#endif
