/* Filters of a single value: value|name(arguments). */
#include "engine/text/template/filters.h"

#include "engine/text/json/json.h"
#include "engine/text/json/json_write.h"
#include "engine/text/json/number.h"
#include "engine/text/json/value_print.h"
#include "engine/text/json/value_string.h"
#include "engine/text/template/format_percent.h"
#include "engine/text/template/operators.h"
#include "engine/text/template/string_functions.h"

#define FILTER(name)                                                                                                   \
    static struct value *filter_##name(struct sandbox *box, struct value *self, const struct arguments *arguments)

FILTER(case) { return string_case(box, value_string(box, self), (enum letter_case)arguments->variant); }

FILTER(string) {
    (void)arguments;
    return value_string(box, self);
}

static struct value *mark_safe(struct sandbox *box, struct value *string) {
    if (!box->failed) {
        string->flags |= FLAG_SAFE;
    }
    return string;
}

FILTER(safe) {
    (void)arguments;
    const struct value *string = value_string(box, self);
    return mark_safe(box, value_slice(box, string, 0, string->string.bytes));
}

FILTER(abs) {
    (void)arguments;
    if (!value_is(self, NUMBERS)) {
        return value_fail_type(box, "bad operand type for abs(): '%.*s'", self);
    }
    return value_number(self) < 0 ? operate(box, '*', self, value_int(box, -1)) : self;
}

FILTER(default) {
    const bool missing = self->kind == VALUE_UNDEFINED || (argument_true(arguments->at[1]) && !value_true(self));
    if (!missing) {
        return self;
    }
    return arguments->at[0] ? arguments->at[0] : value_text(box, "", 0);
}

FILTER(length) {
    (void)arguments;
    if (self->kind == VALUE_STRING) {
        sandbox_step(box, self->string.bytes / 64);
        return value_int(box, (int64_t)string_length(self));
    }
    if (self->kind == VALUE_UNDEFINED) {
        return value_int(box, 0);
    }
    return value_is(self, LISTS | KIND(DICT)) ? value_int(box, (int64_t)self->list.count) /* also of a dict */
                                              : value_fail_type(box, "object of type '%.*s' has no len()", self);
}

FILTER(trim) { return string_strip(box, value_string(box, self), arguments->at[0], STRIP_BOTH); }

FILTER(replace) {
    return string_replace(box, value_string(box, self), value_string(box, arguments->at[0]),
                          value_string(box, arguments->at[1]), argument_int(box, arguments->at[2], -1));
}

FILTER(escape) {
    (void)arguments;
    static const char entities[][7] = {"&&amp;", "<&lt;", ">&gt;", "'&#39;", "\"&#34;"};
    const struct value *string = value_string(box, self);
    struct buffer buffer;
    buffer_start(&buffer, box);
    for (size_t at = 0; at < string->string.bytes && !box->failed; at++) {
        size_t i = 0;
        while (i < 5 && entities[i][0] != string->string.text[at]) {
            i++;
        }
        if (i < 5) {
            buffer_text(&buffer, entities[i] + 1, untrusted_at(string, at));
        } else {
            buffer_slice(&buffer, string, at, at + 1);
        }
    }
    return mark_safe(box, buffer_value(&buffer));
}

/* int(default=0, base=10) and float(default=0.0) */
FILTER(number) {
    struct value *number = NULL;
    const bool integer = arguments->variant == VALUE_INT;
    if (self->kind == VALUE_UNDEFINED) {
        return value_fail_undefined(box, self);
    }
    if (value_is(self, NUMBERS)) {
        number = self;
    } else if (self->kind == VALUE_STRING) {
        number = integer ? integer_parse(box, self, argument_int(box, arguments->at[1], 10)) : NULL;
        number = number ? number : float_parse(box, self);
    }
    if (number && integer && number->kind == VALUE_FLOAT) {
        const double whole = number->real.number;
        const bool fits = whole > -9.2e18 && whole < 9.2e18;
        struct value *cut = fits ? value_int(box, (int64_t)whole) : NULL;
        if (fits) {
            cut->untrusted = number->untrusted;
        }
        number = cut;
    } else if (number && number->kind != VALUE_FLOAT) {
        const uint8_t untrusted = number->untrusted;
        number = integer ? value_int(box, number->integer) : value_float(box, (double)number->integer);
        number->untrusted = untrusted;
    }
    if (number == NULL) {
        number = arguments->at[0];
    }
    if (number == NULL) {
        number = integer ? value_int(box, 0) : value_float(box, 0);
    }
    return number;
}

