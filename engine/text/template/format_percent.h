/* 'text %s' % values. */
#ifndef ENGINE_TEXT_TEMPLATE_FORMAT_PERCENT_H
#define ENGINE_TEXT_TEMPLATE_FORMAT_PERCENT_H

#include "engine/text/json/sandbox.h"

/* all: a tuple of values, a dict for %(name)s, or a single value. */
struct value *format_percent(struct sandbox *box, const struct value *format, struct value *all);

#endif
