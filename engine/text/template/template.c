/* Renders a chat template: reads the context, fits the messages to the template, parses and executes it. */
#include "engine/text/template/template.h"

#include "engine/text/json/json.h"
#include "engine/text/json/value_dict.h"
#include "engine/text/template/builtin_tables.h"
#include "engine/text/template/execute.h"
#include "engine/text/template/interpreter.h"
#include "engine/text/template/lexer.h"
#include "engine/text/template/messages.h"
#include "engine/text/template/parse_statement.h"
#include "engine/text/template/scope.h"
#include "platform/error.h"

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

/* One rendering, with the form of the messages that is being tried. */
struct rendering {
    const struct template_texts *texts;
    const char *json; /* (json_bytes) */
    size_t json_bytes;
    const struct template_tokens *tokens;
    struct arena *arena;
    struct rendered *out;
    struct qn_error *error;
    bool fits; /* fit the messages, and check that the prompt has their text */
    struct message_form form;
    uint8_t *none, *all;             /* (n_messages) 0 and 1; null until the messages are known */
    uint8_t *missing;                /* (n_messages) see messages_missing */
    uint8_t *parts;                  /* (n_messages) see guess_parts */
    uint8_t *reads;                  /* (n_messages) enum reads, for the first message of each role */
    uint32_t *same;                  /* (n_messages) see messages_group */
    const struct gguf_text *samples; /* (n_messages) see messages_sample */
    size_t n_messages;
    bool any_missing;
    bool out_of_memory; /* in a form after the first one */
    bool has_arguments; /* of tool calls */
};

/* Fits the messages. Returns samples of their text; null if there are no messages, or after an error. */
static struct gguf_text *fit_messages(struct rendering *r, struct interpreter *in, struct gguf_text text) {
    const struct value *messages = dict_get_text(&in->box, in->variables, "messages", 8);
    if (!r->fits || messages == NULL || messages->kind != VALUE_LIST) {
        return NULL;
    }
    r->n_messages = messages->list.count;
    struct gguf_text *samples = sandbox_take(&in->box, r->n_messages + 1, sizeof(*samples));
    if (r->none == NULL) {
        uint8_t *marks = sandbox_take(&in->box, r->n_messages + 1, 5);
        r->same = sandbox_take(&in->box, r->n_messages + 1, sizeof(*r->same));
        if (marks == NULL || r->same == NULL) {
            return NULL;
        }
        r->none = marks;
        r->missing = marks + r->n_messages;
        r->all = memset(r->missing + r->n_messages, 1, r->n_messages);
        r->parts = r->all + r->n_messages;
        r->reads = r->parts + r->n_messages;
        r->form.parts = r->none;
        r->samples = samples;
        messages_group(&in->box, messages, r->same);
    }
    if (in->box.failed) {
        return NULL;
    }
    messages_sample(&in->box, messages, samples);
    r->has_arguments = messages_fit(&in->box, messages, text, &r->form);
    return samples;
}

static void check_prompt(struct rendering *r, struct interpreter *in, const struct buffer *buffer,
                         const struct gguf_text *samples) {
    const bool reads = dict_get_text(&in->box, in->names, "messages", 8) != NULL;
    if (!reads || in->box.failed) {
        return;
    }
    const struct value prompt = {
        .kind = VALUE_STRING,
        .string = {.text = buffer->bytes ? buffer->text : "", .mask = buffer->mask, .bytes = buffer->bytes}};
    r->any_missing = messages_missing(&in->box, &prompt, samples, r->n_messages, r->missing);
}

