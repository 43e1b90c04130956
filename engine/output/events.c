/* Events of the parser, and the tools that calls may name. */
#include "engine/output/events.h"

#include "engine/text/json/value_dict.h"

void event_add(struct output_parser *parser, uint32_t kind, uint32_t flags, const char *bytes, size_t count) {
    struct output_event *last = parser->n_events ? &parser->events[parser->n_events - 1] : NULL;
    const bool joins = kind == QN_EVENT_TEXT || kind == QN_EVENT_REASONING || kind == QN_EVENT_ARGUMENTS;
    if (joins && count == 0) {
        return;
    }
    const size_t from = parser->out.bytes;
    text_add(&parser->out, bytes, count);
    parser->failed |= parser->out.failed;
    if (parser->failed) {
        return;
    }
    if (joins && last && last->kind == kind && last->flags == flags) {
        last->bytes += count;
        return;
    }
    if (parser->n_events == parser->events_capacity) {
        const size_t capacity = parser->events_capacity ? 2 * parser->events_capacity : 16;
        struct output_event *events = block_take(capacity * sizeof(*events));
        if (events == NULL) {
            parser->failed = true;
            return;
        }
        memcpy(events, parser->events, parser->n_events * sizeof(*events));
        block_give(parser->events);
        parser->events = events;
        parser->events_capacity = capacity;
    }
    parser->events[parser->n_events++] = (struct output_event){kind, flags, parser->calls, from, count};
}

void held_take(struct output_parser *parser, size_t count, bool of_call) {
    if (of_call) {
        text_add(&parser->raw, parser->held.at, count);
        text_add(&parser->raw_mask, parser->mask.at, count);
        parser->failed |= parser->raw.failed || parser->raw_mask.failed;
    }
    text_drop(&parser->held, count);
    text_drop(&parser->mask, count);
}

void held_show(struct output_parser *parser, size_t count, uint32_t kind) {
    for (size_t i = 0; i < count; i++) {
        if (!parser->mask.at[i]) {
            event_add(parser, kind, 0, parser->held.at + i, 1);
        }
    }
    held_take(parser, count, false);
}

static const struct value *member(struct output_parser *parser, const struct value *dict, const char *key) {
    return dict && dict->kind == VALUE_DICT ? dict_get_text(&parser->box, dict, key, strlen(key)) : NULL;
}

const struct value *tool_named(struct output_parser *parser, const struct text *name) {
    const struct value *tools = parser->tools;
    for (size_t i = 0; i < tools->list.count; i++) {
        const struct value *function = member(parser, tools->list.items[i], "function");
        function = function ? function : tools->list.items[i];
        const struct value *given = member(parser, function, "name");
        if (given && given->kind == VALUE_STRING && given->string.bytes == name->bytes &&
            memcmp(given->string.text, name->at, name->bytes) == 0) {
            return function;
        }
    }
    return NULL;
}
