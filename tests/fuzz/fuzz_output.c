/* Fuzzes the parser of outputs, and the search for the format of a template. The first byte chooses a template; one
 * past the last means that the input begins with a template, up to a zero byte. The next byte chooses options, and the
 * rest is an output; a byte 0xFF begins or ends the name of a control token. Read in pieces or as a whole, an output
 * must give the same events. */
#include "tests/fuzz/fuzz.h"

#include "quern.h"
#include "tests/fuzz/output_templates.h"
#include "tests/fuzz/status.h"

#define CONTROL    0xff
#define MAX_EVENTS ((size_t)1 << 20) /* bytes of a list of events */

/* Events as text; adjacent ones that continue each other are joined. */
struct list {
    char *text; /* (bytes) */
    size_t bytes, capacity;
    struct qn_event last;
};

static void list_put(struct list *list, const void *bytes, size_t count) {
    if (list->bytes + count > list->capacity) {
        list->capacity = 2 * (list->bytes + count);
        REQUIRE(list->capacity < MAX_EVENTS);
        list->text = realloc(list->text, list->capacity);
        REQUIRE(list->text != NULL);
    }
    if (count) {
        memcpy(list->text + list->bytes, bytes, count);
    }
    list->bytes += count;
}

static void take(const qn_output *output, int32_t count, struct list *list) {
    struct qn_event event;
    REQUIRE(count >= 0);
    for (int32_t i = 0; i < count; i++) {
        REQUIRE(qn_output_event(output, (uint32_t)i, &event) == QN_OK);
        const int whole =
            event.kind != QN_EVENT_TEXT && event.kind != QN_EVENT_REASONING && event.kind != QN_EVENT_ARGUMENTS;
        REQUIRE(event.kind <= QN_EVENT_CALL_INVALID && event.flags <= 3);
        if (whole || list->bytes == 0 || event.kind != list->last.kind || event.flags != list->last.flags ||
            event.call != list->last.call) {
            const uint32_t head[] = {event.kind, event.flags, event.call};
            list_put(list, head, sizeof(head));
        }
        list_put(list, (const void *)(uintptr_t)event.address, (size_t)event.bytes);
        list->last = event;
    }
    REQUIRE(qn_output_event(output, (uint32_t)count, &event) == QN_ERR_ARGUMENT);
}

/* piece: how many bytes at most are pushed at once. */
static struct list read_output(const qn_format *format, uint8_t options, const uint8_t *text, size_t bytes,
                               size_t piece) {
    static const char *const prompts[] = {"", "<|im_start|>assistant\n", "<think>\n", "x"};
    const char *prompt = prompts[options & 3];
    const char *tools = options & 4 ? output_tools : "";
    struct list list = {0};
    qn_output *output = qn_output_new(format, prompt, strlen(prompt), tools, strlen(tools));
    REQUIRE(output != NULL);
    uint32_t control = 0;
    for (size_t at = 0; at < bytes;) {
        size_t end = at;
        while (end < bytes && text[end] != CONTROL && end - at < piece) {
            end++;
        }
        uint8_t *copy = fuzz_copy(text + at, end - at);
        take(output, qn_output_push(output, (const char *)copy, end - at, control), &list);
        free(copy);
        if (end < bytes && text[end] == CONTROL) {
            control ^= 1;
            end++;
        }
        at = end;
    }
    take(output, qn_output_end(output), &list);
    qn_output_free(output);
    return list;
}

/* The formats of the built-in templates are found once. */
static qn_format *format_at(size_t index) {
    static qn_format *formats[OUTPUT_TEMPLATES];
    if (formats[index] == NULL) {
        formats[index] = qn_format_new(NULL, output_templates[index], strlen(output_templates[index]));
        REQUIRE(formats[index] != NULL);
    }
    return formats[index];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct choices in = {data, size};
    const uint32_t index = choose(&in, OUTPUT_TEMPLATES + 1);
    const uint8_t options = (uint8_t)choose(&in, 256);
    qn_format *own = NULL;
    if (index == OUTPUT_TEMPLATES) {
        const uint8_t *zero = in.left ? memchr(in.at, 0, in.left) : NULL;
        const size_t bytes = zero ? (size_t)(zero - in.at) : in.left;
        own = bytes ? qn_format_new(NULL, (const char *)in.at, bytes) : NULL;
        if (own == NULL) {
            return 0;
        }
        in.at += bytes;
        in.left -= bytes;
    }
    const qn_format *format = own ? own : format_at(index);
    char text[64];
    REQUIRE(qn_format_text(format, text, sizeof(text)) > 0);
    const struct list whole = read_output(format, options, in.at, in.left, SIZE_MAX);
    const struct list pieces = read_output(format, options, in.at, in.left, options & 8 ? 1 : 1 + (options >> 4));
    REQUIRE(whole.bytes == pieces.bytes && (whole.bytes == 0 || memcmp(whole.text, pieces.text, whole.bytes) == 0));
    free(whole.text);
    free(pieces.text);
    qn_format_free(own);
    return 0;
}
