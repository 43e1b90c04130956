/* Conversion of numbers from and to text. Rounding is correct because all arithmetic is done in exact big integers. */
#include "engine/text/json/number.h"

#define WORDS      88u  /* the largest integer is 5^1074 * 2^53, of 2547 bits */
#define MAX_DIGITS 800u /* a double has at most 767 significant digits */
#define MAX_READ   40u  /* significant digits that are read; further ones only count for the magnitude */

struct big {
    uint32_t word[WORDS]; /* least significant first */
    unsigned count;
};

static void multiply(struct big *big, uint32_t factor, uint32_t carry) {
    for (unsigned i = 0; i < big->count; i++) {
        const uint64_t product = (uint64_t)big->word[i] * factor + carry;
        big->word[i] = (uint32_t)product;
        carry = (uint32_t)(product >> 32);
    }
    if (carry && big->count < WORDS) {
        big->word[big->count++] = carry;
    }
}

static uint32_t divide(struct big *big, uint32_t divisor) { /* returns the remainder */
    uint64_t remainder = 0;
    for (unsigned i = big->count; i-- > 0;) {
        remainder = remainder << 32 | big->word[i];
        big->word[i] = (uint32_t)(remainder / divisor);
        remainder %= divisor;
    }
    while (big->count && big->word[big->count - 1] == 0) {
        big->count--;
    }
    return (uint32_t)remainder;
}

/* Multiplies by base^power; does nothing if power is negative. chunk is base^step, which fits a word. */
static void multiply_power(struct big *big, uint32_t base, int power, uint32_t chunk, int step) {
    for (; power >= step; power -= step) {
        multiply(big, chunk, 0);
    }
    while (power-- > 0) {
        multiply(big, base, 0);
    }
}

bool number_is_finite(double number) { return number - number == 0; }

/* A decimal number, 0.d1d2d3... * 10^point. */
struct decimal {
    int point;
    int count; /* of digits; 0 for zero */
    char digit[MAX_DIGITS];
};

/* Computes the exact digits of |number|, which is finite. */
static void expand(double number, struct decimal *decimal) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    const int field = (int)(bits >> 52 & 0x7ff);
    const uint64_t fraction = bits & (((uint64_t)1 << 52) - 1);
    const uint64_t mantissa = field ? fraction | (uint64_t)1 << 52 : fraction;
    const int exponent = (field ? field : 1) - 1075;
    struct big big = {.word = {(uint32_t)mantissa, (uint32_t)(mantissa >> 32)}, .count = 2};
    multiply_power(&big, 2, exponent, 1u << 31, 31);
    multiply_power(&big, 5, -exponent, 1220703125u, 13); /* m / 2^k = m * 5^k / 10^k */
    unsigned at = MAX_DIGITS;
    do {
        uint32_t part = divide(&big, 1000000000u);
        for (int i = 0; i < 9 && (part || big.count); i++, part /= 10) {
            decimal->digit[--at] = (char)('0' + part % 10);
        }
    } while (big.count);
    decimal->count = (int)(MAX_DIGITS - at);
    decimal->point = decimal->count + (exponent < 0 ? exponent : 0);
    memmove(decimal->digit, decimal->digit + at, MAX_DIGITS - at);
    while (decimal->count && decimal->digit[decimal->count - 1] == '0') {
        decimal->count--;
    }
    if (decimal->count == 0) {
        decimal->point = 1;
    }
}

/* Rounds to `keep` digits, halves to even, or always up. A negative keep gives zero. */
static void round_to(struct decimal *decimal, int keep, bool always_up) {
    if (decimal->count <= keep) {
        return;
    }
    bool up = false;
    if (keep >= 0) {
        const char next = decimal->digit[keep];
        const bool odd = keep && (decimal->digit[keep - 1] & 1);
        up = always_up || next > '5' || (next == '5' && (decimal->count > keep + 1 || odd));
    }
    decimal->count = keep < 0 ? 0 : keep;
    while (decimal->count && (decimal->digit[decimal->count - 1] == (up ? '9' : '0'))) {
        decimal->count--;
    }
    if (up && decimal->count) {
        decimal->digit[decimal->count - 1]++;
    } else if (up) {
        decimal->digit[decimal->count++] = '1';
        decimal->point++;
    }
}

