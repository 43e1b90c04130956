/* The parser: reasoning, text, and what lies between calls. */
#include "engine/output/parser.h"

#include "engine/output/calls.h"
#include "engine/output/events.h"
#include "engine/text/json/json.h"

#define MEMORY ((size_t)64 << 20) /* of the tools' definitions */

/* Where the parser is; while it reads a call, an enum call_part. */
enum output_state { STATE_TEXT = PART_VALUE + 1, STATE_REASONING, STATE_START, STATE_BEHIND_CALL };

/* Whether the text ends within reasoning: it has more starts of reasoning than ends, and nothing else behind. */
static bool ends_in_reasoning(const struct output_format *format, struct marker prompt) {
    const struct marker open = format->reasoning_open;
    const struct marker text = marker_trim(prompt);
    return open.bytes && text.bytes >= open.bytes && marker_starts(marker_from(text, text.bytes - open.bytes), open);
}

int output_start(struct output_parser *parser, const struct output_format *format, struct marker prompt,
                 struct marker tools, struct qn_error *error) {
    *parser = (struct output_parser){.format = format, .skip_white = true, .arena = {.limit = MEMORY}};
    parser->box = (struct sandbox){.arena = &parser->arena,
                                   .error = &parser->error,
                                   .none = {.kind = VALUE_NONE},
                                   .yes = {.kind = VALUE_BOOL, .integer = 1},
                                   .no = {.kind = VALUE_BOOL},
                                   .scrap = {.string = {.text = ""}}};
    parser->state = ends_in_reasoning(format, prompt) ? STATE_REASONING : STATE_START;
    if (tools.bytes == 0) {
        return QN_OK;
    }
    char *copy = sandbox_take(&parser->box, tools.bytes, 1);
    if (copy) {
        memcpy(copy, tools.at, tools.bytes);
        const struct value *list = json_read(&parser->box, copy, tools.bytes, false, QN_ERR_ARGUMENT);
        parser->tools = list;
        if (list->kind != VALUE_LIST) {
            sandbox_fail_with(&parser->box, QN_ERR_ARGUMENT, "the tools must be a list%.*s", "", 0);
        }
    }
    if (parser->box.failed) {
        *error = parser->error;
        output_free(parser);
        return error->code;
    }
    return QN_OK;
}

void output_free(struct output_parser *parser) {
    struct text *const texts[] = {&parser->held, &parser->mask,  &parser->raw,    &parser->raw_mask, &parser->name,
                                  &parser->key,  &parser->value, &parser->buffer, &parser->open,     &parser->out};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        text_free(texts[i]);
    }
    literal_free(&parser->literal);
    block_give(parser->events);
    arena_free(&parser->arena);
}

/* ---- searching for markers ---- */

/* A marker that is searched for, and what follows it. */
struct target {
    struct marker marker;
    uint32_t state;
    bool call, other;
};

/* The longest target that the held text starts with at `from`; null if there is none. *waits: more output may complete
 * another one. */
static const struct target *find_target(const struct output_parser *parser, size_t from, const struct target *targets,
                                        size_t count, size_t *used, bool *waits) {
    const struct target *found = NULL;
    *used = 0;
    *waits = false;
    for (size_t i = 0; i < count; i++) {
        size_t bytes = 0;
        const enum match match = targets[i].marker.bytes == 0 ? MATCH_NO
                                                              : marker_match(targets[i].marker, parser->held.at + from,
                                                                             parser->held.bytes - from, &bytes);
        *waits |= match == MATCH_PARTIAL;
        if (match == MATCH_FULL && bytes > *used) {
            found = &targets[i];
            *used = bytes;
        }
    }
    return *waits ? NULL : found;
}

static size_t white_start(const struct output_parser *parser) {
    size_t white = 0;
    while (white < parser->held.bytes && is_white(parser->held.at[white])) {
        white++;
    }
    return white;
}

static void start_call(struct output_parser *parser, bool other) {
    parser->ended_call = false;
    parser->marked = false;
    call_start(parser, other);
}

static void follow(struct output_parser *parser, const struct target *target) {
    parser->state = target->state;
    parser->skip_white = true;
    if (target->call) {
        start_call(parser, target->other);
        parser->marked = true;
    }
}

/* Text or reasoning: shows what is no marker. White space before a marker is left out. False: more output decides. */
static bool read_text(struct output_parser *parser, const struct target *targets, size_t count, uint32_t kind) {
    const size_t white = white_start(parser);
    if (parser->skip_white && white) {
        held_take(parser, white, false);
        return true;
    }
    if (white == parser->held.bytes) {
        return false;
    }
    size_t used;
    bool waits;
    const struct target *found = find_target(parser, white, targets, count, &used, &waits);
    if (found) {
        held_take(parser, white, false);
        parser->raw.bytes = parser->raw_mask.bytes = 0;
        held_take(parser, used, found->call);
        follow(parser, found);
        return true;
    }
    if (waits) {
        return false;
    }
    parser->skip_white = false;
    held_show(parser, white + 1, kind);
    return true;
}

static bool read_plain(struct output_parser *parser) {
    const struct output_format *format = parser->format;
    const bool calls = format->form != CALLS_NONE;
    const struct marker none = {"", 0};
    const char first = format->text_open.bytes ? format->text_open.at[0] : ' ';
    const bool open_is_tag = first == '<' || first == '['; /* others only start the text */
    const struct target targets[] = {
        {calls ? format->open : none, STATE_TEXT, true, false},
        {calls ? format->other_open : none, STATE_TEXT, true, true},
        {format->reasoning_open, STATE_REASONING, false, false},
        {open_is_tag ? format->text_open : none, STATE_TEXT, false, false},
        {format->text_close, STATE_TEXT, false, false},
    };
    return read_text(parser, targets, sizeof(targets) / sizeof(targets[0]), QN_EVENT_TEXT);
}

