/* Methods of strings: value.name(arguments). */
#include "engine/text/template_interp.h"
#include "engine/text/unicode.h"

#define METHOD(name)                                                                                                   \
    static struct value *string_##name##_method(struct interp *interp, struct value *self,                             \
                                                const struct arguments *arguments)

#define CASE_METHOD(name, to)                                                                                          \
    METHOD(name) {                                                                                                     \
        (void)arguments;                                                                                               \
        return string_case(interp, self, to);                                                                          \
    }

CASE_METHOD(upper, CASE_UPPER)
CASE_METHOD(lower, CASE_LOWER)
CASE_METHOD(title, CASE_TITLE)
CASE_METHOD(capitalize, CASE_CAPITALIZE)

METHOD(strip) { return string_strip(interp, self, arguments->at[0], STRIP_BOTH); }
METHOD(lstrip) { return string_strip(interp, self, arguments->at[0], STRIP_LEFT); }
METHOD(rstrip) { return string_strip(interp, self, arguments->at[0], STRIP_RIGHT); }

METHOD(replace) {
    const struct value *from = argument_string(interp, arguments->at[0]);
    const struct value *to = argument_string(interp, arguments->at[1]);
    const int64_t count = argument_int(interp, arguments->at[2], -1);
    return interp->heap.failed ? NULL : string_replace(interp, self, from, to, count);
}

METHOD(join) {
    const struct value *items = value_items(&interp->heap, arguments->at[0]);
    for (size_t i = 0; items && i < items->list.count; i++) {
        if (argument_string(interp, items->list.items[i]) == NULL) {
            return NULL;
        }
    }
    return items ? string_join(interp, self, items) : NULL;
}

/* Splits at white space, at most `count` times if that is not negative. */
static bool split_space(struct interp *interp, struct value *list, const struct value *self, int64_t count,
                        bool from_end) {
    struct heap *heap = &interp->heap;
    const char *text = self->string.text;
    size_t from = 0;
    size_t to = self->string.bytes;
    for (;; count -= count > 0) {
        from += from_end ? 0 : space_before(text + from, to - from);
        to -= from_end ? space_after(text + from, to - from) : 0;
        if (from == to || !heap_step(heap, 1)) {
            break;
        }
        size_t at = from_end ? to : from; /* to the next space */
        uint32_t code;
        bool space = false;
        while (count != 0 && (from_end ? at > from : at < to)) {
            size_t start = at;
            size_t width;
            if (from_end) {
                do {
                    start--;
                } while (start > from && ((uint8_t)text[start] & 0xc0) == 0x80);
                width = at - start;
                utf8_read((const uint8_t *)text + start, width, &code);
            } else {
                width = utf8_read((const uint8_t *)text + at, to - at, &code);
            }
            space = space_char(code);
            if (space) {
                break;
            }
            at = from_end ? start : at + width;
        }
        if (!space) {
            at = from_end ? from : to;
        }
        const size_t word_from = from_end ? at : from;
        const size_t word_to = from_end ? to : at;
        if (!list_add(heap, list, value_slice(heap, self, word_from, word_to))) {
            return false;
        }
        from = from_end ? from : at;
        to = from_end ? at : to;
    }
    return !heap->failed;
}

static void split_at(struct interp *interp, struct value *list, const struct value *self, const struct value *separator,
                     int64_t count, bool from_end) {
    struct heap *heap = &interp->heap;
    const char *text = self->string.text;
    size_t from = 0;
    size_t to = self->string.bytes;
    for (; count != 0 && !heap->failed; count -= count > 0) {
        const size_t found = from_end
                                 ? text_find_last(heap, text, to, separator->string.text, separator->string.bytes)
                                 : text_find(heap, text, to, from, separator->string.text, separator->string.bytes);
        if (found == SIZE_MAX) {
            break;
        }
        const size_t behind = found + separator->string.bytes;
        list_add(heap, list, from_end ? value_slice(heap, self, behind, to) : value_slice(heap, self, from, found));
        from = from_end ? from : behind;
        to = from_end ? found : to;
    }
    list_add(heap, list, value_slice(heap, self, from, to));
}

