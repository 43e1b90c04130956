/* seeds_gguf <folder>: writes the seeds of fuzz_gguf: a file with everything, small files with one thing each, and
 * files close to a limit. */
#include <stdio.h>

#include "tests/gguf/build.h"

static void save(struct build *b, const char *folder, const char *name) {
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s.gguf", folder, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(b->at, 1, b->n, file) != b->n || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
    build_free(b);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        return 2;
    }
    const char *folder = argv[1];
    struct build b = {0};
    put_every(&b, 3);
    save(&b, folder, "every-3");
    put_every(&b, 2);
    save(&b, folder, "every-2");
    put_header(&b, 3, 0, 0);
    save(&b, folder, "empty");
    put_header(&b, 3, 0, 1);
    put_key_u32(&b, "general.alignment", 8);
    save(&b, folder, "alignment");
    put_header(&b, 3, 0, 2);
    put_array(&b, "t", GGUF_STRING, 3), put_text(&b, "a"), put_text(&b, ""), put_text(&b, "bcd");
    put_array(&b, "s", GGUF_F32, 2), put_f32(&b, 1), put_f32(&b, 2);
    save(&b, folder, "arrays");
    put_header(&b, 3, 2, 0);
    put_tensor(&b, "a", 2, (const uint64_t[]){32, 2}, TYPE_Q8_0, 0);
    put_tensor(&b, "b", 1, (const uint64_t[]){3}, TYPE_F32, 96);
    put_data(&b, 32, 108);
    save(&b, folder, "tensors");
    put_header(&b, 3, 2, 0);
    put_tensor(&b, "a", 1, (const uint64_t[]){1ull << 62}, TYPE_I8, 0);
    put_tensor(&b, "b", 1, (const uint64_t[]){0}, TYPE_F64, 1ull << 62);
    save(&b, folder, "huge");
    put_header(&b, 3, 0, 1);
    put_array(&b, "k", GGUF_STRING, 1u << 30), put_u64(&b, 1u << 30);
    save(&b, folder, "limits");
    put_header(&b, 3, 0, 2);
    put_key(&b, "k", GGUF_U8), put_u8(&b, 0);
    put_key(&b, "k", GGUF_I8), put_u8(&b, 0);
    save(&b, folder, "twice");
    return 0;
}
