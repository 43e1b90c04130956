/* The matcher: sets of items, one for each byte that was read. */
#include "engine/grammar/matcher.h"

#include "engine/grammar/automaton.h"

static bool step(struct matcher *matcher) { return !matcher->box.failed && regular_step(matcher->rules->regular, 1); }

bool matcher_failed(const struct matcher *matcher) {
    return matcher->box.failed || matcher->rules->regular->box->failed;
}

/* ---- what the set that is being made has already ---- */

static bool same_item(const struct item *a, const struct item *b) { return memcmp(a, b, sizeof(*a)) == 0; }

static size_t hash_item(const struct item *item) {
    const uint32_t words[] = {item->state, item->node, item->origin, item->count[0], item->count[1]};
    uint32_t hash = 0;
    for (size_t i = 0; i < 5; i++) {
        hash = (hash ^ words[i]) * 0x9e3779b1u;
        hash ^= hash >> 15;
    }
    return hash;
}

static bool grow_visits(struct matcher *matcher) {
    if (matcher->n_visits * 2 < matcher->n_slots) {
        return true;
    }
    struct visit *old = matcher->visits;
    const size_t old_slots = matcher->n_slots;
    const size_t slots = old_slots ? old_slots * 2 : 64;
    struct visit *visits = sandbox_take(&matcher->box, slots, sizeof(struct visit));
    if (visits == NULL) {
        return false;
    }
    for (size_t i = 0; i < old_slots; i++) {
        if (old[i].epoch == matcher->epoch) {
            size_t slot = hash_item(&old[i].item);
            while (visits[slot & (slots - 1)].epoch == matcher->epoch) {
                slot++;
            }
            visits[slot & (slots - 1)] = old[i];
        }
    }
    matcher->visits = visits;
    matcher->n_slots = slots;
    return true;
}

/* Whether this is the first time in this set; remembers it. */
static bool first_visit(struct matcher *matcher, const struct item *item) {
    if (!step(matcher) || !grow_visits(matcher)) {
        return false;
    }
    size_t slot = hash_item(item);
    for (;; slot++) {
        struct visit *visit = &matcher->visits[slot & (matcher->n_slots - 1)];
        if (visit->epoch != matcher->epoch) {
            *visit = (struct visit){*item, matcher->epoch};
            matcher->n_visits++;
            return true;
        }
        if (same_item(&visit->item, item)) {
            return false;
        }
    }
}

/* ---- sets ---- */

static void add_item(struct matcher *matcher, const struct item *item) {
    if (!first_visit(matcher, item)) {
        return;
    }
    struct item *items =
        sandbox_grow(&matcher->box, matcher->items, matcher->n_items, &matcher->items_capacity, sizeof(struct item));
    if (items) {
        matcher->items = items;
        items[matcher->n_items++] = *item;
    }
}

/* Has the place followed later: `item` with its state instead. */
static void follow(struct matcher *matcher, const struct item *item, uint32_t state) {
    struct item *work =
        sandbox_grow(&matcher->box, matcher->work, matcher->n_work, &matcher->work_capacity, sizeof(struct item));
    if (work) {
        matcher->work = work;
        work[matcher->n_work] = *item;
        work[matcher->n_work].state = state;
        work[matcher->n_work++].node = NO_LIMIT;
    }
}

static uint32_t current(const struct matcher *matcher) { return (uint32_t)matcher->n_sets - 1; }

/* The end of the callers of a set. */
static size_t callers_end(const struct matcher *matcher, uint32_t set) {
    return set == current(matcher) ? matcher->n_callers : matcher->sets[set + 1].first_caller;
}

static void return_from(struct matcher *matcher, uint32_t rule, uint32_t origin) {
    if (origin == current(matcher)) { /* callers that come later go on by themselves */
        matcher->empty[rule] = matcher->epoch;
    }
    const size_t end = callers_end(matcher, origin);
    for (size_t i = matcher->sets[origin].first_caller; i < end && step(matcher); i++) {
        const struct caller *caller = &matcher->callers[i];
        if (caller->rule == rule) {
            const struct item behind = {0, 0, caller->origin, {caller->count[0], caller->count[1]}};
            follow(matcher, &behind, caller->next);
        }
    }
}

