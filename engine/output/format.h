/* The format of a model's output.
 *
 * An output is: [reasoning_open reasoning reasoning_close] [text_open] text [text_close], with calls in the text:
 *
 *     open CALL close (separator CALL close)* end
 *
 * and a call is, by the form of the calls,
 *
 *     OBJECT    {"name_key": "NAME", "arguments_key": {ARGUMENTS}}, in JSON, in any order of the keys
 *     NAMED     {"NAME": {ARGUMENTS}}, in JSON
 *     JSON      NAME after_name {ARGUMENTS}
 *     TAGGED    NAME after_name (key_open KEY key_close VALUE value_close)*; strings are written as they are
 *     LITERAL   NAME after_name (KEY=VALUE, ...) or {KEY:VALUE, ...}, in Python's syntax or Gemma's
 *
 * Each marker but `open` may be empty. */
#ifndef ENGINE_OUTPUT_FORMAT_H
#define ENGINE_OUTPUT_FORMAT_H

#include "engine/output/marker.h"

enum call_form { CALLS_NONE, CALLS_OBJECT, CALLS_NAMED, CALLS_JSON, CALLS_TAGGED, CALLS_LITERAL };

struct output_format {
    enum call_form form;
    bool reads_tools;    /* the template shows the model its tools */
    bool parallel;       /* the template can show several calls in a turn */
    bool value_lines;    /* TAGGED: a value has lines of its own */
    bool open_at_start;  /* `open` is empty: a call can only be the start of the text */
    char bracket;        /* LITERAL: which opens the arguments */
    struct marker quote; /* LITERAL: around strings; empty in Python's syntax */
    struct marker reasoning_open, reasoning_close, text_open, text_close;
    struct marker open, close, separator, end, after_name;
    struct marker other_open, other_after; /* another way to start a call, with its after_name; usually empty */
    struct marker name_key, arguments_key;
    struct marker key_open, key_close, value_close;
};

#endif