FILTER(round) {
    const ptrdiff_t given = argument_int(box, arguments->at[0], 0);
    const int capped = given > 400 ? 400 : (int)given;
    const int decimals = capped < -400 ? -400 : capped;
    const struct value *method = arguments->at[1];
    const bool floor = method && value_is_text(method, "floor");
    if (!value_is(self, NUMBERS)) {
        return value_fail_type(box, "type %.*s doesn't define __round__ method", self);
    }
    const double number = value_number(self);
    if (floor || (method && value_is_text(method, "ceil"))) {
        double scale = 1;
        for (int i = 0; i < (decimals < 0 ? -decimals : decimals); i++) {
            scale *= 10;
        }
        const double scaled = decimals < 0 ? number / scale : number * scale;
        const double whole = floor ? number_floor(scaled) : -number_floor(-scaled);
        return value_float(box, decimals < 0 ? whole * scale : whole / scale);
    }
    if (self->kind != VALUE_FLOAT) {
        return decimals < 0 ? value_int(box, (int64_t)number_round(number, decimals)) : self;
    }
    return value_float(box, number_round(number, decimals));
}

FILTER(indent) {
    const struct value *string = value_string(box, self);
    const struct value *width = arguments->at[0];
    const bool text = width && width->kind == VALUE_STRING;
    const ptrdiff_t spaces = text ? 0 : argument_int(box, width, 4);
    struct buffer buffer;
    buffer_start(&buffer, box);
    bool indented = argument_true(arguments->at[1]);
    size_t end = 0;
    size_t from = 0;
    for (;;) {
        const size_t next = string_line(string, from, &end);
        if (indented && text) {
            buffer_string(&buffer, width);
        } else if (indented) {
            buffer_fill(&buffer, ' ', spaces > 0 ? (size_t)spaces : 0, false);
        }
        buffer_slice(&buffer, string, from, end);
        if (next == end || box->failed) { /* this was the last line, which may be empty */
            return buffer_value(&buffer);
        }
        buffer_put(&buffer, '\n', false);
        string_line(string, next, &end);
        indented = end > next || argument_true(arguments->at[2]);
        from = next;
    }
}

/* Shortens a text of more than `length` characters: between words, or anywhere with killwords. The result ends with
 * `end`. */
FILTER(truncate) {
    if (self->kind == VALUE_UNDEFINED) {
        return self;
    }
    const struct value *string = argument_string(box, self);
    const struct value *end = arguments->at[2] ? argument_string(box, arguments->at[2]) : value_text(box, "...", 3);
    const ptrdiff_t length = argument_int(box, arguments->at[0], 255);
    const ptrdiff_t leeway = argument_int(box, arguments->at[3], 5);
    if (box->failed) {
        return self;
    }
    const ptrdiff_t keep = length - (ptrdiff_t)string_length(end);
    if (keep < 0 || leeway < 0) {
        return value_fail_type(box, "truncate(): the length is shorter than the end", self);
    }
    sandbox_step(box, string->string.bytes / 64);
    if ((ptrdiff_t)string_length(string) <= length + leeway) {
        return self;
    }
    size_t cut = 0;
    size_t word = 0; /* byte of the last space */
    for (ptrdiff_t i = 0; i < keep; i++) {
        word = string->string.text[cut] == ' ' ? cut : word;
        cut += CHAR_BYTES(string_char(string, cut));
    }
    const bool has_space = word || (cut && string->string.text[0] == ' ');
    struct buffer buffer;
    buffer_start(&buffer, box);
    buffer_slice(&buffer, string, 0, has_space && !argument_true(arguments->at[1]) ? word : cut);
    buffer_string(&buffer, end);
    return buffer_value(&buffer);
}

