/* The buffers of a case: their contents, the rounds, the comparison, and the report of a failure. */
#include "check.h"

#include "guarded_memory.h"
#include "platform/memory.h"
#include "report.h"

void check_case(struct check *check, const char *name, size_t number) {
    check->n_buffers = 0;
    check->n_numbers = 0;
    check->round = 0;
    check->used = 0;
    check->failed = false;
    check->cases++;
    check_also(check, name, number);
}

void check_also(struct check *check, const char *name, size_t number) {
    if (check->n_numbers < CHECK_NUMBERS) {
        check->names[check->n_numbers] = name;
        check->numbers[check->n_numbers++] = number;
    }
}

bool check_is(const struct check *check, const char *kernel) {
    const size_t length = strlen(kernel);
    return strlen(check->kernel) == length && memcmp(check->kernel, kernel, length) == 0;
}

/* ---- failures ---- */

static void report_case(const struct check *check) {
    report_text("FAIL ");
    report_text(check->kernel);
    report_text(" ");
    report_text(check->variant);
    report_text(":");
    for (unsigned i = 0; i < check->n_numbers; i++) {
        report_text(" ");
        report_text(check->names[i]);
        report_text(" ");
        report_number(check->numbers[i]);
    }
}

/* Counts a failure. Returns whether to report it: the first of a case, for the first few cases of a kernel. */
static bool count_failure(struct check *check) {
    if (check->failed) {
        return false;
    }
    check->failed = true;
    return check->failures++ < 3;
}

static void fail_buffer(struct check *check, unsigned buffer, size_t byte) {
    if (!count_failure(check)) {
        return;
    }
    const struct check_buffer *b = &check->buffers[buffer];
    const size_t unit = b->floats ? 4 : 1;
    byte -= byte % unit;
    report_case(check);
    report_text("; buffer ");
    report_number(buffer);
    report_text(b->floats ? ", float " : ", byte ");
    report_number(byte / unit);
    report_text(" is ");
    report_hex(b->placed + byte, unit);
    report_text(", must be ");
    report_hex(b->expected + byte, unit);
    report_text(" (round ");
    report_number(check->round - 1);
    report_text(")\n");
}

static void fail_border(struct check *check, unsigned buffer, const char *side) {
    if (count_failure(check)) {
        report_case(check);
        report_text("; wrote ");
        report_text(side);
        report_text(" buffer ");
        report_number(buffer);
        report_text("\n");
    }
}

static void fail_space(struct check *check) {
    if (count_failure(check)) {
        report_case(check);
        report_text("; the case is too large for the check\n");
    }
}

/* ---- buffers ---- */

static uint8_t *take(struct check *check, size_t bytes) {
    uint8_t *at = guarded_workspace() + check->used;
    check->used += (bytes | 63) + 1; /* so that buffers do not touch */
    return at;
}

static uint8_t *add_buffer(struct check *check, size_t bytes, bool floats) {
    if (bytes > GUARDED_BYTES - 2 * GUARDED_BORDER || check->n_buffers == CHECK_BUFFERS ||
        check->used + 2 * (bytes + 64) > GUARDED_WORKSPACE) {
        fail_space(check);
        return guarded_workspace(); /* the case does not run: see check_next_round */
    }
    struct check_buffer *b = &check->buffers[check->n_buffers++];
    b->bytes = bytes;
    b->floats = floats;
    b->expected = take(check, bytes);
    b->before = take(check, bytes);
    b->placed = NULL;
    for (size_t i = 0; i < bytes; i++) {
        b->expected[i] = (uint8_t)(0xc3 ^ (i * 7)); /* finite as floats, and different from results */
    }
    return b->expected;
}

float *check_floats(struct check *check, size_t count) {
    return (float *)(void *)add_buffer(check, count * sizeof(float), true);
}

uint16_t *check_f16s(struct check *check, size_t count) {
    return (uint16_t *)(void *)add_buffer(check, count * sizeof(uint16_t), false);
}

uint8_t *check_bytes(struct check *check, size_t bytes) { return add_buffer(check, bytes, false); }

void check_expect(struct check *check) {
    for (unsigned i = 0; i < check->n_buffers; i++) {
        const struct check_buffer *b = &check->buffers[i];
        memcpy(b->before, b->expected, b->bytes);
    }
}

void *check_at(struct check *check, const void *expected) {
    for (unsigned i = 0; i < check->n_buffers; i++) {
        const struct check_buffer *b = &check->buffers[i];
        const size_t offset = (size_t)((uintptr_t)expected - (uintptr_t)b->expected);
        if (offset <= b->bytes) {
            return b->placed + offset;
        }
    }
    return NULL;
}

/* ---- rounds ---- */

static uint8_t border_byte(size_t i) { return (uint8_t)(0x5a ^ (i * 13)); }

static void place_one(struct check_buffer *b, const struct guarded_buffer *guarded) {
    b->placed = guarded->at;
    memcpy(b->placed, b->before, b->bytes);
    for (size_t i = 0; i < guarded->before; i++) {
        *(b->placed - 1 - i) = border_byte(i);
    }
    for (size_t i = 0; i < guarded->after; i++) {
        b->placed[b->bytes + i] = border_byte(i);
    }
}

static bool is_nan(const uint8_t *bytes) {
    uint32_t bits;
    memcpy(&bits, bytes, sizeof bits);
    return (bits & 0x7fffffffu) > 0x7f800000u;
}

static void compare_one(struct check *check, unsigned index, const struct guarded_buffer *guarded) {
    const struct check_buffer *b = &check->buffers[index];
    for (size_t i = 0; i < b->bytes; i++) {
        const size_t word = i - i % 4;
        if (b->placed[i] != b->expected[i] && !(b->floats && is_nan(b->placed + word) && is_nan(b->expected + word))) {
            fail_buffer(check, index, i);
            break;
        }
    }
    for (size_t i = 0; i < guarded->before; i++) {
        if (*(b->placed - 1 - i) != border_byte(i)) {
            fail_border(check, index, "before");
        }
    }
    for (size_t i = 0; i < guarded->after; i++) {
        if (b->placed[b->bytes + i] != border_byte(i)) {
            fail_border(check, index, "after");
        }
    }
}

bool check_next_round(struct check *check) {
    if (check->round > 0) {
        for (unsigned i = 0; i < check->n_buffers; i++) {
            const struct guarded_buffer guarded = guarded_buffer(i, check->round - 1, check->buffers[i].bytes);
            compare_one(check, i, &guarded);
        }
    }
    if (check->failed || check->round == guarded_rounds(check->n_buffers)) {
        return false;
    }
    for (unsigned i = 0; i < check->n_buffers; i++) {
        const struct guarded_buffer guarded = guarded_buffer(i, check->round, check->buffers[i].bytes);
        place_one(&check->buffers[i], &guarded);
    }
    check->round++;
    return true;
}
