/* $id, $anchor and $ref: which schema a reference means. Only schemas within the document are found. */
#ifndef ENGINE_GRAMMAR_SCHEMA_REFERENCES_H
#define ENGINE_GRAMMAR_SCHEMA_REFERENCES_H

#include "engine/grammar/schema_compiler.h"

/* Notes the resources and anchors of the document. Call it first. */
void references_collect(struct schema_compiler *compiler);
/* The schema that `keyword` ($ref or $dynamicRef) of a schema refers to. Null after an error: the reference is remote,
 * leads nowhere, or depends on the dynamic scope. */
const struct value *references_find(struct schema_compiler *compiler, const struct value *schema,
                                    const struct value *keyword, const struct value *reference);

#endif
