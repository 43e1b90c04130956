/* seeds_session <folder>: writes the seeds of fuzz_session: random calls on each model, and sessions that follow a
 * grammar.
 */
#include <string.h>

#include "tests/fuzz/seeds.h"
#include "tests/fuzz/session_models.h"

#define SEEDS 8 /* for each model */

/* The numbers of calls in fuzz_session.c. After a change there, these seeds are other calls, which does no harm. */
enum { FEED = 9, STEPS = 11, REWIND = 13, SAMPLE = 15, FORK = 19, CONSTRAIN = 22, ALLOWED = 23 };

static void save_constrained(const char *folder, uint8_t model, uint8_t text, uint8_t notation) {
    const uint8_t calls[] = {
        FEED,      0, 1,  1,       3,                                               /* a token, with logits */
        STEPS,     0,                                                               /* */
        CONSTRAIN, 0, 1,  2,       3, 4,       text,   1,  notation, 0,       1, 1, /* ids, text, model, notation,
                                                                                       flags, accepts, without ids */
        ALLOWED,   0, 16,                                                           /* */
        SAMPLE,    0, 1,  STEPS,   0, ALLOWED, 0,      3,                           /* sample and feed */
        SAMPLE,    0, 1,  STEPS,   0, SAMPLE,  0,      1,  STEPS,    0,             /* */
        FORK,      0, 1,  ALLOWED, 1, 16,                                           /* to the second slot */
        REWIND,    0, 2,  ALLOWED, 0, 16,      SAMPLE, 0,  1,        STEPS,   0, FEED, 0,
        1,         1, 5,  STEPS,   0, ALLOWED, 0,      16, /* a token that need not be allowed */
        REWIND,    0, 2,  ALLOWED, 0, 16,      REWIND, 0,  0,        ALLOWED, 0, 16,
    };
    uint8_t bytes[1 + sizeof(calls)] = {model};
    memcpy(bytes + 1, calls, sizeof(calls));
    seed_write(folder, "constrained", (size_t)model * 100 + text, bytes, sizeof(bytes));
}

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
    static const uint8_t notations[] = {0, 0, 1, 1, 2, 2, 2};
    for (uint8_t model = 0; model < 3; model++) {
        for (uint8_t text = 0; text < sizeof(notations); text++) {
            save_constrained(argv[1], model, text, notations[text]);
        }
    }
    return 0;
}
