/* The table of keywords. */
#include "engine/grammar/schema_keywords.h"

enum keyword schema_keyword(const struct value *name) {
    static const struct {
        const char *name;
        enum keyword keyword;
    } keywords[] = {
        {"type", KEYWORD_TYPE},
        {"properties", KEYWORD_PROPERTIES},
        {"required", KEYWORD_REQUIRED},
        {"additionalProperties", KEYWORD_ADDITIONAL_PROPERTIES},
        {"items", KEYWORD_ITEMS},
        {"enum", KEYWORD_ENUM},
        {"const", KEYWORD_CONST},
        {"$ref", KEYWORD_REF},
        {"$dynamicRef", KEYWORD_REF},
        {"allOf", KEYWORD_ALL_OF},
        {"anyOf", KEYWORD_ANY_OF},
        {"oneOf", KEYWORD_ONE_OF},
        {"not", KEYWORD_NOT},
        {"if", KEYWORD_IF},
        {"dependentRequired", KEYWORD_DEPENDENT},
        {"dependentSchemas", KEYWORD_DEPENDENT},
        {"minimum", KEYWORD_NUMBER},
        {"maximum", KEYWORD_NUMBER},
        {"exclusiveMinimum", KEYWORD_NUMBER},
        {"exclusiveMaximum", KEYWORD_NUMBER},
        {"multipleOf", KEYWORD_NUMBER},
        {"pattern", KEYWORD_STRING},
        {"minLength", KEYWORD_STRING},
        {"maxLength", KEYWORD_STRING},
        {"format", KEYWORD_FORMAT},
        {"patternProperties", KEYWORD_PATTERN_PROPERTIES},
        {"propertyNames", KEYWORD_PROPERTY_NAMES},
        {"minProperties", KEYWORD_PROPERTY_COUNT},
        {"maxProperties", KEYWORD_PROPERTY_COUNT},
        {"prefixItems", KEYWORD_ITEMS},
        {"contains", KEYWORD_CONTAINS},
        {"uniqueItems", KEYWORD_UNIQUE_ITEMS},
        {"minItems", KEYWORD_ITEM_COUNT},
        {"maxItems", KEYWORD_ITEM_COUNT},
        {"unevaluatedProperties", KEYWORD_REFUSED},
        {"unevaluatedItems", KEYWORD_REFUSED},
        /* keywords of earlier drafts */
        {"dependencies", KEYWORD_DEPENDENT},
        {"$recursiveRef", KEYWORD_REFUSED},
        {"disallow", KEYWORD_REFUSED},
        {"extends", KEYWORD_REFUSED},
        {"divisibleBy", KEYWORD_REFUSED},
    };
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (value_is_text(name, keywords[i].name)) {
            return keywords[i].keyword;
        }
    }
    return KEYWORD_NOTE;
}
