/* Rules: construction, and the removal of states from which no end can be reached. */
#include "engine/grammar/rules.h"

#include "engine/grammar/automaton.h"

void rules_begin(struct rules *rules, struct regular *regular) {
    *rules = (struct rules){.regular = regular};
    rules_add(rules, (struct rule_state){.kind = STATE_ACCEPT});
    rules_add(rules, (struct rule_state){.kind = STATE_STUCK});
}

uint32_t rules_declare(struct rules *rules) {
    struct sandbox *box = rules->regular->box;
    uint32_t *starts = sandbox_grow(box, rules->starts, rules->n_rules, &rules->rules_capacity, sizeof(uint32_t));
    if (starts == NULL) {
        return 0;
    }
    rules->starts = starts;
    starts[rules->n_rules] = NO_LIMIT;
    return (uint32_t)rules->n_rules++;
}

uint32_t rules_add(struct rules *rules, struct rule_state state) {
    struct sandbox *box = rules->regular->box;
    struct rule_state *states =
        sandbox_grow(box, rules->states, rules->n_states, &rules->states_capacity, sizeof(struct rule_state));
    if (states == NULL || !regular_step(rules->regular, 1)) {
        return 0;
    }
    rules->states = states;
    states[rules->n_states] = state;
    return (uint32_t)rules->n_states++;
}

uint32_t rules_end(struct rules *rules, uint32_t rule) {
    return rules_add(rules, (struct rule_state){.kind = STATE_END, .a = rule});
}

uint32_t rules_bytes(struct rules *rules, uint32_t node, uint32_t next) {
    return node == REGULAR_EPSILON
               ? next
               : rules_add(rules, (struct rule_state){.kind = STATE_BYTES, .a = node, .next = next});
}

uint32_t rules_call(struct rules *rules, uint32_t rule, uint32_t next) {
    return rules_add(rules, (struct rule_state){.kind = STATE_CALL, .a = rule, .next = next});
}

uint32_t rules_split(struct rules *rules, uint32_t a, uint32_t next) {
    return rules_add(rules, (struct rule_state){.kind = STATE_SPLIT, .a = a, .next = next});
}

/* Whether an end can be reached from a state, as far as the marks of the others tell. */
static bool leads_on(struct rules *rules, const bool *good, const struct rule_state *state) {
    switch (state->kind) {
    case STATE_END:
    case STATE_ACCEPT:
        return true;
    case STATE_SPLIT:
        return good[state->a] || good[state->next];
    case STATE_BYTES:
        return good[state->next] && automaton_live(rules->regular, state->a);
    case STATE_CALL:
        return good[state->next] && rules->starts[state->a] != NO_LIMIT && good[rules->starts[state->a]];
    case STATE_STUCK:
        return false;
    default:
        return good[state->next];
    }
}

bool rules_prune(struct rules *rules) {
    struct sandbox *box = rules->regular->box;
    bool *good = sandbox_take(box, rules->n_states, sizeof(bool));
    for (bool changed = good != NULL; changed && !box->failed;) {
        changed = false;
        for (size_t i = 0; i < rules->n_states && regular_step(rules->regular, 1); i++) {
            if (!good[i] && leads_on(rules, good, &rules->states[i])) {
                good[i] = true;
                changed = true;
            }
        }
    }
    if (box->failed) {
        return false;
    }
    for (size_t i = 0; i < rules->n_states; i++) {
        struct rule_state *state = &rules->states[i];
        if (!good[i]) {
            state->kind = STATE_STUCK;
        } else if (state->kind == STATE_SPLIT) {
            state->a = good[state->a] ? state->a : state->next;
            state->next = good[state->next] ? state->next : state->a;
        }
    }
    uint32_t *start = &rules->starts[rules->root];
    const bool possible = *start != NO_LIMIT && good[*start];
    *start = possible ? *start : STUCK;
    return possible;
}
