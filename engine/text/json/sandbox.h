/* A sandbox bounds one evaluation of untrusted input: its memory, the work it may do, and how deeply it may nest.
 *
 * Errors are sticky. The first one is recorded and the evaluation has failed for good. Code that notices late does no
 * harm: from then on, functions that make a value return `scrap`, which reads as empty, whatever kind the code expects,
 * and nothing is written to it or to any list, dict or buffer. Loops end because sandbox_step returns false. */
#ifndef ENGINE_TEXT_JSON_SANDBOX_H
#define ENGINE_TEXT_JSON_SANDBOX_H

#include "engine/text/json/value.h"
#include "platform/error.h"
#include "platform/memory.h"

struct sandbox {
    struct arena *arena; /* all memory comes from here; its limit bounds the evaluation */
    struct qn_error *error;
    size_t at;      /* offset that the next error names */
    uint64_t steps; /* done so far */
    uint32_t depth; /* of nesting, of any kind */
    bool failed;
    struct value none, yes, no, scrap;
};

#define DEPTH_LIMIT 200u
#define STEP_LIMIT  20000000u

/* Records an error of that code at `at`, unless there is one already, and returns scrap. The format may contain one
 * %.*s, for name[0..bytes). */
void *sandbox_fail_with(struct sandbox *box, int code, const char *format, const char *name, size_t bytes);
/* QN_ERR_TEMPLATE with this text. */
void *sandbox_fail(struct sandbox *box, const char *text);
/* QN_ERR_LIMIT with this text. */
void *sandbox_fail_limit(struct sandbox *box, const char *text);

/* Zeroed memory for `count` elements of `size` bytes; null after an error. */
void *sandbox_take(struct sandbox *box, size_t count, size_t size);
#define TAKE(box, type) ((type *)sandbox_take((box), 1, sizeof(type)))
/* Returns an array with space for one more element than `count`: `elements`, or a copy of twice the size, for which
 * *capacity is updated. Null after an error. */
void *sandbox_grow(struct sandbox *box, void *elements, size_t count, size_t *capacity, size_t size);

/* Counts work; a step is about a value made or 64 bytes scanned. False past the limit or after an error. */
bool sandbox_step(struct sandbox *box, size_t steps);
/* Goes one level deeper. False when that is too deep, or after an error. Undo it with box->depth-- in either case. */
bool sandbox_enter(struct sandbox *box);

#endif
