/* Decimal numbers as texts: comparisons become regular languages, digit by digit. */
#include "engine/grammar/decimal.h"

#include "engine/grammar/multiple.h"
#include "engine/text/json/number.h"

/* Reads digits with an optional point and exponent. */
static bool read_text(struct sandbox *box, const char *text, size_t bytes, struct decimal *decimal) {
    char *digits = sandbox_take(box, bytes ? bytes : 1, 1);
    int64_t exponent = 0;
    size_t at = 0;
    int count = 0;
    int point = 0;
    bool fraction = false;
    if (digits == NULL || bytes > 100000) {
        return false;
    }
    decimal->negative = bytes && text[0] == '-';
    for (at = decimal->negative; at < bytes && (text[at] | 32) != 'e'; at++) {
        if (text[at] == '.') {
            fraction = true;
        } else if (count || text[at] != '0') {
            digits[count++] = text[at];
            point += !fraction;
        } else {
            point -= fraction; /* a zero that follows the point at once */
        }
    }
    if (at < bytes) {
        at++;
        const bool minus = at < bytes && text[at] == '-';
        for (at += at < bytes && (text[at] == '-' || text[at] == '+'); at < bytes && exponent < 1000000; at++) {
            exponent = exponent * 10 + (text[at] - '0');
        }
        exponent = minus ? -exponent : exponent;
    }
    while (count && digits[count - 1] == '0') {
        count--;
    }
    decimal->digits = digits;
    decimal->count = count;
    decimal->point = count ? point + (int)exponent : 0;
    decimal->negative &= count != 0;
    return decimal->point <= DECIMAL_DIGITS && count - decimal->point <= DECIMAL_DIGITS;
}

bool decimal_read(struct sandbox *box, const struct value *value, struct decimal *decimal) {
    struct buffer buffer;
    *decimal = (struct decimal){.digits = ""};
    buffer_start(&buffer, box);
    if (value->kind == VALUE_INT) {
        buffer_integer(&buffer, value->integer, false);
    } else if (value->real.digits) {
        buffer_text(&buffer, value->real.number < 0 && value->real.digits[0] != '-' ? "-" : "", false);
        buffer_add(&buffer, value->real.digits, value->real.digits_bytes, false);
    } else if (number_is_finite(value->real.number)) {
        buffer_float(&buffer, value->real.number, 'r', 0, false);
    } else {
        return false;
    }
    return !box->failed && read_text(box, buffer.text, buffer.bytes, decimal);
}

bool decimal_is_integer(const struct decimal *decimal) { return decimal->count <= decimal->point; }

/* Digit i counted from the one before the point: 0 is 10^0, -1 the first behind the point. */
static uint8_t digit(const struct decimal *decimal, int place) {
    const int i = decimal->point - 1 - place;
    return (uint8_t)(i >= 0 && i < decimal->count ? decimal->digits[i] : '0');
}

/* The number of digits before the point, at least 1; behind it. */
static int whole_digits(const struct decimal *decimal) { return decimal->point > 1 ? decimal->point : 1; }
static int fraction_digits(const struct decimal *decimal) {
    return decimal->count > decimal->point ? decimal->count - decimal->point : 0;
}

/* ---- syntax ---- */

static uint32_t one(struct regular *regular, char c) { return regular_range(regular, (uint8_t)c, (uint8_t)c); }

static uint32_t some_digits(struct regular *regular, uint32_t min, uint32_t max) {
    return regular_repeat(regular, regular_range(regular, '0', '9'), min, max);
}

static uint32_t maybe(struct regular *regular, uint32_t node) { return regular_repeat(regular, node, 0, 1); }

/* An optional point with digits. */
static uint32_t any_fraction(struct regular *regular) {
    return maybe(regular, regular_cat(regular, one(regular, '.'), some_digits(regular, 1, NO_LIMIT)));
}

