/* One call: its name and its arguments, in each of the forms. */
#include "engine/output/calls.h"

#include "engine/output/events.h"
#include "engine/text/json/value_dict.h"

#define MAX_NAME   256u        /* bytes, of tools and arguments */
#define MAX_BEFORE (64u << 10) /* bytes of a call before its name is known */

/* What an object's member is. */
enum member { MEMBER_OTHER, MEMBER_NAME, MEMBER_ARGUMENTS };

/* Where an OBJECT is, in parser.member above the kind of the member. */
enum { OBJECT_OPEN, OBJECT_FIRST, OBJECT_KEY, OBJECT_COLON, OBJECT_VALUE, OBJECT_IN_VALUE, OBJECT_BEHIND };

/* A JSON value starts. */
static void start_scan(struct output_parser *parser) {
    parser->open.bytes = 0;
    parser->scan = (struct json_scan){.open = &parser->open};
}

static enum json_status scan(struct output_parser *parser, char byte) {
    const enum json_status status = json_scan(&parser->scan, byte);
    parser->failed |= parser->open.failed;
    return status;
}

void call_start(struct output_parser *parser, bool other) {
    const enum call_form form = parser->format->form;
    parser->other = other;
    parser->begun = false;
    parser->members = 0;
    parser->member = OBJECT_OPEN;
    parser->name.bytes = parser->key.bytes = parser->value.bytes = parser->buffer.bytes = 0;
    start_scan(parser);
    parser->literal.quote = parser->format->quote;
    parser->literal.open.bytes = 0;
    parser->literal.state = 0;
    parser->state = form == CALLS_OBJECT || form == CALLS_NAMED ? PART_OBJECT : PART_NAME;
}

/* The name is known and the arguments begin: reports the call. False if there is no such tool. */
static bool begin(struct output_parser *parser) {
    if (parser->name.bytes == 0 || (parser->tools && tool_named(parser, &parser->name) == NULL)) {
        return false;
    }
    parser->begun = true;
    event_add(parser, QN_EVENT_CALL, 0, parser->name.at, parser->name.bytes);
    event_add(parser, QN_EVENT_ARGUMENTS, 0, parser->buffer.at, parser->buffer.bytes);
    parser->buffer.bytes = 0;
    return true;
}

/* Arguments, as JSON. */
static void put(struct output_parser *parser, const char *bytes, size_t count) {
    if (parser->begun) {
        event_add(parser, QN_EVENT_ARGUMENTS, 0, bytes, count);
    } else {
        text_add(&parser->buffer, bytes, count);
        parser->failed |= parser->buffer.failed;
    }
}

/* ---- names ---- */

static bool in_name(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '_' || byte == '-' || byte == '.' || byte == '/' || (uint8_t)byte >= 0x80;
}

static enum call_status read_name(struct output_parser *parser) {
    const char byte = parser->held.at[0];
    if (parser->name.bytes == 0 && is_white(byte)) {
        held_take(parser, 1, true);
        return CALL_GOES_ON;
    }
    if (in_name(byte) && parser->name.bytes < MAX_NAME) {
        text_put(&parser->name, byte);
        held_take(parser, 1, true);
        return CALL_GOES_ON;
    }
    parser->state = PART_AFTER_NAME;
    return parser->name.bytes ? CALL_GOES_ON : CALL_FAILS;
}

static enum call_status read_after_name(struct output_parser *parser) {
    const struct output_format *format = parser->format;
    size_t used = 0;
    if (is_white(parser->held.at[0])) {
        held_take(parser, 1, true);
        return CALL_GOES_ON;
    }
    const bool searches = parser->other && format->other_after.bytes; /* such as behind the type of the arguments */
    const struct marker marker = searches ? format->other_after : format->after_name;
    const enum match match = marker_match(marker, parser->held.at, parser->held.bytes, &used);
    if (match == MATCH_NO && searches && parser->held.at[0] != '{' && parser->raw.bytes < 2 * MAX_NAME) {
        held_take(parser, 1, true);
        return CALL_GOES_ON;
    }
    if (match != MATCH_FULL) {
        return match == MATCH_NO ? CALL_FAILS : CALL_WAITS;
    }
    held_take(parser, used, true);
    parser->state = PART_ARGUMENTS;
    if (format->form == CALLS_TAGGED) {
        parser->state = PART_MEMBER;
        if (!begin(parser)) {
            return CALL_FAILS;
        }
        put(parser, "{", 1);
    }
    return CALL_GOES_ON;
}

/* ---- arguments in one piece ---- */

