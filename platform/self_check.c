/* Startup check for miscompiled modules. It computes sums whose bits change when a compiler or host contracts a
 * multiplication and an addition into one instruction, flushes subnormals to zero, or rounds in another direction than
 * to nearest, and compares them with the bits that IEEE 754 requires. */
#include "platform/error.h"

typedef float float4 __attribute__((vector_size(16)));

union lanes {
    float4 vector;
    float floats[4];
    uint32_t bits[4];
};

/* a * b + c in each lane. Volatile, so that no compiler computes the sums in advance. */
static volatile union lanes a = {.floats = {0x1.001p0f, 0x1p-126f, 1, 1}};
static volatile union lanes b = {.floats = {0x1.001p0f, 0x1p-2f, 1, 1}};
static volatile union lanes c = {.floats = {-0x1.002p0f, 0, 0x1.8p-24f, 0x1p-24f}};
static const union lanes expected = {.floats = {0, 0x1p-128f, 0x1.000002p0f, 1}};

static volatile double d = 0x1.0000002p0;            /* its square rounds to 0x1.0000004p0 */
static volatile double above_tie = 0x1.0000010001p0; /* rounds up to 0x1.000002p0f */

/* The first lane whose sum is wrong, 4 when none is. */
static int wrong_lane(void) {
    const union lanes vector = {.vector = a.vector * b.vector + c.vector};
    int i = 0;
    for (; i < 4; i++) {
        const union lanes scalar = {.floats = {a.floats[i] * b.floats[i] + c.floats[i]}};
        if (vector.bits[i] != expected.bits[i] || scalar.bits[0] != expected.bits[i]) {
            break;
        }
    }
    return i;
}

int32_t qn_self_check(void) {
    const int lane = wrong_lane();
    const char *fault = "results are not rounded to nearest";
    if (lane == 0 || d * d - 0x1.0000004p0 != 0) {
        fault = "multiply-add is contracted; compile with -ffp-contract=off";
    } else if (lane == 1) {
        fault = "subnormal floats are flushed to zero";
    } else if (lane == 4 && (float)above_tie == 0x1.000002p0f) {
        return QN_OK;
    }
    return error_set(&last_error, QN_ERR_MISCOMPILED, QN_NO_OFFSET, "wrong arithmetic: %s", fault);
}
