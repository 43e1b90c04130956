/* seeds_builtins <folder>: writes the seeds of fuzz_builtins: random choices. */
#include "tests/fuzz/seeds.h"

#define SEEDS 120

int main(int argc, char **argv) {
    if (argc != 2) {
        return 2;
    }
    uint32_t random = 1;
    for (size_t i = 0; i < SEEDS; i++) {
        uint8_t bytes[200];
        for (size_t k = 0; k < sizeof(bytes); k++) {
            bytes[k] = seed_random(&random);
        }
        seed_write(argv[1], "choices", i, bytes, sizeof(bytes));
    }
    return 0;
}
