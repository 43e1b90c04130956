/* Numbers from text and to text: correctly rounded, by exact integers of many words. */
#include "engine/text/value.h"

#define WORDS      88u  /* 2^-1074 has 2547 bits times a power of ten */
#define MAX_DIGITS 800u /* a double has at most 767 significant ones */
#define MAX_READ   40u  /* digits that are read; the rest of a longer number cannot matter in practice */

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

static uint32_t divide(struct big *big, uint32_t divisor) { /* gives the remainder */
    uint64_t rest = 0;
    for (unsigned i = big->count; i-- > 0;) {
        rest = rest << 32 | big->word[i];
        big->word[i] = (uint32_t)(rest / divisor);
        rest %= divisor;
    }
    while (big->count && big->word[big->count - 1] == 0) {
        big->count--;
    }
    return (uint32_t)rest;
}

/* Times base^power, in steps that fit a word: chunk is base^step. */
static void multiply_power(struct big *big, uint32_t base, unsigned power, uint32_t chunk, unsigned step) {
    for (; power >= step; power -= step) {
        multiply(big, chunk, 0);
    }
    while (power--) {
        multiply(big, base, 0);
    }
}

bool number_is_finite(double number) { return number - number == 0; }

/* A decimal: 0.d1d2d3... * 10^point. */
struct decimal {
    int point;
    unsigned count; /* of digits; 0 for zero */
    char digit[MAX_DIGITS];
};

/* The exact digits of |number|, which is finite. */
static void expand(double number, struct decimal *decimal) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    const int field = (int)(bits >> 52 & 0x7ff);
    const uint64_t fraction = bits & (((uint64_t)1 << 52) - 1);
    const uint64_t mantissa = field ? fraction | (uint64_t)1 << 52 : fraction;
    const int exponent = (field ? field : 1) - 1075;
    struct big big = {.word = {(uint32_t)mantissa, (uint32_t)(mantissa >> 32)}, .count = 2};
    if (exponent >= 0) {
        multiply_power(&big, 2, (unsigned)exponent, 1u << 16, 16);
    } else { /* m / 2^k = m * 5^k / 10^k */
        multiply_power(&big, 5, (unsigned)-exponent, 1220703125u, 13);
    }
    divide(&big, 1); /* no leading zero words */
    unsigned at = MAX_DIGITS;
    while (big.count) {
        uint32_t part = divide(&big, 1000000000u);
        for (unsigned i = 0; i < 9 && at; i++, part /= 10) {
            decimal->digit[--at] = (char)('0' + part % 10);
        }
    }
    decimal->count = MAX_DIGITS - at;
    decimal->point = (int)decimal->count + (exponent < 0 ? exponent : 0);
    unsigned lead = 0;
    while (lead < decimal->count && decimal->digit[at + lead] == '0') {
        lead++;
    }
    decimal->count -= lead;
    decimal->point -= (int)lead;
    memmove(decimal->digit, decimal->digit + at + lead, decimal->count);
    while (decimal->count && decimal->digit[decimal->count - 1] == '0') {
        decimal->count--;
    }
    if (decimal->count == 0) {
        decimal->point = 1;
    }
}

/* Keeps so many digits, rounded half to even, or always up; keep < 0 is as good as none, without a carry. */
static void round_to(struct decimal *decimal, int keep, bool always_up) {
    if (keep < 0) {
        decimal->count = 0;
    }
    if (keep < 0 || decimal->count <= (unsigned)keep) {
        return;
    }
    const char next = decimal->digit[keep];
    const bool odd = keep && (decimal->digit[keep - 1] & 1);
    const bool up = always_up || next > '5' || (next == '5' && (decimal->count > (unsigned)keep + 1 || odd));
    decimal->count = (unsigned)keep;
    if (up) {
        while (decimal->count && decimal->digit[decimal->count - 1] == '9') {
            decimal->count--;
        }
        if (decimal->count) {
            decimal->digit[decimal->count - 1]++;
        } else {
            decimal->digit[decimal->count++] = '1';
            decimal->point++;
        }
    }
}

static unsigned bit_length(const struct big *big) {
    return big->count ? 32 * big->count - (unsigned)__builtin_clz(big->word[big->count - 1]) : 0;
}

static uint32_t bit(const struct big *big, unsigned at) { return big->word[at / 32] >> at % 32 & 1; }

