/* Values of chat templates: what Python calls str, int, list, dict ... as far as templates need them. They live in
 * the interpreter's arena and are never freed one by one. A null value means that the interpreter has failed. */
#ifndef ENGINE_TEXT_VALUE_H
#define ENGINE_TEXT_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"
#include "platform/memory.h"

enum value_kind {
    VALUE_UNDEFINED,
    VALUE_NONE,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_FLOAT,
    VALUE_STRING,
    VALUE_LIST,
    VALUE_TUPLE,
    VALUE_DICT,
    VALUE_NAMESPACE, /* a dict whose members are attributes */
    VALUE_BUILTIN,   /* a function or bound method of ours */
    VALUE_MACRO,
    VALUE_LOOP,
    VALUE_CYCLER, /* list and position */
    VALUE_JOINER
};

enum value_flag {
    FLAG_GENERATOR = 1, /* a list that Python would make lazily: always true */
    FLAG_GROUP = 2      /* a tuple of groupby: also has the attributes grouper and list */
};

struct interp;
struct value;
struct node;
struct scope;
struct loop;
struct builtin;

struct entry {
    struct value *key, *value;
};

struct value {
    uint8_t kind;
    uint8_t untrusted; /* came from untrusted JSON; a string with a mask says so for each byte instead */
    uint8_t flags;
    uint32_t hash; /* of a string; 0 when not computed yet */
    union {
        int64_t integer; /* bool, int */
        struct {
            double number;
            const char *digits; /* (digits_bytes): an integer that does not fit 64 bits, as it was written; or null */
            size_t digits_bytes;
        } real;
        struct {
            const char *text;    /* (bytes) */
            const uint8_t *mask; /* (bytes): 1 where untrusted; null when all bytes are as `untrusted` says */
            size_t bytes;
        } string;
        struct {
            struct value **items; /* (count) */
            size_t count, capacity;
            size_t position; /* of a cycler */
        } list;              /* list, tuple, cycler */
        struct {
            struct entry *entries; /* (count), in the order of insertion */
            size_t count, capacity;
            uint32_t *index; /* (slots): 1 + entry, by hash; null while there are few */
            size_t slots;
        } dict;
        struct {
            const struct builtin *builtin;
            struct value *self; /* null for a function */
        } bound;
        struct {
            const struct node *node;
            struct scope *scope; /* where it was defined */
        } macro;
        struct loop *loop;
        struct {
            struct value *separator;
            bool used;
        } joiner;
        struct {
            const char *name; /* (bytes) */
            size_t bytes;
            const char *owner; /* type whose attribute is missing; null for a variable */
        } undefined;
    };
};

/* What one rendering keeps. The parser and the evaluator add theirs, see template_interp.h. */
struct heap {
    struct arena *arena;
    struct qn_error *error;
    size_t at;      /* offset in the template that an error names */
    uint64_t steps; /* taken so far */
    uint32_t depth; /* of nesting, of whatever kind */
    bool failed;
    struct value none, yes, no;
};

#define DEPTH_LIMIT  200u
#define STEP_LIMIT   20000000u
#define STRING_LIMIT ((size_t)64 << 20)

/* Records an error, unless there is one already, and gives null. */
#define FAIL(heap, code, ...)                                                                                          \
    ((heap)->failed ? NULL : (error_set((heap)->error, (code), (heap)->at, __VA_ARGS__), heap_failed(heap)))
#define WRONG(heap, ...) FAIL(heap, QN_ERR_TEMPLATE, __VA_ARGS__)
void *heap_failed(struct heap *heap);
/* Cleared memory, or null and an error. */
void *heap_take(struct heap *heap, size_t bytes);
/* Room for at least count + 1 elements: doubles *capacity when it is full. Returns the elements, moved or not. */
void *heap_grow(struct heap *heap, void *elements, size_t count, size_t *capacity, size_t size);
/* Counts `steps` units of work; false and an error when there were too many. */
bool heap_step(struct heap *heap, size_t steps);
/* One level deeper; false and an error when too deep. Leave with heap->depth--. */
bool heap_enter(struct heap *heap);

struct value *value_new(struct heap *heap, enum value_kind kind);
struct value *value_bool(struct heap *heap, bool truth);
struct value *value_int(struct heap *heap, int64_t integer);
struct value *value_float(struct heap *heap, double number);
struct value *value_text(struct heap *heap, const char *text, size_t bytes); /* trusted; keeps the pointer */
struct value *value_name(struct heap *heap, const char *text);               /* the same of a literal */
struct value *value_slice(struct heap *heap, const struct value *string, size_t from, size_t to); /* bytes */
struct value *value_undefined(struct heap *heap, const char *name, size_t bytes, const char *owner);
struct value *value_list(struct heap *heap, enum value_kind kind, size_t capacity);
struct value *value_pair(struct heap *heap, struct value *first, struct value *second);

