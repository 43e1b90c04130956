/* seeds_tokenize <folder>: writes the seeds of fuzz_tokenize: vocabularies as files, and a text for each built-in
 * vocabulary. */
#include <stdio.h>

#include "tests/fuzz/vocabularies.h"

static void save(struct build *b, const char *folder, const char *kind, size_t number) {
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s-%zu", folder, kind, number);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(b->at, 1, b->n, file) != b->n || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
    build_free(b);
}

/* A vocabulary of special tokens that mean something else in some families of models. */
static void save_family(const char *folder, const char *model, const char *pre, const char *name, size_t number) {
    static const char *const texts[] = {
        "<unk>",         "<s>",    "</s>",  "<|end|>", "<|call|>",     "<|return|>",     "<|tool_response>",
        "<mask>",        "[MASK]", "[CLS]", "[SEP]",   "<|channel|>",  "<|message|>",    "\n",
        "\n\n\n",        "a",      "b",     "ab",      "\xe2\x96\x81", "\xe2\x96\x81 a", "<0x0A>",
        "<|endoftext|>", "##b",    "<0xC3>"};
    enum { COUNT = sizeof(texts) / sizeof(texts[0]) };
    struct build b = {0};
    put_header(&b, 3, 0, 8 + (pre != NULL));
    put_key(&b, "general.name", GGUF_STRING), put_text(&b, name);
    put_key(&b, "general.architecture", GGUF_STRING), put_text(&b, name);
    put_key(&b, KEY "model", GGUF_STRING), put_text(&b, model);
    if (pre) {
        put_key(&b, KEY "pre", GGUF_STRING), put_text(&b, pre);
    }
    put_key_u32(&b, KEY "eos_token_id", 2), put_key_u32(&b, KEY "eot_token_id", 3);
    put_array(&b, KEY "tokens", GGUF_STRING, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        put_text(&b, texts[i]);
    }
    put_array(&b, KEY "token_type", GGUF_I32, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        put_u32(&b, texts[i][0] == '<' && texts[i][1] != '0' ? TOKEN_CONTROL : TOKEN_NORMAL);
    }
    put_array(&b, KEY "merges", GGUF_STRING, 3), put_text(&b, "a b"), put_text(&b, "a"), put_text(&b, "\xe2\x96\x81 a");
    save(&b, folder, "family", number);
}

int main(int argc, char **argv) {
    static const char text[] =
        "The abc's 'LL don't 12345 aaaa\r\n\r\n  \tHTTPServer-x/y </s><|im_end|><b>\n\n\n[X] "
        "e\xcc\x81 \xe4\xb8\xad\xe6\x96\x87\xe3\x81\x8b \xd9\xa3\xd9\xa4 \xf0\x9f\x99\x82 \xff\xc3( "
        "IMGIMGABZ<sentinel:12>  .  ,";
    if (argc != 2) {
        return 2;
    }
    for (size_t i = 0; i < FUZZ_KINDS; i++) {
        struct build b = {0};
        if (i < 2) {
            put_fuzz_vocabulary(&b, i);
            save(&b, argv[1], "file", i);
        }
        put_u8(&b, i), put_u8(&b, i), put_bytes(&b, text, sizeof(text) - 1);
        save(&b, argv[1], "text", i);
    }
    static const char *const families[][3] = {{"gpt2", "gpt-2", "Phi-3-x"},
                                              {"gemma4", "gemma4", "gemma4"},
                                              {"gpt2", "jina-v2-code", "x"},
                                              {"gpt2", "default", "modern-bert"},
                                              {"gpt2", "whitespace", "x"},
                                              {"whitespace", NULL, "x"},
                                              {"gpt2", "granite-embed-multi-311m", "x"},
                                              {"llama", NULL, "phi3"},
                                              {"gpt2", "unknown", "x"},
                                              {"unknown", NULL, "x"},
                                              {"gpt2", NULL, "x"},
                                              {"bert", NULL, "nomic-bert-moe"},
                                              {"t5", NULL, "x"},
                                              {"gpt2", "sarvam-moe", "x"}};
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        save_family(argv[1], families[i][0], families[i][1], families[i][2], i);
    }
    return 0;
}
