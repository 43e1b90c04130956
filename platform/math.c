/* exp, log, pow, sine and cosine. Each function reduces its argument, exactly or with the rounding error kept in a
 * second number, and then evaluates a Taylor series whose truncation error is below a tenth of an ulp. */
#include "platform/math.h"

#include <stdint.h>

static double f64_from_bits(uint64_t bits) {
    union {
        uint64_t u;
        double f;
    } pun = {.u = bits};
    return pun.f;
}

static uint64_t f64_bits(double x) {
    union {
        double f;
        uint64_t u;
    } pun = {.f = x};
    return pun.u;
}

static const uint64_t infinity_bits = 0x7ffull << 52;

/* x + shift has the integer nearest to x in its low bits, for |x| < 2^51. Subtracting shift again gives that integer.
 */
static const double shift = 0x1.8p52;

/* ln 2 as a sum. The first number has 42 bits, so that its product with an exponent is exact. */
static const double ln2_high = 0x1.62e42fefa38p-1;
static const double ln2_low = 0x1.ef35793c7673p-45;

/* 2^k, -1022 <= k <= 1023. */
static double power_of_2(int64_t k) { return f64_from_bits((uint64_t)(k + 1023) << 52); }

double math_exp(double x) {
    if (x != x) {
        return x;
    }
    if (x > 709.79) {
        return f64_from_bits(infinity_bits);
    }
    if (x < -745.2) {
        return 0;
    }
    /* x = k ln 2 + high - low, |high - low| <= (ln 2) / 2 */
    const double shifted = x * 0x1.71547652b82fep0 + shift;
    const double k = shifted - shift;
    const double high = x - k * ln2_high;
    const double low = k * ln2_low;
    const double r = high - low;
    /* (e^r - 1 - r) / r^2 */
    static const double terms[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800,
                                   1.0 / 362880,     1.0 / 40320,     1.0 / 5040,     1.0 / 720,
                                   1.0 / 120,        1.0 / 24,        1.0 / 6,        1.0 / 2};
    double series = 0;
    for (unsigned i = 0; i < sizeof terms / sizeof *terms; i++) {
        series = series * r + terms[i];
    }
    /* 1 + high + tail, with the rounding error of 1 + high added back */
    const double tail = r * r * series - low;
    const double sum = 1 + high;
    const double result = sum + (((1 - sum) + high) + tail);
    /* 2^k in two steps, because k may exceed the exponents of a double. */
    const int64_t exponent = (int64_t)(f64_bits(shifted) - f64_bits(shift));
    const int64_t half = exponent / 2;
    return result * power_of_2(half) * power_of_2(exponent - half);
}

double math_log(double x) {
    uint64_t bits = f64_bits(x);
    if (!(x > 0) || bits == infinity_bits) { /* outside the allowed range: as the C library */
        if (x > 0) {
            return x;
        }
        return x == 0 ? -f64_from_bits(infinity_bits) : f64_from_bits(0x7ff8ull << 48);
    }
    int64_t exponent = -1023;
    if (bits < 1ull << 52) {
        bits = f64_bits(x * 0x1p54);
        exponent -= 54;
    }
    /* x = 2^exponent (1 + f), sqrt(1/2) <= 1 + f < sqrt(2) */
    bits += (1023ull << 52) - f64_bits(0x1.6a09e667f3bcdp-1);
    exponent += (int64_t)(bits >> 52);
    const double m = f64_from_bits((bits & 0xfffffffffffffull) + f64_bits(0x1.6a09e667f3bcdp-1));
    const double f = m - 1;
    /* ln(1 + f) = 2 artanh(s) = 2 (s + s^3 / 3 + s^5 / 5 ...) with s = f / (2 + f). 2 s = f - s f, where f is exact. */
    const double s = f / (2 + f);
    const double z = s * s;
    double series = 0;
    for (int i = 23; i >= 3; i -= 2) {
        series = series * z + 2.0 / i;
    }
    series *= z;
    const double k = (double)exponent;
    /* f - f^2/2 + s (f^2/2 + series): the correction to f is half as large as s f, so its rounding error is smaller */
    const double half_square = 0.5 * f * f;
    const double correction = half_square - (s * (half_square + series) + k * ln2_low);
    return k * ln2_high - (correction - f);
}

double math_pow(double x, double y) { return math_exp(y * math_log(x)); }

void math_sincos(double x, double *sine, double *cosine) {
    /* x = k pi/2 + r, |r| <= pi/4. pi/2 is a sum whose first two numbers have at most 23 bits, so that their products
     * with k are exact. */
    const double shifted = x * 0x1.45f306dc9c883p-1 + shift;
    const double k = shifted - shift;
    const double r = ((x - k * 0x1.921fb4p0) - k * 0x1.4442dp-24) - k * 0x1.8469898cc5170p-48;
    const double z = r * r;
    static const double terms[][2] = {
        /* of sine(r) / r and cosine(r), in powers of z */
        {1.0 / 355687428096000, -1.0 / 6402373705728000},
        {-1.0 / 1307674368000, 1.0 / 20922789888000},
        {1.0 / 6227020800, -1.0 / 87178291200},
        {-1.0 / 39916800, 1.0 / 479001600},
        {1.0 / 362880, -1.0 / 3628800},
        {-1.0 / 5040, 1.0 / 40320},
        {1.0 / 120, -1.0 / 720},
        {-1.0 / 6, 1.0 / 24},
        {1.0, -1.0 / 2},
    };
    double s = 0;
    double c = 0;
    for (unsigned i = 0; i < sizeof terms / sizeof *terms; i++) {
        s = s * z + terms[i][0];
        c = c * z + terms[i][1];
    }
    s *= r;
    c = c * z + 1;
    const unsigned quarter = (unsigned)f64_bits(shifted) & 3;
    const double swapped_s = quarter & 1 ? c : s;
    const double swapped_c = quarter & 1 ? s : c;
    *sine = quarter & 2 ? -swapped_s : swapped_s;
    *cosine = (quarter + 1) & 2 ? -swapped_c : swapped_c;
}
