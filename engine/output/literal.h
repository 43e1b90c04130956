/* Translates the arguments of a call from Python's syntax, (name='text', count=3, list=[True, None]), or from Gemma's,
 * {name:<|"|>text<|"|>,count:3}, into a JSON object. */
#ifndef ENGINE_OUTPUT_LITERAL_H
#define ENGINE_OUTPUT_LITERAL_H

#include <stdint.h>

#include "engine/output/json_scan.h"
#include "engine/output/marker.h"
#include "engine/output/text.h"

/* All zero but for `quote` before the bracket that opens the arguments. */
struct literal {
    struct marker quote; /* around strings; empty: ' or " */
    struct text open;    /* which containers are open, each as { or [ */
    struct text word;    /* what is written without quotes */
    uint8_t state;
    char closing[2]; /* (1) the quote of the string that is being read, in Python's syntax */
    bool key;
};

void literal_free(struct literal *literal);

/* Reads from text[0..bytes) and appends JSON. Sets *used to the bytes that it has read; the others must be passed
 * again, with more. JSON_DONE: the arguments end there. */
enum json_status literal_read(struct literal *literal, const char *text, size_t bytes, size_t *used, struct text *json);

#endif