static void call(struct matcher *matcher, const struct item *item, uint32_t rule, uint32_t next) {
    struct caller *callers = sandbox_grow(&matcher->box, matcher->callers, matcher->n_callers,
                                          &matcher->callers_capacity, sizeof(struct caller));
    if (callers == NULL) {
        return;
    }
    matcher->callers = callers;
    callers[matcher->n_callers++] = (struct caller){rule, next, item->origin, {item->count[0], item->count[1]}};
    const struct item start = {.origin = current(matcher)};
    follow(matcher, &start, matcher->rules->starts[rule]);
    if (matcher->empty[rule] == matcher->epoch) {
        follow(matcher, item, next);
    }
}

static void follow_state(struct matcher *matcher, struct item item) {
    const struct rule_state *state = &matcher->rules->states[item.state];
    switch (state->kind) {
    case STATE_END:
        return_from(matcher, state->a, item.origin);
        break;
    case STATE_ACCEPT:
        matcher->sets[current(matcher)].complete = true;
        break;
    case STATE_SPLIT:
        follow(matcher, &item, state->a);
        follow(matcher, &item, state->next);
        break;
    case STATE_BYTES:
    case STATE_TOKEN:
        item.node = state->kind == STATE_BYTES ? state->a : NO_LIMIT - 1;
        add_item(matcher, &item);
        if (state->kind == STATE_BYTES && regular_nullable(matcher->rules->regular, state->a)) {
            follow(matcher, &item, state->next);
        }
        break;
    case STATE_CALL:
        call(matcher, &item, state->a, state->next);
        break;
    case STATE_ADD:
        if (item.count[state->counter] < state->limit) {
            item.count[state->counter] += item.count[state->counter] < state->stop;
            follow(matcher, &item, state->next);
        }
        break;
    case STATE_CHECK:
        if (item.count[state->counter] >= state->limit) {
            follow(matcher, &item, state->next);
        }
        break;
    default:
        break;
    }
}

static void follow_all(struct matcher *matcher) {
    while (matcher->n_work && !matcher_failed(matcher)) {
        const struct item item = matcher->work[--matcher->n_work];
        if (first_visit(matcher, &item)) {
            follow_state(matcher, item);
        }
    }
    matcher->n_work = 0;
}

/* Begins an empty set. */
static bool open_set(struct matcher *matcher) {
    struct item_set *sets =
        sandbox_grow(&matcher->box, matcher->sets, matcher->n_sets, &matcher->sets_capacity, sizeof(struct item_set));
    if (sets == NULL || matcher->n_sets >= NO_LIMIT) {
        return false;
    }
    matcher->sets = sets;
    sets[matcher->n_sets++] = (struct item_set){(uint32_t)matcher->n_items, (uint32_t)matcher->n_callers, false};
    matcher->epoch++;
    matcher->n_visits = 0;
    return true;
}

/* Whether anything can follow the last set, or the text may end there. */
static bool alive(const struct matcher *matcher) {
    const struct item_set *set = &matcher->sets[current(matcher)];
    return !matcher_failed(matcher) && (set->complete || matcher->n_items > set->first_item);
}

/* ---- reading ---- */

/* Makes the set behind the last one's. It may be empty. */
static void read_byte(struct matcher *matcher, uint8_t byte) {
    const size_t from = matcher->sets[current(matcher)].first_item;
    const size_t end = matcher->n_items;
    if (!open_set(matcher)) {
        return;
    }
    for (size_t i = from; i < end && !matcher_failed(matcher); i++) {
        struct item item = matcher->items[i];
        const struct rule_state *state = &matcher->rules->states[item.state];
        if (state->kind != STATE_BYTES) {
            continue;
        }
        item.node = automaton_next(matcher->rules->regular, item.node, byte);
        if (item.node == REGULAR_EMPTY) {
            continue;
        }
        if (item.node != REGULAR_EPSILON) {
            add_item(matcher, &item);
        }
        if (regular_nullable(matcher->rules->regular, item.node)) {
            follow(matcher, &item, state->next);
        }
    }
    follow_all(matcher);
}

/* Keeps the sets made since `position` if the last one is alive. */
static bool keep_alive(struct matcher *matcher, size_t position) {
    const bool keep = !matcher_failed(matcher) && alive(matcher);
    if (!keep) {
        matcher_drop(matcher, position);
    }
    return keep;
}

bool matcher_advance(struct matcher *matcher, uint8_t byte) {
    const size_t position = matcher_position(matcher);
    if (!matcher_failed(matcher)) {
        read_byte(matcher, byte);
    }
    return keep_alive(matcher, position);
}

bool matcher_byte(struct matcher *matcher, uint8_t byte) {
    matcher->rules->regular->steps = 0;
    return matcher_advance(matcher, byte);
}