/* Digits, not all 0. */
static uint32_t digits_above_zero(struct regular *regular) {
    const uint32_t any = some_digits(regular, 0, NO_LIMIT);
    return regular_cat(regular, any, regular_cat(regular, regular_range(regular, '1', '9'), any));
}

static uint32_t whole(struct regular *regular) {
    const uint32_t more = regular_cat(regular, regular_range(regular, '1', '9'), some_digits(regular, 0, NO_LIMIT));
    return regular_or(regular, one(regular, '0'), more);
}

/* Numbers without a sign. */
static uint32_t unsigned_any(struct regular *regular) {
    return regular_cat(regular, whole(regular), any_fraction(regular));
}

static uint32_t with_sign(struct regular *regular, uint32_t node) {
    return regular_cat(regular, maybe(regular, one(regular, '-')), node);
}

static uint32_t minus(struct regular *regular, uint32_t node) { return regular_cat(regular, one(regular, '-'), node); }

uint32_t decimal_any(struct regular *regular) { return with_sign(regular, unsigned_any(regular)); }

uint32_t decimal_integers(struct regular *regular) { return with_sign(regular, whole(regular)); }

uint32_t decimal_fractions(struct regular *regular) {
    const uint32_t fraction = regular_cat(regular, one(regular, '.'), digits_above_zero(regular));
    return with_sign(regular, regular_cat(regular, whole(regular), fraction));
}

uint32_t decimal_json(struct regular *regular) {
    static const struct byte_set e = {{0, (uint64_t)1 << ('E' - 64) | (uint64_t)1 << ('e' - 64), 0, 0}};
    static const struct byte_set signs = {{(uint64_t)1 << '+' | (uint64_t)1 << '-', 0, 0, 0}};
    const uint32_t exponent =
        regular_cat(regular, maybe(regular, regular_set(regular, &signs)), some_digits(regular, 1, NO_LIMIT));
    return regular_cat(regular, decimal_any(regular),
                       maybe(regular, regular_cat(regular, regular_set(regular, &e), exponent)));
}

/* ---- comparison ---- */

/* The digits of the places from..to, in that order, then `node`. */
static uint32_t prefix(struct regular *regular, const struct decimal *decimal, int from, int to, uint32_t node) {
    for (int place = to; place <= from; place++) {
        node = regular_cat(regular, one(regular, (char)digit(decimal, place)), node);
    }
    return node;
}

/* A digit above that of the place, then `node`. */
static uint32_t above_digit(struct regular *regular, const struct decimal *decimal, int place, uint32_t node) {
    const uint8_t low = digit(decimal, place);
    return low == '9' ? REGULAR_EMPTY : regular_cat(regular, regular_range(regular, (uint8_t)(low + 1), '9'), node);
}

/* What may follow the digits before the point if these are the decimal's. */
static uint32_t above_fraction(struct regular *regular, const struct decimal *decimal, bool exclusive) {
    const int places = fraction_digits(decimal);
    const uint32_t any = some_digits(regular, 0, NO_LIMIT);
    if (places == 0) {
        return exclusive ? regular_cat(regular, one(regular, '.'), digits_above_zero(regular)) : any_fraction(regular);
    }
    uint32_t result = prefix(regular, decimal, -1, -places, exclusive ? digits_above_zero(regular) : any);
    for (int place = -1; place >= -places; place--) {
        result = regular_or(regular, result,
                            prefix(regular, decimal, -1, place + 1, above_digit(regular, decimal, place, any)));
    }
    return regular_cat(regular, one(regular, '.'), result);
}

