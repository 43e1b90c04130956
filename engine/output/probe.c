/* Renders conversations and compares them. */
#include "engine/output/probe.h"

#include "engine/output/place.h"
#include "engine/output/text.h"

/* Words that no template contains. */
#define QUESTION  "question7q"
#define ANSWER    "answer7q"
#define REASONING "reasoning7q"
#define FIRST_ID  "q1w2e3r4t"
#define SECOND_ID "ZXCVBNMLK"

static const struct sample_call calls[] = {
    {"firstool7q", "alpha7q", "valpha7q", "beta7q", "vbeta7q"},
    {"secontool7q", "gamma7q", "904170", "gamma7q", "904170"},
};

/* The parts of a conversation, as the template's variables in JSON. */
static const char beginning[] =
    "{\"now\":0,\"tools\":["
    "{\"type\":\"function\",\"function\":{\"name\":\"firstool7q\",\"description\":\"\",\"parameters\":{"
    "\"type\":\"object\",\"properties\":{\"alpha7q\":{\"type\":\"string\",\"description\":\"\"},"
    "\"beta7q\":{\"type\":\"string\",\"description\":\"\"}}}}},"
    "{\"type\":\"function\",\"function\":{\"name\":\"secontool7q\",\"description\":\"\",\"parameters\":{"
    "\"type\":\"object\",\"properties\":{\"gamma7q\":{\"type\":\"integer\",\"description\":\"\"}}}}}"
    "],\"messages\":[{\"role\":\"user\",\"content\":\"" QUESTION "\"}";
static const char assistant[] = ",{\"role\":\"assistant\",\"content\":\"";
static const char thought[] =
    "\",\"reasoning_content\":\"" REASONING "\",\"thinking\":\"" REASONING "\",\"reasoning\":\"" REASONING;
static const char called[] =
    "\",\"tool_calls\":[{\"id\":\"" FIRST_ID "\",\"type\":\"function\",\"function\":{\"name\":\"firstool7q\","
    "\"arguments\":{\"alpha7q\":\"valpha7q\",\"beta7q\":\"vbeta7q\"}}}";
static const char called_again[] =
    ",{\"id\":\"" SECOND_ID "\",\"type\":\"function\",\"function\":{\"name\":\"secontool7q\",\"arguments\":{"
    "\"gamma7q\":904170}}}";

enum { PROMPT, ANSWERED, CALLED, CALLED_TWICE, THOUGHT_ANSWERED, THOUGHT_CALLED, RENDERINGS };

static void add(struct text *text, const char *part) { text_add(text, part, strlen(part)); }

static void conversation(struct text *json, size_t which) {
    json->bytes = 0;
    add(json, beginning);
    if (which != PROMPT) {
        add(json, assistant);
        add(json, which == ANSWERED || which == THOUGHT_ANSWERED ? ANSWER : "");
        add(json, which >= THOUGHT_ANSWERED ? thought : "");
        if (which == ANSWERED || which == THOUGHT_ANSWERED) {
            add(json, "\"}");
        } else {
            add(json, called);
            add(json, which == CALLED_TWICE ? called_again : "");
            add(json, "]}");
        }
    }
    add(json, "],\"add_generation_prompt\":");
    add(json, which == PROMPT ? "true}" : "false}");
}

struct probe {
    struct arena *arena;
    struct output_format *format;
    struct marker template_text;
    struct marker tails[RENDERINGS]; /* what follows the question; empty if the template failed */
    size_t header;                   /* of the tails: bytes before the answer's own */
    bool out_of_memory;
};

/* ---- cutting ---- */

static size_t common_start(struct marker a, struct marker b) {
    size_t bytes = 0;
    while (bytes < a.bytes && bytes < b.bytes && a.at[bytes] == b.at[bytes]) {
        bytes++;
    }
    return bytes;
}

/* The last offset up to `end` that is not inside a tag: <...> or [...]. */
static size_t outside_tags(struct marker text, size_t end) {
    for (size_t at = end; at-- > 0;) {
        if (text.at[at] == '>' || text.at[at] == ']') {
            return end;
        }
        if (text.at[at] == '<' || text.at[at] == '[') {
            return at;
        }
    }
    return end;
}