FILTER(wordcount) {
    (void)arguments;
    const struct value *string = value_string(box, self);
    int64_t count = 0;
    bool inside = false;
    for (size_t at = 0; at < string->string.bytes; at++) {
        const char byte = string->string.text[at];
        const bool word = (byte >= '0' && byte <= '9') || ((byte | 32) >= 'a' && (byte | 32) <= 'z') || byte == '_' ||
                          (uint8_t)byte >= 0x80;
        count += word && !inside;
        inside = word;
    }
    return value_int(box, count);
}

FILTER(format) {
    const struct call *call = arguments->call;
    return format_percent(box, value_string(box, self),
                          call->named->dict.count ? call->named : value_copy(box, call->positional, VALUE_TUPLE));
}

FILTER(tojson) {
    struct json_style style = {.ascii = argument_true(arguments->at[0]), .sorted = argument_true(arguments->at[3])};
    struct value *separators = arguments->at[2];
    style.indent = arguments->at[1] && arguments->at[1]->kind != VALUE_NONE ? arguments->at[1] : NULL;
    if (style.indent && style.indent->kind != VALUE_STRING) {
        argument_int(box, style.indent, 0);
    }
    if (separators && separators->kind != VALUE_NONE) {
        const struct value *pair = value_items(box, separators);
        if (pair->list.count != 2) {
            return sandbox_fail(box, "separators must be two strings");
        }
        style.between = argument_string(box, pair->list.items[0]);
        style.after_key = argument_string(box, pair->list.items[1]);
    }
    struct buffer buffer;
    buffer_start(&buffer, box);
    json_write(&buffer, self, &style);
    return buffer_value(&buffer);
}

FILTER(fromjson) {
    (void)arguments;
    const struct value *string = argument_string(box, self);
    return json_read(box, string->string.text, string->string.bytes, string->untrusted || string->string.mask,
                     QN_ERR_TEMPLATE);
}

const struct builtin builtin_filters[] = {
    {"tojson", filter_tojson, "|ensure_ascii,indent,separators,sort_keys", 0},
    {"trim", filter_trim, "|chars", 0},
    {"length", filter_length, "", 0},
    {"count", filter_length, "", 0},
    {"default", filter_default, "|default_value,boolean", 0},
    {"d", filter_default, "|default_value,boolean", 0},
    {"string", filter_string, "", 0},
    {"safe", filter_safe, "", 0},
    {"upper", filter_case, "", CASE_UPPER},
    {"lower", filter_case, "", CASE_LOWER},
    {"title", filter_case, "", CASE_WORDS},
    {"capitalize", filter_case, "", CASE_CAPITALIZE},
    {"replace", filter_replace, "old,new|count", 0},
    {"abs", filter_abs, "", 0},
    {"int", filter_number, "|default,base", VALUE_INT},
    {"float", filter_number, "|default", VALUE_FLOAT},
    {"round", filter_round, "|precision,method", 0},
    {"indent", filter_indent, "|width,first,blank", 0},
    {"truncate", filter_truncate, "|length,killwords,end,leeway", 0},
    {"escape", filter_escape, "", 0},
    {"e", filter_escape, "", 0},
    {"wordcount", filter_wordcount, "", 0},
    {"format", filter_format, NULL, 0},
    {"fromjson", filter_fromjson, "", 0},
    {"from_json", filter_fromjson, "", 0},
    {NULL, NULL, NULL, 0},
};
