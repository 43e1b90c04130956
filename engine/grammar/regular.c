/* Nodes of regular languages: constructors that keep equal nodes equal. */
#include "engine/grammar/regular.h"

#define DEEPEST 250u /* levels of nesting; each is a call on the stack */

#define STEP_BYTES 64u /* of memory, which costs about as much as a step */

bool regular_step(struct regular *regular, size_t steps) {
    const size_t used = regular->box->arena->used / STEP_BYTES;
    regular->steps += steps + used - regular->used;
    regular->used = used;
    if (regular->steps > regular->step_limit) {
        sandbox_fail_limit(regular->box, "the grammar takes too many steps");
    }
    return !regular->box->failed;
}

void regular_push(struct regular *regular, uint32_t node) {
    uint32_t *work =
        sandbox_grow(regular->box, regular->work, regular->work_count, &regular->work_capacity, sizeof(uint32_t));
    if (work) {
        regular->work = work;
        work[regular->work_count++] = node;
    }
}

/* ---- interning ---- */

static uint32_t hash_words(uint32_t hash, const uint32_t *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        hash = (hash ^ words[i]) * 0x9e3779b1u;
        hash ^= hash >> 15;
    }
    return hash;
}

static uint32_t hash_node(const struct regular *regular, const struct regular_node *node) {
    if (node->kind == REGULAR_SET) {
        return hash_words(REGULAR_SET, (const uint32_t *)(const void *)regular->sets[node->a].bits, 8);
    }
    const uint32_t words[] = {node->kind, node->a, node->b, node->min, node->max};
    return hash_words(0, words, 5);
}

static bool same_set(const struct byte_set *a, const struct byte_set *b) { return memcmp(a, b, sizeof(*a)) == 0; }

static bool same_node(const struct regular *regular, const struct regular_node *a, const struct regular_node *b) {
    if (a->kind != b->kind) {
        return false;
    }
    return a->kind == REGULAR_SET ? same_set(&regular->sets[a->a], &regular->sets[b->a])
                                  : a->a == b->a && a->b == b->b && a->min == b->min && a->max == b->max;
}

static void insert_index(struct regular *regular, uint32_t number) {
    size_t slot = hash_node(regular, &regular->nodes[number]);
    while (regular->index[slot & (regular->slots - 1)]) {
        slot++;
    }
    regular->index[slot & (regular->slots - 1)] = number;
}

static bool grow_index(struct regular *regular) {
    if (regular->count * 2 < regular->slots) {
        return true;
    }
    const size_t slots = regular->slots ? regular->slots * 2 : 256;
    uint32_t *index = sandbox_take(regular->box, slots, sizeof(uint32_t));
    if (index == NULL) {
        return false;
    }
    regular->index = index;
    regular->slots = slots;
    for (size_t i = 2; i < regular->count; i++) {
        insert_index(regular, (uint32_t)i);
    }
    return true;
}

static uint32_t add_node(struct regular *regular, const struct regular_node *node) {
    struct regular_node *nodes =
        sandbox_grow(regular->box, regular->nodes, regular->count, &regular->capacity, sizeof(struct regular_node));
    if (nodes == NULL || node->depth > DEEPEST) {
        sandbox_fail_limit(regular->box, "the grammar is nested too deeply");
        return REGULAR_EMPTY;
    }
    regular->nodes = nodes;
    nodes[regular->count] = *node;
    return (uint32_t)regular->count++;
}

uint32_t regular_intern(struct regular *regular, const struct regular_node *node) {
    if (!regular_step(regular, 1) || !grow_index(regular)) {
        return REGULAR_EMPTY;
    }
    for (size_t slot = hash_node(regular, node);; slot++) {
        const uint32_t other = regular->index[slot & (regular->slots - 1)];
        if (other == 0) {
            break;
        }
        if (same_node(regular, node, &regular->nodes[other])) {
            return other;
        }
    }
    const uint32_t number = regular_step(regular, 1) ? add_node(regular, node) : REGULAR_EMPTY;
    if (number) {
        insert_index(regular, number);
    }
    return number;
}

void regular_start(struct regular *regular, struct sandbox *box, uint64_t step_limit) {
    *regular = (struct regular){.box = box, .step_limit = step_limit, .n_classes = 1};
    add_node(regular, &(struct regular_node){.kind = REGULAR_NOTHING});
    add_node(regular, &(struct regular_node){.kind = REGULAR_END, .flags = REGULAR_NULLABLE | REGULAR_LIVE});
}

