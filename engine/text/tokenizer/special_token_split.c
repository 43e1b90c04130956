/* Cuts a text at its special tokens, as llama.cpp's tokenizer_st_partition does: longest tokens first, each wherever it
 * occurs in the remaining text, from left to right. If tokens of equal length overlap, the first in the text wins; in
 * llama.cpp that depends on its sorting. */
#include "engine/text/tokenizer/special_token_split.h"

static bool starts(const uint32_t set[8], uint8_t byte) { return set[byte / 32] >> byte % 32 & 1; }

static bool all_trusted(const uint8_t *untrusted, size_t start, size_t bytes) {
    bool all = true;
    for (size_t i = 0; untrusted && all && i < bytes; i++) {
        all = untrusted[start + i] == 0;
    }
    return all;
}

struct search {
    const struct vocabulary *vocabulary;
    const uint8_t *text;
    const uint8_t *untrusted; /* null: all text is trusted */
    bool parse_special;
};

/* The token of the group that starts at text[at]; -1 if none does. */
static int32_t special_at(const struct search *s, const struct special_group *group, size_t at) {
    const uint8_t byte = s->text[at];
    const bool control = s->parse_special && starts(group->control_starts, byte);
    if (!control && !starts(group->user_starts, byte)) {
        return -1;
    }
    const int32_t id = vocabulary_find(s->vocabulary, s->text + at, group->bytes);
    if (id < 0) {
        return -1;
    }
    const uint8_t type = s->vocabulary->types[id];
    bool guarded = true;
    switch (type & TOKEN_TYPE_MASK) {
    case TOKEN_USER_DEFINED:
        guarded = (type & TOKEN_GUARDED) != 0;
        break;
    case TOKEN_CONTROL:
    case TOKEN_UNKNOWN:
        if (s->parse_special) {
            break;
        }
        return -1;
    default:
        return -1;
    }
    return guarded && !all_trusted(s->untrusted, at, group->bytes) ? -1 : id;
}

/* Like C's isspace. */
static bool is_white(uint8_t byte) { return byte == ' ' || (byte >= 9 && byte <= 13); }

/* Cuts a text fragment at token `id`, which occupies `bytes` bytes at `at`. Returns the fragment of the text after the
 * token, or that of the token if no text follows; null without memory. */
static struct fragment *cut(const struct search *s, struct fragment *fragment, int32_t id, size_t at, size_t bytes,
                            struct arena *scratch) {
    const uint8_t type = s->vocabulary->types[id];
    const size_t end = fragment->start + fragment->bytes;
    size_t left = at;
    size_t right = at + bytes;
    while ((type & TOKEN_STRIPS_LEFT) && left > fragment->start && is_white(s->text[left - 1])) {
        left--;
    }
    while ((type & TOKEN_STRIPS_RIGHT) && right < end && is_white(s->text[right])) {
        right++;
    }
    struct fragment *token = fragment;
    if (left > fragment->start) {
        token = ARENA_NEW(scratch, struct fragment);
        if (token == NULL) {
            return NULL;
        }
        token->next = fragment->next;
        fragment->next = token;
        fragment->bytes = left - fragment->start;
    }
    *token = (struct fragment){token->next, at, bytes, id};
    if (right == end) {
        return token;
    }
    struct fragment *after = ARENA_NEW(scratch, struct fragment);
    if (after) {
        *after = (struct fragment){token->next, right, end - right, -1};
        token->next = after;
    }
    return after;
}

static bool cut_all(const struct search *s, struct fragment *fragment, const struct special_group *group,
                    struct arena *scratch) {
    for (; fragment; fragment = fragment->next) {
        size_t at = fragment->start;
        while (fragment->id < 0 && at + group->bytes <= fragment->start + fragment->bytes) {
            const int32_t id = special_at(s, group, at);
            at++;
            if (id >= 0) {
                fragment = cut(s, fragment, id, at - 1, group->bytes, scratch);
                if (fragment == NULL) {
                    return false;
                }
                at = fragment->start;
            }
        }
    }
    return true;
}

struct fragment *special_token_split(const struct vocabulary *vocabulary, const uint8_t *text, size_t bytes,
                                     const uint8_t *untrusted, bool parse_special, struct arena *scratch, bool *ok) {
    const struct search search = {vocabulary, text, untrusted, parse_special};
    *ok = true;
    if (bytes == 0) {
        return NULL;
    }
    struct fragment *first = ARENA_NEW(scratch, struct fragment);
    *ok = first != NULL;
    if (first) {
        *first = (struct fragment){NULL, 0, bytes, -1};
    }
    for (uint32_t i = 0; *ok && i < vocabulary->n_groups; i++) {
        const struct special_group *group = &vocabulary->groups[i];
        *ok = cut_all(&search, first, group, scratch);
    }
    return first;
}
