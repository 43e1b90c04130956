/* Fuzzes the JSON reader and writer. The first byte chooses the style of writing, the rest is JSON. What is written is
 * read again: it must be the same text when written once more, and the same value as Python prints it. */
#include "tests/fuzz/fuzz.h"

#include "engine/text/json/json.h"
#include "engine/text/json/json_write.h"
#include "engine/text/json/value_print.h"

#define MEMORY ((size_t)1 << 26)

/* One evaluation and its error. */
struct reading {
    struct arena arena;
    struct qn_error error;
    struct sandbox box;
};

static void start(struct reading *reading, size_t limit) {
    memset(reading, 0, sizeof(*reading));
    reading->arena.limit = limit;
    reading->box.arena = &reading->arena;
    reading->box.error = &reading->error;
    reading->box.none.kind = VALUE_NONE;
    reading->box.yes = (struct value){.kind = VALUE_BOOL, .integer = 1};
    reading->box.no = (struct value){.kind = VALUE_BOOL};
}

static void require_error(const struct reading *reading, size_t bytes, int code) {
    const struct qn_error *error = &reading->error;
    REQUIRE(error->code == code || error->code == QN_ERR_LIMIT || error->code == QN_ERR_MEMORY);
    REQUIRE(error->text_bytes > 0 && error->text_bytes == strlen(error->text));
    REQUIRE(code != QN_ERR_ARGUMENT || error->code != code || error->offset <= bytes);
}

static struct value *read_value(struct reading *reading, const char *text, size_t bytes, int code) {
    struct value *value = json_read(&reading->box, text, bytes, false, code);
    if (reading->box.failed) {
        require_error(reading, bytes, code);
    }
    REQUIRE(reading->arena.used <= reading->arena.limit);
    return value;
}

static const struct value *written(struct reading *reading, const struct value *value, uint8_t style) {
    struct json_style how = {.ascii = style & 1, .sorted = style & 2};
    how.indent = style & 4 ? value_int(&reading->box, style >> 5) : NULL;
    how.between = style & 8 ? value_name(&reading->box, ",\n") : NULL;
    how.after_key = style & 8 ? value_name(&reading->box, ":") : NULL;
    struct buffer buffer;
    buffer_start(&buffer, &reading->box);
    json_write(&buffer, value, &how);
    return buffer_value(&buffer);
}

static const struct value *printed(struct reading *reading, const struct value *value) {
    struct buffer buffer;
    buffer_start(&buffer, &reading->box);
    buffer_print(&buffer, value);
    buffer_repr(&buffer, value);
    return buffer_value(&buffer);
}

static void require_same(const struct value *a, const struct value *b) {
    REQUIRE(a->string.bytes == b->string.bytes && memcmp(a->string.text, b->string.text, a->string.bytes) == 0);
}

/* Reads what is written, and compares. Writing can replace malformed UTF-8, so that only the second time is exact. */
static void check_again(struct reading *reading, const struct value *value, uint8_t style, bool exact) {
    const struct value *text = written(reading, value, style);
    if (reading->box.failed) {
        return;
    }
    struct reading again;
    start(&again, MEMORY);
    const struct value *same = read_value(&again, text->string.text, text->string.bytes, QN_ERR_TEMPLATE);
    if (!exact) {
        check_again(&again, same, style, true);
    } else {
        const struct value *text_again = written(&again, same, style);
        const struct value *print = printed(reading, value);
        const struct value *print_again = printed(&again, same);
        if (!reading->box.failed && !again.box.failed) {
            require_same(text, text_again);
        }
        if (!reading->box.failed && !again.box.failed && !(style & 2)) { /* sorting changes the order of the keys */
            require_same(print, print_again);
        }
    }
    arena_free(&again.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    uint64_t random = fuzz_hash(data, size);
    char *text = (char *)fuzz_copy(data + 1, size - 1);
    struct reading reading;
    start(&reading, fuzz_random(&random, 8) ? MEMORY : fuzz_random(&random, 1 << 14));
    const struct value *value = read_value(&reading, text, size - 1, data[0] & 16 ? QN_ERR_ARGUMENT : QN_ERR_TEMPLATE);
    if (!reading.box.failed) {
        check_again(&reading, value, data[0], false);
    }
    arena_free(&reading.arena);
    free(text);
    return 0;
}
