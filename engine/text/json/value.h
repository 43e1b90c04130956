/* Values: what Python calls str, int, list, dict and so on, as far as JSON and chat templates need them. They live in
 * the arena of a sandbox and are never freed one by one.
 *
 * A value is `untrusted` when it came from text that somebody else wrote (a message, a tool's result). Strings keep
 * this mark for each byte, so that it survives slicing, joining and replacing.
 *
 * A null value is not an error: it means that something is absent. */
#ifndef ENGINE_TEXT_JSON_VALUE_H
#define ENGINE_TEXT_JSON_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
    /* Only the template interpreter makes the kinds below and looks inside them. */
    VALUE_NAMESPACE, /* a dict whose members are attributes */
    VALUE_BUILTIN,   /* a built-in function, or a method bound to a value */
    VALUE_MACRO,
    VALUE_LOOP,
    VALUE_CYCLER, /* a list and a position */
    VALUE_JOINER
};
/* Sets of kinds, for value_is. */
#define KIND(kind) (1u << VALUE_##kind)
#define NUMBERS    (KIND(BOOL) | KIND(INT) | KIND(FLOAT))
#define LISTS      (KIND(LIST) | KIND(TUPLE))

enum value_flag {
    FLAG_GENERATOR = 1, /* a list that Python would produce lazily: always true */
    FLAG_GROUP = 2,     /* a tuple of groupby, which also has the attributes grouper and list */
    FLAG_SAFE = 4,      /* a string returned by `safe` or `escape`; strings derived from it lose the flag */
    FLAG_JSON = 8       /* a dict that stands for JSON: printing it as Python does is an error */
};

struct sandbox;
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
    uint8_t untrusted; /* of a string with a mask: the mask counts instead */
    uint8_t flags;
    uint32_t hash; /* of a string; 0 until computed */
    union {
        int64_t integer; /* bool, int */
        struct {
            double number;
            const char *digits; /* (digits_bytes) an integer does not fit 64 bits, as it was written; or null */
            size_t digits_bytes;
        } real;
        struct {
            const char *text;    /* (bytes) */
            const uint8_t *mask; /* (bytes) 1 where untrusted; null when `untrusted` holds for all bytes */
            size_t bytes;
        } string;
        struct {
            struct value **items; /* (count) */
            size_t count, capacity;
            size_t position; /* of a cycler */
        } list;              /* list, tuple, cycler */
        struct {
            struct entry *entries; /* (count) in insertion order */
            size_t count, capacity;
            uint32_t *index; /* (slots) entry number + 1, by hash; null while there are few entries */
            size_t slots;
        } dict; /* dict, namespace */
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
            const char *owner; /* the type whose attribute is missing; null for a variable */
        } undefined;
    };
};
/* Code that handles both lists and dicts reads list.count. */
_Static_assert(offsetof(struct value, list.count) == offsetof(struct value, dict.count), "list.count is dict.count");

/* Each of these returns the sandbox's scrap value after an error. */
struct value *value_new(struct sandbox *box, enum value_kind kind);
struct value *value_bool(struct sandbox *box, bool truth);
struct value *value_int(struct sandbox *box, int64_t integer);
struct value *value_float(struct sandbox *box, double number);
/* A trusted string that points to text[0..bytes). */
struct value *value_text(struct sandbox *box, const char *text, size_t bytes);
/* A trusted string that points to a C string. */
struct value *value_name(struct sandbox *box, const char *text);
/* Bytes [from, to) of a string, without a copy. */
struct value *value_slice(struct sandbox *box, const struct value *string, size_t from, size_t to);
/* The value of a variable or attribute that does not exist. `owner`: see struct value. */
struct value *value_undefined(struct sandbox *box, const struct value *name, const char *owner);
/* A tuple of two. */
struct value *value_pair(struct sandbox *box, struct value *first, struct value *second);

/* Whether the value is of one of the kinds: an or of KIND(...). */
bool value_is(const struct value *value, unsigned kinds);
bool value_is_text(const struct value *value, const char *text);
/* Truth as Python defines it. */
bool value_true(const struct value *value);
/* The number of a bool, int or float. */
double value_number(const struct value *value);
/* The type's name in Python. */
const char *value_type(const struct value *value);

/* Errors about a value; both return the sandbox's scrap value. The format has one %.*s, for the value's type. */
void *value_fail_type(struct sandbox *box, const char *format, const struct value *value);
void *value_fail_undefined(struct sandbox *box, const struct value *undefined);

void list_add(struct sandbox *box, struct value *list, struct value *item);
/* The values that a loop visits, as a list or tuple. Fails for values that are not iterable. */
struct value *value_items(struct sandbox *box, struct value *value);
/* The same as a new list of the given kind. */
struct value *value_copy(struct sandbox *box, struct value *value, enum value_kind kind);

#endif
