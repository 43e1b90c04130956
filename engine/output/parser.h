/* Reads a model's output and turns it into events.
 *
 * The parser keeps only the bytes that it cannot judge yet, so its work is proportional to the length of the output.
 * Events do not depend on how the output was split. Each prefix of an output gives a prefix of its events, apart from
 * what output_end adds.
 *
 * A call begins when its name is known and its arguments have begun. Until then its text is held back: if it turns out
 * to be no call, or to call a tool that does not exist, it is text, with a flag. If the arguments turn out to be
 * malformed later, an event says so, and the whole call follows as text, with the flag. */
#ifndef ENGINE_OUTPUT_PARSER_H
#define ENGINE_OUTPUT_PARSER_H

#include "engine/output/format.h"
#include "engine/output/json_scan.h"
#include "engine/output/literal.h"
#include "engine/output/text.h"
#include "engine/text/json/sandbox.h"
#include "engine/text/json/value.h"
#include "quern.h"

struct output_event {
    uint32_t kind, flags, call;
    size_t from, bytes; /* in parser.out */
};

struct output_parser {
    const struct output_format *format;
    struct sandbox box;
    struct arena arena;
    struct qn_error error;
    const struct value *tools; /* null: every name is a tool */
    uint32_t state;            /* enum output_state, in parser.c */
    uint32_t calls;            /* begun so far, without the invalid ones */
    bool skip_white;           /* the text has not begun: white space is left out */
    bool ended_call;           /* `close` has been read */
    bool begun;                /* the call has been reported */
    bool other;                /* it was started by other_open */
    bool marked;               /* it was started by a marker */

    struct text held; /* what cannot be judged yet */
    struct text mask; /* (held.bytes) 1: of a control token, which text leaves out */
    struct text raw;  /* of the call, as the model has written it */
    struct text raw_mask;
    struct text name, key;
    struct text value;  /* TAGGED: a value that is not written as a string */
    struct text buffer; /* arguments that have been read before the call began */
    struct text open;   /* of scan: containers */

    struct json_scan scan;
    struct literal literal;
    uint32_t member;  /* OBJECT: enum member, in calls.c */
    bool is_text;     /* TAGGED: the value is a string */
    uint32_t members; /* TAGGED: arguments so far */

    struct output_event *events; /* (n_events) */
    size_t n_events, events_capacity;
    struct text out; /* the events' bytes */
    bool failed;     /* memory was refused */
};

/* Starts to read an output that follows `prompt`: if that ends within reasoning, the output begins in it. tools: a JSON
 * list as in OpenAI's API, or no bytes: then every name is taken for a tool's. The format must outlive the parser, the
 * other texts need not. Errors: those of json_read. */
int output_start(struct output_parser *parser, const struct output_format *format, struct marker prompt,
                 struct marker tools, struct qn_error *error);
/* Reads more. control: the bytes are the name of a control token. Replaces the events. QN_ERR_MEMORY. */
int output_push(struct output_parser *parser, const char *text, size_t bytes, bool control);
/* The output ends. Replaces the events. */
int output_end(struct output_parser *parser);
void output_free(struct output_parser *parser);

#endif