/* The same, and not inside a word. */
static size_t outside_words(struct marker text, size_t end) {
    end = outside_tags(text, end);
    while (end && !is_white(text.at[end - 1]) && text.at[end - 1] != '>' && text.at[end - 1] != ']' &&
           text.at[end - 1] != ':') {
        end--;
    }
    return end;
}

/* How many bytes of whole tags both end with. */
static size_t common_end(struct marker a, struct marker b) {
    size_t bytes = 0;
    while (bytes < a.bytes && bytes < b.bytes && a.at[a.bytes - 1 - bytes] == b.at[b.bytes - 1 - bytes]) {
        bytes++;
    }
    while (bytes && a.at[a.bytes - bytes] != '<' && a.at[a.bytes - bytes] != '[') {
        bytes--;
    }
    return bytes;
}

/* A copy with a hole instead of each of the words, up to a null. */
static struct marker with_holes(struct probe *probe, struct marker text, const char *const *words) {
    char *copy = arena_take(probe->arena, text.bytes + 1, 1);
    if (copy == NULL) {
        probe->out_of_memory = true;
        return (struct marker){"", 0};
    }
    size_t bytes = 0;
    for (size_t at = 0; at < text.bytes;) {
        size_t skip = 0;
        for (const char *const *word = words; *word && skip == 0; word++) {
            skip = marker_starts(marker_from(text, at), marker_name(*word)) ? strlen(*word) : 0;
        }
        copy[bytes++] = text.at[at];
        if (skip) {
            copy[bytes - 1] = HOLE;
        }
        at += skip ? skip : 1;
    }
    return marker_trim((struct marker){copy, bytes});
}

/* A marker of calls, with holes for what differs between them. */
static struct marker call_marker(struct probe *probe, struct marker text) {
    static const char *const words[] = {FIRST_ID, SECOND_ID, "firstool7q", "secontool7q", NULL};
    return with_holes(probe, text, words);
}

/* What two renderings of the same marker have in common, with a hole where they differ. */
static struct marker merge(struct probe *probe, struct marker a, struct marker b) {
    if (marker_equal(a, b)) {
        return a;
    }
    const size_t start = common_start(a, b);
    size_t end = 0;
    while (start + end < a.bytes && start + end < b.bytes && a.at[a.bytes - 1 - end] == b.at[b.bytes - 1 - end]) {
        end++;
    }
    char *copy = arena_take(probe->arena, start + 1 + end, 1);
    if (copy == NULL) {
        probe->out_of_memory = true;
        return a;
    }
    memcpy(copy, a.at, start);
    copy[start] = HOLE;
    memcpy(copy + start + 1, a.at + a.bytes - end, end);
    return (struct marker){copy, start + 1 + end};
}

static struct marker slice(struct marker text, size_t from, size_t to) {
    return from < to ? marker_from(marker_to(text, to), from) : (struct marker){"", 0};
}

static bool mentions(const struct probe *probe, const char *word) {
    return marker_find(probe->template_text, 0, marker_name(word)) != SIZE_MAX;
}

/* ---- rendering ---- */

static struct marker tail(struct marker text) {
    const struct marker question = marker_name(QUESTION);
    for (size_t at = text.bytes; at-- > 0;) {
        if (marker_starts(marker_from(text, at), question)) {
            return marker_from(text, at + question.bytes);
        }
    }
    return (struct marker){"", 0};
}

/* How many bytes precede what is different in two answers. The prompt is part of them, if both start with it. */
static size_t header_of(const struct probe *probe, struct marker a, struct marker b) {
    const struct marker prompt = probe->tails[PROMPT];
    const size_t bytes = outside_words(a, common_start(a, b));
    return prompt.bytes > bytes && marker_starts(a, prompt) && marker_starts(b, prompt) ? prompt.bytes : bytes;
}

static void render_all(struct probe *probe, const struct template_texts *texts, const struct template_tokens *tokens) {
    struct text json = {0};
    for (size_t i = 0; i < RENDERINGS; i++) {
        conversation(&json, i);
        struct rendered out;
        struct qn_error ignored;
        const int status = template_render(texts, json.at, json.bytes, tokens, probe->arena, &out, &ignored);
        probe->out_of_memory |= status == QN_ERR_MEMORY || json.failed;
        if (status != QN_OK) {
            continue;
        }
        const struct marker text = {out.text, out.bytes};
        probe->tails[i] = tail(text);
        probe->format->reads_tools |= marker_find(text, 0, marker_name("firstool7q")) != SIZE_MAX && i == PROMPT;
    }
    text_free(&json);
    const bool calls_shown = probe->tails[CALLED].bytes > 0;
    probe->header = header_of(probe, probe->tails[calls_shown ? CALLED : PROMPT], probe->tails[ANSWERED]);
}

