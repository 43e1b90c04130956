/* Forced runs: the bytes that must follow, and the tokens that the tokenizer makes of them. */
#include "engine/session/forced.h"

#include "engine/grammar/automaton.h"
#include "engine/text/tokenizer/tokenizer.h"
#include "platform/error.h"

#define RUN_BYTES      512u /* of forced text, at most */
#define CONTEXT_BYTES  128u /* of the text before it, at most */
#define CONTEXT_TOKENS 16u
#define MOST_ITEMS     64u               /* places in the grammar; more are left to the model */
#define WORK_MEMORY    ((size_t)1 << 20) /* for tokenizing these */

/* A text with what comes before it: bytes[0..before) and bytes[before..end). */
struct forced_text {
    uint8_t bytes[CONTEXT_BYTES + RUN_BYTES];
    size_t before, end;
};

/* ---- bytes ---- */

/* The only byte that may follow; -1 if there are several or none, or if the text may end. */
static int only_byte(const struct matcher *matcher) {
    struct regular *regular = matcher->rules->regular;
    int only = -1;
    if (matcher_complete(matcher) || matcher->n_items - matcher_items(matcher) > MOST_ITEMS) {
        return -1;
    }
    for (int byte = 0; byte < 256; byte++) {
        for (size_t i = matcher_items(matcher); i < matcher->n_items; i++) {
            const struct item *item = &matcher->items[i];
            if (matcher->rules->states[item->state].kind != STATE_BYTES) {
                return -1;
            }
            if (automaton_follow(regular, item->node, (uint8_t)byte) == REGULAR_EMPTY) {
                continue;
            }
            if (only >= 0) {
                return -1;
            }
            only = byte;
            break;
        }
    }
    return only;
}

/* Goes on as long as only one byte may follow. The matcher stays there. */
static void read_forced(struct matcher *matcher, struct forced_text *text) {
    while (text->end - text->before < RUN_BYTES) {
        const int byte = only_byte(matcher);
        if (byte < 0 || !matcher_advance(matcher, (uint8_t)byte)) {
            break;
        }
        text->bytes[text->end++] = (uint8_t)byte;
    }
}

/* Whether a byte may follow. */
static bool may_follow(struct matcher *matcher, uint8_t byte) {
    const size_t position = matcher_position(matcher);
    const bool may = matcher_advance(matcher, byte);
    matcher_drop(matcher, position);
    return may;
}

/* The child of a node of the trie for a byte, of the children from `first` to `end`; `end` if there is none. */
static uint32_t child_of(const struct token_trie *trie, uint32_t first, uint32_t end, uint8_t byte) {
    while (first < end && trie_byte(trie, first) != byte) {
        first = trie_end(trie, first);
    }
    return first;
}

/* Whether a token begins with the text from `at` on and goes on with a byte that may follow. */
static bool token_passes_end(const struct token_trie *trie, struct matcher *matcher, const struct forced_text *text,
                             size_t at) {
    uint32_t first = 0;
    uint32_t end = trie->n_nodes;
    for (; at < text->end; at++) {
        const uint32_t node = child_of(trie, first, end, text->bytes[at]);
        if (node == end) {
            return false;
        }
        first = node + 1;
        end = trie_end(trie, node);
    }
    for (; first < end; first = trie_end(trie, first)) {
        if (may_follow(matcher, trie_byte(trie, first))) {
            return true;
        }
    }
    return false;
}

/* The end of the forced text up to which no token goes that may pass its end. */
static size_t certain_end(const struct token_trie *trie, struct matcher *matcher, const struct forced_text *text) {
    const size_t length = text->end - text->before;
    size_t at = length >= trie->depth ? text->end - trie->depth : text->before;
    while (at < text->end && !token_passes_end(trie, matcher, text, at)) {
        at++;
    }
    return at;
}

/* ---- tokens ---- */

