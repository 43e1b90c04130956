/* SentencePiece's BPE, as llama.cpp's llm_tokenizer_spm does it. */
#include "engine/text/tokenizer/spm.h"

#include "engine/text/unicode/utf8.h"

bool encode_spm(struct merger *m, const uint8_t *text, size_t bytes, bool space_prefix) {
    static const uint8_t space[3] = {0xe2, 0x96, 0x81};
    size_t spaces = space_prefix;
    for (size_t i = 0; i < bytes; i++) {
        spaces += text[i] == ' ';
    }
    if (!merger_reserve(m, bytes + 3 * spaces, bytes + spaces)) {
        return false;
    }
    size_t all = 0;
    if (space_prefix) {
        memcpy(m->text, space, sizeof(space));
        all = sizeof(space);
    }
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == ' ') {
            memcpy(m->text + all, space, sizeof(space));
            all += sizeof(space);
        } else {
            m->text[all++] = text[i];
        }
    }
    while (m->text_bytes < all) {
        const size_t width = utf8_width(m->text[m->text_bytes]);
        const size_t left = all - m->text_bytes;
        merger_add(m, width < left ? width : left);
    }
    merger_run(m);
    merger_put_tokens(m);
    return true;
}
