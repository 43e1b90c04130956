/* Finds the format of a model's output by rendering its chat template. */
#ifndef ENGINE_OUTPUT_PROBE_H
#define ENGINE_OUTPUT_PROBE_H

#include "engine/output/format.h"
#include "engine/text/template/template.h"

/* Sets *format; its markers are in the arena or in the templates. A template that fails in some of the conversations
 * gives a format without what these would have shown. False if memory is refused. */
bool probe_format(const struct template_texts *texts, const struct template_tokens *tokens, struct arena *arena,
                  struct output_format *format);

#endif