static uint32_t bit(const struct big *big, unsigned at) { return big->word[at / 32] >> at % 32 & 1; }

/* Returns the double nearest to digits * 10^exponent, halves to even. count <= MAX_READ. */
static double compose(const char *digits, int count, int exponent) {
    struct big big = {.count = 0};
    for (int i = 0; i < count; i++) {
        multiply(&big, 10, (uint32_t)(digits[i] - '0'));
    }
    if (big.count == 0 || exponent < -380) {
        return 0;
    }
    int shift = 64;
    bool inexact = false; /* a division had a remainder */
    if (exponent < 0) {
        shift -= exponent * 10 / 3;
    }
    multiply_power(&big, 10, exponent < 310 ? exponent : 310, 1000000000u, 9);
    multiply_power(&big, 2, shift, 1u << 31, 31);
    while (exponent < 0) {
        const bool single = exponent > -9; /* digit; otherwise nine at once */
        inexact |= divide(&big, single ? 10 : 1000000000u) != 0;
        exponent += single ? 1 : 9;
    }
    const int length = 32 * (int)big.count - __builtin_clz(big.word[big.count - 1]);
    const int top = length - shift; /* the value is in [2^(top-1), 2^top) */
    const int keep = top < -1021 ? 53 + 1021 + top : 53;
    if (keep < 0) {
        return 0;
    }
    uint64_t mantissa = 0;
    int at = length;
    while (at > length - keep) {
        mantissa = mantissa << 1 | bit(&big, (unsigned)--at);
    }
    const bool half = bit(&big, (unsigned)--at);
    while (at > 0) {
        inexact |= bit(&big, (unsigned)--at);
    }
    mantissa += half && (inexact || (mantissa & 1));
    /* the mantissa's highest bit, or a carry out of it, increments the exponent field */
    const uint64_t bits = mantissa + ((uint64_t)(top - keep + 1074) << 52);
    if (bits >> 52 >= 2047) {
        return __builtin_inf();
    }
    double number;
    memcpy(&number, &bits, sizeof(number));
    return number;
}

bool number_read(const char *text, size_t bytes, double *number) {
    char digits[MAX_READ];
    unsigned count = 0;
    int exponent = 0;
    bool point = false;
    bool any = false;
    size_t at = 0;
    for (; at < bytes; at++) {
        if (text[at] == '.' && !point) {
            point = true;
            continue;
        }
        if (text[at] < '0' || text[at] > '9') {
            break;
        }
        any = true;
        const bool kept = count < MAX_READ;
        if (kept && (count || text[at] != '0')) {
            digits[count++] = text[at];
        }
        if (exponent > -100000 && exponent < 100000) {
            exponent += !kept - point;
        }
    }
    if (any && at < bytes && (text[at] | 32) == 'e') {
        at++;
        const bool negative = at < bytes && text[at] == '-';
        at += at < bytes && (text[at] == '-' || text[at] == '+');
        uint64_t written = 0;
        any = integer_read(text + at, bytes - at, 10, &written);
        const int size = written > 100000 ? 100000 : (int)written;
        exponent += negative ? -size : size;
        at = bytes;
    }
    *number = compose(digits, (int)count, exponent);
    return any && at == bytes;
}

bool integer_read(const char *text, size_t bytes, unsigned base, uint64_t *integer) {
    *integer = 0;
    for (size_t i = 0; i < bytes; i++) {
        const unsigned digit = text[i] <= '9' ? (uint8_t)text[i] - (unsigned)'0' : ((uint8_t)text[i] | 32u) - 'a' + 10;
        if (digit >= base || *integer > (UINT64_MAX - digit) / base) {
            return false;
        }
        *integer = *integer * base + digit;
    }
    return bytes != 0;
}

