/* Merging as SentencePiece and byte-level BPE both do it: of all pairs of neighbours that may merge, the best one
 * does, the leftmost among equals, until there is none. A tournament tree over the pairs finds it, so that n symbols
 * take O(n log n) however they are made. */
#include "engine/text/tokenizer.h"

#define NO_PAIR UINT32_MAX

bool merger_reserve(struct merger *m, size_t text_bytes, size_t symbols) {
    m->text_bytes = 0;
    m->count = 0;
    if (text_bytes > m->text_room) {
        m->text_room = text_bytes < m->text_room * 2 ? m->text_room * 2 : text_bytes;
        m->text = ARENA_ARRAY(m->scratch, uint8_t, m->text_room);
    }
    if (symbols > m->room) {
        m->room = symbols < m->room * 2 ? m->room * 2 : symbols;
        m->symbols = ARENA_ARRAY(m->scratch, struct symbol, m->room);
        m->keys = ARENA_ARRAY(m->scratch, uint32_t, m->room);
        m->tree = ARENA_ARRAY(m->scratch, uint32_t, m->room);
    }
    if ((m->text_room && m->text == NULL) || (m->room && (m->symbols == NULL || m->keys == NULL || m->tree == NULL))) {
        m->text_room = m->room = 0;
        return false;
    }
    return true;
}

void merger_add(struct merger *m, size_t bytes) {
    const uint32_t number = (uint32_t)m->count++;
    const uint32_t start = (uint32_t)m->text_bytes;
    m->symbols[number] = (struct symbol){.start = start,
                                         .bytes = (uint32_t)bytes,
                                         .previous = number ? number - 1 : NOT_FOUND,
                                         .next = NOT_FOUND,
                                         .hash = text_hash(m->text + start, bytes)};
    if (number) {
        m->symbols[number - 1].next = number;
    }
    m->text_bytes += bytes;
}

bool merger_bars(const struct merger *m, int32_t id) {
    const uint8_t type = m->vocabulary->types[id];
    const unsigned kind = type & TOKEN_TYPE_MASK;
    return m->guards && (kind == TOKEN_CONTROL || kind == TOKEN_UNKNOWN || (type & TOKEN_GUARDED));
}

/* Numbers that sort as the scores do, the highest first. */
static uint32_t score_key(float score) {
    uint32_t bits;
    memcpy(&bits, &score, sizeof(bits));
    if (score != score) {
        return NO_PAIR - 1;
    }
    bits = score == 0 ? 0 : bits; /* of either sign */
    return bits >> 31 ? bits : ~(bits | 0x80000000u);
}

static uint32_t pair_key(const struct merger *m, uint32_t number) {
    const struct symbol *left = &m->symbols[number];
    if (left->bytes == 0 || left->next == NOT_FOUND) {
        return NO_PAIR;
    }
    const struct symbol *right = &m->symbols[left->next];
    const uint8_t *text = m->text + left->start; /* the right one follows it */
    if (m->vocabulary->pretokenizer) {
        return vocabulary_rank(m->vocabulary, text, left->bytes, left->hash, text + left->bytes, right->bytes,
                               right->hash);
    }
    const int32_t id = vocabulary_find(m->vocabulary, text, (size_t)left->bytes + right->bytes);
    return id < 0 || merger_bars(m, id) ? NO_PAIR : score_key(vocabulary_score(m->vocabulary, id));
}

static uint32_t contestant(const struct merger *m, size_t node) {
    return node < m->count ? m->tree[node] : (uint32_t)(node - m->count);
}

static void contest(struct merger *m, size_t node) {
    const uint32_t a = contestant(m, 2 * node);
    const uint32_t b = contestant(m, 2 * node + 1);
    const bool first = m->keys[a] != m->keys[b] ? m->keys[a] < m->keys[b] : a < b;
    m->tree[node] = first ? a : b;
}

static void set_key(struct merger *m, uint32_t number, uint32_t key) {
    if (m->keys[number] == key) {
        return;
    }
    m->keys[number] = key;
    for (size_t node = (number + m->count) / 2; node; node /= 2) {
        contest(m, node);
    }
}

void merger_run(struct merger *m) {
    if (m->count < 2) {
        return;
    }
    for (uint32_t i = 0; i < m->count; i++) {
        m->keys[i] = pair_key(m, i);
    }
    for (size_t node = m->count - 1; node; node--) {
        contest(m, node);
    }
    while (m->keys[m->tree[1]] != NO_PAIR) {
        const uint32_t number = m->tree[1];
        struct symbol *left = &m->symbols[number];
        struct symbol *right = &m->symbols[left->next];
        const uint32_t gone = left->next;
        left->bytes += right->bytes;
        left->hash = text_hash(m->text + left->start, left->bytes);
        left->next = right->next;
        right->bytes = 0;
        if (left->next != NOT_FOUND) {
            m->symbols[left->next].previous = number;
        }
        set_key(m, gone, NO_PAIR);
        if (left->previous != NOT_FOUND) {
            set_key(m, left->previous, pair_key(m, left->previous));
        }
        set_key(m, number, pair_key(m, number));
    }
}