bool matcher_enter(struct matcher *matcher, const struct item *item, uint32_t next) {
    const size_t position = matcher_position(matcher);
    if (!matcher_failed(matcher) && open_set(matcher)) {
        follow(matcher, item, next);
        follow_all(matcher);
    }
    return keep_alive(matcher, position);
}

/* Follows the items of a set that wait for this token. */
static void follow_token(struct matcher *matcher, size_t from, size_t end, int32_t id) {
    for (size_t i = from; i < end; i++) {
        const struct item item = matcher->items[i];
        const struct rule_state *state = &matcher->rules->states[item.state];
        if (state->kind == STATE_TOKEN && (matcher->rules->tokens[state->a].id == id) != state->negated) {
            follow(matcher, &item, state->next);
        }
    }
}

bool matcher_token(struct matcher *matcher, int32_t id, const uint8_t *bytes, size_t n_bytes) {
    const size_t position = matcher_position(matcher);
    if (matcher_failed(matcher)) {
        return false;
    }
    const size_t from = matcher->sets[current(matcher)].first_item;
    const size_t end = matcher->n_items;
    matcher->rules->regular->steps = 0;
    for (size_t i = 0; i < n_bytes && !matcher_failed(matcher); i++) {
        read_byte(matcher, bytes[i]);
    }
    if (n_bytes || open_set(matcher)) { /* the last set is still the one that first_visit knows */
        follow_token(matcher, from, end, id);
        follow_all(matcher);
    }
    return keep_alive(matcher, position);
}

bool matcher_complete(const struct matcher *matcher) {
    return !matcher_failed(matcher) && matcher->sets[current(matcher)].complete;
}

size_t matcher_position(const struct matcher *matcher) { return matcher->n_sets ? matcher->n_sets - 1 : 0; }

size_t matcher_items(const struct matcher *matcher) { return matcher->sets[current(matcher)].first_item; }

void matcher_rewind(struct matcher *matcher, size_t position) {
    matcher_drop(matcher, position);
    matcher->serial = ++matcher->rules->serial;
}

void matcher_drop(struct matcher *matcher, size_t position) {
    if (position + 1 < matcher->n_sets) {
        matcher->n_items = matcher->sets[position + 1].first_item;
        matcher->n_callers = matcher->sets[position + 1].first_caller;
        matcher->n_sets = position + 1;
    }
}

/* ---- life ---- */

static bool prepare(struct matcher *matcher, struct rules *rules, size_t limit, struct qn_error *error) {
    *matcher = (struct matcher){.rules = rules, .serial = ++rules->serial, .arena = {.limit = limit}};
    matcher->box = (struct sandbox){.arena = &matcher->arena, .error = error, .scrap = {.string = {.text = ""}}};
    matcher->empty = sandbox_take(&matcher->box, rules->n_rules, sizeof(uint64_t));
    return matcher->empty != NULL;
}

int matcher_start(struct matcher *matcher, struct rules *rules, size_t limit, struct qn_error *error) {
    if (!prepare(matcher, rules, limit, error) || !open_set(matcher)) {
        matcher_free(matcher);
        return error->code;
    }
    const struct item outside = {0};
    rules->regular->steps = 0;
    call(matcher, &outside, rules->root, ACCEPT);
    follow_all(matcher);
    if (matcher->box.failed) {
        matcher_free(matcher);
        return error->code;
    }
    return QN_OK;
}

void matcher_free(struct matcher *matcher) {
    arena_free(&matcher->arena);
    *matcher = (struct matcher){0};
}

static void *copy(struct matcher *matcher, const void *from, size_t count, size_t *capacity, size_t size) {
    void *to = sandbox_take(&matcher->box, count ? count : 1, size);
    if (to && count) {
        memcpy(to, from, count * size);
    }
    *capacity = count;
    return to;
}

int matcher_copy(struct matcher *matcher, const struct matcher *from, struct qn_error *error) {
    if (!prepare(matcher, from->rules, from->arena.limit, error)) {
        matcher_free(matcher);
        return error->code;
    }
    matcher->items = copy(matcher, from->items, from->n_items, &matcher->items_capacity, sizeof(struct item));
    matcher->callers = copy(matcher, from->callers, from->n_callers, &matcher->callers_capacity, sizeof(struct caller));
    matcher->sets = copy(matcher, from->sets, from->n_sets, &matcher->sets_capacity, sizeof(struct item_set));
    if (matcher->box.failed) {
        matcher_free(matcher);
        return error->code;
    }
    matcher->n_items = from->n_items;
    matcher->n_callers = from->n_callers;
    matcher->n_sets = from->n_sets;
    return QN_OK;
}