/* digits * 10^exponent, to the nearest double, half to even. count <= MAX_READ. */
static double compose(const char *digits, unsigned count, int exponent) {
    struct big big = {.count = 0};
    for (unsigned i = 0; i < count; i++) {
        multiply(&big, 10, (uint32_t)(digits[i] - '0'));
    }
    divide(&big, 1);
    if (big.count == 0 || exponent < -380) {
        return 0;
    }
    if (exponent > 310) {
        return __builtin_inf();
    }
    unsigned shift = 64;
    bool rest = false; /* something was left below */
    if (exponent >= 0) {
        multiply_power(&big, 10, (unsigned)exponent, 1000000000u, 9);
        multiply_power(&big, 2, shift, 1u << 16, 16);
    } else {
        shift += (unsigned)-exponent * 10 / 3 + 1;
        multiply_power(&big, 2, shift, 1u << 16, 16);
        for (int i = 0; i < -exponent; i++) {
            rest |= divide(&big, 10) != 0;
        }
    }
    const unsigned length = bit_length(&big);
    const int top = (int)length - (int)shift; /* the value is in [2^(top-1), 2^top) */
    const int keep = top < -1021 ? 53 + 1021 + top : 53;
    if (keep < 0) {
        return 0;
    }
    uint64_t mantissa = 0;
    for (unsigned i = 0; i < (unsigned)keep; i++) {
        mantissa = mantissa << 1 | bit(&big, length - 1 - i);
    }
    const unsigned low = length - (unsigned)keep; /* bits below */
    const bool half = bit(&big, low - 1);
    for (unsigned i = 0; i + 1 < low && !rest; i++) {
        rest = bit(&big, i);
    }
    mantissa += half && (rest || (mantissa & 1));
    int scale = top - keep;
    if (mantissa >> 53) {
        mantissa >>= 1;
        scale++;
    }
    if (scale + 1075 >= 2047) {
        return __builtin_inf();
    }
    const uint64_t field = mantissa >> 52 ? (uint64_t)(scale + 1075) : 0;
    const uint64_t bits = field << 52 | (mantissa & (((uint64_t)1 << 52) - 1));
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
    for (; at < bytes && ((text[at] >= '0' && text[at] <= '9') || (text[at] == '.' && !point)); at++) {
        if (text[at] == '.') {
            point = true;
            continue;
        }
        any = true;
        if (count < MAX_READ) {
            if (count || text[at] != '0') {
                digits[count++] = text[at];
            }
            exponent -= point && exponent > -100000;
        } else {
            exponent += !point && exponent < 100000;
        }
    }
    if (any && at < bytes && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        const bool negative = at < bytes && text[at] == '-';
        at += at < bytes && (text[at] == '-' || text[at] == '+');
        int written = 0;
        any = false;
        for (; at < bytes && text[at] >= '0' && text[at] <= '9'; at++) {
            any = true;
            written = written < 100000 ? written * 10 + (text[at] - '0') : written;
        }
        exponent += negative ? -written : written;
    }
    *number = compose(digits, count, exponent);
    return any && at == bytes;
}

bool integer_read(const char *text, size_t bytes, unsigned base, uint64_t *integer) {
    *integer = 0;
    for (size_t i = 0; i < bytes; i++) {
        const unsigned low = (uint8_t)text[i] | 32u;
        const unsigned digit = text[i] <= '9' ? (uint8_t)text[i] - (unsigned)'0' : low - 'a' + 10;
        if (digit >= base || *integer > (UINT64_MAX - digit) / base) {
            return false;
        }
        *integer = *integer * base + digit;
    }
    return bytes != 0;
}

