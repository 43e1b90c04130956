/* Binary operators, `in` and slices, as Python defines them. */
#include "engine/text/template/operators.h"

#include "engine/text/json/buffer.h"
#include "engine/text/json/number.h"
#include "engine/text/json/value_dict.h"
#include "engine/text/json/value_string.h"
#include "engine/text/template/builtin.h"
#include "engine/text/template/format_percent.h"
#include "engine/text/template/lexer.h"
#include "engine/text/template/string_functions.h"
#include "platform/math.h"

/* Multiplies with an overflow check. The compiler's builtin would call a 128-bit multiplication, which the module
 * lacks. */
static bool multiply(int64_t a, int64_t b, int64_t *product) {
    const uint64_t x = a < 0 ? 0 - (uint64_t)a : (uint64_t)a;
    const uint64_t y = b < 0 ? 0 - (uint64_t)b : (uint64_t)b;
    const bool negative = (a < 0) != (b < 0);
    *product = (int64_t)(negative ? 0 - x * y : x * y);
    return x == 0 || y <= ((uint64_t)INT64_MAX + negative) / x;
}

static struct value *operate_integers(struct sandbox *box, unsigned operation, int64_t a, int64_t b) {
    int64_t result = 1;
    bool good = true;
    switch (operation) {
    case '+':
        good = !__builtin_add_overflow(a, b, &result);
        break;
    case '-':
        good = !__builtin_sub_overflow(a, b, &result);
        break;
    case '*':
        good = multiply(a, b, &result);
        break;
    case PAIR('*', '*'):
        for (; b && good; b >>= 1) {
            good = !(b & 1) || multiply(result, a, &result);
            good &= b == 1 || multiply(a, a, &a);
        }
        break;
    default: /* // and %; the only quotient that overflows is -2^63 / -1 */
        good = a != INT64_MIN || b != -1;
        if (good) {
            const int64_t quotient = a / b - (a % b != 0 && (a < 0) != (b < 0));
            result = operation == '%' ? a - quotient * b : quotient;
        }
    }
    return good ? value_int(box, result) : sandbox_fail_limit(box, "an integer does not fit 64 bits");
}

static struct value *operate_floats(struct sandbox *box, unsigned operation, double a, double b) {
    double result = 1;
    switch (operation) {
    case '+':
        result = a + b;
        break;
    case '-':
        result = a - b;
        break;
    case '*':
        result = a * b;
        break;
    case '/':
        result = a / b;
        break;
    case '%':
        result = a - b * number_floor(a / b);
        break;
    case PAIR('/', '/'):
        result = number_floor(a / b);
        break;
    default: /* ** */
        if (number_floor(b) == b && b >= -1024 && b <= 1024) {
            for (int i = 0; i < (b < 0 ? -b : b); i++) {
                result *= a;
            }
            result = b < 0 ? 1 / result : result;
        } else {
            result = a < 0 ? __builtin_nan("") : 0;
            result = a > 0 ? math_pow(a, b) : result;
        }
    }
    return value_float(box, result);
}

static struct value *operate_numbers(struct sandbox *box, unsigned operation, const struct value *a,
                                     const struct value *b) {
    const bool power = operation == PAIR('*', '*');
    const bool divides = operation == '/' || operation == '%' || operation == PAIR('/', '/');
    const double y = value_number(b);
    if ((divides && y == 0) || (power && y < 0 && value_number(a) == 0)) {
        return sandbox_fail(box, "division by zero");
    }
    const bool integers = a->kind != VALUE_FLOAT && b->kind != VALUE_FLOAT && operation != '/';
    struct value *result = integers && !(power && y < 0) ? operate_integers(box, operation, a->integer, b->integer)
                                                         : operate_floats(box, operation, value_number(a), y);
    result->untrusted = a->untrusted | b->untrusted;
    return result;
}

static void add_items(struct sandbox *box, struct value *list, const struct value *items) {
    for (size_t i = 0, count = items->list.count; i < count && sandbox_step(box, 1); i++) {
        list_add(box, list, items->list.items[i]);
    }
}

/* a + b, or a * times if b is null. */
static struct value *join(struct sandbox *box, struct value *a, struct value *b, int64_t times) {
    struct buffer buffer;
    buffer_start(&buffer, box);
    if (a->kind == VALUE_STRING) {
        for (int64_t i = 0; i < times && a->string.bytes && sandbox_step(box, 1); i++) {
            buffer_string(&buffer, a);
        }
        if (b) {
            buffer_string(&buffer, b);
        }
        return buffer_value(&buffer);
    }
    struct value *list = value_new(box, (enum value_kind)a->kind);
    for (int64_t i = 0; i < times && a->list.count && sandbox_step(box, 1); i++) {
        add_items(box, list, a);
    }
    if (b) {
        add_items(box, list, b);
    }
    return list;
}