/* ---- calls ---- */

static struct marker without_start(struct marker text, struct marker prefix) {
    size_t used = 0;
    text = marker_trim(text);
    return marker_match(prefix, text.at, text.bytes, &used) == MATCH_FULL ? marker_from(text, used) : text;
}

/* How the arguments are marked. *rest is what follows the last value; it loses the marker of the value's end. */
static void find_arguments(struct probe *probe, const struct place *first, const struct place *second,
                           struct marker *rest, struct marker *between) {
    static const char *const words[] = {"alpha7q", "beta7q", "gamma7q", NULL};
    struct output_format *format = probe->format;
    const struct marker text = probe->tails[CALLED];
    const struct marker before = slice(text, first->name_end, first->first_key);
    const struct marker value_to_key = slice(text, first->first_value + strlen(calls[0].first_value), first->last_key);
    const size_t shared = common_end(before, value_to_key);
    const struct marker close = marker_to(value_to_key, value_to_key.bytes - shared);
    struct marker key_close = slice(text, first->first_key + strlen(calls[0].first_key), first->first_value);
    if (second) {
        const struct marker other = probe->tails[CALLED_TWICE];
        key_close =
            merge(probe, key_close, slice(other, second->first_key + strlen(calls[1].first_key), second->first_value));
    }
    struct marker after_name = call_marker(probe, marker_to(before, before.bytes - shared));
    if (second) {
        const struct marker other = slice(probe->tails[CALLED_TWICE], second->name_end, second->first_key);
        after_name = merge(probe, after_name,
                           call_marker(probe, marker_to(other, other.bytes > shared ? other.bytes - shared : 0)));
    }
    format->after_name = after_name;
    format->key_open = marker_trim(marker_from(value_to_key, value_to_key.bytes - shared));
    format->value_lines = close.bytes && close.at[0] == '\n';
    format->key_close = marker_trim(key_close);
    format->value_close = with_holes(probe, close, words);
    *rest = without_start(*rest, format->value_close);
    *between = without_start(*between, format->value_close);
}

static void find_literal(struct probe *probe, const struct place *place) {
    const struct marker text = probe->tails[CALLED];
    const struct marker before = marker_trim(slice(text, place->name_end, place->first_key));
    const struct marker quote =
        marker_trim(slice(text, place->first_key + strlen(calls[0].first_key), place->first_value));
    probe->format->bracket = before.at[before.bytes - 1];
    probe->format->after_name = call_marker(probe, marker_to(before, before.bytes - 1));
    if (quote.bytes > 2) {
        probe->format->quote = marker_from(quote, 1);
    }
}

/* The markers between a call's end and what follows it. */
static void find_ends(struct probe *probe, struct marker rest, struct marker between, bool twice) {
    struct output_format *format = probe->format;
    if (!twice) {
        format->close = call_marker(probe, rest);
        return;
    }
    const size_t shared = outside_tags(rest, common_start(rest, between));
    format->close = call_marker(probe, marker_to(rest, shared));
    format->separator = call_marker(probe, marker_from(between, shared));
    format->end = call_marker(probe, marker_from(rest, shared));
}

