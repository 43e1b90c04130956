/* Finds a call in a rendered conversation, and how it is written. */
#include "engine/output/place.h"

#include <stdint.h>

#include "platform/memory.h"

/* The offset behind white space that precedes `at`. */
static size_t before_white(struct marker text, size_t at) {
    while (at && is_white(text.at[at - 1])) {
        at--;
    }
    return at;
}

static bool is_at(struct marker text, size_t at, char byte) { return at < text.bytes && text.at[at] == byte; }

/* Whether `byte` precedes `at`, apart from white space; then *at is its offset. */
static bool step_back(struct marker text, size_t *at, char byte) {
    const size_t end = before_white(text, *at);
    if (end == 0 || text.at[end - 1] != byte) {
        return false;
    }
    *at = end - 1;
    return true;
}

/* The end of the JSON object at `at`; 0 if there is none. */
static size_t json_end(struct marker text, size_t at) {
    size_t depth = 0;
    bool string = false;
    for (; at < text.bytes; at++) {
        const char byte = text.at[at];
        string ^= byte == '"';
        at += string && byte == '\\';
        depth += !string && (byte == '{' || byte == '[');
        if (!string && (byte == '}' || byte == ']') && --depth == 0) {
            return at + 1;
        }
    }
    return 0;
}

/* The name of the member whose value starts at `at`. */
static bool member_before(struct marker text, size_t at, struct marker *key) {
    if (!step_back(text, &at, ':') || !step_back(text, &at, '"')) {
        return false;
    }
    const size_t end = at;
    while (at && text.at[at - 1] != '"') {
        at--;
    }
    *key = (struct marker){text.at + at, end - at};
    return at > 0;
}

/* The innermost object that `at` is in, outside of its braces' strings. */
static bool object_around(struct marker text, size_t at, size_t *start) {
    size_t depth = 0;
    while (at-- > 0) {
        if (text.at[at] == '}') {
            depth++;
        } else if (text.at[at] == '{' && depth-- == 0) {
            *start = at;
            return true;
        }
    }
    return false;
}

/* {"name": "NAME", "arguments": {...}} */
static bool find_object(struct marker text, struct place *place) {
    size_t at = place->name;
    if (!step_back(text, &at, '"') || !is_at(text, place->name_end, '"') ||
        !member_before(text, at, &place->name_key) || !member_before(text, place->arguments, &place->arguments_key) ||
        !object_around(text, at, &place->start)) {
        return false;
    }
    place->form = CALLS_OBJECT;
    place->end = json_end(text, place->start);
    return place->end > 0;
}

/* {"NAME": {...}} */
static bool find_named(struct marker text, struct place *place) {
    size_t at = place->name;
    size_t colon = place->arguments;
    if (!step_back(text, &at, '"') || !step_back(text, &at, '{') || !step_back(text, &colon, ':') ||
        colon != place->name_end + 1) {
        return false;
    }
    place->form = CALLS_NAMED;
    place->start = at;
    place->end = json_end(text, at);
    return place->end > 0;
}

static bool find_json(struct marker text, struct place *place) {
    if (find_object(text, place) || find_named(text, place)) {
        return true;
    }
    place->form = CALLS_JSON;
    place->start = place->name;
    place->end = json_end(text, place->arguments);
    return place->name_end <= place->arguments;
}

/* NAME(KEY=VALUE), NAME{KEY:VALUE}, or arguments with markers of their own. */
static bool find_parts(struct marker text, const struct sample_call *call, struct place *place) {
    const struct marker last_key = marker_name(call->last_key);
    const struct marker last_value = marker_name(call->last_value);
    place->first_value = marker_find(text, place->first_key, marker_name(call->first_value));
    place->last_key = marker_find(text, place->first_key, last_key);
    place->last_value = marker_find(text, place->last_key, last_value);
    if (place->name_end > place->first_key || place->first_value == SIZE_MAX || place->last_value == SIZE_MAX) {
        return false;
    }
    place->start = place->name;
    place->end = place->last_value + last_value.bytes;
    size_t at = place->first_key;
    const char close = step_back(text, &at, '(') ? ')' : '}';
    if (close == '}' && !step_back(text, &at, '{')) {
        place->form = CALLS_TAGGED;
        return true;
    }
    place->form = CALLS_LITERAL;
    while (place->end < text.bytes && text.at[place->end - 1] != close) {
        place->end++;
    }
    return text.at[place->end - 1] == close;
}

bool place_find(struct marker text, size_t from, const struct sample_call *call, struct place *place) {
    const struct marker name = marker_name(call->name);
    *place = (struct place){0};
    place->first_key = marker_find(text, from, marker_name(call->first_key));
    if (place->first_key == SIZE_MAX) {
        return false;
    }
    size_t at = marker_find(text, from, name);
    place->name = at;
    while (at != SIZE_MAX && at < place->first_key) {
        place->name = at;
        at = marker_find(text, at + 1, name);
    }
    if (place->name == SIZE_MAX) {
        return false;
    }
    place->name_end = place->name + name.bytes;
    place->arguments = place->first_key;
    const bool quoted = step_back(text, &place->arguments, '"') && step_back(text, &place->arguments, '{');
    return quoted && json_end(text, place->arguments) ? find_json(text, place) : find_parts(text, call, place);
}
