/* Stable sorting of values. */
#ifndef ENGINE_TEXT_TEMPLATE_SORT_H
#define ENGINE_TEXT_TEMPLATE_SORT_H

#include "engine/text/json/sandbox.h"

/* Returns a new list of the items in the order of their keys, one for each item, as Python's list.sort(reverse) does.
 */
struct value *sort_values(struct sandbox *box, const struct value *items, const struct value *keys, bool reverse);

#endif
