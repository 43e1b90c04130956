/* The compiler of GBNF: parts of the tree that are regular are folded from the leaves up, and the rest becomes states.
 */
#include "engine/grammar/gbnf.h"

#include "engine/grammar/gbnf_parser.h"

/* ---- folding ---- */

/* Sets part->node if the part is regular, as far as is known. */
static uint32_t fold(struct gbnf_parser *parser, struct gbnf_part *part) {
    struct regular *regular = parser->regular;
    if (part->node != NO_LIMIT || !regular_step(regular, 1)) {
        return part->node;
    }
    bool all = part->kind != PART_TOKEN;
    for (struct gbnf_part *child = part->last; child; child = child->before) {
        all &= fold(parser, child) != NO_LIMIT;
    }
    if (part->kind == PART_RULE && parser->names[part->index].part) {
        part->node = parser->names[part->index].part->node;
    } else if (part->kind == PART_REPEAT && all) {
        part->node = regular_repeat(regular, part->last->node, part->min, part->max);
    } else if (all && (part->kind == PART_SEQUENCE || part->kind == PART_ALTERNATIVES)) {
        const size_t from = regular->work_count;
        uint32_t sequence = REGULAR_EPSILON;
        for (const struct gbnf_part *child = part->last; child; child = child->before) {
            if (part->kind == PART_SEQUENCE) {
                sequence = regular_cat(regular, child->node, sequence);
            } else {
                regular_push(regular, child->node);
            }
        }
        part->node = part->kind == PART_SEQUENCE ? sequence : regular_or_all(regular, from);
    }
    return part->node;
}

static void fold_rules(struct gbnf_parser *parser) {
    for (bool changed = true; changed && !parser->box->failed;) {
        changed = false;
        for (size_t i = parser->n_names; i-- > 0;) { /* usually, a rule follows those that use it */
            struct gbnf_part *part = parser->names[i].part;
            changed |= part->node == NO_LIMIT && fold(parser, part) != NO_LIMIT;
        }
    }
}

/* ---- states ---- */

static uint32_t emit(struct gbnf_parser *parser, const struct gbnf_part *part, uint32_t next);

static uint32_t emit_sequence(struct gbnf_parser *parser, const struct gbnf_part *part, uint32_t next) {
    uint32_t node = REGULAR_EPSILON; /* of the regular parts that precede `next` */
    for (const struct gbnf_part *child = part->last; child; child = child->before) {
        if (child->node != NO_LIMIT) {
            node = regular_cat(parser->regular, child->node, node);
            continue;
        }
        next = emit(parser, child, rules_bytes(parser->rules, node, next));
        node = REGULAR_EPSILON;
    }
    return rules_bytes(parser->rules, node, next);
}

/* A rule that reads `part` min to max times, with a counter. */
static uint32_t counted_rule(struct gbnf_parser *parser, const struct gbnf_part *part) {
    struct rules *rules = parser->rules;
    const uint32_t rule = rules_declare(rules);
    const uint32_t end = rules_end(rules, rule);
    const uint32_t check = rules_add(rules, (struct rule_state){.kind = STATE_CHECK, .limit = part->min, .next = end});
    const uint32_t loop = rules_split(rules, STUCK, check);
    const uint32_t stop = part->max == NO_LIMIT ? part->min : part->max;
    const uint32_t body = emit(parser, part->last, loop);
    const uint32_t add =
        rules_add(rules, (struct rule_state){.kind = STATE_ADD, .limit = part->max, .stop = stop, .next = body});
    if (!parser->box->failed) {
        rules->states[loop].a = add;
        rules->starts[rule] = loop;
    }
    return rule;
}

static uint32_t emit_repeat(struct gbnf_parser *parser, const struct gbnf_part *part, uint32_t next) {
    struct rules *rules = parser->rules;
    if (part->max == 0) {
        return next;
    }
    if (part->max == 1 && part->min == 0) {
        return rules_split(rules, emit(parser, part->last, next), next);
    }
    if (part->max != NO_LIMIT || part->min > 1) {
        return rules_call(rules, counted_rule(parser, part), next);
    }
    const uint32_t loop = rules_split(rules, STUCK, next);
    const uint32_t body = emit(parser, part->last, loop);
    if (!parser->box->failed) {
        rules->states[loop].a = body;
    }
    return part->min ? body : loop;
}

static uint32_t emit(struct gbnf_parser *parser, const struct gbnf_part *part, uint32_t next) {
    struct rules *rules = parser->rules;
    uint32_t state = STUCK;
    if (parser->box->failed) {
        return STUCK;
    }
    if (part->node != NO_LIMIT) {
        return rules_bytes(rules, part->node, next);
    }
    switch (part->kind) {
    case PART_RULE:
        return rules_call(rules, parser->names[part->index].rule, next);
    case PART_TOKEN:
        return rules_add(
            rules, (struct rule_state){.kind = STATE_TOKEN, .negated = part->negated, .a = part->index, .next = next});
    case PART_SEQUENCE:
        return emit_sequence(parser, part, next);
    case PART_REPEAT:
        return emit_repeat(parser, part, next);
    default:
        for (const struct gbnf_part *child = part->last; child; child = child->before) {
            const uint32_t one = emit(parser, child, next);
            state = state == STUCK ? one : rules_split(rules, one, state);
        }
        return state;
    }
}

void gbnf_compile(struct rules *rules, const char *text, size_t bytes) {
    struct gbnf_parser parser = {
        .rules = rules, .regular = rules->regular, .box = rules->regular->box, .text = text, .bytes = bytes};
    gbnf_parse(&parser);
    if (parser.box->failed) {
        return;
    }
    fold_rules(&parser);
    for (size_t i = 0; i < parser.n_names && !parser.box->failed; i++) {
        const uint32_t start = emit(&parser, parser.names[i].part, rules_end(rules, parser.names[i].rule));
        if (!parser.box->failed) {
            rules->starts[parser.names[i].rule] = start;
        }
    }
}
