/* Values of chat templates: what Python calls str, int, list, dict ... as far as templates need them. They live in
 * the arena of one rendering and are never freed one by one.
 *
 * Errors: the first one is recorded and the rendering has failed for good. Code that notices late is harmless: from
 * then on functions that make a value give `scrap`, which is empty whatever it is taken for, and nothing is written
 * to it, to lists, dictionaries or buffers. Loops end because interp_step says so. A null value is no error: it says
 * that something is not there. */
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
/* For sets of kinds. */
#define KIND(kind) (1u << VALUE_##kind)
#define NUMBERS    (KIND(BOOL) | KIND(INT) | KIND(FLOAT))
#define LISTS      (KIND(LIST) | KIND(TUPLE))

enum value_flag {
    FLAG_GENERATOR = 1, /* a list that Python would make lazily: always true */
    FLAG_GROUP = 2,     /* a tuple of groupby: also has the attributes grouper and list */
    FLAG_SAFE = 4       /* a string that `safe` or `escape` gave; what is made of it has no mark */
};

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

/* One rendering. */
struct interp {
    struct arena *arena;
    struct qn_error *error;
    size_t at;      /* offset in the template that an error names */
    uint64_t steps; /* taken so far */
    uint32_t depth; /* of nesting, of whatever kind */
    bool failed;
    struct value none, yes, no, scrap;
    /* of the evaluator, see template_interp.h */
    struct scope *scope;
    struct value *context;  /* the JSON's members */
    struct value *names;    /* all that the template mentions */
    struct value *captured; /* see NODE_CAPTURED */
    struct buffer *out;
};

#define DEPTH_LIMIT  200u
#define STEP_LIMIT   20000000u
#define STRING_LIMIT ((size_t)64 << 20)

/* Records an error, unless there is one already; gives scrap. The format has at most a %.*s, of name[bytes]. */
void *interp_fail(struct interp *in, int code, const char *format, const char *name, size_t bytes);
void *fail(struct interp *in, const char *text);                                /* the template is wrong */
void *fail_type(struct interp *in, const char *format, const struct value *of); /* %.*s is the value's type */
void *fail_limit(struct interp *in, const char *text);
void *fail_undefined(struct interp *in, const struct value *undefined);
/* Cleared memory for count elements, or null and an error. */
void *interp_take(struct interp *in, size_t count, size_t size);
#define TAKE(in, type) ((type *)interp_take((in), 1, sizeof(type)))
/* Room for one more than `count` elements of `size`: doubles *capacity when it is full. Null after an error. */
void *interp_grow(struct interp *in, void *elements, size_t count, size_t *capacity, size_t size);
/* Counts units of work; false when there were too many, or after any other error. */
bool interp_step(struct interp *in, size_t steps);
/* One level deeper; false when too deep, or after any other error. Leave with in->depth--. */
bool interp_enter(struct interp *in);

struct value *value_new(struct interp *in, enum value_kind kind);
struct value *value_bool(struct interp *in, bool truth);
struct value *value_int(struct interp *in, int64_t integer);
struct value *value_float(struct interp *in, double number);
struct value *value_text(struct interp *in, const char *text, size_t bytes); /* trusted; keeps the pointer */
struct value *value_name(struct interp *in, const char *text);               /* the same of a literal */
struct value *value_slice(struct interp *in, const struct value *string, size_t from, size_t to); /* bytes */
struct value *value_undefined(struct interp *in, const struct value *name, const char *owner);

bool value_is(const struct value *value, unsigned kinds);
bool value_is_text(const struct value *value, const char *text);
bool value_true(const struct value *value);
double value_number(const struct value *value);    /* of a bool, int or float */
const char *value_type(const struct value *value); /* as Python names it */
bool value_equal(struct interp *in, const struct value *a, const struct value *b);
/* Below, at or above 0; values without an order fail. */
int value_compare(struct interp *in, const struct value *a, const struct value *b);

void list_add(struct interp *in, struct value *list, struct value *item);
struct value *value_pair(struct interp *in, struct value *first, struct value *second); /* a tuple */
/* The values that a loop goes over, as a list or tuple; fails for what cannot be iterated. */
struct value *value_items(struct interp *in, struct value *value);
/* The same; its own copy, of that kind. */
struct value *value_copy(struct interp *in, struct value *value, enum value_kind kind);

/* Keys may be any value that can be hashed; others fail. */
struct value *dict_get(struct interp *in, const struct value *dict, const struct value *key); /* null: not there */
struct value *dict_get_text(struct interp *in, const struct value *dict, const char *key, size_t bytes);
void dict_set(struct interp *in, struct value *dict, struct value *key, struct value *value);
void dict_remove(struct interp *in, struct value *dict, const struct value *key);
void dict_merge(struct interp *in, struct value *dict, const struct value *other);

/* The character at a byte before the end: its code in the low 24 bits, above them how many bytes it has. */
uint32_t string_char(const struct value *string, size_t at);
#define CHAR_CODE(c)  ((c) & 0xffffffu)
#define CHAR_BYTES(c) ((c) >> 24)
/* Characters of string[0, bytes); and the byte where character `index` starts, or the end. */
size_t string_length(const struct value *string);
size_t string_offset(const struct value *string, size_t index);
bool untrusted_at(const struct value *string, size_t at);

/* ---- text under construction ---- */

struct buffer {
    struct interp *in;
    char *text;    /* (bytes) */
    uint8_t *mask; /* (bytes), once the provenance is mixed */
    size_t bytes, capacity;
    bool untrusted; /* of all bytes so far, while there is no mask */
};
void buffer_start(struct buffer *buffer, struct interp *in);
void buffer_add(struct buffer *buffer, const char *text, size_t bytes, bool untrusted);
void buffer_fill(struct buffer *buffer, char byte, size_t count, bool untrusted);
void buffer_put(struct buffer *buffer, char byte, bool untrusted);
void buffer_text(struct buffer *buffer, const char *literal, bool untrusted);
void buffer_code(struct buffer *buffer, uint32_t code, bool untrusted);
void buffer_slice(struct buffer *buffer, const struct value *string, size_t from, size_t to); /* bytes */
void buffer_string(struct buffer *buffer, const struct value *string);
/* What Python's str() and repr() give. */
void buffer_print(struct buffer *buffer, const struct value *value);
void buffer_repr(struct buffer *buffer, const struct value *value);
void buffer_integer(struct buffer *buffer, int64_t integer, bool untrusted);
/* As Python's % does with 'f', 'e' or 'g' and a precision; 'r' is repr, the shortest text that reads back the same. */
void buffer_float(struct buffer *buffer, double number, char type, size_t precision, bool untrusted);
struct value *buffer_value(struct buffer *buffer);
struct value *value_string(struct interp *in, struct value *value); /* str(value) */

/* ---- numbers ---- */

double number_round(double number, int decimals);
/* Digits with an optional fraction and exponent, no sign or space; false unless all bytes were taken. */
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
/* Where `needle` is first in string[from, to), or last, or SIZE_MAX. */
size_t text_find(struct interp *in, const struct value *string, size_t from, size_t to, const struct value *needle,
                 bool last);

#endif
