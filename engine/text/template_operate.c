/* Binary operators and slices. */
#include "engine/text/template_interp.h"
#include "platform/math.h"

static struct value *unsupported(struct heap *heap, unsigned operation, const struct value *a, const struct value *b) {
    char name[3] = {(char)(operation >> 8), (char)(operation & 255), 0};
    return WRONG(heap, "unsupported operand type(s) for %s: '%s' and '%s'", name[0] ? name : name + 1, value_type(a),
                 value_type(b));
}

/* Truncating division of a by b rounded down instead; b is not 0. */
static int64_t floor_divide(int64_t a, int64_t b) {
    const int64_t quotient = a / b;
    return quotient - (a % b != 0 && (a < 0) != (b < 0));
}

/* Without the compiler's check, which calls a function of 128 bits. */
static bool multiply(int64_t a, int64_t b, int64_t *product) {
    const uint64_t x = a < 0 ? 0 - (uint64_t)a : (uint64_t)a;
    const uint64_t y = b < 0 ? 0 - (uint64_t)b : (uint64_t)b;
    const bool negative = (a < 0) != (b < 0);
    if (x && y > ((uint64_t)INT64_MAX + negative) / x) {
        return false;
    }
    *product = (int64_t)(negative ? 0 - x * y : x * y);
    return true;
}

static bool integer_power(int64_t base, int64_t exponent, int64_t *result) {
    *result = 1;
    while (exponent) {
        if (exponent & 1 && !multiply(*result, base, result)) {
            return false;
        }
        exponent >>= 1;
        if (exponent && !multiply(base, base, &base)) {
            return false;
        }
    }
    return true;
}

static struct value *operate_integers(struct heap *heap, unsigned operation, int64_t a, int64_t b) {
    int64_t result = 0;
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
        good = integer_power(a, b, &result);
        break;
    default: /* // and %; the one quotient that does not fit is of -2^63 by -1 */
        good = a != INT64_MIN || b != -1;
        if (good) {
            const int64_t quotient = floor_divide(a, b);
            result = operation == '%' ? a - quotient * b : quotient;
        }
    }
    return good ? value_int(heap, result) : FAIL(heap, QN_ERR_LIMIT, "an integer that does not fit 64 bits");
}

static double power(double base, double exponent) {
    const bool whole = number_floor(exponent) == exponent;
    if (base == 0) {
        return exponent == 0 ? 1 : 0;
    }
    if (whole && exponent >= -1024 && exponent <= 1024) {
        double result = 1;
        for (int i = 0; i < (int)(exponent < 0 ? -exponent : exponent); i++) {
            result *= base;
        }
        return exponent < 0 ? 1 / result : result;
    }
    return base > 0 ? math_pow(base, exponent) : __builtin_nan("");
}

static struct value *operate_numbers(struct heap *heap, unsigned operation, const struct value *a,
                                     const struct value *b) {
    const bool divides = operation == '/' || operation == '%' || operation == PAIR('/', '/');
    const double x = value_number(a);
    const double y = value_number(b);
    if ((divides && y == 0) || (operation == PAIR('*', '*') && x == 0 && y < 0)) {
        return WRONG(heap, "division by zero");
    }
    const bool integers = a->kind != VALUE_FLOAT && b->kind != VALUE_FLOAT && operation != '/';
    if (integers && (operation != PAIR('*', '*') || b->integer >= 0)) {
        return operate_integers(heap, operation, a->integer, b->integer);
    }
    switch (operation) {
    case '+':
        return value_float(heap, x + y);
    case '-':
        return value_float(heap, x - y);
    case '*':
        return value_float(heap, x * y);
    case '/':
        return value_float(heap, x / y);
    case '%':
        return value_float(heap, x - y * number_floor(x / y));
    case PAIR('/', '/'):
        return value_float(heap, number_floor(x / y));
    default:
        return value_float(heap, power(x, y));
    }
}

static bool is_list(const struct value *value) { return value->kind == VALUE_LIST || value->kind == VALUE_TUPLE; }

static struct value *add(struct heap *heap, const struct value *a, const struct value *b) {
    if (a->kind == VALUE_STRING) {
        struct buffer buffer = {.heap = heap};
        buffer_string(&buffer, a);
        buffer_string(&buffer, b);
        return buffer_value(&buffer);
    }
    struct value *list = value_list(heap, a->kind, a->list.count + b->list.count);
    for (size_t i = 0; list && i < a->list.count + b->list.count; i++) {
        list_add(heap, list, i < a->list.count ? a->list.items[i] : b->list.items[i - a->list.count]);
    }
    return list;
}

static struct value *repeat(struct heap *heap, const struct value *value, int64_t times) {
    if (value->kind == VALUE_STRING) {
        struct buffer buffer = {.heap = heap};
        for (int64_t i = 0; i < times && value->string.bytes && heap_step(heap, 1); i++) {
            buffer_string(&buffer, value);
        }
        return buffer_value(&buffer);
    }
    struct value *list = value_list(heap, value->kind, 0);
    for (int64_t i = 0; i < times && value->list.count; i++) {
        for (size_t j = 0; j < value->list.count; j++) {
            if (!list || !heap_step(heap, 1) || !list_add(heap, list, value->list.items[j])) {
                return NULL;
            }
        }
    }
    return list;
}