static enum call_status read_json(struct output_parser *parser) {
    const char byte = parser->held.at[0];
    if (!parser->begun) {
        if (is_white(byte)) {
            held_take(parser, 1, true);
            return CALL_GOES_ON;
        }
        if (byte != '{' || !begin(parser)) {
            return CALL_FAILS;
        }
    }
    const enum json_status status = scan(parser, byte);
    if (status == JSON_WRONG) {
        return CALL_FAILS;
    }
    put(parser, &byte, 1);
    held_take(parser, 1, true);
    return status == JSON_DONE ? CALL_ENDS : CALL_GOES_ON;
}

static enum call_status read_literal(struct output_parser *parser) {
    const char byte = parser->held.at[0];
    if (!parser->begun && is_white(byte)) {
        held_take(parser, 1, true);
        return CALL_GOES_ON;
    }
    if (!parser->begun && (byte != parser->format->bracket || !begin(parser))) {
        return CALL_FAILS;
    }
    size_t used = 0;
    parser->buffer.bytes = 0;
    const enum json_status status =
        literal_read(&parser->literal, parser->held.at, parser->held.bytes, &used, &parser->buffer);
    parser->failed |= parser->literal.open.failed || parser->literal.word.failed;
    put(parser, parser->buffer.at, parser->buffer.bytes);
    held_take(parser, used, true);
    if (status == JSON_MORE) {
        return used ? CALL_GOES_ON : CALL_WAITS;
    }
    return status == JSON_DONE ? CALL_ENDS : CALL_FAILS;
}

/* ---- a call as a JSON object ---- */

static bool key_is(const struct output_parser *parser, struct marker name) {
    return marker_equal((struct marker){parser->key.at, parser->key.bytes}, name);
}

static enum member member_of(const struct output_parser *parser) {
    const struct output_format *format = parser->format;
    if (format->form == CALLS_NAMED) {
        return parser->begun || parser->name.bytes ? MEMBER_OTHER : MEMBER_ARGUMENTS;
    }
    if (key_is(parser, format->name_key)) {
        return MEMBER_NAME;
    }
    /* models often mix these up */
    const bool arguments = key_is(parser, format->arguments_key) || key_is(parser, marker_name("arguments")) ||
                           key_is(parser, marker_name("parameters"));
    return arguments ? MEMBER_ARGUMENTS : MEMBER_OTHER;
}

static void object_go(struct output_parser *parser, uint32_t at, enum member member) {
    parser->member = at | (uint32_t)member << 8;
}

/* A string's byte: of a key, or of the name. `into` gets it without the quotes. */
static enum json_status read_string(struct output_parser *parser, struct text *into, char byte) {
    const bool first = parser->scan.state == 0;
    const enum json_status status = scan(parser, byte);
    if ((first && byte != '"') || into->bytes == MAX_NAME) {
        return JSON_WRONG;
    }
    if (!first && status == JSON_MORE) {
        text_put(into, byte);
        parser->failed |= into->failed;
    }
    return status;
}

/* A byte of a member's value. */
static enum call_status object_value(struct output_parser *parser, char byte, enum member member) {
    enum json_status status;
    if (member == MEMBER_NAME) {
        status = read_string(parser, &parser->name, byte);
    } else {
        const bool first = parser->scan.state == 0 && parser->open.bytes == 0;
        if (member == MEMBER_ARGUMENTS && first && (byte != '{' || (parser->name.bytes && !begin(parser)))) {
            return CALL_FAILS;
        }
        status = scan(parser, byte);
        if (member == MEMBER_ARGUMENTS && status != JSON_WRONG) {
            put(parser, &byte, 1);
        }
    }
    if (status == JSON_WRONG) {
        return CALL_FAILS;
    }
    if (status == JSON_DONE && member == MEMBER_NAME && parser->buffer.bytes && !begin(parser)) {
        return CALL_FAILS;
    }
    if (status != JSON_MORE) {
        object_go(parser, OBJECT_BEHIND, MEMBER_OTHER);
    }
    if (status != JSON_BEHIND) {
        held_take(parser, 1, true);
    }
    return CALL_GOES_ON;
}

/* The object ends. A call without arguments has none. */
static enum call_status object_end(struct output_parser *parser) {
    if (!parser->begun) {
        if (parser->buffer.bytes || !begin(parser)) {
            return CALL_FAILS;
        }
        put(parser, "{}", 2);
    }
    return CALL_ENDS;
}

