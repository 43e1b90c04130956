#include "engine/text/template.h"

#include "engine/text/json.h"
#include "engine/text/template_interp.h"

/* As jinja2 does: every newline as \n, and one at the very end left out. With zeros behind. */
static const char *normalize(struct interp *in, const char *text, size_t *bytes) {
    char *copy = interp_take(in, *bytes + LEXER_ZEROS, 1);
    size_t to = 0;
    for (size_t from = 0; copy && from < *bytes; from++) {
        const bool carriage = text[from] == '\r';
        if (!carriage || from + 1 == *bytes || text[from + 1] != '\n') {
            copy[to++] = carriage ? '\n' : text[from];
        }
    }
    if (to && copy[to - 1] == '\n') {
        copy[--to] = '\0';
    }
    *bytes = to;
    return copy;
}

/* Where the byte at `at` of the normalized text is in the given one. */
static uint64_t given_offset(const char *text, size_t bytes, uint64_t at) {
    size_t from = 0;
    for (; from < bytes; from++) {
        const bool pair = text[from] == '\r' && from + 1 < bytes && text[from + 1] == '\n';
        if (!pair && at-- == 0) {
            break;
        }
    }
    return from;
}

static void set_default(struct interp *in, const char *name, struct gguf_text text) {
    if (dict_get_text(in, in->context, name, strlen(name)) == NULL) {
        dict_set(in, in->context, value_name(in, name), value_text(in, text.at, text.bytes));
    }
}

int template_render(const char *template_text, size_t template_bytes, const char *json, size_t json_bytes,
                    const struct template_tokens *tokens, struct arena *arena, struct rendered *out,
                    struct qn_error *error) {
    struct interp interp = {.arena = arena,
                            .error = error,
                            .none = {.kind = VALUE_NONE},
                            .yes = {.kind = VALUE_BOOL, .integer = 1},
                            .no = {.kind = VALUE_BOOL},
                            .scrap = {.string = {.text = ""}}};
    struct interp *in = &interp;
    struct buffer buffer;
    buffer_start(&buffer, in);
    *out = (struct rendered){.text = ""};
    in->out = &buffer;
    in->context = json_read(in, json, json_bytes, false, QN_ERR_ARGUMENT);
    if (in->context->kind != VALUE_DICT) {
        in->at = 0;
        interp_fail(in, QN_ERR_ARGUMENT, "JSON: the template's context must be an object%.*s", "", 0);
    }
    if (in->failed) {
        return error->code;
    }
    if (tokens) {
        set_default(in, "bos_token", tokens->bos);
        set_default(in, "eos_token", tokens->eos);
    }
    in->at = 0;
    size_t bytes = template_bytes;
    const char *text = normalize(in, template_text, &bytes);
    const struct node *list = template_parse(in, text, bytes);
    if (scope_open(in, NULL)) {
        execute(in, list);
    }
    if (buffer.untrusted && buffer.mask == NULL && buffer.bytes) { /* all of it */
        buffer.mask = interp_take(in, buffer.bytes, 1);
        if (buffer.mask) {
            memset(buffer.mask, 1, buffer.bytes);
        }
    }
    if (in->failed) {
        error->offset = given_offset(template_text, template_bytes, error->offset);
        return error->code;
    }
    if (buffer.bytes) {
        *out = (struct rendered){buffer.text, buffer.mask, buffer.bytes};
    }
    return QN_OK;
}
