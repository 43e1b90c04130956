/* Masks: profiles of the trie for each node, and the walk behind the ends of strings. */
#include "engine/grammar/mask.h"

#include "engine/grammar/automaton.h"

static void set_bit(uint32_t *bits, uint32_t id) { bits[id / 32] |= 1u << id % 32; }

/* ---- profiles ---- */

/* The set bits as a list of ids if they are few, otherwise as a copy of the bits. */
static uint32_t *keep(struct mask_maker *maker, const uint32_t *bits, uint32_t *count) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < maker->words; i++) {
        n += (uint32_t)__builtin_popcount(bits[i]);
    }
    const bool list = n < maker->words;
    uint32_t *kept = sandbox_take(&maker->box, list ? n + 1 : maker->words, sizeof(uint32_t));
    *count = 0;
    if (kept && !list) {
        memcpy(kept, bits, maker->words * sizeof(uint32_t));
        *count = NO_LIMIT;
    }
    for (uint32_t i = 0; kept && list && i < maker->words; i++) {
        for (uint32_t word = bits[i]; word; word &= word - 1) {
            kept[(*count)++] = i * 32 + (uint32_t)__builtin_ctz(word);
        }
    }
    return kept;
}

static void merge(const struct mask_maker *maker, const uint32_t *from, uint32_t count, uint32_t *bits) {
    if (count == NO_LIMIT) {
        for (uint32_t i = 0; i < maker->words; i++) {
            bits[i] |= from[i];
        }
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        set_bit(bits, from[i]);
    }
}

static void add_end(struct mask_maker *maker, struct mask_profile *profile, uint32_t node, size_t *capacity) {
    uint32_t *nodes = sandbox_grow(&maker->box, profile->nodes, profile->n_nodes, capacity, sizeof(uint32_t));
    if (nodes) {
        profile->nodes = nodes;
        nodes[profile->n_nodes++] = node;
    }
}

/* Whether all continuation bytes from low to high lead from a node to `next`, through `more` further ones. */
static bool continues_to(struct regular *regular, uint32_t node, uint8_t low, uint8_t high, int more, uint32_t next) {
    uint32_t checked = NO_LIMIT;
    for (unsigned byte = low; byte <= high; byte++) {
        const uint32_t behind = automaton_follow(regular, node, (uint8_t)byte);
        if (more == 0 ? behind != next
                      : behind != checked && !continues_to(regular, behind, 0x80, 0xbf, more - 1, next)) {
            return false;
        }
        checked = behind;
    }
    return true;
}

/* Leads of characters with several bytes: the range of the byte behind them, and how many follow that. */
static const struct {
    uint8_t first, last, low, high, more;
} leads[] = {{0xc2, 0xdf, 0x80, 0xbf, 0}, {0xe0, 0xe0, 0xa0, 0xbf, 1}, {0xe1, 0xec, 0x80, 0xbf, 1},
             {0xed, 0xed, 0x80, 0x9f, 1}, {0xee, 0xef, 0x80, 0xbf, 1}, {0xf0, 0xf0, 0x90, 0xbf, 2},
             {0xf1, 0xf3, 0x80, 0xbf, 2}, {0xf4, 0xf4, 0x80, 0x8f, 2}};

static uint32_t find_plain_next(struct regular *regular, uint32_t node) {
    const uint32_t next = automaton_follow(regular, node, ' ');
    for (unsigned byte = 0x20; byte < 0x80; byte++) {
        if (trie_plain_byte((uint8_t)byte) && automaton_follow(regular, node, (uint8_t)byte) != next) {
            return NO_LIMIT;
        }
    }
    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
        uint32_t checked = NO_LIMIT;
        for (unsigned lead = leads[i].first; lead <= leads[i].last; lead++) {
            const uint32_t behind = automaton_follow(regular, node, (uint8_t)lead);
            if (behind != checked && !(behind == REGULAR_EMPTY && next == REGULAR_EMPTY) &&
                !continues_to(regular, behind, leads[i].low, leads[i].high, leads[i].more, next)) {
                return NO_LIMIT;
            }
            checked = behind;
        }
    }
    return next;
}

/* The node to which all plain characters lead; NO_LIMIT: they lead to different ones. */
static uint32_t plain_next(struct mask_maker *maker, struct regular *regular, uint32_t node) {
    struct plain_step *step = &maker->steps[node % PLAIN_STEPS];
    if (!step->known || step->node != node) {
        *step = (struct plain_step){node, find_plain_next(regular, node), true};
    }
    return step->next;
}

