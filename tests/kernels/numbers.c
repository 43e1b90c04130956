/* Random and adversarial numbers. */
#include "check.h"

#include "quant/f16.h"

/* SplitMix64. */
uint32_t check_random(struct check *check) {
    uint64_t z = check->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

size_t check_below(struct check *check, size_t bound) { return (size_t)check_random(check) % bound; }

static float normal(struct check *check) {
    float sum = 0;
    for (unsigned i = 0; i < 4; i++) {
        sum += (float)(int32_t)check_random(check) * 0x1p-31f;
    }
    return sum * 0.9f;
}

static float sign(struct check *check, float x) { return check_random(check) & 1 ? -x : x; }

/* A float next to, or at, one that lies halfway. */
static float tie(struct check *check) {
    float halfway;
    if (check_random(check) & 1) {
        halfway = (float)(check_random(check) % (check_random(check) & 1 ? 4 : 260)) + 0.5f;
    } else {
        const uint16_t half = (uint16_t)(check_random(check) % 0x7bff);
        halfway = 0.5f * (f16_to_f32(half) + f16_to_f32((uint16_t)(half + 1)));
    }
    const uint32_t aside = check_random(check) % 4;
    return sign(check, f32_from_bits(f32_bits(halfway) + (aside == 0 ? 1u : aside == 1 ? ~0u : 0u)));
}

static float tiny(struct check *check) {
    const uint32_t bits = check_random(check);
    return bits & 0x40000000u ? sign(check, f16_to_f32((uint16_t)(bits & 0x3ff))) : f32_from_bits(bits & 0x807fffffu);
}

static float wide(struct check *check) {
    const uint32_t bits = check_random(check);
    return f32_from_bits((bits & 0x7f800000u) == 0x7f800000u ? bits ^ 0x00800000u : bits);
}

static float large(struct check *check) {
    const uint32_t bits = check_random(check);
    return bits & 8 ? f32_from_bits(0x7f7fffffu | (bits & 0x80000000u))
                    : f32_from_bits((bits & 0x80ffffffu) | 0x7e000000u);
}

/* Also such as a carry would make finite, or a lost bit infinite. */
static uint32_t nan_bits(struct check *check) {
    static const uint32_t bits[] = {0x7fc00000u, 0xffc00000u, 0x7fffffffu, 0xffffffffu, 0x7f800001u, 0xff800001u};
    return bits[check_below(check, sizeof bits / sizeof *bits)];
}

static float number(struct check *check, enum fill fill) {
    const bool seldom = check_random(check) % 29 == 0;
    switch (fill) {
    case FILL_ZERO:
        return sign(check, 0.0f);
    case FILL_EQUAL:
        return sign(check, 1.5f);
    case FILL_TIES:
        return tie(check);
    case FILL_TINY:
        return tiny(check);
    case FILL_LARGE:
        return large(check);
    case FILL_WIDE:
        return wide(check);
    case FILL_INFINITE:
        return seldom ? sign(check, f32_from_bits(0x7f800000u)) : normal(check);
    case FILL_NAN:
        return seldom ? f32_from_bits(nan_bits(check)) : normal(check);
    default:
        return normal(check);
    }
}

void check_fill(struct check *check, float *x, size_t n, enum fill fill) {
    for (size_t i = 0; i < n; i++) {
        x[i] = number(check, fill);
    }
}

void check_fill_halves(struct check *check, uint16_t *x, size_t n, enum fill fill) {
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = check_random(check);
        switch (fill) {
        case FILL_TINY:
            x[i] = (uint16_t)(bits & 0x83ffu);
            break;
        case FILL_LARGE:
            x[i] = (uint16_t)((bits & 0x83ffu) | 0x7800u);
            break;
        case FILL_WIDE:
            x[i] = (uint16_t)((bits & 0x7c00u) == 0x7c00u ? bits ^ 0x400u : bits);
            break;
        default:
            x[i] = f32_to_f16(number(check, fill));
            break;
        }
    }
}
