/* Merging as in SentencePiece and byte-level BPE: of all neighboring pairs that may merge, the best one does, the
 * leftmost among equals, until there is none. A tournament tree finds the best pair, so that n symbols take O(n log n)
 * for any text. */
#include "engine/text/tokenizer/merge.h"

#include "engine/text/unicode/utf8.h"

#define NO_PAIR UINT32_MAX

bool merger_reserve(struct merger *m, size_t text_bytes, size_t symbols) {
    m->text_bytes = 0;
    m->count = 0;
    if (text_bytes > m->text_capacity) {
        m->text_capacity = text_bytes < m->text_capacity * 2 ? m->text_capacity * 2 : text_bytes;
        m->text = ARENA_ARRAY(m->encoder->scratch, uint8_t, m->text_capacity);
    }
    if (symbols > m->capacity) {
        m->capacity = symbols < m->capacity * 2 ? m->capacity * 2 : symbols;
        m->symbols = ARENA_ARRAY(m->encoder->scratch, struct symbol, m->capacity);
        m->keys = ARENA_ARRAY(m->encoder->scratch, uint32_t, m->capacity);
        m->tree = ARENA_ARRAY(m->encoder->scratch, uint32_t, m->capacity);
    }
    if ((m->text_capacity && m->text == NULL) ||
        (m->capacity && (m->symbols == NULL || m->keys == NULL || m->tree == NULL))) {
        m->text_capacity = m->capacity = 0;
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

/* Maps a score to a key: higher scores have lower keys. */
static uint32_t score_key(float score) {
    uint32_t bits;
    memcpy(&bits, &score, sizeof(bits));
    if (score != score) {
        return NO_PAIR - 1;
    }
    bits = score == 0 ? 0 : bits; /* positive and negative zero are equal */
    return bits >> 31 ? bits : ~(bits | 0x80000000u);
}

static uint32_t pair_key(const struct merger *m, uint32_t number) {
    const struct symbol *left = &m->symbols[number];
    if (left->bytes == 0 || left->next == NOT_FOUND) {
        return NO_PAIR;
    }
    const struct symbol *right = &m->symbols[left->next];
    const uint8_t *text = m->text + left->start; /* the right symbol's text follows */
    if (m->encoder->vocabulary->pretokenizer) {
        return vocabulary_rank(m->encoder->vocabulary, text, left->bytes, left->hash, text + left->bytes, right->bytes,
                               right->hash);
    }
    const int32_t id = vocabulary_find(m->encoder->vocabulary, text, (size_t)left->bytes + right->bytes);
    return id < 0 || encoder_bars(m->encoder, id) ? NO_PAIR : score_key(vocabulary_score(m->encoder->vocabulary, id));
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

/* Puts the byte tokens of a text. A byte without a token is dropped. */
static void put_bytes(struct encoder *e, const uint8_t *text, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        const int32_t id = e->vocabulary->byte_ids[text[i]];
        if (id >= 0 && (id == e->vocabulary->unknown || !encoder_bars(e, id))) {
            encoder_put(e, id);
        }
    }
}

static void put_symbol(const struct merger *m, const struct symbol *symbol) {
    struct encoder *e = m->encoder;
    const uint8_t *text = m->text + symbol->start;
    int32_t id = vocabulary_find_hashed(e->vocabulary, text, symbol->bytes, symbol->hash);
    if (id >= 0 && !encoder_bars(e, id)) {
        encoder_put(e, id);
        return;
    }
    if (id < 0) {
        put_bytes(e, text, symbol->bytes);
        return;
    }
    for (size_t at = 0; at < symbol->bytes;) { /* the token is barred: put its characters one by one */
        const size_t width = utf8_width(text[at]);
        const size_t bytes = width < symbol->bytes - at ? width : symbol->bytes - at;
        id = vocabulary_find(e->vocabulary, text + at, bytes);
        if (id >= 0 && !encoder_bars(e, id)) {
            encoder_put(e, id);
        } else {
            put_bytes(e, text + at, bytes);
        }
        at += bytes;
    }
}

void merger_put_tokens(const struct merger *m) {
    for (size_t i = 0; i < m->count; i++) {
        if (m->symbols[i].bytes) {
            put_symbol(m, &m->symbols[i]);
        }
    }
}
