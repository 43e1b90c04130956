/* Fits the messages of a chat to a template: brings them into the form that it expects, and checks that their text
 * reaches the prompt.
 *
 * Clients send messages in the format of OpenAI's API, which allows several forms. Templates differ in the forms that
 * they support: the content of a message as a text or as a list of parts, the arguments of a tool call as an object or
 * as JSON, the role developer or only system. */
#ifndef ENGINE_TEXT_TEMPLATE_MESSAGES_H
#define ENGINE_TEXT_TEMPLATE_MESSAGES_H

#include "engine/text/json/buffer.h"
#include "gguf/gguf.h"

/* The form in which a template gets the messages. */
struct message_form {
    bool arguments_as_json; /* of tool calls; otherwise they are objects */
    const uint8_t *parts;   /* (n_messages) 1: the content is a list of parts, otherwise it is a text */
};

/* A stretch of each message's text that the prompt must contain: samples[n_messages]. It is empty for a message without
 * text, and for one that templates may leave out. `messages` is a list. */
void messages_sample(struct sandbox *box, const struct value *messages, struct gguf_text *samples);

/* Sets same[i] to the first message with the role of message i: same[n_messages]. `messages` is a list. */
void messages_group(struct sandbox *box, const struct value *messages, uint32_t *same);

/* Gives the messages this form, and the role system instead of developer unless `template_text` mentions that role.
 * Other content than text is unchanged. Returns whether any tool call has arguments. */
bool messages_fit(struct sandbox *box, const struct value *messages, struct gguf_text template_text,
                  const struct message_form *form);

/* Sets missing[i] to 1 where sample i is not in the prompt, or only in its trusted text. Returns whether any is
 * missing. */
bool messages_missing(struct sandbox *box, const struct value *prompt, const struct gguf_text *samples, size_t count,
                      uint8_t *missing);

#endif