/* A byte between members. */
static enum call_status object_structure(struct output_parser *parser, char byte) {
    const uint32_t at = parser->member & 255;
    held_take(parser, 1, true);
    if (is_white(byte)) {
        return CALL_GOES_ON;
    }
    if (at == OBJECT_OPEN && byte == '{') {
        object_go(parser, OBJECT_FIRST, MEMBER_OTHER);
    } else if (at == OBJECT_COLON && byte == ':') {
        object_go(parser, OBJECT_VALUE, member_of(parser));
        if (parser->format->form == CALLS_NAMED && parser->name.bytes == 0) {
            text_add(&parser->name, parser->key.at, parser->key.bytes);
        }
    } else if (at == OBJECT_BEHIND && byte == ',') {
        object_go(parser, OBJECT_KEY, MEMBER_OTHER);
        parser->key.bytes = 0;
        start_scan(parser);
    } else if ((at == OBJECT_BEHIND || at == OBJECT_FIRST) && byte == '}') {
        return object_end(parser);
    } else {
        return CALL_FAILS;
    }
    return CALL_GOES_ON;
}

static enum call_status read_object(struct output_parser *parser) {
    const uint32_t at = parser->member & 255;
    const enum member member = (enum member)(parser->member >> 8);
    const char byte = parser->held.at[0];
    if (!parser->begun && parser->raw.bytes > MAX_BEFORE) {
        return CALL_FAILS;
    }
    if (at == OBJECT_IN_VALUE) {
        return object_value(parser, byte, member);
    }
    const bool white = is_white(byte);
    if (at == OBJECT_VALUE && !white) {
        start_scan(parser);
        object_go(parser, OBJECT_IN_VALUE, member);
        return object_value(parser, byte, member);
    }
    const bool key = (at == OBJECT_FIRST || at == OBJECT_KEY) && (parser->scan.state || byte == '"');
    if (!key) {
        return object_structure(parser, byte);
    }
    const enum json_status status = read_string(parser, &parser->key, byte);
    if (status == JSON_WRONG) {
        return CALL_FAILS;
    }
    held_take(parser, 1, true);
    if (status == JSON_DONE) {
        object_go(parser, OBJECT_COLON, MEMBER_OTHER);
    }
    return CALL_GOES_ON;
}

/* ---- arguments with markers ---- */

static const struct value *dict_member(struct output_parser *parser, const struct value *dict, const char *key,
                                       size_t bytes) {
    return dict && dict->kind == VALUE_DICT ? dict_get_text(&parser->box, dict, key, bytes) : NULL;
}

/* Whether the schema allows only a string for the argument whose key has been read. */
static bool wants_string(struct output_parser *parser) {
    if (parser->tools == NULL) {
        return false;
    }
    const struct value *schema = dict_member(parser, tool_named(parser, &parser->name), "parameters", 10);
    schema = dict_member(parser, schema, "properties", 10);
    schema = dict_member(parser, schema, parser->key.at, parser->key.bytes);
    const struct value *type = dict_member(parser, schema, "type", 4);
    return type && value_is_text(type, "string");
}

static void put_json(struct output_parser *parser, const char *bytes, size_t count) {
    struct text *json = &parser->buffer;
    json->bytes = 0;
    for (size_t i = 0; i < count; i++) {
        text_put_json(json, bytes[i]);
    }
    put(parser, json->at, json->bytes);
}

static enum call_status read_member(struct output_parser *parser) {
    const struct output_format *format = parser->format;
    if (is_white(parser->held.at[0])) {
        held_take(parser, 1, true);
        return CALL_GOES_ON;
    }
    size_t used = 0;
    size_t close = 0;
    const enum match key = marker_match(format->key_open, parser->held.at, parser->held.bytes, &used);
    const enum match end = marker_match(format->close, parser->held.at, parser->held.bytes, &close);
    if (end == MATCH_FULL) {
        put(parser, "}", 1);
        return CALL_ENDS;
    }
    if (key == MATCH_PARTIAL || end == MATCH_PARTIAL) {
        return CALL_WAITS;
    }
    if (key == MATCH_NO) {
        return CALL_FAILS;
    }
    held_take(parser, used, true);
    parser->key.bytes = 0;
    parser->state = PART_KEY;
    return CALL_GOES_ON;
}

