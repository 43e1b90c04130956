/* seeds_json <folder>: writes the seeds of fuzz_json: JSON in each style. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/seeds.h"

static const char *const texts[] = {
    "{\"a\":1,\"b\":[true,false,null],\"\":{},\"a\":[[]],\"c\":{\"d\":\"e\"}}",
    " [ 0 , -0 , 12345678901234567890123 , -9223372036854775808 , 1.5e3 , 1E-7 , 0.1 , 5e-324 , 1.7976931348623157e308 "
    ", 1e999 , 123456789012345680000 ] ",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83e\\udd89\\ud800\\udc00\\ud800x\\udc00 \xc3\xa9 \xf0\x9f\xa6\x89 \xff '\"",
    "{\"messages\":[{\"content\":\"x\"}],\"tools\":[],\"documents\":{\"b\":1,\"a\":2}}",
    "[NaN, Infinity, -Infinity]",
    "{\"k0\":0,\"k1\":1,\"k2\":2,\"k3\":3,\"k4\":4,\"k5\":5,\"k6\":6,\"k7\":7,\"k8\":8,\"k9\":9,\"k0\":10,\"\\u006b1\":"
    "11}",
    /* malformed in one way each */
    "",
    "{\"a\" 1}",
    "{\"a\":1,}",
    "[1 2]",
    "[01]",
    "[1.]",
    "[-]",
    "\"\\x\"",
    "\"\\u12g4\"",
    "\"a\nb\"",
    "\"a",
    "tru",
    "[1] 2",
    "{1:2}",
    "{\"a",
};

int main(int argc, char **argv) {
    if (argc != 2) {
        return 2;
    }
    static const unsigned char styles[] = {0, 1, 2, 0x44, 8, 0x1f};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (size_t s = 0; s < (texts[i][0] && i < 6 ? sizeof(styles) : 2); s++) {
            unsigned char bytes[512] = {i < 6 ? styles[s] : (unsigned char)(16 * s)};
            memcpy(bytes + 1, texts[i], strlen(texts[i]));
            seed_write(argv[1], "text", i * sizeof(styles) + s, bytes, 1 + strlen(texts[i]));
        }
    }
    unsigned char nested[601] = {0};
    memset(nested + 1, '[', 600);
    seed_write(argv[1], "nested", 0, nested, sizeof(nested));
    memset(nested + 101, ']', 100);
    seed_write(argv[1], "nested", 1, nested, 201);
    return 0;
}
