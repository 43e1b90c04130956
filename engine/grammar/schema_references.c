/* Resources, anchors and references. */
#include "engine/grammar/schema_references.h"

#include "engine/text/json/number.h"
#include "engine/text/json/value_dict.h"

struct text {
    const char *at; /* (bytes) */
    size_t bytes;
};

static bool same_text(struct text a, struct text b) {
    return a.bytes == b.bytes && (a.bytes == 0 || memcmp(a.at, b.at, a.bytes) == 0);
}

static struct text text_of(const struct value *string) {
    return (struct text){string->string.text, string->string.bytes};
}

/* Splits at the first #: the part before it; the rest in *fragment. */
static struct text split_fragment(struct text uri, struct text *fragment) {
    size_t at = 0;
    while (at < uri.bytes && uri.at[at] != '#') {
        at++;
    }
    *fragment = at < uri.bytes ? (struct text){uri.at + at + 1, uri.bytes - at - 1} : (struct text){"", 0};
    return (struct text){uri.at, at};
}

/* The length of "scheme:"; 0 if the URI is relative. */
static size_t scheme_bytes(struct text uri) {
    for (size_t i = 0; i < uri.bytes; i++) {
        if (uri.at[i] == ':') {
            return i + 1;
        }
        if (uri.at[i] == '/' || uri.at[i] == '?' || uri.at[i] == '#') {
            break;
        }
    }
    return 0;
}

/* A reference without a fragment, made absolute (RFC 3986, 5.2, without dot segments: such a reference is not found).
 */
static struct text absolute(struct schema_compiler *compiler, struct text base, struct text reference) {
    if (reference.bytes == 0) {
        return base;
    }
    size_t keep = scheme_bytes(base); /* bytes of the base that stay */
    if (scheme_bytes(reference) || base.bytes == 0) {
        return reference;
    }
    const bool network = reference.bytes > 1 && reference.at[0] == '/' && reference.at[1] == '/';
    if (!network) {
        if (base.bytes - keep > 1 && base.at[keep] == '/' && base.at[keep + 1] == '/') {
            for (keep += 2; keep < base.bytes && base.at[keep] != '/';) {
                keep++;
            }
        }
        size_t slash = base.bytes;
        while (reference.at[0] != '/' && slash > keep && base.at[slash - 1] != '/') {
            slash--;
        }
        keep = reference.at[0] == '/' ? keep : slash;
    }
    char *text = sandbox_take(compiler->box, keep + reference.bytes, 1);
    if (text == NULL) {
        return (struct text){"", 0};
    }
    memcpy(text, base.at, keep);
    memcpy(text + keep, reference.at, reference.bytes);
    return (struct text){text, keep + reference.bytes};
}

/* ---- places ---- */

static struct place *find_place(struct schema_compiler *compiler, const struct value *schema) {
    for (size_t slot = (uintptr_t)schema >> 4; compiler->place_slots; slot++) {
        struct place *place = &compiler->places[slot & (compiler->place_slots - 1)];
        if (place->schema == schema || place->schema == NULL) {
            return place;
        }
    }
    return NULL;
}

/* Notes in which resource a schema is. False if that is known already, or after an error. */
static bool add_place(struct schema_compiler *compiler, const struct value *schema, uint32_t resource) {
    if (compiler->n_places * 2 >= compiler->place_slots) {
        const struct place *old = compiler->places;
        const size_t old_slots = compiler->place_slots;
        const size_t slots = old_slots ? old_slots * 2 : 64;
        struct place *places = sandbox_take(compiler->box, slots, sizeof(struct place));
        if (places == NULL) {
            return false;
        }
        compiler->places = places;
        compiler->place_slots = slots;
        for (size_t i = 0; i < old_slots; i++) {
            if (old[i].schema) {
                *find_place(compiler, old[i].schema) = old[i];
            }
        }
    }
    struct place *place = find_place(compiler, schema);
    const bool known = place->schema != NULL;
    *place = known ? *place : (struct place){schema, resource};
    compiler->n_places += !known;
    return !known && regular_step(compiler->regular, 1);
}

static uint32_t resource_of(struct schema_compiler *compiler, const struct value *schema) {
    const struct place *place = find_place(compiler, schema);
    return place && place->schema ? place->resource : 0;
}

/* ---- collecting ---- */

static uint32_t add_resource(struct schema_compiler *compiler, struct text uri, const struct value *schema) {
    struct resource *resources = sandbox_grow(compiler->box, compiler->resources, compiler->n_resources,
                                              &compiler->resources_capacity, sizeof(struct resource));
    if (resources == NULL) {
        return 0;
    }
    compiler->resources = resources;
    resources[compiler->n_resources] = (struct resource){uri.at, uri.bytes, schema};
    return (uint32_t)compiler->n_resources++;
}