/* Puts the text of the session's last tokens before the forced text. */
static void take_context(const struct qn_session *session, struct forced_text *text) {
    uint8_t pieces[CONTEXT_BYTES];
    size_t from = CONTEXT_BYTES;
    const uint32_t position = session_position(session);
    for (uint32_t i = 0; i < CONTEXT_TOKENS && i < position; i++) {
        uint8_t bytes[MAX_TOKEN_BYTES];
        const size_t count = model_token_bytes(session->model, session->tokens[position - 1 - i], bytes);
        if (count == 0 || count > from) {
            break;
        }
        from -= count;
        memcpy(pieces + from, bytes, count);
    }
    text->before = text->end = CONTEXT_BYTES - from;
    memcpy(text->bytes, pieces + from, text->before);
}

/* Takes the tokens between the start of the forced text and its certain end. Returns their number: 0 if none begins at
 * its start. ids: (count) of the bytes from text->bytes + skip on. */
static uint32_t take_tokens(const struct qn_session *session, const struct forced_text *text, size_t skip, size_t until,
                            const int32_t *ids, size_t count, int32_t *run) {
    uint8_t bytes[MAX_TOKEN_BYTES];
    size_t at = skip;
    uint32_t n_run = 0;
    for (size_t i = 0; i < count && n_run < RUN_TOKENS; i++) {
        const size_t length = model_token_bytes(session->model, ids[i], bytes);
        const bool prefix = i == 0 && length && bytes[0] == ' ' && text->bytes[skip] != ' '; /* SentencePiece's own */
        const size_t visible = length - prefix;
        if (length == 0 || visible > text->end - at || memcmp(bytes + prefix, text->bytes + at, visible) != 0 ||
            (prefix && skip == text->before && visible)) {
            return 0; /* the tokenizer has changed the text, or would */
        }
        const bool inside = at >= text->before;
        if (!inside && at + visible > text->before) {
            return 0; /* a token across the start */
        }
        at += visible;
        if (at > until) {
            break;
        }
        if (inside && visible) {
            run[n_run++] = ids[i];
        }
    }
    return n_run;
}

/* The tokens of the forced text behind the text from `skip` on. */
static int tokenize(const struct qn_session *session, const struct forced_text *text, size_t skip, size_t until,
                    struct constraint *constraint) {
    int32_t ids[CONTEXT_BYTES + RUN_BYTES + 2];
    struct arena scratch = {.limit = WORK_MEMORY};
    const size_t capacity = sizeof(ids) / sizeof(ids[0]);
    const int64_t count = vocabulary_tokenize(session->model->vocabulary, (const char *)text->bytes + skip,
                                              text->end - skip, NULL, 0, ids, capacity, &scratch, &last_error);
    arena_free(&scratch);
    if (count < 0) {
        return (int)count;
    }
    constraint->n_run =
        (size_t)count <= capacity ? take_tokens(session, text, skip, until, ids, (size_t)count, constraint->run) : 0;
    return QN_OK;
}

/* Adds a token that ends generation if the text can do nothing but end behind the run, which has all of it. */
static void add_end(const struct vocabulary *vocabulary, struct constraint *constraint) {
    if (vocabulary->n_ends && constraint->n_run < RUN_TOKENS) {
        const int32_t eos = vocabulary->eos;
        constraint->run[constraint->n_run++] = vocabulary_is_end(vocabulary, eos) ? eos : vocabulary->ends[0];
    }
}

int forced_find(struct qn_session *session, struct constraint *constraint) {
    struct matcher *matcher = &constraint->matcher;
    const size_t position = matcher_position(matcher);
    struct forced_text text;
    int status = QN_OK;
    take_context(session, &text);
    matcher->rules->regular->steps = 0;
    read_forced(matcher, &text);
    const size_t until = certain_end(&session->model->trie, matcher, &text);
    const bool last = matcher_complete(matcher) && matcher->n_items == matcher_items(matcher);
    matcher_drop(matcher, position);
    if (until > text.before) {
        status = tokenize(session, &text, 0, until, constraint);
    }
    if (status == QN_OK && until > text.before && constraint->n_run == 0) {
        status = tokenize(session, &text, text.before, until, constraint);
    }
    const bool whole = constraint->n_run < RUN_TOKENS && until == text.end;
    if (status == QN_OK && last && whole && (constraint->n_run || text.end == text.before)) {
        add_end(session->model->vocabulary, constraint);
    }
    return status;
}
