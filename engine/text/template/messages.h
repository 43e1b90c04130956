/* Fits the messages of a chat to what a template reads, and checks that their text reaches the prompt.
 *
 * Clients send messages in the shapes of OpenAI's API, and templates differ in which of them they read: a message's
 * content as a text or as a list of parts, the arguments of a tool call as an object or as JSON, the role developer or
 * only system. */
#ifndef ENGINE_TEXT_TEMPLATE_MESSAGES_H
#define ENGINE_TEXT_TEMPLATE_MESSAGES_H

#include "engine/text/json/buffer.h"
#include "gguf/gguf.h"

/* The shapes in which a template gets the messages. */
struct message_form {
    bool arguments_as_json; /* of tool calls; otherwise they are objects */
    const uint8_t *parts;   /* (n_messages) 1: the content is a list of parts, otherwise it is a text */
};

/* A stretch of each message's text that the prompt must contain: samples[n_messages]. It is empty for a message without
 * text, and for one that templates rightly leave out. `messages` is a list. */
void messages_sample(struct sandbox *box, const struct value *messages, struct gguf_text *samples);

/* Gives the messages this form, and the role system instead of developer unless `template_text` mentions that role.
 * Content other than text stays as it is. Returns whether there are arguments of tool calls. */
bool messages_fit(struct sandbox *box, const struct value *messages, struct gguf_text template_text,
                  const struct message_form *form);

/* Whether a template mentions the texts of parts. */
bool messages_may_be_parts(struct gguf_text template_text);

/* Sets missing[i] to 1 where sample i is not in the prompt, or only in its trusted text. Returns whether any is not. */
bool messages_missing(struct sandbox *box, const struct value *prompt, const struct gguf_text *samples, size_t count,
                      uint8_t *missing);

#endif
