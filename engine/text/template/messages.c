/* Fits messages to a template: contents, roles and arguments of tool calls. */
#include "engine/text/template/messages.h"

#include "engine/text/json/json.h"
#include "engine/text/json/json_write.h"
#include "engine/text/json/value_dict.h"
#include "engine/text/json/value_string.h"

#define MAX_SAMPLE 64u /* bytes */
#define MAX_TAG    40u /* bytes */

/* The member of a dict; null if there is none or the value is not a dict. */
static struct value *member(struct sandbox *box, const struct value *dict, const char *name) {
    return dict->kind == VALUE_DICT ? dict_get_text(box, dict, name, strlen(name)) : NULL;
}

static bool member_is(struct sandbox *box, const struct value *dict, const char *name, const char *text) {
    const struct value *value = member(box, dict, name);
    return value && value_is_text(value, text);
}

static void set_member(struct sandbox *box, struct value *dict, const char *name, struct value *value) {
    dict_set(box, dict, value_name(box, name), value);
}

/* The text of a part; null if it is not a text part. */
static struct value *part_text(struct sandbox *box, const struct value *part) {
    struct value *text = member_is(box, part, "type", "text") ? member(box, part, "text") : NULL;
    return text && text->kind == VALUE_STRING ? text : NULL;
}

/* Whether templates print the byte unchanged: JSON and HTML escape the others. */
static bool plain(char byte) {
    switch (byte) {
    case '"':
    case '\'':
    case '\\':
    case '<':
    case '>':
    case ']':
    case '&':
        return false;
    default:
        return (uint8_t)byte >= ' ';
    }
}

static bool is_letter(char byte) { return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z'); }

/* Whether a > or ] ends a tag such as </think>, <|end|> or [/THINK], and not an arrow or a list of numbers. */
static bool ends_tag(const char *bytes, size_t at) {
    const char open = bytes[at] == '>' ? '<' : '[';
    size_t start = at;
    while (start && at - start < MAX_TAG && bytes[start - 1] != open && bytes[start - 1] != bytes[at]) {
        start--;
    }
    if (start == 0 || start == at || bytes[start - 1] != open) {
        return false;
    }
    const char first = bytes[start];
    return is_letter(first) || first == '/' || first == '|' || (uint8_t)first >= 0x80 || bytes[at - 1] == '|';
}

/* Makes the longest stretch of plain bytes the sample, if it is longer. Of an assistant's text only the part after the
 * last tag counts, because templates remove its reasoning, which ends with a tag. */
static void sample_text(struct sandbox *box, const struct value *text, bool assistant, struct gguf_text *sample) {
    const char *bytes = text->string.text;
    const size_t end = text->string.bytes;
    sandbox_step(box, end / 64);
    for (size_t from = 0, to; from < end; from = to + 1) {
        for (to = from; to < end && plain(bytes[to]);) {
            to++;
        }
        const size_t start = from + space_before(bytes + from, to - from);
        const size_t count = to - start - space_after(bytes + start, to - start);
        const size_t sampled = count < MAX_SAMPLE ? count : MAX_SAMPLE;
        if (sampled > sample->bytes) {
            *sample = (struct gguf_text){bytes + start, sampled};
        }
        if (assistant && to < end && (bytes[to] == '>' || bytes[to] == ']') && ends_tag(bytes, to)) {
            sample->bytes = 0;
        }
    }
}

void messages_sample(struct sandbox *box, const struct value *messages, struct gguf_text *samples) {
    for (size_t i = 0; i < messages->list.count && !box->failed; i++) {
        const struct value *message = messages->list.items[i];
        const bool assistant = member_is(box, message, "role", "assistant");
        const struct value *calls = member(box, message, "tool_calls");
        const struct value *content = member(box, message, "content");
        if (content == NULL || (calls && value_true(calls))) {
            continue; /* many templates drop the text next to a call */
        }
        if (content->kind == VALUE_STRING) {
            sample_text(box, content, assistant, &samples[i]);
        }
        for (size_t k = 0; content->kind == VALUE_LIST && k < content->list.count; k++) {
            const struct value *text = part_text(box, content->list.items[k]);
            if (text) {
                sample_text(box, text, assistant, &samples[i]);
            }
        }
    }
}

void messages_group(struct sandbox *box, const struct value *messages, uint32_t *same) {
    struct value *firsts = value_new(box, VALUE_DICT);
    for (uint32_t i = 0; i < messages->list.count && !box->failed; i++) {
        struct value *role = member(box, messages->list.items[i], "role");
        same[i] = i;
        if (role == NULL || role->kind != VALUE_STRING) {
            continue;
        }
        const struct value *first = dict_get(box, firsts, role);
        if (first) {
            same[i] = (uint32_t)first->integer;
        } else {
            dict_set(box, firsts, role, value_int(box, i));
        }
    }
}

/* The joined text of text parts; null if there are others. */
static struct value *join(struct sandbox *box, const struct value *parts) {
    struct buffer buffer;
    buffer_start(&buffer, box);
    for (size_t i = 0; i < parts->list.count; i++) {
        const struct value *text = part_text(box, parts->list.items[i]);
        if (text == NULL) {
            return NULL;
        }
        buffer_string(&buffer, text);
    }
    return buffer_value(&buffer);
}

static struct value *parts_of(struct sandbox *box, struct value *text) {
    struct value *part = value_new(box, VALUE_DICT);
    set_member(box, part, "type", value_name(box, "text"));
    set_member(box, part, "text", text);
    struct value *list = value_new(box, VALUE_LIST);
    list_add(box, list, part);
    return list;
}

static void fit_content(struct sandbox *box, struct value *message, bool parts) {
    struct value *content = member(box, message, "content");
    struct value *fitted = NULL;
    if (content && content->kind == VALUE_STRING && parts) {
        fitted = parts_of(box, content);
    } else if (content && content->kind == VALUE_LIST && !parts) {
        fitted = join(box, content);
    }
    if (fitted) {
        set_member(box, message, "content", fitted);
    }
}

/* The object that a JSON text holds; null if it holds none. Then the template gets the text. */
static struct value *parse_object(struct sandbox *box, const struct value *json) {
    struct qn_error *const error = box->error;
    struct qn_error ignored;
    box->error = &ignored;
    struct value *object = json_read(box, json->string.text, json->string.bytes, true, QN_ERR_TEMPLATE);
    box->error = error;
    box->failed = false; /* if memory or steps have run out, the next use of them fails again */
    return object->kind == VALUE_DICT ? object : NULL;
}

static bool fit_arguments(struct sandbox *box, struct value *call, bool as_json) {
    struct value *function = member(box, call, "function");
    struct value *holder = function ? function : call;
    struct value *arguments = member(box, holder, "arguments");
    struct value *fitted = NULL;
    if (arguments && arguments->kind == VALUE_STRING && !as_json) {
        fitted = parse_object(box, arguments);
    } else if (arguments && arguments->kind == VALUE_DICT && as_json) {
        struct buffer buffer;
        buffer_start(&buffer, box);
        json_write(&buffer, arguments, &(struct json_style){0});
        fitted = buffer_value(&buffer);
    }
    if (fitted) {
        set_member(box, holder, "arguments", fitted);
        arguments = fitted;
    }
    if (arguments && arguments->kind == VALUE_DICT && !box->failed) {
        arguments->flags |= FLAG_JSON;
    }
    return arguments != NULL;
}

static bool contains(struct gguf_text text, const char *word) {
    const size_t bytes = strlen(word);
    for (size_t i = 0; i + bytes <= text.bytes; i++) {
        if (text.at[i] == word[0] && memcmp(text.at + i, word, bytes) == 0) {
            return true;
        }
    }
    return false;
}

/* Roles that templates know become part of the template's own text, so that a message's text is not found in its role.
 */
static void fit_role(struct sandbox *box, struct value *message, bool knows_developer) {
    static const char *const roles[][2] = {
        {"system", "system"},    {"user", "user"},         {"assistant", "assistant"}, {"tool", "tool"},
        {"developer", "system"}, {"function", "function"}, {"model", "model"},
    }; /* the second name is for templates that do not know the role developer */
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (member_is(box, message, "role", roles[i][0])) {
            set_member(box, message, "role", value_name(box, roles[i][knows_developer ? 0 : 1]));
            return;
        }
    }
}

