/* seeds_session <folder>: writes the seeds of fuzz_session: random calls on each model. */
#include "tests/fuzz/seeds.h"
#include "tests/fuzz/session_models.h"

#define SEEDS 8 /* for each model */

int main(int argc, char **argv) {
    if (argc != 2) {
        return 2;
    }
    uint32_t random = 1;
    for (size_t i = 0; i < SESSION_MODELS * SEEDS; i++) {
        uint8_t bytes[400] = {(uint8_t)(i % SESSION_MODELS)};
        for (size_t k = 1; k < sizeof(bytes); k++) {
            bytes[k] = seed_random(&random);
        }
        seed_write(argv[1], "calls", i, bytes, sizeof(bytes));
    }
    return 0;
}