static int attempt(struct rendering *r) {
    struct interpreter interpreter = {.box = {.arena = r->arena,
                                              .error = r->error,
                                              .none = {.kind = VALUE_NONE},
                                              .yes = {.kind = VALUE_BOOL, .integer = 1},
                                              .no = {.kind = VALUE_BOOL},
                                              .scrap = {.string = {.text = ""}}},
                                      .builtins = &builtin_tables};
    struct sandbox *box = &interpreter.box;
    struct buffer buffer;
    buffer_start(&buffer, box);
    interpreter.out = &buffer;
    *r->out = (struct rendered){.text = ""};
    r->any_missing = false;
    read_variables(&interpreter, r->json, r->json_bytes, r->tokens);
    if (box->failed) {
        return r->error->code;
    }
    const struct value *tools = dict_get_text(box, interpreter.variables, "tools", 5);
    const bool with_tools = r->texts->with_tools.bytes && tools && value_true(tools);
    const struct gguf_text chosen = with_tools ? r->texts->with_tools : r->texts->usual;
    const struct gguf_text *samples = fit_messages(r, &interpreter, chosen);
    box->at = 0;
    size_t bytes = chosen.bytes;
    const char *text = normalize(box, chosen.at, &bytes);
    const struct node *list = template_parse(box, text, bytes);
    if (scope_open(box, NULL)) {
        execute(box, list);
    }
    mark_all(&buffer);
    if (samples) {
        check_prompt(r, &interpreter, &buffer, samples);
    }
    if (box->failed) {
        r->error->offset = original_offset(chosen.at, chosen.bytes, r->error->offset);
        return r->error->code;
    }
    if (buffer.bytes) {
        *r->out = (struct rendered){buffer.text, buffer.mask, buffer.bytes};
    }
    return QN_OK;
}

/* Tries another form, unless memory ran out in one before. Its failure is not reported, because the error of the first
 * form means more; only a lack of memory is, because the form might have worked. */
static bool try_form(struct rendering *r, bool arguments_as_json, const uint8_t *parts) {
    if (r->out_of_memory) {
        return false;
    }
    struct qn_error other;
    struct qn_error *const error = r->error;
    r->error = &other;
    r->form = (struct message_form){arguments_as_json, parts};
    const int status = attempt(r);
    r->error = error;
    if (status == QN_ERR_MEMORY) {
        r->out_of_memory = true;
        *error = other;
    }
    return status == QN_OK && !r->any_missing;
}

/* Whether a template shows a text, or needs parts. */
enum reads { READS_UNKNOWN, READS_TEXT, READS_PARTS };

/* Marks the messages whose text the template has left out, to be given as parts. A message without a sample gets the
 * form of the others of its role; parts if there are none. */
static void guess_parts(struct rendering *r) {
    for (size_t i = 0; i < r->n_messages; i++) {
        if (r->samples[i].bytes) {
            r->reads[r->same[i]] = r->missing[i] ? READS_PARTS : READS_TEXT;
        }
    }
    for (size_t i = 0; i < r->n_messages; i++) {
        r->parts[i] = r->samples[i].bytes ? r->missing[i] : r->reads[r->same[i]] != READS_TEXT;
    }
}

/* Tries the other forms after the first one failed, or left text out. Returns whether one of them works. */
static bool try_forms(struct rendering *r, bool failed) {
    if (failed && r->has_arguments && try_form(r, true, r->none)) {
        return true;
    }
    if (!failed) {
        guess_parts(r);
    }
    return try_form(r, false, failed ? r->all : r->parts) || try_form(r, failed, r->all);
}

int template_render(const struct template_texts *texts, const char *json, size_t json_bytes,
                    const struct template_tokens *tokens, struct arena *arena, struct rendered *out,
                    struct qn_error *error) {
    struct rendering r = {.texts = texts,
                          .json = json,
                          .json_bytes = json_bytes,
                          .tokens = tokens,
                          .arena = arena,
                          .out = out,
                          .error = error,
                          .fits = true};
    const int status = attempt(&r);
    if ((status == QN_OK && !r.any_missing) || (status != QN_OK && (status != QN_ERR_TEMPLATE || r.none == NULL))) {
        return status;
    }
    size_t first = 0;
    while (status == QN_OK && !r.missing[first]) {
        first++;
    }
    if (try_forms(&r, status != QN_OK)) {
        return QN_OK;
    }
    if (r.out_of_memory) {
        return QN_ERR_MEMORY;
    }
    return status == QN_OK ? error_set(error, QN_ERR_TEMPLATE, QN_NO_OFFSET,
                                       "the chat template leaves out the text of messages[%zu]", first)
                           : status;
}

int template_render_as_is(const char *template_text, size_t template_bytes, const char *json, size_t json_bytes,
                          const struct template_tokens *tokens, struct arena *arena, struct rendered *out,
                          struct qn_error *error) {
    const struct template_texts texts = {.usual = {template_text, template_bytes}};
    struct rendering r = {.texts = &texts,
                          .json = json,
                          .json_bytes = json_bytes,
                          .tokens = tokens,
                          .arena = arena,
                          .out = out,
                          .error = error};
    return attempt(&r);
}
