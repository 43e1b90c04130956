/* Chat templates: an interpreter of the Jinja subset that model files use, over variables given as JSON.
 * Both the template and the JSON may be hostile: nesting, steps and memory have limits, and nothing recurses past
 * them. */
#ifndef ENGINE_TEXT_TEMPLATE_H
#define ENGINE_TEXT_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

#include "gguf/gguf.h"
#include "platform/memory.h"
#include "quern.h"

struct rendered {
    const char *text;         /* (bytes), in the arena */
    const uint8_t *untrusted; /* (bytes): 1 where the byte came from messages, tools or documents, however it was
                                 sliced, joined or replaced since; null when there is none */
    size_t bytes;
};

/* The model's tokens as texts, for the variables bos_token and eos_token where the JSON has none. */
struct template_tokens {
    struct gguf_text bos, eos; /* trusted; empty when there is none */
};

/* Renders template_text with trim_blocks and lstrip_blocks on, as Hugging Face and llama.cpp do. `json` is an object;
 * its members are the template's variables. Strings under the keys messages, tools and documents are untrusted. tokens
 * may be null. Everything is taken from the arena, whose limit bounds it. Errors: QN_ERR_TEMPLATE with the offset in
 * the template (syntax, an unknown filter, raise_exception's text), QN_ERR_ARGUMENT with the offset in the JSON,
 * QN_ERR_LIMIT, QN_ERR_MEMORY. */
int template_render(const char *template_text, size_t template_bytes, const char *json, size_t json_bytes,
                    const struct template_tokens *tokens, struct arena *arena, struct rendered *out,
                    struct qn_error *error);

#endif