/* How many plain characters, whichever they are, a string can go on with from a node without an end in between:
 * NO_LIMIT: any number. False if it depends on the characters. */
static bool plain_limit(struct mask_maker *maker, struct regular *regular, uint32_t node, uint32_t *limit) {
    for (*limit = 0; *limit <= PLAIN_MOST; ++*limit) {
        const uint32_t next = plain_next(maker, regular, node);
        if (next == NO_LIMIT || (next != REGULAR_EMPTY && regular_nullable(regular, next))) {
            return false;
        }
        if (next == REGULAR_EMPTY) {
            return true;
        }
        if (next == node) {
            break;
        }
        node = next;
    }
    *limit = NO_LIMIT;
    return true;
}

/* Sets the plain tokens that have at most so many characters, 32 at a time. */
static void set_all_plain(struct mask_maker *maker, uint32_t most) {
    const uint32_t *plain = maker->trie->plain;
    for (uint32_t i = 0; i < maker->words; i++) {
        uint32_t any = 0;
        uint32_t within = UINT32_MAX; /* whether the bits so far are at most those of `most` */
        for (uint32_t k = 0; k < PLAIN_BITS; k++, plain++) {
            any |= *plain;
            within = most >> k & 1 ? within | ~*plain : within & ~*plain;
        }
        maker->bits[0][i] |= any & within;
    }
}

/* Sets the plain tokens below an open node that have at most `limit` characters more. */
static void set_plain(struct mask_maker *maker, uint32_t node, const struct mask_open *open, uint32_t limit) {
    const struct token_trie *trie = maker->trie;
    const uint32_t most = limit < PLAIN_MOST ? open->characters + limit : PLAIN_MOST;
    if (open == maker->path) {
        set_all_plain(maker, most);
        return;
    }
    const uint32_t end = trie_rank(trie, open->end);
    for (uint32_t i = trie_rank(trie, node); i < end; i++) {
        if (trie_plain(trie, i) - 1 < most) { /* 0 wraps */
            set_bit(maker->bits[0], trie_id(trie, i));
        }
    }
}

static uint32_t pending_after(uint32_t pending, uint8_t byte) {
    if (pending) {
        return pending - 1;
    }
    return (uint32_t)(byte >= 0xc0) + (byte >= 0xe0) + (byte >= 0xf0);
}

/* Follows one node of a trie with the automaton, and opens it if its children must be followed. */
static bool visit(struct mask_maker *maker, struct regular *regular, const struct token_trie *trie, uint32_t node,
                  struct mask_open *open, struct mask_profile *profile, size_t *capacity) {
    const bool rest = trie != maker->trie;
    const uint8_t byte = trie_byte(trie, node);
    if (!rest && !trie_plain_byte(byte)) {
        return false; /* the other trie has these */
    }
    const uint32_t state = automaton_follow(regular, open->state, byte);
    if (state == REGULAR_EMPTY) {
        return false;
    }
    const uint32_t end = trie_end(trie, node);
    const uint32_t token = trie_token(trie, node);
    const bool nullable = regular_nullable(regular, state);
    if (token != NO_TOKEN && state != REGULAR_EPSILON) {
        set_bit(maker->bits[0], token);
    }
    if (token != NO_TOKEN && nullable) {
        set_bit(maker->bits[1], token);
    }
    if (nullable && end > node + 1) {
        add_end(maker, profile, node | (rest ? IN_REST : 0), capacity);
    }
    const uint32_t pending = pending_after(open->pending, byte);
    open[1] = (struct mask_open){end, state, open->characters + (pending == 0), pending};
    return end > node + 1 && state != REGULAR_EPSILON;
}

/* Whether all plain tokens below an open node have been set at once. */
static bool set_at_once(struct mask_maker *maker, struct regular *regular, uint32_t node,
                        const struct mask_open *open) {
    uint32_t limit;
    if (open->pending || !plain_limit(maker, regular, open->state, &limit)) {
        return false;
    }
    set_plain(maker, node, open, limit);
    return true;
}

