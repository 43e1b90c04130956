/* `x is name(argument)`. */
#include "engine/text/template_interp.h"

#define TEST(name, condition)                                                                                          \
    static struct value *test_##name(struct interp *interp, struct value *self, const struct arguments *arguments) {   \
        (void)arguments;                                                                                               \
        return value_bool(&interp->heap, condition);                                                                   \
    }

static bool has_kind(const struct value *value, unsigned kinds) { return kinds >> value->kind & 1; }

#define KIND(kind) (1u << VALUE_##kind)

TEST(defined, self->kind != VALUE_UNDEFINED)
TEST(undefined, self->kind == VALUE_UNDEFINED)
TEST(none, self->kind == VALUE_NONE)
TEST(boolean, self->kind == VALUE_BOOL)
TEST(true, self->kind == VALUE_BOOL && self->integer)
TEST(false, self->kind == VALUE_BOOL && !self->integer)
TEST(integer, self->kind == VALUE_INT || (self->kind == VALUE_FLOAT && self->real.digits))
TEST(float, self->kind == VALUE_FLOAT && !self->real.digits)
TEST(number, value_is_number(self))
TEST(string, self->kind == VALUE_STRING)
TEST(mapping, self->kind == VALUE_DICT)
TEST(sequence, has_kind(self, KIND(STRING) | KIND(LIST) | KIND(TUPLE) | KIND(DICT) | KIND(UNDEFINED)) &&
                   !(self->flags & FLAG_GENERATOR))
TEST(iterable, has_kind(self, KIND(STRING) | KIND(LIST) | KIND(TUPLE) | KIND(DICT) | KIND(UNDEFINED) | KIND(LOOP)))
TEST(callable, has_kind(self, KIND(BUILTIN) | KIND(MACRO) | KIND(JOINER) | KIND(LOOP) | KIND(UNDEFINED)))
TEST(escaped, false && self)
TEST(in, contains(interp, arguments->at[0], self))
TEST(sameas, self == arguments->at[0] ||
                 (has_kind(self, KIND(NONE) | KIND(BOOL) | KIND(INT)) && self->kind == arguments->at[0]->kind &&
                  value_equal(&interp->heap, self, arguments->at[0])))
TEST(filter, self->kind == VALUE_STRING && filter_find(self->string.text, self->string.bytes) != NULL)
TEST(test, self->kind == VALUE_STRING && builtin_find(builtin_tests, self->string.text, self->string.bytes) != NULL)

static struct value *remainder_is(struct interp *interp, struct value *self, struct value *divisor, int64_t wanted) {
    const struct value *rest = operate(interp, '%', self, divisor);
    return rest ? value_bool(&interp->heap, value_is_number(rest) && value_number(rest) == (double)wanted) : NULL;
}

static struct value *test_odd(struct interp *interp, struct value *self, const struct arguments *arguments) {
    (void)arguments;
    return remainder_is(interp, self, value_int(&interp->heap, 2), 1);
}

static struct value *test_even(struct interp *interp, struct value *self, const struct arguments *arguments) {
    (void)arguments;
    return remainder_is(interp, self, value_int(&interp->heap, 2), 0);
}

static struct value *test_divisible(struct interp *interp, struct value *self, const struct arguments *arguments) {
    return remainder_is(interp, self, arguments->at[0], 0);
}

#define OPERATOR_TEST(name, operation)                                                                                 \
    static struct value *test_##name(struct interp *interp, struct value *self, const struct arguments *arguments) {   \
        return operate(interp, operation, self, arguments->at[0]);                                                     \
    }

OPERATOR_TEST(eq, PAIR('=', '='))
OPERATOR_TEST(ne, PAIR('!', '='))
OPERATOR_TEST(lt, '<')
OPERATOR_TEST(le, PAIR('<', '='))
OPERATOR_TEST(gt, '>')
OPERATOR_TEST(ge, PAIR('>', '='))

/* Whether there are letters and all are of that case; letters beyond ASCII are left out. */
static struct value *all_case(struct interp *interp, struct value *self, char first) {
    const struct value *string = value_string(&interp->heap, self);
    bool any = false;
    for (size_t i = 0; string && i < string->string.bytes; i++) {
        const char byte = string->string.text[i];
        const bool letter = (byte | 32) >= 'a' && (byte | 32) <= 'z';
        if (letter && (byte < first || byte >= first + 26)) {
            return value_bool(&interp->heap, false);
        }
        any |= letter;
    }
    return value_bool(&interp->heap, any);
}

static struct value *test_upper(struct interp *interp, struct value *self, const struct arguments *arguments) {
    (void)arguments;
    return all_case(interp, self, 'A');
}

static struct value *test_lower(struct interp *interp, struct value *self, const struct arguments *arguments) {
    (void)arguments;
    return all_case(interp, self, 'a');
}

const struct builtin builtin_tests[] = {
    {"defined", test_defined, ""},    {"undefined", test_undefined, ""},
    {"none", test_none, ""},          {"boolean", test_boolean, ""},
    {"true", test_true, ""},          {"false", test_false, ""},
    {"integer", test_integer, ""},    {"float", test_float, ""},
    {"number", test_number, ""},      {"string", test_string, ""},
    {"mapping", test_mapping, ""},    {"sequence", test_sequence, ""},
    {"iterable", test_iterable, ""},  {"callable", test_callable, ""},
    {"escaped", test_escaped, ""},    {"in", test_in, "seq"},
    {"sameas", test_sameas, "other"}, {"filter", test_filter, ""},
    {"test", test_test, ""},          {"odd", test_odd, ""},
    {"even", test_even, ""},          {"divisibleby", test_divisible, "num"},
    {"upper", test_upper, ""},        {"lower", test_lower, ""},
    {"eq", test_eq, "other"},         {"equalto", test_eq, "other"},
    {"==", test_eq, "other"},         {"ne", test_ne, "other"},
    {"!=", test_ne, "other"},         {"lt", test_lt, "other"},
    {"lessthan", test_lt, "other"},   {"<", test_lt, "other"},
    {"le", test_le, "other"},         {"<=", test_le, "other"},
    {"gt", test_gt, "other"},         {"greaterthan", test_gt, "other"},
    {">", test_gt, "other"},          {"ge", test_ge, "other"},
    {">=", test_ge, "other"},         {NULL, NULL, NULL},
};