static struct value *split(struct interp *interp, struct value *self, const struct arguments *arguments,
                           bool from_end) {
    struct heap *heap = &interp->heap;
    struct value *list = value_new(heap, VALUE_LIST);
    const struct value *separator = arguments->at[0];
    const int64_t count = argument_int(interp, arguments->at[1], -1);
    if (list == NULL) {
        return NULL;
    }
    if (separator == NULL || separator->kind == VALUE_NONE) {
        split_space(interp, list, self, count, from_end);
    } else if (argument_string(interp, separator) && separator->string.bytes == 0) {
        return WRONG(heap, "empty separator");
    } else if (!heap->failed) {
        split_at(interp, list, self, separator, count, from_end);
    }
    for (size_t i = 0; from_end && i < list->list.count / 2; i++) { /* they came last first */
        struct value **first = list->list.items + i;
        struct value **last = list->list.items + list->list.count - 1 - i;
        struct value *swap = *first;
        *first = *last;
        *last = swap;
    }
    return heap->failed ? NULL : list;
}

METHOD(split) { return split(interp, self, arguments, false); }
METHOD(rsplit) { return split(interp, self, arguments, true); }

METHOD(splitlines) {
    struct heap *heap = &interp->heap;
    struct value *list = value_new(heap, VALUE_LIST);
    const bool keep = argument_true(arguments->at[0]);
    size_t end;
    for (size_t from = 0; list && from < self->string.bytes && !heap->failed;) {
        const size_t next = string_line(self, from, &end);
        list_add(heap, list, value_slice(heap, self, from, keep ? next : end));
        from = next;
    }
    return heap->failed ? NULL : list;
}

static struct value *partition(struct interp *interp, struct value *self, const struct arguments *arguments,
                               bool last) {
    struct heap *heap = &interp->heap;
    struct value *parts = value_new(heap, VALUE_TUPLE);
    const struct value *separator = argument_string(interp, arguments->at[0]);
    if (separator == NULL || parts == NULL) {
        return NULL;
    }
    if (separator->string.bytes == 0) {
        return WRONG(heap, "empty separator");
    }
    const size_t bytes = self->string.bytes;
    const size_t found =
        last ? text_find_last(heap, self->string.text, bytes, separator->string.text, separator->string.bytes)
             : text_find(heap, self->string.text, bytes, 0, separator->string.text, separator->string.bytes);
    const size_t missing = last ? 0 : bytes;
    const size_t from = found == SIZE_MAX ? missing : found;
    const size_t to = found == SIZE_MAX ? missing : found + separator->string.bytes;
    list_add(heap, parts, value_slice(heap, self, 0, from));
    list_add(heap, parts, value_slice(heap, self, from, to));
    list_add(heap, parts, value_slice(heap, self, to, bytes));
    return heap->failed ? NULL : parts;
}

METHOD(partition) { return partition(interp, self, arguments, false); }
METHOD(rpartition) { return partition(interp, self, arguments, true); }

/* self[start:end], where the methods below look. */
static struct value *part(struct interp *interp, struct value *self, struct value *start, struct value *end) {
    struct value *const range[3] = {start, end, NULL};
    return start || end ? slice_of(interp, self, range) : self;
}

static bool has_end(const struct value *string, const struct value *end, bool at_start) {
    const size_t bytes = end->string.bytes;
    const size_t from = at_start ? 0 : string->string.bytes - bytes;
    return bytes <= string->string.bytes && memcmp(string->string.text + from, end->string.text, bytes) == 0;
}

static struct value *test_end(struct interp *interp, struct value *self, const struct arguments *arguments,
                              bool at_start) {
    const struct value *string = part(interp, self, arguments->at[1], arguments->at[2]);
    const struct value *end = arguments->at[0];
    bool found = false;
    if (string && end->kind == VALUE_TUPLE) {
        for (size_t i = 0; i < end->list.count; i++) {
            const struct value *one = argument_string(interp, end->list.items[i]);
            found |= one && has_end(string, one, at_start);
        }
    } else {
        found = string && argument_string(interp, end) && has_end(string, end, at_start);
    }
    return value_bool(&interp->heap, found);
}

