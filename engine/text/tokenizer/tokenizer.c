/* Text to tokens: cuts the text at special tokens and encodes what lies between. */
#include "engine/text/tokenizer/tokenizer.h"

#include "engine/text/tokenizer/bpe.h"
#include "engine/text/tokenizer/special_token_split.h"
#include "engine/text/tokenizer/spm.h"
#include "engine/text/tokenizer/unigram.h"
#include "engine/text/tokenizer/wordpiece.h"
#include "engine/text/unicode/nfc.h"
#include "platform/error.h"

/* Keeps every size from wrapping and every offset within 32 bits. */
#define MAX_TEXT ((uint32_t)INT32_MAX / 8)

static bool encode(struct merger *merger, const uint8_t *text, const struct fragment *fragment, bool after_special) {
    struct encoder *e = merger->encoder;
    const struct vocabulary *v = e->vocabulary;
    if (fragment->id >= 0) {
        encoder_put(e, fragment->id);
        return true;
    }
    const uint8_t *start = text + fragment->start;
    size_t bytes = fragment->bytes;
    if (e->nfc && !nfc_normalize(&start, &bytes, e->scratch)) {
        return false;
    }
    switch (v->kind) {
    case VOCABULARY_BPE:
        return encode_bpe(merger, start, bytes);
    case VOCABULARY_SPM:
        return encode_spm(merger, start, bytes, v->add_space_prefix && after_special);
    case VOCABULARY_WPM:
        return encode_wordpiece(e, start, bytes);
    case VOCABULARY_UNIGRAM:
        return encode_unigram(e, start, bytes);
    }
    return false;
}

int64_t vocabulary_tokenize(const struct vocabulary *v, const char *text, size_t bytes, const uint8_t *untrusted,
                            uint32_t flags, int32_t *ids, size_t capacity, struct arena *scratch,
                            struct qn_error *error) {
    if (bytes > MAX_TEXT) {
        return error_set(error, QN_ERR_LIMIT, QN_NO_OFFSET,
                         "the text has %zu bytes; at most %u can be tokenized at once", bytes, MAX_TEXT);
    }
    struct encoder encoder = {.vocabulary = v,
                              .scratch = scratch,
                              .guards = untrusted != NULL,
                              .nfc = (flags & QN_NFC) != 0,
                              .ids = ids,
                              .capacity = capacity};
    struct merger merger = {.encoder = &encoder};
    bool ok;
    const struct fragment *fragment =
        special_token_split(v, (const uint8_t *)text, bytes, untrusted, (flags & QN_PARSE_SPECIAL) != 0, scratch, &ok);
    if ((flags & QN_ADD_SPECIAL) && v->add_bos && v->bos >= 0) {
        encoder_put(&encoder, v->bos);
    }
    for (bool after_special = true; ok && fragment; fragment = fragment->next) {
        ok = encode(&merger, (const uint8_t *)text, fragment, after_special);
        after_special = fragment->id >= 0;
    }
    if ((flags & QN_ADD_SPECIAL) && v->add_eos && v->last >= 0) {
        encoder_put(&encoder, v->last);
    }
    if (!ok) {
        return error_set(error, QN_ERR_MEMORY, QN_NO_OFFSET,
                         "no memory to tokenize %zu bytes of text; %zu are taken, %zu are allowed", bytes,
                         scratch->used, scratch->limit);
    }
    return (int64_t)encoder.count;
}
