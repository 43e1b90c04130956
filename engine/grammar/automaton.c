/* Derivatives, the transitions that they become, and the search for a string of a language. */
#include "engine/grammar/automaton.h"

#include "engine/grammar/multiple.h"

static const struct regular_node *at(const struct regular *regular, uint32_t node) { return &regular->nodes[node]; }

static uint32_t derive(struct regular *regular, uint32_t number, uint8_t byte);

static uint32_t derive_cat(struct regular *regular, uint32_t number, uint8_t byte) {
    const size_t from = regular->work_count;
    bool more = true;
    while (more && at(regular, number)->kind == REGULAR_CAT && !regular->box->failed) {
        const struct regular_node node = *at(regular, number);
        regular_push(regular, regular_cat(regular, derive(regular, node.a, byte), node.b));
        more = regular_nullable(regular, node.a);
        number = node.b;
    }
    if (more) {
        regular_push(regular, derive(regular, number, byte));
    }
    return regular_or_all(regular, from);
}

static uint32_t derive(struct regular *regular, uint32_t number, uint8_t byte) {
    const struct regular_node node = *at(regular, number); /* a copy: the array moves when it grows */
    if (!regular_step(regular, 1)) {
        return REGULAR_EMPTY;
    }
    uint32_t result;
    const size_t from = regular->work_count;
    switch (node.kind) {
    case REGULAR_SET:
        return byte_set_has(&regular->sets[node.a], byte) ? REGULAR_EPSILON : REGULAR_EMPTY;
    case REGULAR_CAT:
        return derive_cat(regular, number, byte);
    case REGULAR_OR:
        for (; at(regular, number)->kind == REGULAR_OR && !regular->box->failed; number = at(regular, number)->b) {
            regular_push(regular, derive(regular, at(regular, number)->a, byte));
        }
        regular_push(regular, derive(regular, number, byte));
        return regular_or_all(regular, from);
    case REGULAR_AND:
        result = derive(regular, node.a, byte);
        for (number = node.b; result && at(regular, number)->kind == REGULAR_AND; number = at(regular, number)->b) {
            result = regular_and(regular, result, derive(regular, at(regular, number)->a, byte));
        }
        return result ? regular_and(regular, result, derive(regular, number, byte)) : REGULAR_EMPTY;
    case REGULAR_NOT:
        return regular_not(regular, derive(regular, node.a, byte));
    case REGULAR_REPEAT:
        result = regular_repeat(regular, node.a, node.min ? node.min - 1 : 0,
                                node.max == NO_LIMIT ? NO_LIMIT : node.max - 1);
        return regular_cat(regular, derive(regular, node.a, byte), result);
    case REGULAR_MULTIPLE:
        return multiple_derive(regular, node, byte);
    default:
        return REGULAR_EMPTY;
    }
}

/* ---- the automaton ---- */

/* The derivative, kept in the node's row. It may have an empty language. */
static uint32_t transition(struct regular *regular, uint32_t number, uint8_t byte) {
    struct regular_node *node = &regular->nodes[number];
    if (node->row == NULL || node->row_classes != regular->n_classes) {
        uint32_t *row = sandbox_take(regular->box, regular->n_classes, sizeof(uint32_t));
        if (row == NULL) {
            return REGULAR_EMPTY;
        }
        memset(row, 0xff, regular->n_classes * sizeof(uint32_t));
        node->row = row;
        node->row_classes = (uint16_t)regular->n_classes;
    }
    const uint8_t byte_class = regular->class_of[byte];
    if (node->row[byte_class] != NO_LIMIT) {
        return node->row[byte_class];
    }
    const uint32_t result = derive(regular, number, byte);
    if (regular->box->failed) {
        return REGULAR_EMPTY;
    }
    node = &regular->nodes[number];
    if (node->row_classes == regular->n_classes) { /* a union may have split a class */
        node->row[byte_class] = result;
    }
    return result;
}

/* Searches for a string of a node's language, breadth first. The stack holds pairs: a node, and the place of the pair
 * from which it was reached. */
static bool search(struct regular *regular, uint32_t start) {
    const size_t from = regular->work_count;
    size_t found = SIZE_MAX;
    regular_push(regular, start);
    regular_push(regular, 0);
    regular->nodes[start].flags |= REGULAR_SEEN;
    for (size_t i = from; i < regular->work_count && found == SIZE_MAX && !regular->box->failed; i += 2) {
        const uint32_t number = regular->work[i];
        if (regular_nullable(regular, number)) {
            found = i;
        }
        for (uint32_t c = 0; c < regular->n_classes && found == SIZE_MAX; c++) {
            const uint32_t next = transition(regular, number, regular->member[c]);
            const unsigned flags = at(regular, next)->flags;
            if (next != REGULAR_EMPTY && (!(flags & REGULAR_INDIRECT) || (flags & REGULAR_LIVE))) {
                found = i;
            } else if (next != REGULAR_EMPTY && !(flags & (REGULAR_SEEN | REGULAR_DEAD))) {
                regular->nodes[next].flags |= REGULAR_SEEN;
                regular_push(regular, next);
                regular_push(regular, (uint32_t)(i - from));
            }
        }
    }
    for (size_t i = from; i < regular->work_count; i += 2) {
        struct regular_node *node = &regular->nodes[regular->work[i]];
        node->flags &= (uint8_t)~REGULAR_SEEN;
        node->flags |= found == SIZE_MAX && !regular->box->failed ? REGULAR_DEAD : 0;
    }
    for (size_t i = found; i != SIZE_MAX; i = i == from ? SIZE_MAX : from + regular->work[i + 1]) {
        regular->nodes[regular->work[i]].flags |= REGULAR_LIVE;
    }
    regular->work_count = from;
    return found != SIZE_MAX && !regular->box->failed;
}

bool automaton_live(struct regular *regular, uint32_t node) {
    const unsigned flags = at(regular, node)->flags;
    if (node == REGULAR_EMPTY || (flags & REGULAR_DEAD) || regular->box->failed) {
        return false;
    }
    return !(flags & REGULAR_INDIRECT) || (flags & REGULAR_LIVE) || search(regular, node);
}

uint32_t automaton_next(struct regular *regular, uint32_t node, uint8_t byte) {
    const uint32_t next = transition(regular, node, byte);
    return automaton_live(regular, next) ? next : REGULAR_EMPTY;
}

bool automaton_matches(struct regular *regular, uint32_t node, const char *text, size_t bytes) {
    for (size_t i = 0; i < bytes && node != REGULAR_EMPTY; i++) {
        node = transition(regular, node, (uint8_t)text[i]);
    }
    return regular_nullable(regular, node) && !regular->box->failed;
}
