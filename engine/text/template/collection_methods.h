/* Methods of lists and dicts. */
#ifndef ENGINE_TEXT_TEMPLATE_COLLECTION_METHODS_H
#define ENGINE_TEXT_TEMPLATE_COLLECTION_METHODS_H

#include "engine/text/template/builtin.h"

extern const struct builtin builtin_list_methods[], builtin_dict_methods[];

#endif
