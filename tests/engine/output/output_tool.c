/* Reads outputs of models for tests in Python. Each case on standard input is a line "<bytes of the template> <bytes of
 * the prompt> <bytes of the tools> <bytes of the output>\n", then these texts. The answer on standard output is the
 * line "<bytes> <bytes>\n", the description of the format, and the events as a JSON list of [kind, flags, call, text].
 * Adjacent texts of the same kind are joined.
 *
 * Each output is read as a whole, byte by byte, and in two pieces with every split. The program fails if the events
 * differ, or if those of a prefix are no prefix of them. A byte 0xFF before and after a text makes it a control token.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quern.h"

enum { CONTROL = 0xFF };

struct events {
    char *text; /* (bytes): one event after another, each as a line of JSON */
    size_t bytes, capacity;
    uint32_t kind, flags, call; /* of the last one */
    int open;                   /* the last one can be continued */
};

static char *read_bytes(size_t bytes) { /* of exactly that size, so that sanitizers detect a read past the end */
    char *text = malloc(bytes ? bytes : 1);
    if (text == NULL || fread(text, 1, bytes, stdin) != bytes) {
        fprintf(stderr, "truncated input\n");
        exit(1);
    }
    return text;
}

static void put(struct events *events, const char *text, size_t bytes) {
    if (events->bytes + bytes > events->capacity) {
        events->capacity = 2 * (events->bytes + bytes);
        events->text = realloc(events->text, events->capacity);
        if (events->text == NULL) {
            exit(1);
        }
    }
    memcpy(events->text + events->bytes, text, bytes);
    events->bytes += bytes;
}

/* Appends an event. Its text is in hexadecimal, since it may be malformed UTF-8. */
static void add(struct events *events, const struct qn_event *event) {
    char line[64];
    const int joined =
        event->kind == QN_EVENT_TEXT || event->kind == QN_EVENT_REASONING || event->kind == QN_EVENT_ARGUMENTS;
    const int same = events->open && joined && event->kind == events->kind && event->flags == events->flags &&
                     event->call == events->call;
    if (!same) {
        put(events, line, (size_t)snprintf(line, sizeof(line), "\n%u %u %u ", event->kind, event->flags, event->call));
    }
    const unsigned char *text = (const unsigned char *)(uintptr_t)event->address;
    for (uint64_t i = 0; i < event->bytes; i++) {
        put(events, line, (size_t)snprintf(line, sizeof(line), "%02x", text[i]));
    }
    events->kind = event->kind;
    events->flags = event->flags;
    events->call = event->call;
    events->open = joined;
}

static void drain(qn_output *output, int32_t count, struct events *events) {
    if (count < 0) {
        fprintf(stderr, "%s\n", qn_last_error()->text);
        exit(1);
    }
    for (int32_t i = 0; i < count; i++) {
        struct qn_event event;
        qn_output_event(output, (uint32_t)i, &event);
        add(events, &event);
    }
}

/* Reads text[from..to), with control tokens apart. */
static void push(qn_output *output, const char *text, size_t from, size_t to, struct events *events) {
    int control = 0;
    for (size_t i = 0; i < from; i++) {
        control ^= (unsigned char)text[i] == CONTROL;
    }
    for (size_t end; from < to; from = end + 1) {
        for (end = from; end < to && (unsigned char)text[end] != CONTROL;) {
            end++;
        }
        drain(output, qn_output_push(output, text + from, end - from, (uint32_t)control), events);
        control ^= end < to;
    }
}

struct texts {
    char *prompt, *tools, *output;
    size_t prompt_bytes, tools_bytes, output_bytes;
};

/* Whether `part` is how `whole` begins: its last line may be the start of a longer one. */
static int is_prefix(const struct events *part, const struct events *whole) {
    return part->bytes <= whole->bytes && (part->bytes == 0 || memcmp(part->text, whole->text, part->bytes) == 0);
}

/* Reads the output in two pieces. With `whole`, reads it byte by byte, and each prefix must have a prefix of the whole
 * output's events. */
static struct events read_output(qn_format *format, const struct texts *texts, size_t split,
                                 const struct events *whole) {
    struct events events = {0};
    qn_output *output = qn_output_new(format, texts->prompt, texts->prompt_bytes, texts->tools, texts->tools_bytes);
    if (output == NULL) {
        fprintf(stderr, "%s\n", qn_last_error()->text);
        exit(1);
    }
    for (size_t i = 0; whole && i < texts->output_bytes; i++) {
        push(output, texts->output, i, i + 1, &events);
        if (!is_prefix(&events, whole)) {
            fprintf(stderr, "the prefix of %zu bytes has the events%.*s\n", i + 1, (int)events.bytes, events.text);
            exit(1);
        }
    }
    if (whole == NULL) {
        push(output, texts->output, 0, split, &events);
        push(output, texts->output, split, texts->output_bytes, &events);
    }
    drain(output, qn_output_end(output), &events);
    qn_output_free(output);
    return events;
}

static void check(struct events events, const struct events *whole, size_t split) {
    if (events.bytes != whole->bytes || !is_prefix(&events, whole)) {
        fprintf(stderr, "the split at %zu changes the events to%.*s\n", split, (int)events.bytes, events.text);
        exit(1);
    }
    free(events.text);
}

static void compare(qn_format *format, const struct texts *texts, const struct events *whole) {
    for (size_t split = 1; split < texts->output_bytes; split++) {
        check(read_output(format, texts, split, NULL), whole, split);
    }
    check(read_output(format, texts, 0, whole), whole, 0);
}

int main(void) {
    struct texts texts;
    size_t template_bytes;
    while (scanf("%zu %zu %zu %zu", &template_bytes, &texts.prompt_bytes, &texts.tools_bytes, &texts.output_bytes) ==
           4) {
        getchar();
        char *text = read_bytes(template_bytes);
        texts.prompt = read_bytes(texts.prompt_bytes);
        texts.tools = read_bytes(texts.tools_bytes);
        texts.output = read_bytes(texts.output_bytes);
        qn_format *format = qn_format_new(NULL, text, template_bytes);
        free(text);
        if (format == NULL) {
            fprintf(stderr, "%s\n", qn_last_error()->text);
            return 1;
        }
        struct events events = read_output(format, &texts, 0, NULL);
        compare(format, &texts, &events);
        char *description = malloc((size_t)qn_format_text(format, NULL, 0));
        const int64_t bytes = qn_format_text(format, description, (size_t)qn_format_text(format, NULL, 0));
        printf("%lld %zu\n%.*s%.*s", (long long)bytes, events.bytes, (int)bytes, description, (int)events.bytes,
               events.text ? events.text : "");
        free(description);
        free(events.text);
        free(texts.prompt);
        free(texts.tools);
        free(texts.output);
        qn_format_free(format);
    }
    return 0;
}
