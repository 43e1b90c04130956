/* Where a call is in a rendered conversation whose names and values are known. */
#ifndef ENGINE_OUTPUT_PLACE_H
#define ENGINE_OUTPUT_PLACE_H

#include "engine/output/format.h"

/* A call's name, and the first and last of its arguments, as they are rendered. */
struct sample_call {
    const char *name, *first_key, *first_value, *last_key, *last_value;
};

/* Offsets in a text. */
struct place {
    enum call_form form;
    size_t start, end; /* of the call: of its object, or from its name to the end of its arguments */
    size_t name, name_end;
    size_t arguments;                                    /* OBJECT, NAMED, JSON */
    size_t first_key, first_value, last_key, last_value; /* TAGGED, LITERAL */
    struct marker name_key, arguments_key;               /* OBJECT */
};

/* Finds the call in text[from..]. False if it is not there, or written in a way that is not known. */
bool place_find(struct marker text, size_t from, const struct sample_call *call, struct place *place);

#endif
