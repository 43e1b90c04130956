#include "engine/text/template.h"

#include "engine/text/json.h"
#include "engine/text/template_interp.h"

/* As jinja2 does: every newline as \n, and one at the very end left out. */
static const char *normalize(struct heap *heap, const char *text, size_t *bytes) {
    bool carriage = false;
    for (size_t i = 0; i < *bytes; i++) {
        carriage |= text[i] == '\r';
    }
    if (carriage) {
        char *copy = heap_take(heap, *bytes);
        size_t to = 0;
        for (size_t from = 0; copy && from < *bytes; from++) {
            const bool pair = text[from] == '\r' && from + 1 < *bytes && text[from + 1] == '\n';
            if (!pair) {
                copy[to++] = text[from] == '\r' ? '\n' : text[from];
            }
        }
        text = copy;
        *bytes = to;
    }
    *bytes -= *bytes && text && text[*bytes - 1] == '\n';
    return text;
}

/* Where the byte at `at` of the normalized text is in the given one. */
static uint64_t given_offset(const char *text, size_t bytes, size_t at) {
    size_t from = 0;
    for (size_t to = 0; from < bytes; from++) {
        if (text[from] == '\r' && from + 1 < bytes && text[from + 1] == '\n') {
            continue;
        }
        if (to++ == at) {
            break;
        }
    }
    return from;
}

int template_render(const char *template_text, size_t template_bytes, const char *json, size_t json_bytes,
                    struct arena *arena, struct rendered *out, struct qn_error *error) {
    struct interp interp = {.heap = {.arena = arena,
                                     .error = error,
                                     .none = {.kind = VALUE_NONE},
                                     .yes = {.kind = VALUE_BOOL, .integer = 1},
                                     .no = {.kind = VALUE_BOOL}}};
    struct heap *heap = &interp.heap;
    *out = (struct rendered){0};
    interp.context = json_read(heap, json, json_bytes, false, QN_ERR_ARGUMENT);
    if (interp.context == NULL) {
        return error->code;
    }
    if (interp.context->kind != VALUE_DICT) {
        return error_set(error, QN_ERR_ARGUMENT, 0, "JSON: the template's context must be an object");
    }
    heap->at = 0;
    size_t bytes = template_bytes;
    const char *text = normalize(heap, template_text, &bytes);
    const struct node *list = heap->failed ? NULL : template_parse(heap, text, bytes, &interp.names);
    struct buffer buffer = {.heap = heap};
    interp.out = &buffer;
    interp.scope = heap->failed ? NULL : scope_new(&interp, NULL);
    if (!heap->failed) {
        execute(&interp, list);
    }
    if (heap->failed) {
        error->offset = given_offset(template_text, template_bytes, heap->at);
        return error->code;
    }
    out->text = buffer.text ? buffer.text : "";
    out->bytes = buffer.bytes;
    if (buffer.untrusted && buffer.mask == NULL && buffer.bytes) { /* all of it */
        buffer.mask = heap_take(heap, buffer.bytes);
        if (buffer.mask == NULL) {
            return error->code;
        }
        memset(buffer.mask, 1, buffer.bytes);
    }
    out->untrusted = buffer.mask;
    return QN_OK;
}