static void add_anchor(struct schema_compiler *compiler, const struct value *schema, const char *keyword,
                       uint32_t resource, bool dynamic) {
    const struct value *name = schema_get(compiler, schema, keyword);
    if (name == NULL) {
        return;
    }
    if (name->kind != VALUE_STRING) {
        schema_fail(compiler, schema, keyword, "must be a string");
        return;
    }
    struct anchor *anchors = sandbox_grow(compiler->box, compiler->anchors, compiler->n_anchors,
                                          &compiler->anchors_capacity, sizeof(struct anchor));
    if (anchors) {
        compiler->anchors = anchors;
        anchors[compiler->n_anchors++] = (struct anchor){name, schema, resource, dynamic};
    }
}

enum holding { HOLDS_NONE, HOLDS_SCHEMAS, HOLDS_NAMED_SCHEMAS };

/* Whether a keyword's value is a schema or a list of schemas, or an object whose members are schemas. */
static enum holding holding_of(const struct value *keyword) {
    static const char *const schemas[] = {"additionalProperties",
                                          "propertyNames",
                                          "items",
                                          "additionalItems",
                                          "contains",
                                          "not",
                                          "if",
                                          "then",
                                          "else",
                                          "unevaluatedItems",
                                          "allOf",
                                          "anyOf",
                                          "oneOf",
                                          "prefixItems",
                                          "unevaluatedProperties",
                                          "contentSchema"};
    static const char *const named[] = {"properties", "patternProperties", "dependentSchemas", "dependencies",
                                        "$defs",      "definitions"};
    for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
        if (value_is_text(keyword, schemas[i])) {
            return HOLDS_SCHEMAS;
        }
    }
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if (value_is_text(keyword, named[i])) {
            return HOLDS_NAMED_SCHEMAS;
        }
    }
    return HOLDS_NONE;
}

static void check_dialect(struct schema_compiler *compiler, const struct value *schema) {
    const struct value *value = schema_get(compiler, schema, "$schema");
    static const char known[] = "://json-schema.org/";
    const size_t bytes = sizeof(known) - 1;
    if (value == NULL) {
        return;
    }
    for (size_t i = 0; value->kind == VALUE_STRING && i + bytes <= value->string.bytes && i < 6; i++) {
        if (memcmp(value->string.text + i, known, bytes) == 0) {
            return;
        }
    }
    schema_fail(compiler, schema, "$schema", "is a dialect that is not supported");
}

/* Visits a schema and those in it. It recurses as deeply as the JSON is nested, which its reader limits. */
static void collect(struct schema_compiler *compiler, const struct value *schema, uint32_t resource) {
    if (schema->kind != VALUE_DICT || !add_place(compiler, schema, resource)) {
        return;
    }
    check_dialect(compiler, schema);
    const struct value *id = schema_get(compiler, schema, "$id");
    if (id && id->kind != VALUE_STRING) {
        schema_fail(compiler, schema, "$id", "must be a string");
    } else if (id) {
        struct text fragment;
        const struct resource *outer = &compiler->resources[resource];
        const struct text base = {outer->uri, outer->bytes};
        const struct text uri = absolute(compiler, base, split_fragment(text_of(id), &fragment));
        resource = add_resource(compiler, uri, schema);
        find_place(compiler, schema)->resource = resource;
    }
    add_anchor(compiler, schema, "$anchor", resource, false);
    add_anchor(compiler, schema, "$dynamicAnchor", resource, true);
    for (size_t i = 0; i < schema->dict.count && !compiler->box->failed; i++) {
        const struct value *value = schema->dict.entries[i].value;
        const enum holding holding = holding_of(schema->dict.entries[i].key);
        const bool list = holding == HOLDS_SCHEMAS && value->kind == VALUE_LIST;
        const bool dict = holding == HOLDS_NAMED_SCHEMAS && value->kind == VALUE_DICT;
        if (holding == HOLDS_SCHEMAS && !list) {
            collect(compiler, value, resource);
        }
        for (size_t k = 0; k < (list || dict ? value->list.count : 0); k++) {
            collect(compiler, list ? value->list.items[k] : value->dict.entries[k].value, resource);
        }
    }
}

void references_collect(struct schema_compiler *compiler) {
    add_resource(compiler, (struct text){"", 0}, compiler->root);
    if (!compiler->box->failed) {
        collect(compiler, compiler->root, 0);
    }
}

