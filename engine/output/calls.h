/* The parts of the parser that read one call. */
#ifndef ENGINE_OUTPUT_CALLS_H
#define ENGINE_OUTPUT_CALLS_H

#include "engine/output/parser.h"

enum call_status {
    CALL_WAITS, /* more output is needed */
    CALL_GOES_ON,
    CALL_ENDS, /* the arguments are complete */
    CALL_FAILS /* this is no call */
};

/* What of the call is read next. */
enum call_part { PART_NAME, PART_AFTER_NAME, PART_ARGUMENTS, PART_OBJECT, PART_MEMBER, PART_KEY, PART_VALUE };

/* Starts with a call whose first marker has been read. */
void call_start(struct output_parser *parser, bool other);
/* Reads some of what is held; there is some. */
enum call_status call_read(struct output_parser *parser);

#endif
