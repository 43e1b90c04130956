/* Filters of one value: value|name(arguments). */
#include "engine/text/json.h"
#include "engine/text/template_interp.h"

#define FILTER(name)                                                                                                   \
    static struct value *filter_##name(struct interp *interp, struct value *self, const struct arguments *arguments)

#define UNUSED_ARGUMENTS (void)arguments

FILTER(abs) {
    UNUSED_ARGUMENTS;
    if (!value_is_number(self)) {
        return WRONG(&interp->heap, "bad operand type for abs(): '%s'", value_type(self));
    }
    if (value_number(self) >= 0) {
        return self;
    }
    struct value *minus = value_int(&interp->heap, -1);
    return minus ? operate(interp, '*', self, minus) : NULL;
}

FILTER(upper) {
    UNUSED_ARGUMENTS;
    return string_case(interp, value_string(&interp->heap, self), CASE_UPPER);
}

FILTER(lower) {
    UNUSED_ARGUMENTS;
    return string_case(interp, value_string(&interp->heap, self), CASE_LOWER);
}

FILTER(title) {
    UNUSED_ARGUMENTS;
    return string_case(interp, value_string(&interp->heap, self), CASE_WORDS);
}

FILTER(capitalize) {
    UNUSED_ARGUMENTS;
    return string_case(interp, value_string(&interp->heap, self), CASE_CAPITALIZE);
}

FILTER(default) {
    const bool missing = self->kind == VALUE_UNDEFINED || (argument_true(arguments->at[1]) && !value_true(self));
    if (!missing) {
        return self;
    }
    return arguments->at[0] ? arguments->at[0] : value_text(&interp->heap, "", 0);
}

FILTER(string) {
    UNUSED_ARGUMENTS;
    return value_string(&interp->heap, self);
}

FILTER(length) {
    UNUSED_ARGUMENTS;
    struct heap *heap = &interp->heap;
    switch (self->kind) {
    case VALUE_UNDEFINED:
        return value_int(heap, 0);
    case VALUE_STRING:
        return heap_step(heap, self->string.bytes / 64) ? value_int(heap, (int64_t)string_length(self)) : NULL;
    case VALUE_LIST:
    case VALUE_TUPLE:
        return value_int(heap, (int64_t)self->list.count);
    case VALUE_DICT:
        return value_int(heap, (int64_t)self->dict.count);
    default:
        return WRONG(heap, "object of type '%s' has no len()", value_type(self));
    }
}

FILTER(trim) {
    struct value *string = value_string(&interp->heap, self);
    return string ? string_strip(interp, string, arguments->at[0], STRIP_BOTH) : NULL;
}

FILTER(replace) {
    struct value *string = value_string(&interp->heap, self);
    const struct value *from = value_string(&interp->heap, arguments->at[0]);
    const struct value *to = value_string(&interp->heap, arguments->at[1]);
    const int64_t count = argument_int(interp, arguments->at[2], -1);
    return interp->heap.failed ? NULL : string_replace(interp, string, from, to, count);
}

FILTER(escape) {
    UNUSED_ARGUMENTS;
    static const char special[] = "&<>'\"";
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&#39;", "&#34;"};
    const struct value *string = value_string(&interp->heap, self);
    struct buffer buffer = {.heap = &interp->heap};
    for (size_t at = 0; string && at < string->string.bytes && !interp->heap.failed; at++) {
        size_t i = 0;
        while (special[i] && special[i] != string->string.text[at]) {
            i++;
        }
        if (special[i]) {
            buffer_text(&buffer, entities[i], string->string.mask ? string->string.mask[at] : string->untrusted);
        } else {
            buffer_slice(&buffer, string, at, at + 1);
        }
    }
    return buffer_value(&buffer);
}

/* The integer nearest to zero; false when it does not fit. */
static bool truncate(double number, int64_t *integer) {
    const bool fits = number > -9223372036854775808.0 && number < 9223372036854775808.0;
    *integer = fits ? (int64_t)number : 0;
    return fits;
}

FILTER(int) {
    struct heap *heap = &interp->heap;
    int64_t integer;
    double number;
    bool good = false;
    if (self->kind == VALUE_UNDEFINED) {
        return fail_undefined(heap, self);
    }
    if (value_is_number(self)) {
        good = self->kind != VALUE_FLOAT || truncate(self->real.number, &integer);
        integer = self->kind == VALUE_FLOAT ? integer : self->integer;
    } else if (self->kind == VALUE_STRING) {
        good = integer_parse(self, argument_int(interp, arguments->at[1], 10), &integer) ||
               (float_parse(self, &number) && truncate(number, &integer));
    }
    if (!good) {
        return arguments->at[0] ? arguments->at[0] : value_int(heap, 0);
    }
    struct value *value = value_int(heap, integer);
    if (value) {
        value->untrusted = self->untrusted || self->kind == VALUE_STRING;
    }
    return value;
}

FILTER(float) {
    struct heap *heap = &interp->heap;
    double number;
    if (self->kind == VALUE_UNDEFINED) {
        return fail_undefined(heap, self);
    }
    const bool good = value_is_number(self) || (self->kind == VALUE_STRING && float_parse(self, &number));
    if (!good) {
        return arguments->at[0] ? arguments->at[0] : value_float(heap, 0);
    }
    struct value *value = value_float(heap, value_is_number(self) ? value_number(self) : number);
    if (value) {
        value->untrusted = self->untrusted || self->kind == VALUE_STRING;
    }
    return value;
}

