/* engine/text/template: chat templates, in the subset of Jinja that model files use.
 *
 * The lexer splits a template into tokens (lexer.h), the parsers make a tree (node.h), and evaluate.c and execute.c
 * walk the tree. Filters, tests, methods and global functions are listed in builtin_tables.c. Input is a template and
 * its variables as JSON, both possibly hostile: the sandbox (json/sandbox.h) limits nesting, work and memory. Output is
 * text that records which bytes came from untrusted variables.
 *
 * Expressions call macros, macros execute statements, and statements evaluate expressions. The files evaluate.c,
 * execute.c and loop.c therefore call each other; no other files of this folder form a cycle.
 *
 * This folder knows nothing about tokenizers, models or sessions. */
#ifndef ENGINE_TEXT_TEMPLATE_TEMPLATE_H
#define ENGINE_TEXT_TEMPLATE_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

#include "gguf/gguf.h"
#include "platform/memory.h"
#include "quern.h"

struct rendered {
    const char *text;         /* (bytes), in the arena */
    const uint8_t *untrusted; /* (bytes) 1 where the byte came from messages, tools or documents, however it was sliced,
                                 joined or replaced since; null if no byte did */
    size_t bytes;
};

/* The model's special tokens as text, for the variables bos_token and eos_token if the JSON lacks them. */
struct template_tokens {
    struct gguf_text bos, eos; /* trusted; empty if the model has none */
};

/* A model's templates. */
struct template_texts {
    struct gguf_text usual;
    struct gguf_text with_tools; /* instead of `usual` if the variable tools is true; may be empty */
};

/* Renders a template with trim_blocks and lstrip_blocks, as Hugging Face's apply_chat_template and llama.cpp do. `json`
 * is an object; its members are the template's variables. Strings under the keys messages, tools and documents are
 * untrusted. tokens may be null. All memory comes from the arena, whose limit bounds it.
 *
 * The template gets the messages in the form that it expects: see messages.h. The forms are tried in turn until the
 * template raises no error and the prompt has the text of every message.
 *
 * Errors: QN_ERR_TEMPLATE with the offset in the template (syntax, an unknown filter, the message of raise_exception),
 * or without an offset if the text of a message is not in the prompt; QN_ERR_ARGUMENT with the offset in the JSON,
 * QN_ERR_LIMIT, QN_ERR_MEMORY. */
int template_render(const struct template_texts *texts, const char *json, size_t json_bytes,
                    const struct template_tokens *tokens, struct arena *arena, struct rendered *out,
                    struct qn_error *error);

/* The same for one template, with the messages as they are and without a check of the prompt. */
int template_render_as_is(const char *template_text, size_t template_bytes, const char *json, size_t json_bytes,
                          const struct template_tokens *tokens, struct arena *arena, struct rendered *out,
                          struct qn_error *error);

#endif