static const struct regular_node *at(const struct regular *regular, uint32_t node) { return &regular->nodes[node]; }

/* Splits the classes of bytes so that the set is a union of classes. Rows with fewer classes are made again. */
static void refine(struct regular *regular, const struct byte_set *set) {
    const uint32_t before = regular->n_classes;
    uint8_t split[256];
    bool inside[256];
    memset(split, 0, sizeof(split));
    for (uint32_t i = 0; i < before; i++) {
        inside[i] = byte_set_has(set, regular->member[i]);
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        const uint8_t old = regular->class_of[byte];
        if (byte_set_has(set, byte) == inside[old]) {
            continue;
        }
        if (!split[old]) {
            split[old] = (uint8_t)regular->n_classes; /* not 0: class 0 exists */
            regular->member[regular->n_classes++] = (uint8_t)byte;
        }
        regular->class_of[byte] = split[old];
    }
}

uint32_t regular_set(struct regular *regular, const struct byte_set *set) {
    if ((set->bits[0] | set->bits[1] | set->bits[2] | set->bits[3]) == 0) {
        return REGULAR_EMPTY;
    }
    struct byte_set *sets =
        sandbox_grow(regular->box, regular->sets, regular->n_sets, &regular->sets_capacity, sizeof(struct byte_set));
    if (sets == NULL) {
        return REGULAR_EMPTY;
    }
    regular->sets = sets;
    sets[regular->n_sets] = *set;
    const size_t nodes = regular->count;
    const uint32_t node = regular_intern(
        regular, &(struct regular_node){.kind = REGULAR_SET, .flags = REGULAR_LIVE, .a = (uint32_t)regular->n_sets});
    if (node >= nodes && node) { /* new */
        regular->n_sets++;
        refine(regular, set);
    }
    return node;
}

uint32_t regular_range(struct regular *regular, uint8_t low, uint8_t high) {
    struct byte_set set = {{0}};
    for (unsigned byte = low; byte <= high; byte++) {
        set.bits[byte / 64] |= (uint64_t)1 << byte % 64;
    }
    return regular_set(regular, &set);
}

/* ---- constructors ---- */

static uint16_t deeper(const struct regular *regular, uint32_t head, uint32_t tail) {
    const unsigned depth = at(regular, head)->depth + 1u;
    return (uint16_t)(depth > at(regular, tail)->depth ? depth : at(regular, tail)->depth);
}

/* Neither is a CAT, EMPTY or EPSILON, except that b may be a CAT. */
static uint32_t cat_pair(struct regular *regular, uint32_t a, uint32_t b) {
    const unsigned flags_a = at(regular, a)->flags;
    const unsigned flags_b = at(regular, b)->flags;
    const unsigned flags = (flags_a & flags_b & REGULAR_NULLABLE) | ((flags_a | flags_b) & REGULAR_INDIRECT);
    return regular_intern(
        regular, &(struct regular_node){
                     .kind = REGULAR_CAT, .flags = (uint8_t)flags, .depth = deeper(regular, a, b), .a = a, .b = b});
}

uint32_t regular_cat(struct regular *regular, uint32_t a, uint32_t b) {
    if (a == REGULAR_EMPTY || b == REGULAR_EMPTY || regular->box->failed) {
        return REGULAR_EMPTY;
    }
    if (a == REGULAR_EPSILON || b == REGULAR_EPSILON) {
        return a == REGULAR_EPSILON ? b : a;
    }
    const size_t from = regular->work_count;
    for (; at(regular, a)->kind == REGULAR_CAT; a = at(regular, a)->b) {
        regular_push(regular, at(regular, a)->a);
    }
    uint32_t result = cat_pair(regular, a, b);
    while (regular->work_count > from) {
        const uint32_t head = regular->work[--regular->work_count];
        result = result ? cat_pair(regular, head, result) : REGULAR_EMPTY;
    }
    return result;
}

uint32_t regular_text(struct regular *regular, const char *text, size_t bytes) {
    uint32_t result = REGULAR_EPSILON;
    while (bytes-- && !regular->box->failed) {
        result = regular_cat(regular, regular_range(regular, (uint8_t)text[bytes], (uint8_t)text[bytes]), result);
    }
    return regular->box->failed ? REGULAR_EMPTY : result;
}

