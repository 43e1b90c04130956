/* All tables of built-in functions. */
#include "engine/text/template/builtin_tables.h"

#include "engine/text/template/collection_methods.h"
#include "engine/text/template/filters.h"
#include "engine/text/template/globals.h"
#include "engine/text/template/loop.h"
#include "engine/text/template/sequence_filters.h"
#include "engine/text/template/string_methods.h"
#include "engine/text/template/tests.h"

const struct builtin_tables builtin_tables = {
    .globals = builtin_globals,
    .tests = builtin_tests,
    .filters = builtin_filters,
    .sequence_filters = builtin_sequence_filters,
    .methods = {[VALUE_STRING] = builtin_string_methods,
                [VALUE_LIST] = builtin_list_methods,
                [VALUE_DICT] = builtin_dict_methods,
                [VALUE_LOOP] = builtin_loop_methods,
                [VALUE_CYCLER] = builtin_cycler_methods},
};