size_t integer_print(int64_t integer, char out[NUMBER_TEXT]) {
    char digits[NUMBER_TEXT];
    size_t count = 0;
    size_t bytes = 0;
    uint64_t rest = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    do {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (integer < 0) {
        out[bytes++] = '-';
    }
    while (count) {
        out[bytes++] = digits[--count];
    }
    return bytes;
}

static bool negative(double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    return bits >> 63;
}

/* Text of what is not finite; 0 when it is. */
static size_t print_special(double number, char out[NUMBER_TEXT]) {
    const char *text = number > 0 ? "inf" : number < 0 ? "-inf" : "nan";
    if (number_is_finite(number)) {
        return 0;
    }
    memcpy(out, text, strlen(text));
    return strlen(text);
}

static size_t print_exponent(int exponent, char letter, char out[NUMBER_TEXT]) {
    size_t bytes = 0;
    out[bytes++] = letter;
    out[bytes++] = exponent < 0 ? '-' : '+';
    const int size = exponent < 0 ? -exponent : exponent;
    if (size < 10) {
        out[bytes++] = '0';
    }
    return bytes + integer_print(size, out + bytes);
}

size_t number_print(double number, char out[NUMBER_TEXT]) {
    size_t bytes = print_special(number, out);
    if (bytes) {
        return bytes;
    }
    struct decimal exact;
    expand(number, &exact);
    struct decimal shortest = exact;
    const double size = number < 0 ? -number : number;
    /* The fewest digits that read back as the same number. Above a power of two numbers are farther apart than below,
     * so that the next digits up may do where the nearest do not. */
    for (int attempt = 2; attempt <= 35 && exact.count; attempt++) {
        shortest = exact;
        round_to(&shortest, attempt / 2, attempt % 2);
        if (compose(shortest.digit, shortest.count, shortest.point - (int)shortest.count) == size) {
            break;
        }
    }
    if (negative(number)) {
        out[bytes++] = '-';
    }
    const int point = shortest.point;
    const bool exponent = point < -3 || point > 16;
    const int whole = exponent ? 1 : point; /* digits before the point */
    if (whole <= 0) {
        out[bytes++] = '0';
        out[bytes++] = '.';
        for (int i = whole; i < 0; i++) {
            out[bytes++] = '0';
        }
    }
    for (int i = 0; i < (int)shortest.count || i < whole; i++) {
        if (i == whole && whole > 0) {
            out[bytes++] = '.';
        }
        out[bytes++] = i < (int)shortest.count ? shortest.digit[i] : '0';
    }
    if (!exponent && (int)shortest.count <= whole) {
        out[bytes++] = '.';
        out[bytes++] = '0';
    }
    return exponent ? bytes + print_exponent(point - 1, 'e', out + bytes) : bytes;
}

/* Digits from..to of the decimal, zeros where it has none. */
static void add_digits(struct buffer *buffer, const struct decimal *decimal, int from, int to, bool untrusted) {
    if (from < 0) {
        const int end = to < 0 ? to : 0;
        buffer_fill(buffer, '0', (size_t)(end > from ? end - from : 0), untrusted);
        from = 0;
    }
    const int have = to < (int)decimal->count ? to : (int)decimal->count;
    if (from < have) {
        buffer_add(buffer, decimal->digit + from, (size_t)(have - from), untrusted);
        from = have;
    }
    buffer_fill(buffer, '0', (size_t)(to > from ? to - from : 0), untrusted);
}

static bool add_special(struct buffer *buffer, double number, bool untrusted) {
    char text[NUMBER_TEXT];
    const size_t bytes = print_special(number, text);
    buffer_add(buffer, text, bytes, untrusted);
    if (bytes == 0) {
        buffer_text(buffer, negative(number) ? "-" : "", untrusted);
    }
    return bytes != 0;
}

#define DECIMALS(n) ((n) < STRING_LIMIT ? (int)(n) : (int)STRING_LIMIT)

void buffer_fixed(struct buffer *buffer, double number, size_t decimals, bool untrusted) {
    if (add_special(buffer, number, untrusted)) {
        return;
    }
    struct decimal decimal;
    expand(number, &decimal);
    round_to(&decimal, decimal.point + DECIMALS(decimals), false);
    if (decimal.count == 0) {
        decimal.point = 1; /* a plain 0 */
    }
    add_digits(buffer, &decimal, decimal.point < 1 ? decimal.point - 1 : 0, decimal.point, untrusted);
    if (decimals) {
        buffer_text(buffer, ".", untrusted);
        add_digits(buffer, &decimal, decimal.point, decimal.point + DECIMALS(decimals), untrusted);
    }
}

void buffer_exponent(struct buffer *buffer, double number, size_t decimals, char letter, bool untrusted) {
    if (add_special(buffer, number, untrusted)) {
        return;
    }
    struct decimal decimal;
    expand(number, &decimal);
    round_to(&decimal, DECIMALS(decimals) + 1, false);
    add_digits(buffer, &decimal, 0, 1, untrusted);
    if (decimals) {
        buffer_text(buffer, ".", untrusted);
        add_digits(buffer, &decimal, 1, DECIMALS(decimals) + 1, untrusted);
    }
    char text[NUMBER_TEXT];
    buffer_add(buffer, text, print_exponent(decimal.point - 1, letter, text), untrusted);
}

void buffer_general(struct buffer *buffer, double number, size_t precision, bool untrusted) {
    if (add_special(buffer, number, untrusted)) {
        return;
    }
    const int digits = precision ? DECIMALS(precision) : 1;
    struct decimal decimal;
    expand(number, &decimal);
    round_to(&decimal, digits, false);
    while (decimal.count && decimal.digit[decimal.count - 1] == '0') {
        decimal.count--;
    }
    const bool exponent = decimal.point < -3 || decimal.point > digits;
    const int whole = exponent ? 1 : decimal.point;
    add_digits(buffer, &decimal, whole < 1 ? whole - 1 : 0, whole, untrusted);
    if ((int)decimal.count > whole) {
        buffer_text(buffer, ".", untrusted);
        add_digits(buffer, &decimal, whole, (int)decimal.count, untrusted);
    }
    if (exponent) {
        char text[NUMBER_TEXT];
        buffer_add(buffer, text, print_exponent(decimal.point - 1, 'e', text), untrusted);
    }
}

double number_round(double number, int decimals) {
    if (!number_is_finite(number) || decimals > 400) {
        return number;
    }
    struct decimal decimal;
    expand(number, &decimal);
    round_to(&decimal, decimals < -400 ? -1 : decimal.point + decimals, false);
    const unsigned count = decimal.count < MAX_READ ? decimal.count : MAX_READ;
    const double rounded = compose(decimal.digit, count, decimal.point - (int)count);
    return negative(number) ? -rounded : rounded;
}

double number_floor(double number) {
    if (!(number < 4503599627370496.0 && number > -4503599627370496.0)) {
        return number; /* whole, or not finite */
    }
    const double whole = (double)(int64_t)number;
    return whole > number ? whole - 1 : whole;
}