static enum call_status read_key(struct output_parser *parser) {
    const struct output_format *format = parser->format;
    size_t used = 0;
    const enum match match = marker_match(format->key_close, parser->held.at, parser->held.bytes, &used);
    if (match == MATCH_PARTIAL) {
        return CALL_WAITS;
    }
    if (match == MATCH_NO) {
        text_put(&parser->key, parser->held.at[0]);
        held_take(parser, 1, true);
        return parser->key.bytes <= MAX_NAME && !parser->key.failed ? CALL_GOES_ON : CALL_FAILS;
    }
    if (parser->key.bytes == 0) {
        return CALL_FAILS;
    }
    if (format->value_lines && used == parser->held.bytes) {
        return CALL_WAITS; /* for a line break, which belongs to the marker */
    }
    used += format->value_lines && parser->held.at[used] == '\n';
    held_take(parser, used, true);
    put(parser, parser->members ? ",\"" : "\"", parser->members ? 2 : 1);
    parser->members++;
    put_json(parser, parser->key.at, parser->key.bytes);
    parser->is_text = wants_string(parser);
    put(parser, "\":\"", parser->is_text ? 3 : 2);
    parser->state = PART_VALUE;
    return CALL_GOES_ON;
}

/* Whether a text is JSON, but not a string. */
static bool is_json(struct output_parser *parser, const char *text, size_t bytes) {
    start_scan(parser);
    enum json_status status = JSON_MORE;
    size_t at = 0;
    while (at < bytes && status == JSON_MORE) {
        status = scan(parser, text[at++]);
    }
    status = status == JSON_MORE ? scan(parser, ' ') : status;
    while (at < bytes && is_white(text[at])) {
        at++;
    }
    return at == bytes && text[0] != '"' && (status == JSON_DONE || status == JSON_BEHIND);
}

/* Some templates show lists, objects and constants in Python's syntax. False if this is none of them. */
static bool put_python(struct output_parser *parser, const char *text, size_t bytes) {
    const struct marker value = marker_trim((struct marker){text, bytes});
    const bool constant = marker_equal(value, marker_name("True")) || marker_equal(value, marker_name("False")) ||
                          marker_equal(value, marker_name("None"));
    if (!constant && (value.bytes == 0 || (value.at[0] != '{' && value.at[0] != '['))) {
        return false;
    }
    struct literal literal = {0};
    struct text *json = &parser->buffer;
    size_t used = 0;
    json->bytes = 0;
    const bool good = literal_read(&literal, "[", 1, &used, json) == JSON_MORE &&
                      literal_read(&literal, value.at, value.bytes, &used, json) == JSON_MORE && used == value.bytes &&
                      literal_read(&literal, "]", 1, &used, json) == JSON_DONE;
    if (good) {
        put(parser, json->at + 1, json->bytes - 2);
    }
    literal_free(&literal);
    return good;
}

static void end_value(struct output_parser *parser) {
    const char *text = parser->value.at;
    const size_t bytes = parser->value.bytes;
    if (parser->is_text) {
        put(parser, "\"", 1);
        return;
    }
    if (bytes && is_json(parser, text, bytes)) {
        put(parser, text, bytes);
        return;
    }
    if (bytes && put_python(parser, text, bytes)) {
        return;
    }
    put(parser, "\"", 1);
    put_json(parser, text, bytes);
    put(parser, "\"", 1);
}

static enum call_status read_value(struct output_parser *parser) {
    const struct output_format *format = parser->format;
    const bool line = format->value_lines && parser->held.at[0] == '\n';
    size_t used = 0;
    const enum match match = line && parser->held.bytes == 1 ? MATCH_PARTIAL
                                                             : marker_match(format->value_close, parser->held.at + line,
                                                                            parser->held.bytes - line, &used);
    if (match == MATCH_PARTIAL) {
        return CALL_WAITS;
    }
    if (match == MATCH_NO) {
        if (parser->is_text) {
            put_json(parser, parser->held.at, 1);
        } else {
            text_put(&parser->value, parser->held.at[0]);
            parser->failed |= parser->value.failed;
        }
        held_take(parser, 1, true);
        return CALL_GOES_ON;
    }
    held_take(parser, used + line, true);
    end_value(parser);
    parser->value.bytes = 0;
    parser->state = PART_MEMBER;
    return CALL_GOES_ON;
}

enum call_status call_read(struct output_parser *parser) {
    switch (parser->state) {
    case PART_NAME:
        return read_name(parser);
    case PART_AFTER_NAME:
        return read_after_name(parser);
    case PART_ARGUMENTS:
        return parser->format->form == CALLS_LITERAL ? read_literal(parser) : read_json(parser);
    case PART_OBJECT:
        return read_object(parser);
    case PART_MEMBER:
        return read_member(parser);
    case PART_KEY:
        return read_key(parser);
    default:
        return read_value(parser);
    }
}