static void sort(uint32_t *items, size_t count) {
    for (size_t gap = count / 2; gap; gap /= 2) {
        for (size_t i = gap; i < count; i++) {
            const uint32_t item = items[i];
            size_t to = i;
            for (; to >= gap && items[to - gap] > item; to -= gap) {
                items[to] = items[to - gap];
            }
            items[to] = item;
        }
    }
}

/* Replaces the sets among the operands by their union, or intersection. */
static void join_sets(struct regular *regular, size_t from, bool both) {
    struct byte_set joined = {{0}};
    size_t sets = 0;
    size_t to = from;
    for (size_t i = from; i < regular->work_count; i++) {
        const struct regular_node *node = at(regular, regular->work[i]);
        if (node->kind != REGULAR_SET) {
            regular->work[to++] = regular->work[i];
            continue;
        }
        const struct byte_set *set = &regular->sets[node->a];
        for (int k = 0; k < 4; k++) {
            joined.bits[k] = sets && both ? joined.bits[k] & set->bits[k] : joined.bits[k] | set->bits[k];
        }
        sets++;
    }
    regular->work_count = to;
    if (sets) {
        regular_push(regular, regular_set(regular, &joined));
    }
}

/* Pushes the operands of a list of OR or AND. */
static void push_list(struct regular *regular, uint8_t kind, uint32_t node) {
    for (; at(regular, node)->kind == kind; node = at(regular, node)->b) {
        regular_push(regular, at(regular, node)->a);
    }
    regular_push(regular, node);
}

/* Makes a sorted list without duplicates of the operands since `from`, and pops them. There is at least one. */
static uint32_t build_list(struct regular *regular, uint8_t kind, size_t from) {
    uint32_t *items = regular->work + from;
    const size_t count = regular->work_count - from;
    regular_step(regular, count);
    sort(items, count);
    regular->work_count = from;
    if (regular->box->failed) {
        return REGULAR_EMPTY;
    }
    uint32_t result = items[count - 1];
    for (size_t i = count - 1; i-- > 0 && result != REGULAR_EMPTY;) {
        if (items[i] == items[i + 1]) {
            continue;
        }
        const unsigned a = at(regular, items[i])->flags;
        const unsigned b = at(regular, result)->flags;
        const unsigned nullable = (kind == REGULAR_OR ? a | b : a & b) & REGULAR_NULLABLE;
        const unsigned indirect = kind == REGULAR_AND ? REGULAR_INDIRECT : (a | b) & REGULAR_INDIRECT;
        result = regular_intern(regular, &(struct regular_node){.kind = kind,
                                                                .flags = (uint8_t)(nullable | indirect),
                                                                .depth = deeper(regular, items[i], result),
                                                                .a = items[i],
                                                                .b = result});
    }
    return result;
}

/* The language of all strings. */
static bool is_all(const struct regular *regular, uint32_t node) {
    return at(regular, node)->kind == REGULAR_NOT && at(regular, node)->a == REGULAR_EMPTY;
}

uint32_t regular_or_all(struct regular *regular, size_t from) {
    /* the operands may be lists themselves: flatten them behind the others, then move them down */
    const size_t middle = regular->work_count;
    uint32_t all = REGULAR_EMPTY;
    for (size_t i = from; i < middle && !regular->box->failed; i++) {
        all = is_all(regular, regular->work[i]) ? regular->work[i] : all;
        if (regular->work[i] != REGULAR_EMPTY) {
            push_list(regular, REGULAR_OR, regular->work[i]);
        }
    }
    const size_t count = regular->work_count - middle;
    if (all || count == 0 || regular->box->failed) {
        regular->work_count = from;
        return regular->box->failed ? REGULAR_EMPTY : all;
    }
    memmove(regular->work + from, regular->work + middle, count * sizeof(uint32_t));
    regular->work_count = from + count;
    join_sets(regular, from, false);
    bool nullable = false; /* without the empty string */
    size_t to = from;
    for (size_t i = from; i < regular->work_count; i++) {
        nullable |= regular->work[i] != REGULAR_EPSILON && regular_nullable(regular, regular->work[i]);
    }
    for (size_t i = from; i < regular->work_count; i++) {
        if (!nullable || regular->work[i] != REGULAR_EPSILON) {
            regular->work[to++] = regular->work[i];
        }
    }
    regular->work_count = to;
    return build_list(regular, REGULAR_OR, from);
}

