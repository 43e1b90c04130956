/* Renders a chat template: reads the context, parses the template, executes it. */
#include "engine/text/template/template.h"

#include "engine/text/json/json.h"
#include "engine/text/json/value_dict.h"
#include "engine/text/template/builtin_tables.h"
#include "engine/text/template/execute.h"
#include "engine/text/template/interpreter.h"
#include "engine/text/template/lexer.h"
#include "engine/text/template/parse_statement.h"
#include "engine/text/template/scope.h"

/* A copy as jinja2's lexer makes it: every newline is \n, and a newline at the very end is dropped. */
static const char *normalize(struct sandbox *box, const char *text, size_t *bytes) {
    char *copy = sandbox_take(box, *bytes + LEXER_ZEROS, 1);
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

/* The offset in the original template of byte `at` of the normalized one. */
static uint64_t original_offset(const char *text, size_t bytes, uint64_t at) {
    size_t from = 0;
    for (; from < bytes; from++) {
        const bool pair = text[from] == '\r' && from + 1 < bytes && text[from + 1] == '\n';
        if (!pair && at-- == 0) {
            break;
        }
    }
    return from;
}

static void set_default(struct interpreter *in, const char *name, struct gguf_text text) {
    if (dict_get_text(&in->box, in->variables, name, strlen(name)) == NULL) {
        dict_set(&in->box, in->variables, value_name(&in->box, name), value_text(&in->box, text.at, text.bytes));
    }
}

static void read_variables(struct interpreter *in, const char *json, size_t bytes,
                           const struct template_tokens *tokens) {
    struct sandbox *box = &in->box;
    in->variables = json_read(box, json, bytes, false, QN_ERR_ARGUMENT);
    if (in->variables->kind != VALUE_DICT) {
        box->at = 0;
        sandbox_fail_with(box, QN_ERR_ARGUMENT, "JSON: the template's context must be an object%.*s", "", 0);
    }
    if (tokens && !box->failed) {
        set_default(in, "bos_token", tokens->bos);
        set_default(in, "eos_token", tokens->eos);
    }
}

/* Makes the mask of a buffer whose bytes are all untrusted. */
static void mark_all(struct buffer *buffer) {
    if (buffer->untrusted && buffer->mask == NULL && buffer->bytes) {
        buffer->mask = sandbox_take(buffer->box, buffer->bytes, 1);
        if (buffer->mask) {
            memset(buffer->mask, 1, buffer->bytes);
        }
    }
}

int template_render(const char *template_text, size_t template_bytes, const char *json, size_t json_bytes,
                    const struct template_tokens *tokens, struct arena *arena, struct rendered *out,
                    struct qn_error *error) {
    struct interpreter interpreter = {.box = {.arena = arena,
                                              .error = error,
                                              .none = {.kind = VALUE_NONE},
                                              .yes = {.kind = VALUE_BOOL, .integer = 1},
                                              .no = {.kind = VALUE_BOOL},
                                              .scrap = {.string = {.text = ""}}},
                                      .builtins = &builtin_tables};
    struct sandbox *box = &interpreter.box;
    struct buffer buffer;
    buffer_start(&buffer, box);
    interpreter.out = &buffer;
    *out = (struct rendered){.text = ""};
    read_variables(&interpreter, json, json_bytes, tokens);
    if (box->failed) {
        return error->code;
    }
    box->at = 0;
    size_t bytes = template_bytes;
    const char *text = normalize(box, template_text, &bytes);
    const struct node *list = template_parse(box, text, bytes);
    if (scope_open(box, NULL)) {
        execute(box, list);
    }
    mark_all(&buffer);
    if (box->failed) {
        error->offset = original_offset(template_text, template_bytes, error->offset);
        return error->code;
    }
    if (buffer.bytes) {
        *out = (struct rendered){buffer.text, buffer.mask, buffer.bytes};
    }
    return QN_OK;
}
