/* Conjunctions and their rules; errors with JSON pointers. */
#include "engine/grammar/schema_compiler.h"

#include "engine/grammar/automaton.h"
#include "engine/grammar/charset.h"
#include "engine/grammar/decimal.h"
#include "engine/grammar/pattern.h"
#include "engine/text/json/json_write.h"
#include "engine/text/json/number.h"
#include "engine/text/json/value_dict.h"
#include "engine/text/json/value_string.h"

/* ---- errors ---- */

/* Adds a step of a JSON pointer. */
static void add_step(struct buffer *buffer, const struct value *key, size_t index) {
    buffer_put(buffer, '/', false);
    if (key == NULL) {
        buffer_integer(buffer, (int64_t)index, false);
        return;
    }
    for (size_t i = 0; i < key->string.bytes; i++) {
        const char c = key->string.text[i];
        if (c == '~' || c == '/') {
            buffer_text(buffer, c == '~' ? "~0" : "~1", false);
        } else {
            buffer_put(buffer, c, false);
        }
    }
}

/* Appends the pointer of `wanted` if it is within `value`. JSON cannot be nested more deeply than DEPTH_LIMIT. */
static bool find(struct buffer *buffer, const struct value *value, const struct value *wanted) {
    if (value == wanted) {
        return true;
    }
    const bool dict = value->kind == VALUE_DICT;
    const size_t count = dict || value->kind == VALUE_LIST ? value->list.count : 0;
    for (size_t i = 0; i < count && !buffer->box->failed; i++) {
        const size_t bytes = buffer->bytes;
        add_step(buffer, dict ? value->dict.entries[i].key : NULL, i);
        if (find(buffer, dict ? value->dict.entries[i].value : value->list.items[i], wanted)) {
            return true;
        }
        buffer->bytes = bytes;
    }
    return false;
}

void *schema_fail(struct schema_compiler *compiler, const struct value *schema, const char *keyword,
                  const char *reason) {
    struct sandbox *box = compiler->box;
    struct buffer buffer;
    buffer_start(&buffer, box);
    if (!find(&buffer, compiler->root, schema)) {
        buffer_text(&buffer, "(a schema)", false);
    }
    if (!box->failed) {
        error_set(box->error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "JSON Schema: #%.*s%s%s: %s", (int)buffer.bytes,
                  buffer.bytes ? buffer.text : "", keyword ? "/" : "", keyword ? keyword : "", reason);
        box->failed = true;
    }
    return NULL;
}

void *schema_fail_key(struct schema_compiler *compiler, const struct value *schema, const struct value *key,
                      const char *reason) {
    char *name = sandbox_take(compiler->box, key->string.bytes + 1, 1);
    return name ? schema_fail(compiler, schema, memcpy(name, key->string.text, key->string.bytes), reason) : NULL;
}

const struct value *schema_get(struct schema_compiler *compiler, const struct value *schema, const char *keyword) {
    return schema->kind == VALUE_DICT ? dict_get_text(compiler->box, schema, keyword, strlen(keyword)) : NULL;
}

uint32_t schema_count(struct schema_compiler *compiler, const struct value *schema, const char *keyword,
                      const struct value *value) {
    if (value_is(value, KIND(INT) | KIND(FLOAT))) {
        const double number = value_number(value);
        if (number >= 0 && number == __builtin_floor(number)) {
            return number < NO_LIMIT - 1 ? (uint32_t)number : NO_LIMIT - 1;
        }
    }
    schema_fail(compiler, schema, keyword, "must be a whole number, not below 0");
    return 0;
}

/* ---- conjunctions ---- */

void atoms_add(struct schema_compiler *compiler, struct atoms *atoms, enum atom_kind kind, const struct value *value,
               uint32_t index) {
    struct atom *items = sandbox_grow(compiler->box, atoms->items, atoms->count, &atoms->capacity, sizeof(struct atom));
    if (items && regular_step(compiler->regular, 1)) {
        atoms->items = items;
        items[atoms->count++] = (struct atom){value, (uint32_t)kind, index};
    }
}

void atoms_add_all(struct schema_compiler *compiler, struct atoms *atoms, const struct atoms *other) {
    for (size_t i = 0; i < other->count; i++) {
        atoms_add(compiler, atoms, other->items[i].kind, other->items[i].value, other->items[i].index);
    }
}

static int compare(const struct atom *a, const struct atom *b) {
    if (a->value != b->value) {
        return (uintptr_t)a->value < (uintptr_t)b->value ? -1 : 1;
    }
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    return (int)(a->index > b->index) - (int)(a->index < b->index);
}

static bool is_true(const struct atom *atom) {
    const struct value *value = atom->value;
    const bool any = atom->kind == ATOM_IS && value->kind == VALUE_BOOL && value->integer;
    return any || (atom->kind == ATOM_IS && value->kind == VALUE_DICT && value->dict.count == 0);
}

/* Sorts, and drops duplicates and conditions that every value meets. */
static void sort(struct schema_compiler *compiler, struct atoms *atoms) {
    struct atom *items = atoms->items;
    for (size_t i = 1; i < atoms->count; i++) { /* insertion: conjunctions are short */
        const struct atom atom = items[i];
        size_t to = i;
        for (; to && compare(&items[to - 1], &atom) > 0; to--) {
            items[to] = items[to - 1];
        }
        regular_step(compiler->regular, 1 + (i - to) / 4);
        items[to] = atom;
    }
    size_t count = 0;
    for (size_t i = 0; i < atoms->count; i++) {
        if (!is_true(&items[i]) && (count == 0 || compare(&items[count - 1], &items[i]) != 0)) {
            items[count++] = items[i];
        }
    }
    atoms->count = count;
}

