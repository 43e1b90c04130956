/* Random and adversarial numbers. */
#include "fill.h"

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

/* A float that is halfway between two integers or two f16, or a neighbor of one. */
static float tie(struct check *check) {
    float halfway;
    if (check_random(check) & 1) {
        halfway = (float)(check_random(check) % (check_random(check) & 1 ? 4 : 260)) + 0.5f;
    } else {
        const uint16_t f16 = (uint16_t)(check_random(check) % 0x7bff);
        halfway = 0.5f * (f16_to_f32(f16) + f16_to_f32((uint16_t)(f16 + 1)));
    }
    static const uint32_t steps[] = {1u, ~0u, 0u, 0u}; /* to the next float, to the previous one, none */
    const uint32_t step = steps[check_random(check) % 4];
    return sign(check, f32_from_bits(f32_bits(halfway) + step));
}

static float tiny(struct check *check) {
    const uint32_t bits = check_random(check);
    return bits & 0x40000000u ? sign(check, f16_to_f32((uint16_t)(bits & 0x3ff))) : f32_from_bits(bits & 0x807fffffu);
}

static float finite(struct check *check) {
    const uint32_t bits = check_random(check);
    return f32_from_bits((bits & 0x7f800000u) == 0x7f800000u ? bits ^ 0x00800000u : bits);
}

static float large(struct check *check) {
    const uint32_t bits = check_random(check);
    return bits & 8 ? f32_from_bits(0x7f7fffffu | (bits & 0x80000000u))
                    : f32_from_bits((bits & 0x80ffffffu) | 0x7e000000u);
}

/* Among them NaNs that a carry would make finite, and NaNs that losing a bit would make infinite. */
static uint32_t nan_bits(struct check *check) {
    static const uint32_t bits[] = {0x7fc00000u, 0xffc00000u, 0x7fffffffu, 0xffffffffu, 0x7f800001u, 0xff800001u};
    return bits[check_below(check, sizeof bits / sizeof *bits)];
}

static float number(struct check *check, enum fill fill) {
    const bool rarely = check_random(check) % 29 == 0;
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
    case FILL_FINITE:
        return finite(check);
    case FILL_INFINITE:
        return rarely ? sign(check, f32_from_bits(0x7f800000u)) : normal(check);
    case FILL_NAN:
        return rarely ? f32_from_bits(nan_bits(check)) : normal(check);
    default:
        return normal(check);
    }
}

void check_fill(struct check *check, float *x, size_t n, enum fill fill) {
    for (size_t i = 0; i < n; i++) {
        x[i] = number(check, fill);
    }
}

void check_fill_f16(struct check *check, uint16_t *x, size_t n, enum fill fill) {
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = check_random(check);
        switch (fill) {
        case FILL_TINY:
            x[i] = (uint16_t)(bits & 0x83ffu);
            break;
        case FILL_LARGE:
            x[i] = (uint16_t)((bits & 0x83ffu) | 0x7800u);
            break;
        case FILL_FINITE:
            x[i] = (uint16_t)((bits & 0x7c00u) == 0x7c00u ? bits ^ 0x400u : bits);
            break;
        default:
            x[i] = f32_to_f16(number(check, fill));
            break;
        }
    }
}
