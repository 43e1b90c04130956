/* The decoders as a program, for test_decode.py:
 *   decode_stdio                         lists the types: number, name, weights and bytes of a block, "decoder" or "-"
 *   decode_stdio NUMBER < blocks > floats   decodes blocks of one type
 * Blocks are read to an odd address, so that UBSan reports a decoder that needs alignment. */
#include <stdio.h>
#include <stdlib.h>

#include "quant/decode.h"

static void list_types(void) {
    for (uint32_t number = 0; number < TYPE_COUNT; number++) {
        const struct type_traits *type = type_traits(number);
        if (type != NULL) {
            printf("%u %s %u %u %s\n", number, type->name, type->block_weights, type->block_bytes,
                   type_decoder(number) ? "decoder" : "-");
        }
    }
}

static int decode_blocks(uint32_t number) {
    const struct type_traits *type = type_traits(number);
    decode_fn *const decode = type_decoder(number);
    if (type == NULL || decode == NULL) {
        fputs("decode_stdio: no such type, or it has no decoder\n", stderr);
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

int main(int argc, char **argv) {
    if (argc == 1) {
        list_types();
        return 0;
    }
    return decode_blocks((uint32_t)strtoul(argv[1], NULL, 10));
}