bool list_add(struct heap *heap, struct value *list, struct value *item);

/* Keys may be any value that can be hashed; others fail. */
struct value *dict_get(struct heap *heap, const struct value *dict, const struct value *key); /* null: not there */
struct value *dict_get_text(struct heap *heap, const struct value *dict, const char *key, size_t bytes);
bool dict_set(struct heap *heap, struct value *dict, struct value *key, struct value *value);
void dict_remove(struct heap *heap, struct value *dict, const struct value *key);
bool value_hashable(const struct value *value);

bool value_true(const struct value *value);
bool value_equal(struct heap *heap, const struct value *a, const struct value *b);
/* Below, at or above 0; values without an order fail. */
int value_compare(struct heap *heap, const struct value *a, const struct value *b, const char *operator_name);
const char *value_type(const struct value *value); /* as Python names it */
bool value_is_number(const struct value *value);   /* bool, int, float */
double value_number(const struct value *value);
bool value_is_text(const struct value *value, const char *text);
struct value *fail_undefined(struct heap *heap, const struct value *undefined);

/* The values that a loop goes over, as a list or tuple; fails for what cannot be iterated. */
struct value *value_items(struct heap *heap, struct value *value);
/* The same; its own copy, of that kind. */
struct value *value_copy(struct heap *heap, struct value *value, enum value_kind kind);
/* Characters of a string; and the byte where character `index` starts, index <= characters. */
size_t string_length(const struct value *string);
size_t string_offset(const struct value *string, size_t index);

/* ---- text under construction ---- */

struct buffer {
    struct heap *heap;
    char *text;    /* (bytes) */
    uint8_t *mask; /* (bytes), once the provenance is mixed */
    size_t bytes, capacity;
    bool untrusted; /* of all bytes so far, while there is no mask */
};
/* After a failure they do nothing. */
void buffer_add(struct buffer *buffer, const char *text, size_t bytes, bool untrusted);
void buffer_fill(struct buffer *buffer, char byte, size_t count, bool untrusted);
void buffer_text(struct buffer *buffer, const char *literal, bool untrusted);
void buffer_slice(struct buffer *buffer, const struct value *string, size_t from, size_t to); /* bytes */
void buffer_string(struct buffer *buffer, const struct value *string);
/* What Python's str() and repr() give. */
void buffer_print(struct buffer *buffer, const struct value *value);
void buffer_repr(struct buffer *buffer, const struct value *value);
struct value *buffer_value(struct buffer *buffer);
struct value *value_string(struct heap *heap, struct value *value); /* str(value) */

/* ---- numbers and text ---- */

#define NUMBER_TEXT 32
/* Python's repr of a float, and an integer; return the bytes written. */
size_t number_print(double number, char out[NUMBER_TEXT]);
size_t integer_print(int64_t integer, char out[NUMBER_TEXT]);
/* Fixed to `decimals` decimals, or with an exponent and so many. */
void buffer_fixed(struct buffer *buffer, double number, size_t decimals, bool untrusted);
void buffer_exponent(struct buffer *buffer, double number, size_t decimals, char letter, bool untrusted);
/* 'g': `precision` significant digits. */
void buffer_general(struct buffer *buffer, double number, size_t precision, bool untrusted);
double number_round(double number, int decimals);
/* Digits with an optional fraction and exponent, no sign or space; 0 unless all bytes were taken. */
bool number_read(const char *text, size_t bytes, double *number);
/* Digits of the base 2 to 36; false when there is another byte or the value passes 64 bits. */
bool integer_read(const char *text, size_t bytes, unsigned base, uint64_t *integer);
bool number_is_finite(double number);
double number_floor(double number);

/* ---- characters ---- */

bool space_char(uint32_t code); /* as Python's str.isspace */
/* Bytes of the white space at the start, or that the text ends with. */
size_t space_before(const char *text, size_t bytes);
size_t space_after(const char *text, size_t bytes);
/* Where `needle` is first in text[from, bytes), or SIZE_MAX. Counts steps. */
size_t text_find(struct heap *heap, const char *text, size_t bytes, size_t from, const char *needle,
                 size_t needle_bytes);
size_t text_find_last(struct heap *heap, const char *text, size_t bytes, const char *needle, size_t needle_bytes);

#endif