static void find_calls(struct probe *probe) {
    struct output_format *format = probe->format;
    const struct marker text = probe->tails[CALLED];
    const struct marker other = probe->tails[CALLED_TWICE];
    const struct marker answered = probe->tails[ANSWERED];
    struct place place;
    struct place first;
    struct place second;
    if (!place_find(text, probe->header, &calls[0], &place)) {
        return;
    }
    format->form = place.form;
    format->parallel = place_find(other, probe->header, &calls[0], &first) &&
                       place_find(other, first.end, &calls[1], &second) && second.form == first.form;
    format->name_key = place.name_key;
    format->arguments_key = place.arguments_key;
    format->open = call_marker(probe, slice(text, probe->header, place.start));
    const size_t answer_end = marker_find(answered, probe->header, marker_name(ANSWER)) + strlen(ANSWER);
    struct marker rest = marker_trim(marker_from(text, place.end));
    rest.bytes -= common_end(rest, marker_trim(slice(answered, answer_end, answered.bytes)));
    rest = slice(text, place.end, (size_t)(rest.at - text.at) + rest.bytes);
    struct marker between = {"", 0};
    if (format->parallel) {
        between = slice(other, first.end, second.start);
    }
    if (place.form == CALLS_TAGGED) {
        find_arguments(probe, &place, format->parallel ? &second : NULL, &rest, &between);
    } else if (place.form == CALLS_LITERAL) {
        find_literal(probe, &place);
    } else if (place.form == CALLS_JSON) {
        format->after_name = call_marker(probe, slice(text, place.name_end, place.arguments));
        if (format->parallel) {
            format->after_name =
                merge(probe, format->after_name, call_marker(probe, slice(other, second.name_end, second.arguments)));
        }
    }
    find_ends(probe, rest, between, format->parallel);
    if (place.form == CALLS_TAGGED && (format->close.bytes == 0 || format->key_open.bytes == 0 ||
                                       format->key_close.bytes == 0 || format->value_close.bytes == 0)) {
        format->form = CALLS_NONE; /* it cannot be told where arguments end */
    }
    format->open_at_start = format->open.bytes == 0;
    if (format->open_at_start) {
        format->open = format->separator;
    }
}

/* ---- text and reasoning ---- */

static void find_text(struct probe *probe) {
    const struct marker text = probe->tails[ANSWERED];
    const struct marker other = probe->tails[CALLED];
    const size_t at = marker_find(text, probe->header, marker_name(ANSWER));
    if (at == SIZE_MAX || other.bytes == 0) {
        return;
    }
    const struct marker rest = marker_trim(marker_from(text, at + strlen(ANSWER)));
    probe->format->text_open = marker_trim(slice(text, probe->header, at));
    probe->format->text_close = marker_trim(marker_to(rest, rest.bytes - common_end(rest, marker_trim(other))));
}

static size_t count_of(struct marker text, struct marker part) {
    size_t count = 0;
    for (size_t at = 0; (at = marker_find(text, at, part)) != SIZE_MAX; at++) {
        count++;
    }
    return count;
}

/* The tag before `at`, with those before it until it is unlike the others up to there. */
static struct marker tag_before(struct marker text, size_t at) {
    size_t start = at;
    do {
        while (start && text.at[start - 1] != '<' && text.at[start - 1] != '[') {
            start--;
        }
        start -= start > 0;
    } while (start && count_of(marker_to(text, at), slice(text, start, at)) > 1);
    return slice(text, start, at);
}

/* Templates that leave reasoning out of the conversation, but know how it ends. */
static void guess_reasoning(struct probe *probe) {
    static const char *const pairs[][2] = {{"<think>", "</think>"}, {"[THINK]", "[/THINK]"}};
    for (size_t i = 0; i < 2; i++) {
        if (mentions(probe, pairs[i][1])) {
            probe->format->reasoning_open = marker_name(pairs[i][0]);
            probe->format->reasoning_close = marker_name(pairs[i][1]);
            return;
        }
    }
}

static bool ends_with(struct marker text, struct marker end) {
    return end.bytes && text.bytes >= end.bytes && marker_starts(marker_from(text, text.bytes - end.bytes), end);
}

/* Reasoning in a rendering, up to `next` (the text or the calls), which starts with the marker `start`. */
static void reasoning_in(struct probe *probe, struct marker text, struct marker without, size_t next,
                         struct marker start) {
    struct output_format *format = probe->format;
    const size_t at = marker_find(text, 0, marker_name(REASONING));
    struct marker close = marker_trim(slice(text, at + strlen(REASONING), next));
    if (ends_with(close, start)) {
        close = marker_trim(marker_to(close, close.bytes - start.bytes));
    }
    struct marker open = marker_trim(slice(text, header_of(probe, text, without), at));
    const struct marker prompt = probe->tails[PROMPT];
    if (open.bytes == 0) { /* the prompt may have it */
        open = marker_trim(marker_from(prompt, header_of(probe, prompt, without)));
    }
    if (open.bytes == 0) {
        open = marker_trim(tag_before(text, at));
    }
    if (marker_starts(start, open) && ends_with(start, close)) { /* the start has empty reasoning */
        size_t bytes = 0;
        while (bytes < close.bytes && close.at[bytes] != '>' && close.at[bytes] != ']') {
            bytes++;
        }
        close.bytes = bytes < close.bytes ? bytes + 1 : bytes;
    }
    if (close.bytes) {
        format->reasoning_open = open;
        format->reasoning_close = close;
    }
}

