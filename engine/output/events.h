/* What the parts of the parser share: the events that they report. */
#ifndef ENGINE_OUTPUT_EVENTS_H
#define ENGINE_OUTPUT_EVENTS_H

#include "engine/output/parser.h"

/* Appends to the last event if it is of the same kind; calls' starts and ends are never joined. */
void event_add(struct output_parser *parser, uint32_t kind, uint32_t flags, const char *bytes, size_t count);
/* Reads `count` bytes of what is held. While a call is being read, its text is remembered. */
void held_take(struct output_parser *parser, size_t count, bool of_call);
/* The same bytes, as text of this kind without control tokens. */
void held_show(struct output_parser *parser, size_t count, uint32_t kind);
/* The definition of a tool (its `function`); null if there is none of that name. */
const struct value *tool_named(struct output_parser *parser, const struct text *name);

#endif
