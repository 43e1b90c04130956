/* The tables in which names of functions, filters, tests and methods are looked up.
 *
 * The evaluator reaches them through the interpreter rather than by name: filters call tests, tests ask for filters,
 * and methods evaluate attributes, so references by name would tie all of these files into one cycle. */
#ifndef ENGINE_TEXT_TEMPLATE_BUILTIN_TABLES_H
#define ENGINE_TEXT_TEMPLATE_BUILTIN_TABLES_H

#include "engine/text/template/builtin.h"

struct builtin_tables {
    const struct builtin *globals;
    const struct builtin *tests;
    const struct builtin *filters, *sequence_filters;
    const struct builtin *methods[VALUE_JOINER + 1]; /* by value_kind; null: no methods */
};
extern const struct builtin_tables builtin_tables;

#endif