static void find_reasoning(struct probe *probe) {
    struct output_format *format = probe->format;
    const struct marker text = probe->tails[THOUGHT_ANSWERED];
    const struct marker in_call = probe->tails[THOUGHT_CALLED];
    const size_t at = marker_find(text, 0, marker_name(REASONING));
    const size_t answer = marker_find(text, 0, marker_name(ANSWER));
    const size_t before_call = marker_find(in_call, 0, marker_name(REASONING));
    struct place place;
    if (at != SIZE_MAX && answer != SIZE_MAX && at < answer) {
        reasoning_in(probe, text, probe->tails[ANSWERED], answer, format->text_open);
    } else if (before_call != SIZE_MAX && place_find(in_call, before_call, &calls[0], &place)) {
        reasoning_in(probe, in_call, probe->tails[CALLED], place.start, format->open);
    }
    if (format->reasoning_close.bytes == 0) {
        guess_reasoning(probe);
    }
    /* a call without reasoning has its markers, too */
    const struct marker open = format->open;
    const struct marker rest =
        marker_trim(marker_from(open, marker_starts(open, format->reasoning_open) ? format->reasoning_open.bytes : 0));
    if (format->reasoning_close.bytes && marker_starts(rest, format->reasoning_close)) {
        format->open = marker_trim(marker_from(rest, format->reasoning_close.bytes));
    }
}

/* ---- what rendering does not show ---- */

/* Templates that show tools, but no calls: the model was trained to write them as these families do. */
static void guess_calls(struct probe *probe) {
    struct output_format *format = probe->format;
    format->parallel = true;
    format->separator = marker_name(",");
    format->name_key = marker_name("name");
    format->arguments_key = marker_name("arguments");
    if (mentions(probe, "<|tool_call_start|>") || mentions(probe, "<|tool_list_start|>") ||
        mentions(probe, "List of tools: [")) { /* LFM2 */
        format->form = CALLS_LITERAL;
        format->bracket = '(';
        format->open = marker_name("<|tool_call_start|>[");
        format->end = marker_name("]<|tool_call_end|>");
    } else if (mentions(probe, "<tool_call>")) { /* SmolLM3 and other descendants of Hermes */
        format->form = CALLS_OBJECT;
        format->open = format->separator = marker_name("<tool_call>");
        format->close = marker_name("</tool_call>");
    } else if (mentions(probe, "<|tool_call|>")) { /* Granite 3 */
        format->form = CALLS_OBJECT;
        format->open = marker_name("<|tool_call|>[");
        format->end = marker_name("]");
    }
}

/* Models that write calls in another way than their templates do. */
static void add_variants(struct probe *probe) {
    struct output_format *format = probe->format;
    if (mentions(probe, "<|channel|>analysis")) { /* gpt-oss */
        format->reasoning_open = marker_name("<|channel|>analysis<|message|>");
        format->other_open = marker_name("<|channel|>commentary to=functions.");
        format->other_after = marker_name("<|message|>");
    } else if (format->form == CALLS_OBJECT && mentions(probe, "<|python_tag|>")) { /* Llama 3 */
        format->other_open = marker_name("<|python_tag|>");
    }
    if (marker_equal(format->text_open, format->reasoning_open)) {
        format->text_open.bytes = 0;
    }
}

bool probe_format(const struct template_texts *texts, const struct template_tokens *tokens, struct arena *arena,
                  struct output_format *format) {
    *format = (struct output_format){.form = CALLS_NONE};
    const struct gguf_text text = texts->with_tools.bytes ? texts->with_tools : texts->usual;
    struct probe probe = {.arena = arena, .format = format, .template_text = {text.at, text.bytes}};
    render_all(&probe, texts, tokens);
    if (probe.tails[CALLED].bytes) {
        find_calls(&probe);
    }
    find_text(&probe);
    find_reasoning(&probe);
    if (format->form == CALLS_NONE && format->reads_tools) {
        guess_calls(&probe);
    }
    add_variants(&probe);
    return !probe.out_of_memory;
}
