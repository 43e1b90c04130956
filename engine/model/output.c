/* Formats and outputs: exports that apply engine/output to a model's chat template. */
#include "engine/output/output.h"

#include "engine/model/prompt.h"
#include "platform/error.h"

#define FORMAT_LIMIT ((size_t)256 << 20) /* for the renderings */

struct qn_format {
    struct arena arena;
    struct output_format format;
    struct text text; /* the description */
};

struct qn_output {
    struct output_parser parser;
};

static void *no_memory(const char *what) {
    error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for %s", what);
    return NULL;
}

/* A marker as a member of a JSON object. */
static void add_text(struct text *text, const char *name, struct marker marker) {
    text_add(text, ",\"", 2);
    text_add(text, name, strlen(name));
    text_add(text, "\":\"", 3);
    for (size_t i = 0; i < marker.bytes; i++) {
        text_put_json(text, marker.at[i]);
    }
    text_put(text, '"');
}

static void add_flag(struct text *text, const char *name, bool flag) {
    text_add(text, ",\"", 2);
    text_add(text, name, strlen(name));
    text_add(text, flag ? "\":true" : "\":false", flag ? 6 : 7);
}

static void describe(struct text *text, const struct output_format *format) {
    static const char *const forms[] = {"null", "\"object\"", "\"named\"", "\"json\"", "\"tagged\"", "\"literal\""};
    const struct {
        const char *name;
        struct marker marker;
    } markers[] = {
        {"reasoning_open", format->reasoning_open},
        {"reasoning_close", format->reasoning_close},
        {"text_open", format->text_open},
        {"text_close", format->text_close},
        {"open", format->open},
        {"close", format->close},
        {"separator", format->separator},
        {"end", format->end},
        {"after_name", format->after_name},
        {"name_key", format->name_key},
        {"arguments_key", format->arguments_key},
        {"key_open", format->key_open},
        {"key_close", format->key_close},
        {"value_close", format->value_close},
        {"quote", format->quote},
        {"bracket", {&format->bracket, format->bracket != '\0'}},
    };
    text_add(text, "{\"calls\":", 9);
    text_add(text, forms[format->form], strlen(forms[format->form]));
    add_flag(text, "tools", format->reads_tools);
    add_flag(text, "parallel", format->parallel);
    add_flag(text, "open_at_start", format->open_at_start);
    add_flag(text, "value_lines", format->value_lines);
    for (size_t i = 0; i < sizeof(markers) / sizeof(markers[0]); i++) {
        add_text(text, markers[i].name, markers[i].marker);
    }
    text_put(text, '}');
}

qn_format *qn_format_new(qn_model *model, const char *template_text, size_t template_bytes) {
    struct template_texts texts = {{template_text, template_bytes}, {"", 0}};
    if (template_bytes == 0 && prompt_templates(model, &texts) != QN_OK) {
        return NULL;
    }
    /* Markers point into the template, so a template of the host is copied. */
    struct qn_format *format = block_take(sizeof(*format));
    if (format == NULL) {
        return no_memory("a format");
    }
    *format = (struct qn_format){.arena = {.limit = FORMAT_LIMIT}};
    struct template_tokens tokens;
    prompt_tokens_of(model, &tokens);
    const bool found = probe_format(&texts, &tokens, &format->arena, &format->format);
    if (found) {
        describe(&format->text, &format->format);
    }
    if (!found || format->text.failed) {
        qn_format_free(format);
        return no_memory("a format");
    }
    return format;
}

void qn_format_free(qn_format *format) {
    if (format) {
        arena_free(&format->arena);
        text_free(&format->text);
        block_give(format);
    }
}

int64_t qn_format_text(const qn_format *format, char *text, size_t capacity) {
    const size_t bytes = format->text.bytes;
    memcpy(text, format->text.at, bytes < capacity ? bytes : capacity);
    return (int64_t)bytes;
}

qn_output *qn_output_new(const qn_format *format, const char *prompt, size_t prompt_bytes, const char *tools,
                         size_t tools_bytes) {
    struct qn_output *output = block_take(sizeof(*output));
    if (output == NULL) {
        return no_memory("an output");
    }
    const struct marker before = {prompt, prompt_bytes};
    const struct marker list = {tools, tools_bytes};
    if (output_start(&output->parser, &format->format, before, list, &last_error) != QN_OK) {
        block_give(output);
        return NULL;
    }
    return output;
}

void qn_output_free(qn_output *output) {
    if (output) {
        output_free(&output->parser);
        block_give(output);
    }
}

static int32_t count(const qn_output *output, int status) {
    return status == QN_OK ? (int32_t)output->parser.n_events
                           : error_set(&last_error, status, QN_NO_OFFSET, "no memory for the output");
}

int32_t qn_output_push(qn_output *output, const char *text, size_t bytes, uint32_t control) {
    return count(output, output_push(&output->parser, text, bytes, control != 0));
}

int32_t qn_output_end(qn_output *output) { return count(output, output_end(&output->parser)); }

int32_t qn_output_event(const qn_output *output, uint32_t index, struct qn_event *event) {
    const struct output_parser *parser = &output->parser;
    if (index >= parser->n_events) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "the output has %zu events", parser->n_events);
    }
    const struct output_event *from = &parser->events[index];
    *event = (struct qn_event){.address = (uintptr_t)(parser->out.at + from->from),
                               .bytes = from->bytes,
                               .kind = from->kind,
                               .flags = from->flags,
                               .call = from->call};
    return QN_OK;
}
