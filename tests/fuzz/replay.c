/* Replays files through a fuzz target: fuzz_<name> <folder...>. Used to measure what the seeds cover. */
#define _POSIX_C_SOURCE 200809L /* readdir */
#include <dirent.h>
#include <stdio.h>

#include "tests/fuzz/fuzz.h"

#define MAX_INPUT ((size_t)1 << 20)

static void replay(const char *path) {
    static uint8_t bytes[MAX_INPUT];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    uint8_t *copy;
    const size_t count = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    copy = fuzz_copy(bytes, count);
    LLVMFuzzerTestOneInput(copy, count);
    free(copy);
}

int main(int argc, char **argv) {
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (folder == NULL) {
            perror(argv[i]);
            return 1;
        }
        for (const struct dirent *entry; (entry = readdir(folder));) {
            char path[4096];
            snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
            if (entry->d_name[0] != '.') {
                replay(path);
                count++;
            }
        }
        closedir(folder);
    }
    printf("%zu inputs\n", count);
    return count == 0;
}
