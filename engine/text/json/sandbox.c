/* The limits and the sticky error of an evaluation. */
#include "engine/text/json/sandbox.h"

#define MAX_NAME 400 /* bytes of a name that an error shows */

void *sandbox_fail_with(struct sandbox *box, int code, const char *format, const char *name, size_t bytes) {
    if (!box->failed) {
        error_set(box->error, code, box->at, format, (int)(bytes < MAX_NAME ? bytes : MAX_NAME), name);
        box->failed = true;
    }
    return &box->scrap;
}

void *sandbox_fail(struct sandbox *box, const char *text) {
    return sandbox_fail_with(box, QN_ERR_TEMPLATE, "%.*s", text, strlen(text));
}

void *sandbox_fail_limit(struct sandbox *box, const char *text) {
    return sandbox_fail_with(box, QN_ERR_LIMIT, "%.*s", text, strlen(text));
}

void *sandbox_take(struct sandbox *box, size_t count, size_t size) {
    void *memory = box->failed ? NULL : arena_take_array(box->arena, count, size, 8);
    if (memory == NULL) {
        sandbox_fail_with(box, QN_ERR_MEMORY, "not enough memory", "", 0);
    }
    return memory;
}

void *sandbox_grow(struct sandbox *box, void *elements, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) {
        return box->failed ? NULL : elements;
    }
    const size_t more = count ? count * 2 : 4; /* cannot overflow: `count` elements are in memory already */
    void *moved = sandbox_take(box, more, size);
    if (moved) {
        *capacity = more;
        memcpy(moved, count ? elements : moved, count * size);
    }
    return moved;
}

bool sandbox_step(struct sandbox *box, size_t steps) {
    box->steps += steps;
    if (box->steps > STEP_LIMIT) {
        sandbox_fail_limit(box, "the evaluation takes too many steps");
    }
    return !box->failed;
}

bool sandbox_enter(struct sandbox *box) {
    if (++box->depth > DEPTH_LIMIT) {
        sandbox_fail_limit(box, "nested too deeply");
    }
    return sandbox_step(box, 1);
}