METHOD(startswith) { return test_end(interp, self, arguments, true); }
METHOD(endswith) { return test_end(interp, self, arguments, false); }

/* The index of the first or last place, or -1. */
static struct value *find(struct interp *interp, struct value *self, const struct arguments *arguments, bool last) {
    struct heap *heap = &interp->heap;
    const struct value *wanted = argument_string(interp, arguments->at[0]);
    const struct value *string = part(interp, self, arguments->at[1], arguments->at[2]);
    if (string == NULL || wanted == NULL || heap->failed) {
        return NULL;
    }
    const size_t found =
        last
            ? text_find_last(heap, string->string.text, string->string.bytes, wanted->string.text, wanted->string.bytes)
            : text_find(heap, string->string.text, string->string.bytes, 0, wanted->string.text, wanted->string.bytes);
    if (found == SIZE_MAX || !heap_step(heap, found / 64)) {
        return value_int(heap, -1);
    }
    /* a slice of a string lies in it */
    const size_t before = string->string.bytes ? (size_t)(string->string.text - self->string.text) : 0;
    const struct value *head = value_slice(heap, self, 0, before + found);
    return head ? value_int(heap, (int64_t)string_length(head)) : NULL;
}

METHOD(find) { return find(interp, self, arguments, false); }
METHOD(rfind) { return find(interp, self, arguments, true); }

static struct value *found_index(struct interp *interp, struct value *index) {
    return index && index->integer < 0 ? WRONG(&interp->heap, "substring not found") : index;
}

METHOD(index) { return found_index(interp, find(interp, self, arguments, false)); }
METHOD(rindex) { return found_index(interp, find(interp, self, arguments, true)); }

METHOD(count) {
    struct heap *heap = &interp->heap;
    const struct value *wanted = argument_string(interp, arguments->at[0]);
    const struct value *string = part(interp, self, arguments->at[1], arguments->at[2]);
    int64_t count = 0;
    if (string == NULL || wanted == NULL) {
        return NULL;
    }
    if (wanted->string.bytes == 0) {
        return value_int(heap, (int64_t)string_length(string) + 1);
    }
    for (size_t at = 0;; count++) {
        at = text_find(heap, string->string.text, string->string.bytes, at, wanted->string.text, wanted->string.bytes);
        if (at == SIZE_MAX) {
            break;
        }
        at += wanted->string.bytes;
    }
    return value_int(heap, count);
}

METHOD(removeprefix) {
    const struct value *end = argument_string(interp, arguments->at[0]);
    return end && has_end(self, end, true) ? value_slice(&interp->heap, self, end->string.bytes, self->string.bytes)
                                           : self;
}

METHOD(removesuffix) {
    const struct value *end = argument_string(interp, arguments->at[0]);
    return end && has_end(self, end, false)
               ? value_slice(&interp->heap, self, 0, self->string.bytes - end->string.bytes)
               : self;
}

METHOD(format) { return format_braces(interp, self, arguments->call); }

/* Whether there are characters and all are of the classes. */
static struct value *all_of(struct interp *interp, const struct value *self, unsigned classes) {
    const uint8_t *text = (const uint8_t *)self->string.text;
    bool all = self->string.bytes && heap_step(&interp->heap, self->string.bytes / 16);
    for (size_t at = 0; at < self->string.bytes && all;) {
        uint32_t code;
        at += utf8_read(text + at, self->string.bytes - at, &code);
        const unsigned class = space_char(code) ? CLASS_SPACE : unicode_class(code);
        all = classes >> class & 1;
    }
    return value_bool(&interp->heap, all);
}

#define CLASS_METHOD(name, classes)                                                                                    \
    METHOD(name) {                                                                                                     \
        (void)arguments;                                                                                               \
        return all_of(interp, self, classes);                                                                          \
    }

CLASS_METHOD(isdigit, 1u << CLASS_NUMBER)
CLASS_METHOD(isalpha, 1u << CLASS_LETTER)
CLASS_METHOD(isalnum, 1u << CLASS_LETTER | 1u << CLASS_NUMBER)
CLASS_METHOD(isspace, 1u << CLASS_SPACE)