/* Walks a trie with the automaton of a node. */
static void walk_profile(struct mask_maker *maker, struct regular *regular, const struct token_trie *trie,
                         struct mask_profile *profile, size_t *capacity) {
    const bool rest = trie != maker->trie;
    struct mask_open *open = maker->path;
    *open = (struct mask_open){trie->n_nodes, profile->node, 0, 0};
    if (!rest && set_at_once(maker, regular, 0, open)) {
        return;
    }
    for (uint32_t i = 0; i < trie->n_nodes && !regular->box->failed && !maker->box.failed;) {
        while (i == open->end) {
            open--;
        }
        const uint32_t end = trie_end(trie, i);
        if (visit(maker, regular, trie, i, open, profile, capacity) &&
            !(!rest && set_at_once(maker, regular, i + 1, open + 1))) {
            open++;
            i++;
        } else {
            i = end;
        }
    }
}

static bool grow_index(struct mask_maker *maker) {
    if (maker->n_profiles * 2 < maker->slots) {
        return true;
    }
    const size_t slots = maker->slots ? maker->slots * 2 : 64;
    uint32_t *index = sandbox_take(&maker->box, slots, sizeof(uint32_t));
    for (size_t i = 0; index && i < maker->n_profiles; i++) {
        size_t slot = maker->profiles[i].node * 0x9e3779b1u;
        while (index[slot & (slots - 1)]) {
            slot++;
        }
        index[slot & (slots - 1)] = (uint32_t)i + 1;
    }
    maker->index = index;
    maker->slots = index ? slots : 0;
    return index != NULL;
}

/* The profile of a node; null after an error. */
static const struct mask_profile *profile_of(struct mask_maker *maker, struct regular *regular, uint32_t node) {
    if (!grow_index(maker)) {
        return NULL;
    }
    size_t slot = node * 0x9e3779b1u;
    for (uint32_t other; other = maker->index[slot & (maker->slots - 1)], other; slot++) {
        if (maker->profiles[other - 1].node == node) {
            return &maker->profiles[other - 1];
        }
    }
    struct mask_profile *profiles = sandbox_grow(&maker->box, maker->profiles, maker->n_profiles,
                                                 &maker->profiles_capacity, sizeof(struct mask_profile));
    if (profiles == NULL) {
        return NULL;
    }
    maker->profiles = profiles;
    struct mask_profile profile = {.node = node};
    memset(maker->bits[0], 0, maker->words * sizeof(uint32_t));
    memset(maker->bits[1], 0, maker->words * sizeof(uint32_t));
    size_t capacity = 0;
    walk_profile(maker, regular, maker->trie, &profile, &capacity);
    walk_profile(maker, regular, maker->trie->rest, &profile, &capacity);
    profile.inside = keep(maker, maker->bits[0], &profile.n_inside);
    profile.ends = keep(maker, maker->bits[1], &profile.n_ends);
    if (maker->box.failed || regular->box->failed) {
        return NULL;
    }
    profiles[maker->n_profiles] = profile;
    maker->index[slot & (maker->slots - 1)] = (uint32_t)++maker->n_profiles;
    return &profiles[maker->n_profiles - 1];
}

/* ---- masks ---- */

/* Follows the subtree of a node of the trie from the matcher's last set. */
static void walk_behind(struct mask_maker *maker, struct matcher *matcher, uint32_t node, uint32_t *bits) {
    const struct token_trie *trie = node & IN_REST ? maker->trie->rest : maker->trie;
    struct mask_open *open = maker->path;
    const size_t position = matcher_position(matcher);
    uint32_t depth = 0;
    node &= ~IN_REST;
    open[0].end = trie_end(trie, node);
    for (uint32_t i = node + 1; i < open[0].end && !matcher_failed(matcher);) {
        while (i == open[depth].end) {
            depth--;
            matcher_drop(matcher, position + depth);
        }
        const uint32_t end = trie_end(trie, i);
        if (!matcher_advance(matcher, trie_byte(trie, i))) {
            i = end;
            continue;
        }
        const uint32_t token = trie_token(trie, i);
        if (token != NO_TOKEN) {
            set_bit(bits, token);
        }
        if (end > i + 1) {
            open[++depth].end = end;
            i++;
        } else {
            matcher_drop(matcher, position + depth);
            i = end;
        }
    }
    matcher_drop(matcher, position);
}

static void add_named_token(struct mask_maker *maker, const struct matcher *matcher, const struct rule_state *state,
                            uint32_t *bits) {
    const int32_t id = matcher->rules->tokens[state->a].id;
    for (uint32_t i = 0; i < maker->trie->n_tokens && state->negated; i++) {
        if (trie_id(maker->trie, i) != (uint32_t)id) {
            set_bit(bits, trie_id(maker->trie, i));
        }
    }
    if (!state->negated && id >= 0 && (uint32_t)id < maker->trie->n_vocab) {
        set_bit(bits, (uint32_t)id);
    }
}

