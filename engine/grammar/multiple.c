/* Multiples: the state is the remainder of the digits so far, and the place in the number. */
#include "engine/grammar/multiple.h"

/* What has been read of a number, in node.max; with WHOLE if no point may follow. */
enum { AT_START, AFTER_ZERO, IN_WHOLE, AFTER_POINT, IN_FRACTION, PHASES = 7, WHOLE = 8 };

/* rest: what has been read, modulo the factor. decimals: digits behind the point that still count. */
static uint32_t multiple(struct regular *regular, uint32_t rest, uint32_t factor, uint32_t decimals, uint32_t phase) {
    const unsigned at = phase & PHASES;
    uint64_t missing = rest; /* to the next multiple, in the last place that counts */
    uint64_t reach = 1;      /* digits that follow can add less than this */
    for (uint32_t i = 0; i < decimals; i++) {
        missing = missing * 10 % factor;
        reach = reach < factor ? reach * 10 : factor;
    }
    missing = (factor - missing) % factor;
    if (at >= AFTER_POINT && missing >= reach) {
        return REGULAR_EMPTY;
    }
    const bool complete = missing == 0 && at != AT_START && at != AFTER_POINT;
    return regular_intern(regular, &(struct regular_node){.kind = REGULAR_MULTIPLE,
                                                          .flags = complete ? REGULAR_NULLABLE : 0,
                                                          .a = rest,
                                                          .b = factor,
                                                          .min = decimals,
                                                          .max = phase});
}

uint32_t multiple_node(struct regular *regular, uint32_t factor, uint32_t decimals, bool whole) {
    for (unsigned byte = '0'; byte <= '9'; byte++) {
        regular_range(regular, (uint8_t)byte,
                      (uint8_t)byte); /* digits have different transitions, so they are classes of their own */
    }
    regular_range(regular, '.', '.');
    return multiple(regular, 0, factor, decimals, whole ? AT_START | WHOLE : AT_START);
}

uint32_t multiple_derive(struct regular *regular, const struct regular_node node, uint8_t byte) {
    const unsigned at = node.max & PHASES;
    if (byte == '.') {
        const bool allowed = node.max == AFTER_ZERO || node.max == IN_WHOLE;
        return allowed ? multiple(regular, node.a, node.b, node.min, AFTER_POINT) : REGULAR_EMPTY;
    }
    if (byte < '0' || byte > '9' || at == AFTER_ZERO) {
        return REGULAR_EMPTY;
    }
    const uint32_t rest = (uint32_t)(((uint64_t)node.a * 10 + (uint64_t)(byte - '0')) % node.b);
    if (at < AFTER_POINT) {
        const uint32_t phase = at == AT_START && byte == '0' ? AFTER_ZERO : IN_WHOLE;
        return multiple(regular, rest, node.b, node.min, phase | (node.max & WHOLE));
    }
    if (node.min == 0) { /* beyond the decimals that count */
        return byte == '0' ? multiple(regular, node.a, node.b, 0, IN_FRACTION) : REGULAR_EMPTY;
    }
    return multiple(regular, rest, node.b, node.min - 1, IN_FRACTION);
}