uint32_t regular_or(struct regular *regular, uint32_t a, uint32_t b) {
    if (a == b || a == REGULAR_EMPTY || b == REGULAR_EMPTY) {
        return a == REGULAR_EMPTY ? b : a;
    }
    const size_t from = regular->work_count;
    regular_push(regular, a);
    regular_push(regular, b);
    return regular_or_all(regular, from);
}

uint32_t regular_and(struct regular *regular, uint32_t a, uint32_t b) {
    if (a == REGULAR_EMPTY || b == REGULAR_EMPTY || regular->box->failed) {
        return REGULAR_EMPTY;
    }
    if (a == b || is_all(regular, a) || is_all(regular, b)) {
        return is_all(regular, a) ? b : a;
    }
    if (a == REGULAR_EPSILON || b == REGULAR_EPSILON) {
        return regular_nullable(regular, a) && regular_nullable(regular, b) ? REGULAR_EPSILON : REGULAR_EMPTY;
    }
    const size_t from = regular->work_count;
    push_list(regular, REGULAR_AND, a);
    push_list(regular, REGULAR_AND, b);
    join_sets(regular, from, true);
    for (size_t i = from; i < regular->work_count; i++) {
        if (regular->work[i] == REGULAR_EMPTY) {
            regular->work_count = from;
            return REGULAR_EMPTY;
        }
    }
    return regular->box->failed ? REGULAR_EMPTY : build_list(regular, REGULAR_AND, from);
}

uint32_t regular_not(struct regular *regular, uint32_t a) {
    if (regular->box->failed) {
        return REGULAR_EMPTY;
    }
    if (at(regular, a)->kind == REGULAR_NOT) {
        return at(regular, a)->a;
    }
    const unsigned nullable = regular_nullable(regular, a) ? 0 : REGULAR_NULLABLE;
    const unsigned live = a == REGULAR_EMPTY ? REGULAR_LIVE : 0;
    return regular_intern(regular, &(struct regular_node){.kind = REGULAR_NOT,
                                                          .flags = (uint8_t)(nullable | live | REGULAR_INDIRECT),
                                                          .depth = (uint16_t)(at(regular, a)->depth + 1),
                                                          .a = a});
}

uint32_t regular_repeat(struct regular *regular, uint32_t a, uint32_t min, uint32_t max) {
    if (max == 0 || a == REGULAR_EPSILON || a == REGULAR_EMPTY || regular->box->failed) {
        return (a == REGULAR_EMPTY && min) || regular->box->failed ? REGULAR_EMPTY : REGULAR_EPSILON;
    }
    min = regular_nullable(regular, a) ? 0 : min;
    const struct regular_node *node = at(regular, a);
    const bool star = node->kind == REGULAR_REPEAT && node->min == 0 && node->max == NO_LIMIT;
    if (star || is_all(regular, a) || (min == 1 && max == 1) || (max == 1 && regular_nullable(regular, a))) {
        return a;
    }
    return regular_intern(regular, &(struct regular_node){.kind = REGULAR_REPEAT,
                                                          .flags = (uint8_t)((min ? 0 : REGULAR_NULLABLE) |
                                                                             (node->flags & REGULAR_INDIRECT)),
                                                          .depth = (uint16_t)(node->depth + 1),
                                                          .a = a,
                                                          .min = min,
                                                          .max = max});
}

uint32_t regular_clip(struct regular *regular, uint32_t number, uint32_t bytes) {
    uint32_t heads[8]; /* further parts stay as they are; the counts that change from byte to byte come first */
    size_t count = 0;
    while (count < 8 && at(regular, number)->kind == REGULAR_CAT) {
        heads[count++] = at(regular, number)->a;
        number = at(regular, number)->b;
    }
    if (count < 8) {
        heads[count++] = number;
        number = REGULAR_EPSILON;
    }
    while (count--) {
        const struct regular_node node = *at(regular, heads[count]);
        uint32_t head = heads[count];
        if (node.kind == REGULAR_REPEAT && !(node.flags & REGULAR_INDIRECT)) {
            head = regular_repeat(regular, node.a, node.min > bytes ? bytes + 1 : node.min,
                                  node.max > bytes ? NO_LIMIT : node.max);
        }
        number = regular_cat(regular, head, number);
    }
    return number;
}

bool regular_nullable(const struct regular *regular, uint32_t node) {
    return at(regular, node)->flags & REGULAR_NULLABLE;
}