static bool read_reasoning(struct output_parser *parser) {
    const struct target target = {parser->format->reasoning_close, STATE_START, false, false};
    return read_text(parser, &target, 1, QN_EVENT_REASONING);
}

/* The start of the text: some formats mark a call by nothing else. */
static bool read_start(struct output_parser *parser) {
    const struct output_format *format = parser->format;
    const size_t white = white_start(parser);
    held_take(parser, white, false);
    if (parser->held.bytes == 0) {
        return false;
    }
    const struct target targets[] = {{format->reasoning_open, STATE_REASONING, false, false},
                                     {format->reasoning_close, STATE_START, false, false},
                                     {format->text_open, STATE_TEXT, false, false}};
    size_t used;
    bool waits;
    const struct target *found = find_target(parser, 0, targets, 3, &used, &waits);
    if (waits) {
        return false;
    }
    if (found) {
        held_take(parser, used, false);
        follow(parser, found);
        return true;
    }
    const bool object = format->form == CALLS_OBJECT || format->form == CALLS_NAMED;
    if (format->form != CALLS_NONE && format->open_at_start && (!object || parser->held.at[0] == '{')) {
        parser->raw.bytes = parser->raw_mask.bytes = 0;
        start_call(parser, false);
        return true;
    }
    parser->state = STATE_TEXT;
    return true;
}

/* ---- calls ---- */

/* What has been read since the call's start is text. */
static void call_is_text(struct output_parser *parser) {
    const bool like_a_call = parser->marked || (parser->name.bytes && parser->state >= PART_ARGUMENTS);
    if (parser->begun) {
        event_add(parser, QN_EVENT_CALL_INVALID, 0, "", 0);
    }
    for (size_t i = 0; i < parser->raw.bytes; i++) {
        if (!parser->raw_mask.at[i]) {
            event_add(parser, QN_EVENT_TEXT, like_a_call ? QN_EVENT_NO_CALL : 0, parser->raw.at + i, 1);
        }
    }
    parser->raw.bytes = parser->raw_mask.bytes = 0;
    parser->state = STATE_TEXT;
    parser->skip_white = false;
}

static bool read_call(struct output_parser *parser) {
    switch (call_read(parser)) {
    case CALL_WAITS:
        return false;
    case CALL_FAILS:
        call_is_text(parser);
        return true;
    case CALL_ENDS:
        event_add(parser, QN_EVENT_CALL_END, 0, "", 0);
        parser->calls++;
        parser->raw.bytes = parser->raw_mask.bytes = 0;
        parser->state = STATE_BEHIND_CALL;
        return true;
    default:
        return true;
    }
}

/* Behind a call: its end, then another call, or the end of the calls. Anything else is text. */
static bool read_behind_call(struct output_parser *parser) {
    const struct output_format *format = parser->format;
    held_take(parser, white_start(parser), false);
    if (parser->held.bytes == 0) {
        return false;
    }
    const bool closed = parser->ended_call || format->close.bytes == 0;
    const struct marker none = {"", 0};
    const struct target targets[] = {
        {closed ? none : format->close, STATE_BEHIND_CALL, false, false},
        {closed ? format->separator : none, STATE_TEXT, true, false},
        {format->end, STATE_TEXT, false, false},
    };
    size_t used;
    bool waits;
    const struct target *found = find_target(parser, 0, targets, sizeof(targets) / sizeof(targets[0]), &used, &waits);
    if (waits) {
        return false;
    }
    const bool object = format->form == CALLS_OBJECT || format->form == CALLS_NAMED;
    if (found) {
        parser->raw.bytes = parser->raw_mask.bytes = 0;
        held_take(parser, used, found->call);
        follow(parser, found);
        parser->ended_call = !found->call;
    } else if (closed && object && format->parallel && format->separator.bytes == 0 && parser->held.at[0] == '{') {
        start_call(parser, false);
    } else {
        parser->state = STATE_TEXT;
        parser->skip_white = true;
    }
    return true;
}

static bool read_some(struct output_parser *parser) {
    switch (parser->state) {
    case STATE_START:
        return read_start(parser);
    case STATE_TEXT:
        return read_plain(parser);
    case STATE_REASONING:
        return read_reasoning(parser);
    case STATE_BEHIND_CALL:
        return read_behind_call(parser);
    default:
        return read_call(parser);
    }
}

static void clear_events(struct output_parser *parser) {
    parser->n_events = 0;
    parser->out.bytes = 0;
}

static int status_of(const struct output_parser *parser) { return parser->failed ? QN_ERR_MEMORY : QN_OK; }

int output_push(struct output_parser *parser, const char *text, size_t bytes, bool control) {
    clear_events(parser);
    for (size_t i = 0; i < bytes && !parser->failed; i++) {
        text_put(&parser->held, text[i]);
        text_put(&parser->mask, (char)control);
        parser->failed |= parser->held.failed || parser->mask.failed;
        while (!parser->failed && parser->held.bytes && read_some(parser)) {
        }
    }
    return status_of(parser);
}

int output_end(struct output_parser *parser) {
    clear_events(parser);
    if (parser->state < STATE_TEXT && parser->begun) {
        event_add(parser, QN_EVENT_CALL_END, QN_EVENT_INCOMPLETE, "", 0);
        parser->calls++;
    } else if (parser->state < STATE_TEXT) {
        held_take(parser, parser->held.bytes, true);
        call_is_text(parser);
    } else if (parser->state != STATE_BEHIND_CALL) {
        held_show(parser, parser->held.bytes, parser->state == STATE_REASONING ? QN_EVENT_REASONING : QN_EVENT_TEXT);
    }
    return status_of(parser);
}
