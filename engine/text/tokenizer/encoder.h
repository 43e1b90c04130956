/* What all encoding algorithms share: the vocabulary, working memory, and the tokens produced so far. */
#ifndef ENGINE_TEXT_TOKENIZER_ENCODER_H
#define ENGINE_TEXT_TOKENIZER_ENCODER_H

#include "engine/text/tokenizer/vocabulary.h"

struct encoder {
    const struct vocabulary *vocabulary;
    struct arena *scratch;
    bool guards;  /* some text is untrusted: encoding makes no special tokens */
    bool nfc;     /* normalize text to NFC, but not special tokens */
    int32_t *ids; /* (capacity) */
    size_t capacity;
    size_t count; /* of all tokens; those past the capacity are not stored */
};

void encoder_put(struct encoder *encoder, int32_t id);
/* Whether text must not be encoded as this token. */
bool encoder_bars(const struct encoder *encoder, int32_t id);

#endif
