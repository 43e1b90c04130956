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
    return 0;
}