bool contains(struct sandbox *box, const struct value *container, const struct value *value) {
    if (container->kind == VALUE_STRING && value->kind == VALUE_STRING) {
        return text_find(box, container, 0, container->string.bytes, value, false) != SIZE_MAX;
    }
    if (container->kind == VALUE_DICT) {
        return dict_get(box, container, value) != NULL;
    }
    if (!value_is(container, LISTS | KIND(UNDEFINED))) {
        value_fail_type(box, "'in' cannot search a '%.*s' for this value", container);
    }
    for (size_t i = 0; i < container->list.count && value_is(container, LISTS) && sandbox_step(box, 1); i++) {
        if (value_equal(box, container->list.items[i], value)) {
            return true;
        }
    }
    return false;
}

struct value *operate(struct sandbox *box, unsigned operation, struct value *a, struct value *b) {
    const unsigned repeated = LISTS | KIND(STRING);
    const unsigned counts = KIND(BOOL) | KIND(INT);
    switch (operation) {
    case PAIR('=', '='):
    case PAIR('!', '='):
        return value_bool(box, value_equal(box, a, b) == (operation == PAIR('=', '=')));
    case PAIR('i', 'n'):
    case PAIR('n', 'i'):
        return value_bool(box, contains(box, b, a) == (operation == PAIR('i', 'n')));
    case '<':
        return value_bool(box, value_compare(box, a, b) < 0);
    case '>':
        return value_bool(box, value_compare(box, a, b) > 0);
    case PAIR('<', '='):
        return value_bool(box, value_compare(box, a, b) <= 0);
    case PAIR('>', '='):
        return value_bool(box, value_compare(box, a, b) >= 0);
    default:
        break;
    }
    if (a->kind == VALUE_STRING && operation == '%') {
        return format_percent(box, a, b);
    }
    if (value_is(a, NUMBERS) && value_is(b, NUMBERS)) {
        return operate_numbers(box, operation, a, b);
    }
    if (operation == '+' && a->kind == b->kind && value_is(a, repeated)) {
        return join(box, a, b, 1);
    }
    if (operation == '*' && value_is(a, repeated) && value_is(b, counts)) {
        return join(box, a, NULL, b->integer);
    }
    if (operation == '*' && value_is(b, repeated) && value_is(a, counts)) {
        return join(box, b, NULL, a->integer);
    }
    if (a->kind == VALUE_UNDEFINED || b->kind == VALUE_UNDEFINED) {
        return value_fail_undefined(box, a->kind == VALUE_UNDEFINED ? a : b);
    }
    char text[] = "unsupported operands for ?? : ";
    text[25] = (char)(operation >> 8 ? operation >> 8 : operation);
    text[26] = operation >> 8 ? (char)operation : ' ';
    if (!box->failed) {
        box->failed = true;
        error_set(box->error, QN_ERR_TEMPLATE, box->at, "%s'%s' and '%s'", text, value_type(a), value_type(b));
    }
    return &box->scrap;
}

/* Resolves a slice's bound to an index: from 0 to length, or from -1 to length - 1 if the step is negative. */
static ptrdiff_t bound_of(struct sandbox *box, const struct value *value, ptrdiff_t length, bool back, bool stop) {
    const ptrdiff_t low = back ? -1 : 0;
    const ptrdiff_t high = back ? length - 1 : length;
    if (value == NULL || value->kind == VALUE_NONE) {
        return stop == back ? low : high;
    }
    ptrdiff_t at = argument_int(box, value, 0);
    at += at < 0 ? length : 0;
    at = at < low ? low : at;
    return at > high ? high : at;
}

struct value *slice_of(struct sandbox *box, struct value *object, struct value *const range[3]) {
    const bool string = object->kind == VALUE_STRING;
    if (object->kind == VALUE_UNDEFINED) {
        return value_fail_undefined(box, object);
    }
    if (!value_is(object, LISTS | KIND(STRING))) {
        return value_undefined(box, value_name(box, "slice"), value_type(object));
    }
    const ptrdiff_t length = (ptrdiff_t)(string ? string_length(object) : object->list.count);
    const ptrdiff_t step = argument_int(box, range[2], 1);
    if (step == 0) {
        return sandbox_fail(box, "slice step cannot be zero");
    }
    ptrdiff_t from = bound_of(box, range[0], length, step < 0, false);
    const ptrdiff_t to = bound_of(box, range[1], length, step < 0, true);
    sandbox_step(box, string ? object->string.bytes / 64 : 1);
    if (string && step == 1) {
        return value_slice(box, object, string_offset(object, (size_t)from),
                           string_offset(object, (size_t)(from < to ? to : from)));
    }
    const struct value *items = value_items(box, object);
    struct value *list = value_new(box, object->kind == VALUE_TUPLE ? VALUE_TUPLE : VALUE_LIST);
    for (; (step > 0 ? from < to : from > to) && sandbox_step(box, 1);
         from += step) { /* no overflow: both are limited to about 2^30 */
        list_add(box, list, items->list.items[from]);
    }
    return string ? string_join(box, NULL, list) : list;
}
