/* `x is name(argument)`. */
#include "engine/text/template/tests.h"

#include "engine/text/json/value_dict.h"
#include "engine/text/json/value_print.h"
#include "engine/text/template/builtin_lookup.h"
#include "engine/text/template/lexer.h"
#include "engine/text/template/operators.h"

#define TEST(name)                                                                                                     \
    static struct value *test_##name(struct sandbox *box, struct value *self, const struct arguments *arguments)

/* The variant is a set of kinds. */
TEST(kind) { return value_bool(box, value_is(self, arguments->variant)); }

TEST(bool) { return value_bool(box, self->kind == VALUE_BOOL && self->integer == (int)arguments->variant); }

TEST(integer) { /* a float with digits is an integer does not fit 64 bits */
    const bool integer = self->kind == VALUE_INT || (self->kind == VALUE_FLOAT && self->real.digits);
    return value_bool(box, value_is(self, KIND(INT) | KIND(FLOAT)) && integer == (arguments->variant == VALUE_INT));
}

TEST(sequence) {
    return value_bool(box, value_is(self, arguments->variant) &&
                               !(self->kind == VALUE_LIST && self->flags & FLAG_GENERATOR));
}

TEST(escaped) {
    (void)arguments;
    return value_bool(box, self->kind == VALUE_STRING && self->flags & FLAG_SAFE);
}

TEST(in) { return value_bool(box, contains(box, arguments->at[0], self)); }

TEST(sameas) {
    const struct value *other = arguments->at[0];
    const unsigned single = KIND(NONE) | KIND(BOOL) | KIND(INT);
    return value_bool(box, self == other ||
                               (self->kind == other->kind && value_is(self, single) && value_equal(box, self, other)));
}

TEST(known) { /* 'name' is filter; 'name' is test is variant 1 */
    const char *name = self->string.text;
    const size_t bytes = self->string.bytes;
    return value_bool(box, self->kind == VALUE_STRING &&
                               ((arguments->variant ? test_find : filter_find)(box, name, bytes) != NULL));
}

TEST(remainder) {
    struct value *divisor = arguments->variant < 2 ? value_int(box, 2) : arguments->at[0];
    struct value *wanted = value_int(box, arguments->variant == 1);
    return value_bool(box, value_equal(box, operate(box, '%', self, divisor), wanted));
}

TEST(operator) { return operate(box, arguments->variant, self, arguments->at[0]); }

/* Whether there are letters and all are of one case. Only ASCII letters count. */
TEST(case) {
    const struct value *string = value_string(box, self);
    bool any = false;
    for (size_t i = 0; i < string->string.bytes; i++) {
        const char byte = string->string.text[i];
        if ((byte | 32) >= 'a' && (byte | 32) <= 'z') {
            if ((byte & 32) != (int)arguments->variant) {
                return &box->no;
            }
            any = true;
        }
    }
    return value_bool(box, any);
}

#define ITERABLE (KIND(STRING) | LISTS | KIND(DICT) | KIND(UNDEFINED))

const struct builtin builtin_tests[] = {
    {"defined", test_kind, "", ~KIND(UNDEFINED)},
    {"undefined", test_kind, "", KIND(UNDEFINED)},
    {"none", test_kind, "", KIND(NONE)},
    {"boolean", test_kind, "", KIND(BOOL)},
    {"true", test_bool, "", 1},
    {"false", test_bool, "", 0},
    {"integer", test_integer, "", VALUE_INT},
    {"float", test_integer, "", VALUE_FLOAT},
    {"number", test_kind, "", NUMBERS},
    {"string", test_kind, "", KIND(STRING)},
    {"mapping", test_kind, "", KIND(DICT)},
    {"sequence", test_sequence, "", ITERABLE},
    {"iterable", test_kind, "", ITERABLE | KIND(LOOP)},
    {"callable", test_kind, "", KIND(BUILTIN) | KIND(MACRO) | KIND(JOINER) | KIND(LOOP) | KIND(UNDEFINED)},
    {"escaped", test_escaped, "", 0},
    {"in", test_in, "seq", 0},
    {"sameas", test_sameas, "other", 0},
    {"filter", test_known, "", 0},
    {"test", test_known, "", 1},
    {"even", test_remainder, "", 0},
    {"odd", test_remainder, "", 1},
    {"divisibleby", test_remainder, "num", 2},
    {"upper", test_case, "", 0},
    {"lower", test_case, "", 32},
    {"eq", test_operator, "other", PAIR('=', '=')},
    {"equalto", test_operator, "other", PAIR('=', '=')},
    {"==", test_operator, "other", PAIR('=', '=')},
    {"ne", test_operator, "other", PAIR('!', '=')},
    {"!=", test_operator, "other", PAIR('!', '=')},
    {"lt", test_operator, "other", '<'},
    {"lessthan", test_operator, "other", '<'},
    {"<", test_operator, "other", '<'},
    {"le", test_operator, "other", PAIR('<', '=')},
    {"<=", test_operator, "other", PAIR('<', '=')},
    {"gt", test_operator, "other", '>'},
    {"greaterthan", test_operator, "other", '>'},
    {">", test_operator, "other", '>'},
    {"ge", test_operator, "other", PAIR('>', '=')},
    {">=", test_operator, "other", PAIR('>', '=')},
    {NULL, NULL, NULL, 0},
};