bool messages_fit(struct sandbox *box, const struct value *messages, struct gguf_text template_text,
                  const struct message_form *form) {
    const bool developer = contains(template_text, "'developer'") || contains(template_text, "\"developer\"");
    bool arguments = false;
    for (size_t i = 0; i < messages->list.count && !box->failed; i++) {
        struct value *message = messages->list.items[i];
        fit_role(box, message, developer);
        fit_content(box, message, form->parts[i]);
        const struct value *calls = member(box, message, "tool_calls");
        for (size_t k = 0; calls && calls->kind == VALUE_LIST && k < calls->list.count; k++) {
            arguments |= fit_arguments(box, calls->list.items[k], form->arguments_as_json);
        }
    }
    return arguments;
}

/* Where the sample first occurs in untrusted text of prompt[from..]; SIZE_MAX if it does not. */
static size_t find_untrusted(struct sandbox *box, const struct value *prompt, size_t from, const struct value *sample) {
    size_t at;
    do {
        at = text_find(box, prompt, from, prompt->string.bytes, sample, false);
        from = at + 1;
    } while (at != SIZE_MAX && !(untrusted_at(prompt, at) && untrusted_at(prompt, at + sample->string.bytes - 1)));
    return at;
}

bool messages_missing(struct sandbox *box, const struct value *prompt, const struct gguf_text *samples, size_t count,
                      uint8_t *missing) {
    bool any = false;
    size_t from = 0; /* where the previous sample was: most templates keep the order */
    for (size_t i = 0; i < count && !box->failed; i++) {
        const struct value sample = {.kind = VALUE_STRING,
                                     .string = {.text = samples[i].at, .bytes = samples[i].bytes}};
        size_t at = samples[i].bytes ? find_untrusted(box, prompt, from, &sample) : from;
        at = at == SIZE_MAX ? find_untrusted(box, prompt, 0, &sample) : at;
        missing[i] = at == SIZE_MAX;
        any |= missing[i];
        from = at == SIZE_MAX ? from : at;
    }
    return any;
}
