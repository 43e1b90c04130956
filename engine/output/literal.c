/* Arguments in Python's syntax, or in Gemma's, as a state machine. */
#include "engine/output/literal.h"

#include "platform/memory.h"

enum { START, FIRST, MEMBER, BEHIND_KEY, VALUE, BEHIND, STRING, ESCAPE, WORD };

void literal_free(struct literal *literal) {
    text_free(&literal->open);
    text_free(&literal->word);
}

static bool in_object(const struct literal *literal) { return literal->open.at[literal->open.bytes - 1] == '{'; }

static enum json_status open(struct literal *literal, char byte, struct text *json) {
    const char bracket = byte == '[' ? '[' : '{';
    text_put(&literal->open, bracket);
    text_put(json, bracket);
    literal->state = FIRST;
    return literal->open.failed ? JSON_WRONG : JSON_MORE;
}

static enum json_status close(struct literal *literal, struct text *json) {
    text_put(json, in_object(literal) ? '}' : ']');
    literal->state = BEHIND;
    return --literal->open.bytes ? JSON_MORE : JSON_DONE;
}

/* Whether `byte` closes the container. Arguments may be in parentheses. */
static bool closes(const struct literal *literal, char byte) {
    if (!in_object(literal)) {
        return byte == ']';
    }
    return byte == '}' || (byte == ')' && literal->open.bytes == 1);
}

static bool word_is(const struct literal *literal, const char *a) {
    return literal->word.bytes == strlen(a) && memcmp(literal->word.at, a, literal->word.bytes) == 0;
}

static bool word_is_json(const struct literal *literal) {
    struct json_scan scan = {0};
    enum json_status status = JSON_MORE;
    for (size_t i = 0; i < literal->word.bytes && status == JSON_MORE; i++) {
        status = json_scan(&scan, literal->word.at[i]);
        if (status == JSON_DONE) {
            return i + 1 == literal->word.bytes;
        }
    }
    return status == JSON_MORE && json_scan(&scan, ' ') == JSON_BEHIND;
}

/* A word without quotes has ended. */
static void put_word(struct literal *literal, struct text *json) {
    static const char *const names[][2] = {{"True", "true"}, {"False", "false"}, {"None", "null"}};
    for (size_t i = 0; i < 3 && !literal->key; i++) {
        if (word_is(literal, names[i][0])) {
            text_add(json, names[i][1], strlen(names[i][1]));
            return;
        }
    }
    const bool quoted = literal->key || !word_is_json(literal);
    if (quoted) {
        text_put(json, '"');
    }
    for (size_t i = 0; i < literal->word.bytes; i++) {
        if (quoted) {
            text_put_json(json, literal->word.at[i]);
        } else {
            text_put(json, literal->word.at[i]);
        }
    }
    if (quoted) {
        text_put(json, '"');
    }
}

static struct marker quote_of(const struct literal *literal) {
    return literal->quote.bytes ? literal->quote : (struct marker){literal->closing, 1};
}

/* A key or a value starts here. */
static enum json_status start(struct literal *literal, bool key, const char *text, size_t bytes, size_t *used,
                              struct text *json) {
    literal->key = key;
    const bool python = literal->quote.bytes == 0 && (*text == '\'' || *text == '"');
    enum match match = python ? MATCH_FULL : MATCH_NO;
    size_t taken = 1;
    if (python) {
        literal->closing[0] = *text;
    } else if (literal->quote.bytes) {
        match = marker_match(literal->quote, text, bytes, &taken);
    }
    if (match == MATCH_FULL) {
        literal->state = STRING;
        text_put(json, '"');
        *used += taken;
    } else if (match == MATCH_NO) {
        if (!key && (*text == '[' || *text == '{')) {
            *used += 1;
            return open(literal, *text, json);
        }
        literal->state = WORD;
        literal->word.bytes = 0;
    }
    return JSON_MORE;
}

static enum json_status string(struct literal *literal, const char *text, size_t bytes, size_t *used,
                               struct text *json) {
    size_t taken = 0;
    if (literal->state == ESCAPE) {
        const char *names = "n\nt\tr\r\\\\''\"\"";
        while (*names && *names != *text) {
            names += 2;
        }
        if (*names == '\0') {
            text_put_json(json, '\\'); /* as Python does */
        }
        text_put_json(json, *names ? names[1] : *text);
        literal->state = STRING;
        *used += 1;
        return JSON_MORE;
    }
    const enum match match = marker_match(quote_of(literal), text, bytes, &taken);
    if (match == MATCH_FULL) {
        text_put(json, '"');
        literal->state = literal->key ? BEHIND_KEY : BEHIND;
        *used += taken;
    } else if (match == MATCH_NO) {
        *used += 1;
        if (*text == '\\' && literal->quote.bytes == 0) {
            literal->state = ESCAPE;
        } else {
            text_put_json(json, *text);
        }
    }
    return JSON_MORE;
}

static enum json_status word(struct literal *literal, char byte, size_t *used, struct text *json) {
    const bool ends = byte == ',' || byte == ']' || byte == '}' || byte == ')' || is_white(byte) ||
                      (literal->key && (byte == ':' || byte == '='));
    if (ends && literal->word.bytes) {
        put_word(literal, json);
        literal->state = literal->key ? BEHIND_KEY : BEHIND;
        return JSON_MORE;
    }
    text_put(&literal->word, byte);
    *used += 1;
    return ends || literal->word.failed ? JSON_WRONG : JSON_MORE;
}

/* Between keys and values. */
static enum json_status structure(struct literal *literal, const char *text, size_t bytes, size_t *used,
                                  struct text *json) {
    if (is_white(*text)) {
        *used += 1;
        return JSON_MORE;
    }
    const uint8_t state = literal->state;
    if (state == VALUE || state == MEMBER || (state == FIRST && !closes(literal, *text))) {
        return start(literal, state != VALUE && in_object(literal), text, bytes, used, json);
    }
    *used += 1;
    if (state == START) {
        return open(literal, *text, json);
    }
    if (state == BEHIND_KEY) {
        text_put(json, ':');
        literal->state = VALUE;
        return *text == ':' || *text == '=' ? JSON_MORE : JSON_WRONG;
    }
    if (*text == ',' && state == BEHIND) {
        text_put(json, ',');
        literal->state = MEMBER;
        return JSON_MORE;
    }
    return closes(literal, *text) ? close(literal, json) : JSON_WRONG;
}

enum json_status literal_read(struct literal *literal, const char *text, size_t bytes, size_t *used,
                              struct text *json) {
    enum json_status status = JSON_MORE;
    size_t before = SIZE_MAX;
    uint8_t state = literal->state;
    *used = 0;
    while (*used < bytes && status == JSON_MORE && (before != *used || state != literal->state)) {
        before = *used;
        state = literal->state;
        const char *at = text + *used;
        if (state == STRING || state == ESCAPE) {
            status = string(literal, at, bytes - *used, used, json);
        } else if (state == WORD) {
            status = word(literal, *at, used, json);
        } else {
            status = structure(literal, at, bytes - *used, used, json);
        }
    }
    return status;
}