/* ---- finding ---- */

/* Replaces %XX by bytes. */
static struct text decode_percent(struct schema_compiler *compiler, struct text text) {
    char *copy = sandbox_take(compiler->box, text.bytes + 1, 1);
    size_t to = 0;
    for (size_t i = 0; copy && i < text.bytes; i++) {
        uint64_t byte;
        const bool escape = text.at[i] == '%' && i + 2 < text.bytes && integer_read(text.at + i + 1, 2, 16, &byte);
        copy[to++] = escape ? (char)byte : text.at[i];
        i += escape ? 2 : 0;
    }
    return (struct text){copy ? copy : "", to};
}

/* The member or item that a step of a JSON pointer names. Null if there is none. */
static const struct value *follow_step(struct schema_compiler *compiler, const struct value *value, struct text step) {
    char *name = sandbox_take(compiler->box, step.bytes + 1, 1);
    size_t bytes = 0;
    for (size_t i = 0; name && i < step.bytes; i++) {
        const bool escape = step.at[i] == '~' && i + 1 < step.bytes;
        name[bytes++] = step.at[i];
        if (escape) {
            name[bytes - 1] = step.at[++i] == '1' ? '/' : '~';
        }
    }
    uint64_t index;
    if (name && value->kind == VALUE_DICT) {
        return dict_get_text(compiler->box, value, name, bytes);
    }
    if (name && value->kind == VALUE_LIST && integer_read(name, bytes, 10, &index) && index < value->list.count) {
        return value->list.items[index];
    }
    return NULL;
}

static const struct value *follow_pointer(struct schema_compiler *compiler, uint32_t resource, struct text pointer) {
    const struct value *value = compiler->resources[resource].schema;
    for (size_t at = 0; value && at < pointer.bytes;) {
        size_t end = ++at;
        while (end < pointer.bytes && pointer.at[end] != '/') {
            end++;
        }
        value = follow_step(compiler, value, (struct text){pointer.at + at, end - at});
        if (value && value->kind == VALUE_DICT && find_place(compiler, value)->schema) {
            resource = resource_of(compiler, value);
        }
        at = end;
    }
    if (value) {
        collect(compiler, value, resource); /* it may be somewhere that holds no schemas usually */
    }
    return value;
}

/* The anchor of that name in a resource; `dynamic`: the only dynamic one of the document. */
static const struct value *find_anchor(struct schema_compiler *compiler, uint32_t resource, struct text name,
                                       bool dynamic, bool *unclear) {
    const struct value *found = NULL;
    bool is_dynamic = false;
    size_t others = 0;
    for (size_t i = 0; i < compiler->n_anchors; i++) {
        const struct anchor *anchor = &compiler->anchors[i];
        if (!same_text(text_of(anchor->name), name)) {
            continue;
        }
        others += anchor->dynamic;
        if (anchor->resource == resource) {
            found = anchor->schema;
            is_dynamic |= anchor->dynamic;
        }
    }
    *unclear = dynamic && is_dynamic && others > 1;
    return found;
}

const struct value *references_find(struct schema_compiler *compiler, const struct value *schema,
                                    const struct value *keyword, const struct value *reference) {
    struct text fragment;
    if (reference->kind != VALUE_STRING) {
        return schema_fail_key(compiler, schema, keyword, "must be a string");
    }
    const struct text part = split_fragment(text_of(reference), &fragment);
    uint32_t resource = resource_of(compiler, schema);
    const struct text base = {compiler->resources[resource].uri, compiler->resources[resource].bytes};
    const struct text uri = absolute(compiler, base, part);
    bool found = part.bytes == 0;
    for (uint32_t i = 0; i < compiler->n_resources && !found; i++) {
        found = same_text(uri, (struct text){compiler->resources[i].uri, compiler->resources[i].bytes});
        resource = found ? i : resource;
    }
    if (!found) {
        return schema_fail_key(compiler, schema, keyword, "refers to another document");
    }
    fragment = decode_percent(compiler, fragment);
    bool unclear = false;
    const bool dynamic = value_is_text(keyword, "$dynamicRef");
    const struct value *target = fragment.bytes == 0 || fragment.at[0] == '/'
                                     ? follow_pointer(compiler, resource, fragment)
                                     : find_anchor(compiler, resource, fragment, dynamic, &unclear);
    if (unclear) {
        return schema_fail_key(compiler, schema, keyword, "depends on the dynamic scope, which is not supported");
    }
    if (target == NULL) {
        return schema_fail_key(compiler, schema, keyword, "leads nowhere");
    }
    return target;
}