void buffer_integer(struct buffer *buffer, int64_t integer, bool untrusted) {
    char text[24];
    size_t at = sizeof(text);
    uint64_t remaining = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    do {
        text[--at] = (char)('0' + remaining % 10);
        remaining /= 10;
    } while (remaining);
    if (integer < 0) {
        text[--at] = '-';
    }
    buffer_add(buffer, text + at, sizeof(text) - at, untrusted);
}

static bool negative(double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    return bits >> 63;
}

/* Rounds to the fewest digits that read back as the same number. For each count it tries the nearest decimal and the
 * one above: at a power of two the spacing of doubles changes, so the one above may read back where the nearest does
 * not. */
static void shorten(double size, struct decimal *decimal) {
    const struct decimal exact = *decimal;
    for (int attempt = 2; attempt <= 35 && exact.count; attempt++) {
        *decimal = exact;
        round_to(decimal, attempt / 2, attempt % 2);
        if (compose(decimal->digit, decimal->count, decimal->point - decimal->count) == size) {
            break;
        }
    }
}

/* Appends digits [from, to) of the decimal, zeros outside of it. */
static void add_digits(struct buffer *buffer, const struct decimal *decimal, int from, int to, bool untrusted) {
    for (; from < to && from < decimal->count && !buffer->box->failed; from++) {
        buffer_put(buffer, from < 0 ? '0' : decimal->digit[from], untrusted);
    }
    buffer_fill(buffer, '0', to > from ? (size_t)(to - from) : 0, untrusted);
}

void buffer_float(struct buffer *buffer, double number, char type, size_t precision, bool untrusted) {
    if (!number_is_finite(number)) {
        buffer_text(buffer, number < 0 ? "-" : "", untrusted);
        buffer_text(buffer, number != number ? "nan" : "inf", untrusted);
        return;
    }
    struct decimal decimal;
    sandbox_step(buffer->box, 200); /* the work it may take */
    expand(number, &decimal);
    const int digits = precision < STRING_LIMIT ? (int)precision : (int)STRING_LIMIT;
    int limit = 16; /* numbers with more digits before the point get an exponent */
    switch (type) {
    case 'r':
        shorten(number < 0 ? -number : number, &decimal);
        break;
    case 'f':
        round_to(&decimal, decimal.point + digits, false);
        decimal.point = decimal.count ? decimal.point : 1;
        break;
    case 'e':
        round_to(&decimal, digits + 1, false);
        break;
    default:
        limit = digits ? digits : 1;
        round_to(&decimal, limit, false);
    }
    const bool exponent = type == 'e' || (type != 'f' && (decimal.point < -3 || decimal.point > limit));
    const int whole = exponent ? 1 : decimal.point;
    int fraction = type == 'f' || type == 'e' ? digits : decimal.count - whole;
    fraction = fraction < 0 ? 0 : fraction;
    fraction += type == 'r' && fraction == 0 && !exponent;
    buffer_text(buffer, negative(number) ? "-" : "", untrusted);
    add_digits(buffer, &decimal, whole < 1 ? whole - 1 : 0, whole, untrusted);
    if (fraction) {
        buffer_put(buffer, '.', untrusted);
        add_digits(buffer, &decimal, whole, whole + fraction, untrusted);
    }
    if (exponent) {
        const int size = decimal.point - 1;
        buffer_text(buffer, size < 0 ? "e-" : "e+", untrusted);
        buffer_text(buffer, size > -10 && size < 10 ? "0" : "", untrusted);
        buffer_integer(buffer, size < 0 ? -size : size, untrusted);
    }
}

double number_round(double number, int decimals) {
    if (!number_is_finite(number)) {
        return number;
    }
    struct decimal decimal;
    expand(number, &decimal);
    round_to(&decimal, decimal.point + decimals, false);
    const int count = decimal.count < (int)MAX_READ ? decimal.count : (int)MAX_READ;
    const double rounded = compose(decimal.digit, count, decimal.point - count);
    return negative(number) ? -rounded : rounded;
}

double number_floor(double number) { return __builtin_floor(number); }
