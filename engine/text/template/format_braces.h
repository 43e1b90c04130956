/* 'text {}'.format(values). */
#ifndef ENGINE_TEXT_TEMPLATE_FORMAT_BRACES_H
#define ENGINE_TEXT_TEMPLATE_FORMAT_BRACES_H

#include "engine/text/template/builtin.h"

struct value *format_braces(struct sandbox *box, const struct value *format, const struct call *call);

#endif
