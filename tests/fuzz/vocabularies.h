/* Small vocabularies for fuzz_tokenize and its seeds, with all bytes, some merges and special tokens of every type: one
 * for each distinct pre-tokenizer, and one each for SPM, WordPiece and unigram. */
#ifndef TESTS_FUZZ_VOCABULARIES_H
#define TESTS_FUZZ_VOCABULARIES_H

#include <stdbool.h>

#include "engine/text/tokenizer/vocabulary.h"
#include "tests/gguf/build.h"

#define KEY "tokenizer.ggml."

static const struct {
    const char *pre;
    bool cleans; /* detokenizing does not restore the text */
} fuzz_kinds[] = {{NULL, false},
                  {"default", true},
                  {"gpt-2", true},
                  {"trillion", false},
                  {"smollm", false},
                  {"llama-bpe", true},
                  {"jais-2", true},
                  {"minicpm5", true},
                  {"qwen2", false},
                  {"qwen35", false},
                  {"ufakzeka", false},
                  {"laguna", false},
                  {"seed-coder", false},
                  {"exaone-moe", true},
                  {"falcon", true},
                  {"tekken", false},
                  {"gpt-4o", false},
                  {"granite-embed-multi-97m", false},
                  {"tiny_aya", false},
                  {"youtu", false},
                  {"kimi-k2", false},
                  {"deepseek-llm", false},
                  {"deepseek-coder", false},
                  {"deepseek-v3", false},
                  {"spark2_5", false},
                  {"afmoe", false},
                  {"poro-chat", false},
                  {"viking", false},
                  {"superbpe", false},
                  {"chameleon", false},
                  {"bert", true},
                  {"t5", true}};
#define FUZZ_KINDS (sizeof(fuzz_kinds) / sizeof(fuzz_kinds[0]))

static inline void put_printable(struct build *b, unsigned byte) {
    uint32_t code = byte; /* as in GPT-2's bytes_to_unicode */
    if (byte <= 0x20) {
        code = 0x100 + byte;
    } else if (byte >= 0x7f && byte <= 0xa0) {
        code = 0x121 + byte - 0x7f;
    } else if (byte == 0xad) {
        code = 0x143;
    }
    put_u64(b, code < 0x80 ? 1 : 2);
    put_u8(b, code < 0x80 ? code : 0xc0 | code >> 6);
    if (code >= 0x80) {
        put_u8(b, 0x80 | (code & 0x3f));
    }
}

static const char *const fuzz_special[] = {"<s>", "</s>", "<unk>", "<|im_end|>", "<b>", "\n\n", "<|user|>", "[X]"};
static const uint8_t fuzz_types[] = {3, 3, 2, 3, 4, 4, 4, 3};
static const char *const fuzz_pieces[] = {"ab", "abc", "aa", "aaaa", "11",       "..",
                                          "th", "the", "he", "er",   "\xc3\xa9", "\xe2\x96\x81"};
static const char *const fuzz_merges[] = {"a b", "ab c", "a a", "aa aa", "1 1", ". .", "t h", "th e", "h e", "e r"};

/* A charsmap that replaces A by a. */
static inline void put_charsmap(struct build *b) {
    put_array(b, KEY "precompiled_charsmap", GGUF_U8, 4 + 4 * 0x41 + 2);
    put_u32(b, 4 * 0x41);
    for (uint32_t i = 0; i < 0x41; i++) { /* the root's base is 1, that of A is 2 */
        put_u32(b, i == 0 ? 1u << 10 : i == 0x40 ? 0x41 | 1u << 8 | (0x40u ^ 2u) << 10 : i == 2 ? 1u << 31 : 0);
    }
    put_bytes(b, "a", 2);
}

/* Writes the GGUF file of fuzz_kinds[kind]. */
static inline void put_fuzz_vocabulary(struct build *b, size_t kind) {
    const char *name = fuzz_kinds[kind].pre;
    const bool unigram = name && strcmp(name, "t5") == 0;
    const char *model = name == NULL ? "llama" : unigram || strcmp(name, "bert") == 0 ? name : "gpt2";
    const char *pre = model == name ? NULL : name;
    const size_t special = sizeof(fuzz_types);
    const size_t pieces = sizeof(fuzz_pieces) / sizeof(fuzz_pieces[0]) - (pre ? 2 : 0);
    put_header(b, 3, 0, unigram ? 6 : 5);
    put_key(b, KEY "model", GGUF_STRING), put_text(b, model);
    if (unigram) {
        put_charsmap(b);
    }
    if (pre) {
        put_key(b, KEY "pre", GGUF_STRING), put_text(b, pre);
    } else {
        put_key(b, KEY "add_space_prefix", GGUF_BOOL), put_u8(b, 0);
    }
    put_array(b, KEY "tokens", GGUF_STRING, special + 256 + pieces);
    for (size_t i = 0; i < special; i++) {
        put_text(b, fuzz_special[i]);
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        static const char hex[] = "0123456789ABCDEF";
        const char name[7] = {'<', '0', 'x', hex[byte >> 4], hex[byte & 15], '>', 0};
        if (pre) {
            put_printable(b, byte);
        } else {
            put_text(b, name);
        }
    }
    for (size_t i = 0; i < pieces; i++) {
        put_text(b, fuzz_pieces[i]);
    }
    put_array(b, KEY "token_type", GGUF_I32, special + 256 + pieces);
    for (size_t i = 0; i < special + 256 + pieces; i++) {
        put_u32(b, i < special ? fuzz_types[i] : !pre && i < special + 256 ? TOKEN_BYTE : TOKEN_NORMAL);
    }
    if (pre) {
        put_array(b, KEY "merges", GGUF_STRING, sizeof(fuzz_merges) / sizeof(fuzz_merges[0]));
        for (size_t i = 0; i < sizeof(fuzz_merges) / sizeof(fuzz_merges[0]); i++) {
            put_text(b, fuzz_merges[i]);
        }
    } else {
        put_array(b, KEY "scores", GGUF_F32, special + 256 + pieces);
        for (size_t i = 0; i < special + 256 + pieces; i++) {
            put_f32(b, (float)(i % 5) - 2);
        }
    }
}

#endif
