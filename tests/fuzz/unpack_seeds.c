/* unpack_seeds <file> <folder>: writes the seeds of a text file, one per line, as files line-1, line-2 ... In a line,
 * \\ stands for a backslash, \n for a newline and \xNN for any byte. minimize.py writes such files. */
#include <string.h>

#include "tests/fuzz/seeds.h"

#define MAX_LINE ((size_t)1 << 18)

/* Undoes the escapes in place. Returns the number of bytes. */
static size_t unescape(char *line) {
    size_t bytes = 0;
    for (const char *at = line; *at && *at != '\n'; bytes++) {
        unsigned byte = (uint8_t)*at++;
        if (byte == '\\' && *at == 'x' && sscanf(at + 1, "%2x", &byte) == 1) {
            at += 3;
        } else if (byte == '\\') {
            byte = *at == 'n' ? '\n' : '\\';
            at++;
        }
        line[bytes] = (char)byte;
    }
    return bytes;
}

int main(int argc, char **argv) {
    static char line[MAX_LINE];
    FILE *file = argc == 3 ? fopen(argv[1], "r") : NULL;
    if (file == NULL) {
        fprintf(stderr, "unpack_seeds: cannot read %s\n", argc > 1 ? argv[1] : "the file");
        return 1;
    }
    for (size_t number = 1; fgets(line, sizeof(line), file); number++) {
        seed_write(argv[2], "line", number, line, unescape(line));
    }
    return fclose(file) != 0;
}