bool atoms_never(struct schema_compiler *compiler, const struct atoms *atoms) {
    for (size_t i = 0; i < atoms->count; i++) {
        const struct atom *atom = &atoms->items[i];
        const struct value *value = atom->value;
        if (atom->kind == ATOM_IS && value->kind == VALUE_BOOL && !value->integer) {
            return true;
        }
        if (atom->kind == ATOM_IS_NOT && is_true(&(struct atom){value, ATOM_IS, 0})) {
            return true;
        }
    }
    return compiler->box->failed;
}

static uint32_t hash_atoms(const struct atoms *atoms) {
    uint32_t hash = 0;
    for (size_t i = 0; i < atoms->count; i++) {
        const uint32_t words[] = {(uint32_t)(uintptr_t)atoms->items[i].value, atoms->items[i].kind,
                                  atoms->items[i].index};
        for (size_t k = 0; k < 3; k++) {
            hash = (hash ^ words[k]) * 0x9e3779b1u;
            hash ^= hash >> 15;
        }
    }
    return hash;
}

static bool same_atoms(const struct atoms *a, const struct atoms *b) {
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) {
        same = compare(&a->items[i], &b->items[i]) == 0;
    }
    return same;
}

static bool grow_index(struct schema_compiler *compiler) {
    if (compiler->n_conjunctions * 2 < compiler->slots) {
        return true;
    }
    const size_t slots = compiler->slots ? compiler->slots * 2 : 64;
    uint32_t *index = sandbox_take(compiler->box, slots, sizeof(uint32_t));
    for (size_t i = 0; index && i < compiler->n_conjunctions; i++) {
        size_t slot = compiler->conjunctions[i].hash;
        while (index[slot & (slots - 1)]) {
            slot++;
        }
        index[slot & (slots - 1)] = (uint32_t)i + 1;
    }
    compiler->index = index;
    compiler->slots = slots;
    return index != NULL;
}

uint32_t schema_rule(struct schema_compiler *compiler, struct atoms *atoms) {
    sort(compiler, atoms);
    const uint32_t hash = hash_atoms(atoms);
    if (!grow_index(compiler)) {
        return 0;
    }
    size_t slot = hash;
    for (; compiler->index[slot & (compiler->slots - 1)]; slot++) {
        const struct conjunction *other = &compiler->conjunctions[compiler->index[slot & (compiler->slots - 1)] - 1];
        if (other->hash == hash && same_atoms(&other->atoms, atoms)) {
            return other->rule;
        }
    }
    struct conjunction *conjunctions = sandbox_grow(compiler->box, compiler->conjunctions, compiler->n_conjunctions,
                                                    &compiler->conjunctions_capacity, sizeof(struct conjunction));
    if (conjunctions == NULL) {
        return 0;
    }
    compiler->conjunctions = conjunctions;
    conjunctions[compiler->n_conjunctions] = (struct conjunction){*atoms, hash, rules_declare(compiler->rules)};
    compiler->index[slot & (compiler->slots - 1)] = (uint32_t)++compiler->n_conjunctions;
    return conjunctions[compiler->n_conjunctions - 1].rule;
}

/* ---- texts ---- */

/* The text inside the quotes, as json.dumps writes it. */
static void write_text(struct schema_compiler *compiler, struct buffer *buffer, const struct value *string) {
    static const struct json_style style = {0};
    buffer_start(buffer, compiler->box);
    json_write(buffer, string, &style);
}

uint32_t schema_text(struct schema_compiler *compiler, const struct value *string) {
    struct buffer buffer;
    write_text(compiler, &buffer, string);
    return compiler->box->failed ? REGULAR_EMPTY : regular_text(compiler->regular, buffer.text + 1, buffer.bytes - 2);
}

uint32_t schema_text_any(struct schema_compiler *compiler, const struct value *string) {
    struct regular *regular = compiler->regular;
    const size_t from = regular->work_count;
    for (size_t at = 0; at < string->string.bytes && !compiler->box->failed;) {
        const uint32_t c = string_char(string, at);
        regular_push(regular, charset_one(regular, CHAR_CODE(c), ENCODING_JSON));
        at += CHAR_BYTES(c);
    }
    uint32_t node = REGULAR_EPSILON;
    while (regular->work_count > from) {
        node = regular_cat(regular, regular->work[--regular->work_count], node);
    }
    return compiler->box->failed ? REGULAR_EMPTY : node;
}

bool schema_text_matches(struct schema_compiler *compiler, uint32_t node, const struct value *string) {
    struct buffer buffer;
    write_text(compiler, &buffer, string);
    return !compiler->box->failed && automaton_matches(compiler->regular, node, buffer.text + 1, buffer.bytes - 2);
}

uint32_t schema_pattern(struct schema_compiler *compiler, const struct value *schema, const char *keyword,
                        const struct value *pattern) {
    struct pattern_error error;
    if (pattern->kind != VALUE_STRING) {
        schema_fail(compiler, schema, keyword, "must be a string");
        return REGULAR_EMPTY;
    }
    const uint32_t node =
        pattern_node(compiler->regular, pattern->string.text, pattern->string.bytes, ENCODING_JSON, false, &error);
    if (error.text) {
        schema_fail(compiler, schema, keyword, error.text);
    }
    return node;
}
