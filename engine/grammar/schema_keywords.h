/* What the keywords of JSON Schema are for. */
#ifndef ENGINE_GRAMMAR_SCHEMA_KEYWORDS_H
#define ENGINE_GRAMMAR_SCHEMA_KEYWORDS_H

#include "engine/text/json/value.h"

enum keyword {
    KEYWORD_NOTE, /* no condition, or part of another keyword, or unknown */
    KEYWORD_REFUSED,
    KEYWORD_TYPE,
    KEYWORD_ENUM,
    KEYWORD_CONST,
    KEYWORD_REF,
    KEYWORD_ALL_OF,
    KEYWORD_ANY_OF,
    KEYWORD_ONE_OF,
    KEYWORD_NOT,
    KEYWORD_IF,
    KEYWORD_DEPENDENT, /* dependentRequired, dependentSchemas, and both as one in earlier drafts */
    KEYWORD_NUMBER,    /* a bound or factor */
    KEYWORD_STRING,    /* pattern, minLength, maxLength */
    KEYWORD_FORMAT,
    KEYWORD_PROPERTIES,
    KEYWORD_PATTERN_PROPERTIES,
    KEYWORD_ADDITIONAL_PROPERTIES,
    KEYWORD_PROPERTY_NAMES,
    KEYWORD_REQUIRED,
    KEYWORD_PROPERTY_COUNT, /* minProperties, maxProperties */
    KEYWORD_ITEMS,          /* also prefixItems: see schema_prefix and schema_rest */
    KEYWORD_CONTAINS,
    KEYWORD_UNIQUE_ITEMS,
    KEYWORD_ITEM_COUNT, /* minItems, maxItems */
};

enum keyword schema_keyword(const struct value *name);

#endif