FILTER(round) {
    struct heap *heap = &interp->heap;
    const int64_t given = argument_int(interp, arguments->at[0], 0);
    const int decimals = given > 400 ? 400 : given < -400 ? -400 : (int)given;
    const struct value *method = arguments->at[1];
    if (!value_is_number(self)) {
        return WRONG(heap, "type %s doesn't define __round__ method", value_type(self));
    }
    const double number = value_number(self);
    if (method && (value_is_text(method, "ceil") || value_is_text(method, "floor"))) {
        double scale = 1;
        for (int i = 0; i < (decimals < 0 ? -decimals : decimals); i++) {
            scale *= 10;
        }
        const double scaled = decimals < 0 ? number / scale : number * scale;
        const double whole = value_is_text(method, "floor") ? number_floor(scaled) : -number_floor(-scaled);
        return value_float(heap, decimals < 0 ? whole * scale : whole / scale);
    }
    if (method && !value_is_text(method, "common")) {
        return WRONG(heap, "method must be common, ceil or floor");
    }
    if (self->kind != VALUE_FLOAT && decimals >= 0) {
        return self;
    }
    const double rounded = number_round(number, decimals);
    struct value *value = value_float(heap, rounded);
    int64_t integer;
    if (self->kind != VALUE_FLOAT && truncate(rounded, &integer)) {
        value = value_int(heap, integer);
    }
    return value;
}

FILTER(indent) {
    struct heap *heap = &interp->heap;
    struct value *string = value_string(heap, self);
    const struct value *width = arguments->at[0];
    const bool blank = argument_true(arguments->at[2]);
    const bool text = width && width->kind == VALUE_STRING;
    const int64_t spaces = text ? 0 : argument_int(interp, width, 4);
    struct buffer buffer = {.heap = heap};
    size_t end = 0;
    for (size_t from = 0, line = 0; string && !heap->failed; line++) {
        /* Python splits the string with a newline added: an empty last line is one too. */
        const size_t next = string_line(string, from, &end);
        const bool last = next == end;
        if (line) {
            buffer_text(&buffer, "\n", false);
        }
        if (line ? end > from || blank : argument_true(arguments->at[1])) {
            if (text) {
                buffer_string(&buffer, width);
            } else {
                buffer_fill(&buffer, ' ', spaces > 0 ? (size_t)spaces : 0, false);
            }
        }
        buffer_slice(&buffer, string, from, end);
        if (last) {
            break;
        }
        from = next;
    }
    return buffer_value(&buffer);
}

FILTER(wordcount) {
    UNUSED_ARGUMENTS;
    const struct value *string = value_string(&interp->heap, self);
    int64_t count = 0;
    bool inside = false;
    for (size_t at = 0; string && at < string->string.bytes; at++) {
        const char byte = string->string.text[at];
        const bool word = (byte >= '0' && byte <= '9') || ((byte | 32) >= 'a' && (byte | 32) <= 'z') || byte == '_' ||
                          (uint8_t)byte >= 0x80;
        count += word && !inside;
        inside = word;
    }
    return value_int(&interp->heap, count);
}

FILTER(format) {
    struct value *string = value_string(&interp->heap, self);
    if (string == NULL) {
        return NULL;
    }
    if (arguments->call->named) {
        return format_percent(interp, string, arguments->call->named);
    }
    struct value *values = value_copy(&interp->heap, arguments->call->positional, VALUE_TUPLE);
    return values ? format_percent(interp, string, values) : NULL;
}

FILTER(tojson) {
    struct json_style style = {.ascii = argument_true(arguments->at[0]), .sorted = argument_true(arguments->at[3])};
    const struct value *indent = arguments->at[1];
    const struct value *separators = arguments->at[2];
    if (indent && indent->kind != VALUE_NONE) {
        if (indent->kind != VALUE_STRING) {
            argument_int(interp, indent, 0);
        }
        style.indent = indent;
    }
    if (separators && separators->kind != VALUE_NONE) {
        if ((separators->kind != VALUE_TUPLE && separators->kind != VALUE_LIST) || separators->list.count != 2) {
            return WRONG(&interp->heap, "separators must be two strings");
        }
        style.between = argument_string(interp, separators->list.items[0]);
        style.after_key = argument_string(interp, separators->list.items[1]);
    }
    if (interp->heap.failed) {
        return NULL;
    }
    struct buffer buffer = {.heap = &interp->heap};
    json_write(&buffer, self, &style);
    return buffer_value(&buffer);
}

FILTER(fromjson) {
    UNUSED_ARGUMENTS;
    const struct value *string = argument_string(interp, self);
    return string ? json_read(&interp->heap, string->string.text, string->string.bytes,
                              string->untrusted || string->string.mask, QN_ERR_TEMPLATE)
                  : NULL;
}

const struct builtin builtin_filters[] = {
    {"tojson", filter_tojson, "|ensure_ascii,indent,separators,sort_keys"},
    {"trim", filter_trim, "|chars"},
    {"length", filter_length, ""},
    {"count", filter_length, ""},
    {"default", filter_default, "|default_value,boolean"},
    {"d", filter_default, "|default_value,boolean"},
    {"string", filter_string, ""},
    {"safe", filter_string, ""},
    {"upper", filter_upper, ""},
    {"lower", filter_lower, ""},
    {"title", filter_title, ""},
    {"capitalize", filter_capitalize, ""},
    {"replace", filter_replace, "old,new|count"},
    {"abs", filter_abs, ""},
    {"int", filter_int, "|default,base"},
    {"float", filter_float, "|default"},
    {"round", filter_round, "|precision,method"},
    {"indent", filter_indent, "|width,first,blank"},
    {"escape", filter_escape, ""},
    {"e", filter_escape, ""},
    {"wordcount", filter_wordcount, ""},
    {"format", filter_format, NULL},
    {"fromjson", filter_fromjson, ""},
    {"from_json", filter_fromjson, ""},
    {NULL, NULL, NULL},
};