/* Numbers without a sign of at least, or more than the decimal's absolute value. */
static uint32_t unsigned_above(struct regular *regular, const struct decimal *decimal, bool exclusive) {
    const int places = whole_digits(decimal);
    const uint32_t fraction = any_fraction(regular);
    const bool zero = digit(decimal, places - 1) == '0';
    /* longer, or from 1 if the decimal begins with 0 */
    const uint32_t longer =
        regular_cat(regular, regular_range(regular, '1', '9'),
                    regular_cat(regular, some_digits(regular, zero ? 0 : (uint32_t)places, NO_LIMIT), fraction));
    uint32_t result = regular_or(regular, longer,
                                 prefix(regular, decimal, places - 1, 0, above_fraction(regular, decimal, exclusive)));
    for (int place = places - 1; place >= 0 && !zero; place--) {
        const uint32_t rest = regular_cat(regular, some_digits(regular, (uint32_t)place, (uint32_t)place), fraction);
        result =
            regular_or(regular, result,
                       prefix(regular, decimal, places - 1, place + 1, above_digit(regular, decimal, place, rest)));
    }
    return result;
}

static uint32_t unsigned_below(struct regular *regular, const struct decimal *decimal, bool exclusive) {
    return regular_and(regular, unsigned_any(regular),
                       regular_not(regular, unsigned_above(regular, decimal, !exclusive)));
}

uint32_t decimal_above(struct regular *regular, const struct decimal *decimal, bool exclusive) {
    if (decimal->negative) {
        return regular_or(regular, unsigned_any(regular), minus(regular, unsigned_below(regular, decimal, exclusive)));
    }
    const uint32_t result = unsigned_above(regular, decimal, exclusive);
    const bool zero = decimal->count == 0 && !exclusive; /* -0 is at least 0 */
    return zero ? regular_or(regular, result, minus(regular, unsigned_below(regular, decimal, false))) : result;
}

uint32_t decimal_below(struct regular *regular, const struct decimal *decimal, bool exclusive) {
    if (decimal->negative || (decimal->count == 0 && exclusive)) {
        return minus(regular, unsigned_above(regular, decimal, exclusive));
    }
    return regular_or(regular, unsigned_below(regular, decimal, exclusive), minus(regular, unsigned_any(regular)));
}

static uint32_t unsigned_literal(struct regular *regular, const struct decimal *decimal, uint32_t end) {
    const int places = fraction_digits(decimal);
    uint32_t node = end;
    if (places) {
        node = regular_cat(regular, one(regular, '.'), prefix(regular, decimal, -1, -places, end));
    }
    return prefix(regular, decimal, whole_digits(decimal) - 1, 0, node);
}

uint32_t decimal_literal(struct regular *regular, const struct decimal *decimal) {
    const uint32_t node = unsigned_literal(regular, decimal, REGULAR_EPSILON);
    return decimal->negative ? minus(regular, node) : node;
}

uint32_t decimal_equal(struct regular *regular, const struct decimal *decimal) {
    uint32_t zeros = regular_repeat(regular, one(regular, '0'), 0, NO_LIMIT);
    if (fraction_digits(decimal) == 0) {
        zeros = maybe(regular,
                      regular_cat(regular, one(regular, '.'), regular_repeat(regular, one(regular, '0'), 1, NO_LIMIT)));
    }
    const uint32_t node = unsigned_literal(regular, decimal, zeros);
    if (decimal->count == 0) {
        return with_sign(regular, node);
    }
    return decimal->negative ? minus(regular, node) : node;
}

uint32_t decimal_multiples(struct regular *regular, const struct decimal *factor, bool whole) {
    int decimals = fraction_digits(factor);
    uint64_t number = 0;
    for (int place = factor->point - 1; place >= -decimals; place--) {
        number = number * 10 + (uint64_t)(digit(factor, place) - '0');
        if (number >> 31) {
            return REGULAR_EMPTY;
        }
    }
    for (; whole && decimals; decimals--) { /* an integer is a multiple of n / 10 if it is one of n / gcd(n, 10) */
        number /= number % 2 ? 1 : 2;
        number /= number % 5 ? 1 : 5;
    }
    return with_sign(regular, multiple_node(regular, (uint32_t)number, (uint32_t)decimals, whole));
}