METHOD(isupper) { return call_builtin(interp, builtin_find(builtin_tests, "upper", 5), self, arguments->call); }

METHOD(islower) { return call_builtin(interp, builtin_find(builtin_tests, "lower", 5), self, arguments->call); }

/* Pads to a width with `left` of every two characters at the left. */
static struct value *pad(struct interp *interp, struct value *self, const struct arguments *arguments, int left) {
    struct heap *heap = &interp->heap;
    const int64_t width = argument_int(interp, arguments->at[0], 0);
    const struct value *fill = arguments->at[1] ? argument_string(interp, arguments->at[1]) : value_name(heap, " ");
    const int64_t missing = width - (int64_t)string_length(self);
    if (fill && string_length(fill) != 1) {
        return WRONG(heap, "The fill character must be exactly one character long");
    }
    /* where both sides cannot be equal, Python has more at the left if the width is odd */
    const int64_t before = left == 1 ? missing / 2 + (missing & width & 1) : left ? missing : 0;
    struct buffer buffer = {.heap = heap};
    for (int64_t i = 0; fill && i < missing && !heap->failed; i++) {
        if (i == before) {
            buffer_string(&buffer, self);
        }
        heap_step(heap, 1);
        buffer_string(&buffer, fill);
    }
    if (missing <= before || missing <= 0) {
        buffer_string(&buffer, self);
    }
    return buffer_value(&buffer);
}

METHOD(ljust) { return pad(interp, self, arguments, 0); }
METHOD(center) { return pad(interp, self, arguments, 1); }
METHOD(rjust) { return pad(interp, self, arguments, 2); }

METHOD(zfill) {
    struct heap *heap = &interp->heap;
    const int64_t width = argument_int(interp, arguments->at[0], 0);
    const int64_t missing = width - (int64_t)string_length(self);
    const size_t sign = self->string.bytes && (self->string.text[0] == '-' || self->string.text[0] == '+');
    struct buffer buffer = {.heap = heap};
    buffer_slice(&buffer, self, 0, sign);
    buffer_fill(&buffer, '0', missing > 0 ? (size_t)missing : 0, false);
    buffer_slice(&buffer, self, sign, self->string.bytes);
    return buffer_value(&buffer);
}

#define ENTRY(name, parameters) {#name, string_##name##_method, parameters}

const struct builtin builtin_string_methods[] = {
    ENTRY(split, "|sep,maxsplit"),
    ENTRY(strip, "|chars"),
    ENTRY(lstrip, "|chars"),
    ENTRY(rstrip, "|chars"),
    ENTRY(startswith, "prefix|start,end"),
    ENTRY(endswith, "suffix|start,end"),
    ENTRY(replace, "old,new|count"),
    ENTRY(join, "iterable"),
    ENTRY(upper, ""),
    ENTRY(lower, ""),
    ENTRY(title, ""),
    ENTRY(capitalize, ""),
    ENTRY(format, NULL),
    ENTRY(find, "sub|start,end"),
    ENTRY(rfind, "sub|start,end"),
    ENTRY(index, "sub|start,end"),
    ENTRY(rindex, "sub|start,end"),
    ENTRY(count, "sub|start,end"),
    ENTRY(rsplit, "|sep,maxsplit"),
    ENTRY(splitlines, "|keepends"),
    ENTRY(partition, "sep"),
    ENTRY(rpartition, "sep"),
    ENTRY(removeprefix, "prefix"),
    ENTRY(removesuffix, "suffix"),
    ENTRY(isdigit, ""),
    ENTRY(isalpha, ""),
    ENTRY(isalnum, ""),
    ENTRY(isspace, ""),
    ENTRY(isupper, ""),
    ENTRY(islower, ""),
    ENTRY(ljust, "width|fillchar"),
    ENTRY(rjust, "width|fillchar"),
    ENTRY(center, "width|fillchar"),
    ENTRY(zfill, "width"),
    {NULL, NULL, NULL},
};
