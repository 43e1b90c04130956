/* `x is name(argument)`. */
#include "engine/text/template_interp.h"

#define TEST(name)                                                                                                     \
    static struct value *test_##name(struct interp *in, struct value *self, const struct arguments *arguments)

/* The variant is the kinds. */
TEST(kind) { return value_bool(in, value_is(self, arguments->variant)); }

TEST(bool) { return value_bool(in, self->kind == VALUE_BOOL && self->integer == (int)arguments->variant); }

TEST(integer) { /* a float with digits is an integer that does not fit */
    const bool integer = self->kind == VALUE_INT || (self->kind == VALUE_FLOAT && self->real.digits);
    return value_bool(in, value_is(self, KIND(INT) | KIND(FLOAT)) && integer == (arguments->variant == VALUE_INT));
}

TEST(sequence) {
    return value_bool(in, value_is(self, arguments->variant) &&
                              !(self->kind == VALUE_LIST && self->flags & FLAG_GENERATOR));
}

TEST(escaped) {
    (void)arguments;
    return value_bool(in, self->kind == VALUE_STRING && self->flags & FLAG_SAFE);
}

TEST(in) { return value_bool(in, contains(in, arguments->at[0], self)); }

TEST(sameas) {
    const struct value *other = arguments->at[0];
    const unsigned single = KIND(NONE) | KIND(BOOL) | KIND(INT);
    return value_bool(in, self == other ||
                              (self->kind == other->kind && value_is(self, single) && value_equal(in, self, other)));
}

TEST(known) { /* 'name' is filter, or for the variant 1 is test */
    const char *name = self->string.text;
    const size_t bytes = self->string.bytes;
    return value_bool(in, self->kind == VALUE_STRING && (arguments->variant ? builtin_find(builtin_tests, name, bytes)
                                                                            : filter_find(name, bytes)));
}

TEST(remainder) {
    struct value *divisor = arguments->variant < 2 ? value_int(in, 2) : arguments->at[0];
    struct value *wanted = value_int(in, arguments->variant == 1);
    return value_bool(in, value_equal(in, operate(in, '%', self, divisor), wanted));
}

TEST(operator) { return operate(in, arguments->variant, self, arguments->at[0]); }

/* Whether there are letters and all are of that case; letters beyond ASCII do not count. */
TEST(case) {
    const struct value *string = value_string(in, self);
    bool any = false;
    for (size_t i = 0; i < string->string.bytes; i++) {
        const char byte = string->string.text[i];
        if ((byte | 32) >= 'a' && (byte | 32) <= 'z') {
            if ((byte & 32) != (int)arguments->variant) {
                return &in->no;
            }
            any = true;
        }
    }
    return value_bool(in, any);
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
