/* Dicts, which keep their insertion order, and the equality and order of values. */
#ifndef ENGINE_TEXT_JSON_VALUE_DICT_H
#define ENGINE_TEXT_JSON_VALUE_DICT_H

#include "engine/text/json/sandbox.h"

/* Keys may be any hashable value: all but lists and dicts, for which these fail. */
struct value *dict_get(struct sandbox *box, const struct value *dict, const struct value *key); /* null: absent */
struct value *dict_get_text(struct sandbox *box, const struct value *dict, const char *key, size_t bytes);
/* Replaces the value of an equal key in its place; otherwise appends. */
void dict_set(struct sandbox *box, struct value *dict, struct value *key, struct value *value);
void dict_remove(struct sandbox *box, struct value *dict, const struct value *key);
/* Sets every entry of `other`. */
void dict_merge(struct sandbox *box, struct value *dict, const struct value *other);
/* A list of (key, value) tuples. */
struct value *dict_items(struct sandbox *box, const struct value *dict);

bool value_equal(struct sandbox *box, const struct value *a, const struct value *b);
/* Below, at or above 0. Fails for values that have no order in Python. */
int value_compare(struct sandbox *box, const struct value *a, const struct value *b);

#endif