bool contains(struct interp *interp, const struct value *container, const struct value *value) {
    struct heap *heap = &interp->heap;
    switch (container->kind) {
    case VALUE_UNDEFINED:
        return false;
    case VALUE_STRING:
        if (value->kind != VALUE_STRING) {
            return WRONG(heap, "'in <string>' requires string as left operand, not %s", value_type(value));
        }
        return text_find(heap, container->string.text, container->string.bytes, 0, value->string.text,
                         value->string.bytes) != SIZE_MAX;
    case VALUE_LIST:
    case VALUE_TUPLE:
        for (size_t i = 0; i < container->list.count && heap_step(heap, 1); i++) {
            if (value_equal(heap, container->list.items[i], value)) {
                return true;
            }
        }
        return false;
    case VALUE_DICT:
        if (!value_hashable(value)) {
            return WRONG(heap, "unhashable type: '%s'", value_type(value));
        }
        return dict_get(heap, container, value) != NULL;
    default:
        return WRONG(heap, "argument of type '%s' is not iterable", value_type(container));
    }
}

static struct value *compare(struct interp *interp, unsigned operation, const struct value *a, const struct value *b) {
    struct heap *heap = &interp->heap;
    switch (operation) {
    case PAIR('=', '='):
        return value_bool(heap, value_equal(heap, a, b));
    case PAIR('!', '='):
        return value_bool(heap, !value_equal(heap, a, b));
    case PAIR('i', 'n'):
        return value_bool(heap, contains(interp, b, a));
    case PAIR('n', 'i'):
        return value_bool(heap, !contains(interp, b, a));
    case '<':
        return value_bool(heap, value_compare(heap, a, b, "<") < 0);
    case '>':
        return value_bool(heap, value_compare(heap, a, b, ">") > 0);
    case PAIR('<', '='):
        return value_bool(heap, value_compare(heap, a, b, "<=") <= 0);
    case PAIR('>', '='):
        return value_bool(heap, value_compare(heap, a, b, ">=") >= 0);
    default:
        return NULL;
    }
}

struct value *operate(struct interp *interp, unsigned operation, struct value *a, struct value *b) {
    struct heap *heap = &interp->heap;
    struct value *result = compare(interp, operation, a, b);
    if (result || heap->failed) {
        return heap->failed ? NULL : result;
    }
    if (a->kind == VALUE_STRING && operation == '%') {
        return format_percent(interp, a, b);
    }
    if (a->kind == VALUE_UNDEFINED || b->kind == VALUE_UNDEFINED) {
        return fail_undefined(heap, a->kind == VALUE_UNDEFINED ? a : b);
    }
    if (value_is_number(a) && value_is_number(b)) {
        result = operate_numbers(heap, operation, a, b);
    } else if (operation == '+' && a->kind == b->kind && (a->kind == VALUE_STRING || is_list(a))) {
        return add(heap, a, b);
    } else if (operation == '*' && (a->kind == VALUE_STRING || is_list(a)) && b->kind <= VALUE_INT &&
               b->kind >= VALUE_BOOL) {
        return repeat(heap, a, b->integer);
    } else if (operation == '*' && (b->kind == VALUE_STRING || is_list(b)) && a->kind <= VALUE_INT &&
               a->kind >= VALUE_BOOL) {
        return repeat(heap, b, a->integer);
    } else {
        return unsupported(heap, operation, a, b);
    }
    if (result) {
        result->untrusted = a->untrusted | b->untrusted;
    }
    return result;
}

/* A slice's bound as an index into `length` elements, from 0 to length, or -1 to length - 1 for steps backwards. */
static int64_t bound_of(struct interp *interp, const struct value *value, int64_t length, int64_t step, bool stop) {
    const int64_t low = step < 0 ? -1 : 0;
    const int64_t high = step < 0 ? length - 1 : length;
    if (value == NULL || value->kind == VALUE_NONE) {
        return stop == (step < 0) ? low : high;
    }
    int64_t at = argument_int(interp, value, 0);
    if (at < 0) {
        at += length;
    }
    return at < low ? low : at > high ? high : at;
}

struct value *slice_of(struct interp *interp, struct value *object, struct value *const range[3]) {
    struct heap *heap = &interp->heap;
    if (object->kind == VALUE_UNDEFINED) {
        return fail_undefined(heap, object);
    }
    if (object->kind != VALUE_STRING && !is_list(object)) {
        return value_undefined(heap, "slice", 5, value_type(object));
    }
    const bool string = object->kind == VALUE_STRING;
    const int64_t length = (int64_t)(string ? string_length(object) : object->list.count);
    const int64_t step = argument_int(interp, range[2], 1);
    if (step == 0) {
        return WRONG(heap, "slice step cannot be zero");
    }
    int64_t from = bound_of(interp, range[0], length, step, false);
    const int64_t to = bound_of(interp, range[1], length, step, true);
    if (!heap_step(heap, string ? object->string.bytes / 64 : 1)) {
        return NULL;
    }
    if (string && step == 1) {
        const size_t start = string_offset(object, (size_t)from);
        struct value *rest = value_slice(heap, object, start, object->string.bytes);
        return rest ? value_slice(heap, rest, 0, string_offset(rest, from < to ? (size_t)(to - from) : 0)) : NULL;
    }
    const struct value *items = value_items(heap, object);
    struct value *list = value_list(heap, string ? VALUE_LIST : (enum value_kind)object->kind, 0);
    if (items == NULL || list == NULL) {
        return NULL;
    }
    while (step > 0 ? from < to : from > to) {
        if (!heap_step(heap, 1) || !list_add(heap, list, items->list.items[from])) {
            return NULL;
        }
        if (__builtin_add_overflow(from, step, &from)) {
            break;
        }
    }
    return string ? string_join(interp, NULL, list) : list;
}