static void add_item(struct mask_maker *maker, struct matcher *matcher, const struct item *item, uint32_t *bits) {
    struct regular *regular = matcher->rules->regular;
    const struct rule_state *state = &matcher->rules->states[item->state];
    if (state->kind == STATE_TOKEN) {
        add_named_token(maker, matcher, state, bits);
        return;
    }
    const uint32_t node = regular_clip(regular, item->node, maker->trie->depth);
    const struct mask_profile *profile = profile_of(maker, regular, node);
    const size_t position = matcher_position(matcher);
    if (profile == NULL) {
        return;
    }
    merge(maker, profile->inside, profile->n_inside, bits);
    if ((profile->n_ends || profile->n_nodes) && matcher_enter(matcher, item, state->next)) {
        merge(maker, profile->ends, profile->n_ends, bits);
        for (uint32_t i = 0; i < profile->n_nodes && !matcher_failed(matcher); i++) {
            walk_behind(maker, matcher, profile->nodes[i], bits);
        }
        matcher_drop(matcher, position);
    }
}

/* Whether the last mask was made from the same items. */
static bool is_last(const struct mask_maker *maker, const struct matcher *matcher, const struct item *items,
                    size_t count) {
    return maker->last_serial == matcher->serial && maker->n_last == count &&
           memcmp(maker->last_items, items, count * sizeof(*items)) == 0;
}

/* Forgets the profiles when they fill half of the memory. */
static bool make_room(struct mask_maker *maker) {
    if (maker->arena.used <= maker->arena.limit / 2) {
        return true;
    }
    const size_t limit = maker->arena.limit;
    const struct token_trie *trie = maker->trie;
    struct qn_error *error = maker->box.error;
    mask_free(maker);
    return mask_start(maker, trie, limit, error) == QN_OK;
}

bool mask_make(struct mask_maker *maker, struct matcher *matcher, uint32_t *bits) {
    const size_t bytes = maker->words * sizeof(uint32_t);
    const size_t first = matcher_items(matcher);
    const size_t count = matcher->n_items - first;
    matcher->rules->regular->steps = 0;
    if (!make_room(maker)) {
        memset(bits, 0, bytes);
        return false;
    }
    if (!matcher_failed(matcher) && count && is_last(maker, matcher, matcher->items + first, count)) {
        memcpy(bits, maker->last, bytes);
        return true;
    }
    memset(bits, 0, bytes);
    for (size_t i = 0; i < count && !matcher_failed(matcher) && !maker->box.failed; i++) {
        const struct item item = matcher->items[first + i]; /* a copy: the array moves when it grows */
        add_item(maker, matcher, &item, bits);
    }
    maker->last_serial = 0;
    if (matcher_failed(matcher) || maker->box.failed) {
        memset(bits, 0, bytes);
        return false;
    }
    if (count && count <= MASK_ITEMS) {
        memcpy(maker->last_items, matcher->items + first, count * sizeof(struct item));
        memcpy(maker->last, bits, bytes);
        maker->n_last = count;
        maker->last_serial = matcher->serial;
    }
    return true;
}

/* ---- life ---- */

int mask_start(struct mask_maker *maker, const struct token_trie *trie, size_t limit, struct qn_error *error) {
    *maker = (struct mask_maker){.trie = trie, .arena = {.limit = limit}, .words = (trie->n_vocab + 31) / 32};
    maker->box = (struct sandbox){.arena = &maker->arena, .error = error, .scrap = {.string = {.text = ""}}};
    maker->bits[0] = sandbox_take(&maker->box, maker->words, sizeof(uint32_t));
    maker->bits[1] = sandbox_take(&maker->box, maker->words, sizeof(uint32_t));
    maker->last = sandbox_take(&maker->box, maker->words, sizeof(uint32_t));
    maker->path = sandbox_take(&maker->box, (size_t)trie->depth + 2, sizeof(struct mask_open));
    if (maker->box.failed) {
        mask_free(maker);
        return error->code;
    }
    return QN_OK;
}

void mask_free(struct mask_maker *maker) {
    arena_free(&maker->arena);
    *maker = (struct mask_maker){0};
}
