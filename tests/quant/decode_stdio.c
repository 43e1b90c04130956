/* decode_stdio <type number> < blocks > floats: the decoders for test_decode.py. Reads to the end of the input, at an
 * odd address, so that a decoder which needs alignment is caught by UBSan. */
#include <stdio.h>
#include <stdlib.h>

#include "quant/decode.h"

int main(int argc, char **argv) {
    const struct type_traits *type = argc == 2 ? type_traits((uint32_t)strtoul(argv[1], NULL, 10)) : NULL;
    decode_fn *const decode = type ? type_decoder((uint32_t)strtoul(argv[1], NULL, 10)) : NULL;
    if (decode == NULL) {
        fputs("no such type, or no decoder\n", stderr);
        return 2;
    }
    uint8_t *storage = malloc(1 + type->block_bytes);
    float *weights = malloc(type->block_weights * sizeof *weights);
    while (fread(storage + 1, type->block_bytes, 1, stdin) == 1) {
        decode(weights, storage + 1, type->block_weights);
        fwrite(weights, sizeof *weights, type->block_weights, stdout);
    }
    free(weights);
    free(storage);
    return 0;
}
