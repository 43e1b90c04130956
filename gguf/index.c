/* Builds the tables of keys and tensors, sorted by name. */
#include "gguf/cursor.h"
#include "platform/error.h"

/* The names of the rows of a table; each row begins with its name. */
struct names {
    const uint8_t *rows;
    size_t row_bytes;
};

_Static_assert(offsetof(struct gguf_value, key) == 0 && offsetof(struct gguf_tensor, name) == 0, "struct names");

static struct gguf_text name_of(struct names names, uint32_t row) {
    return *(const struct gguf_text *)(const void *)(names.rows + row * names.row_bytes);
}

/* Shorter names first: most comparisons do not look at the text. */
static int compare(struct gguf_text a, struct gguf_text b) {
    if (a.bytes != b.bytes) {
        return a.bytes < b.bytes ? -1 : 1;
    }
    return memcmp(a.at, b.at, a.bytes);
}

/* Equal names stay in file order, so that an error is reported for the later one. */
static bool before(struct names names, uint32_t a, uint32_t b) {
    const int order = compare(name_of(names, a), name_of(names, b));
    return order ? order < 0 : a < b;
}

/* Moves order[root] down to its position in a max-heap. */
static void sift(struct names names, uint32_t *order, size_t root, size_t count) {
    const uint32_t row = order[root];
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && before(names, order[child], order[child + 1])) {
            child++;
        }
        if (before(names, order[child], row)) {
            break;
        }
        order[root] = order[child];
        root = child;
    }
    order[root] = row;
}

/* Heap sort: in place, not recursive, and O(n log n) for every input. */
static void sort(struct names names, uint32_t *order, size_t count) {
    for (size_t i = 0; i < count; i++) {
        order[i] = (uint32_t)i;
    }
    for (size_t i = count / 2; i-- > 0;) {
        sift(names, order, i, count);
    }
    for (size_t end = count; end > 1;) {
        end--;
        const uint32_t largest = order[0];
        order[0] = order[end];
        order[end] = largest;
        sift(names, order, 0, end);
    }
}

/* The first position in the order whose name equals the next one; count if all names differ. */
static size_t find_duplicate(struct names names, const uint32_t *order, size_t count) {
    for (size_t i = 1; i < count; i++) {
        if (compare(name_of(names, order[i - 1]), name_of(names, order[i])) == 0) {
            return i - 1;
        }
    }
    return count;
}

/* The row with that name, or count. */
static size_t find(struct names names, const uint32_t *order, size_t count, const char *name) {
    const struct gguf_text wanted = {name, strlen(name)};
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order_of = compare(name_of(names, order[middle]), wanted);
        if (order_of == 0) {
            return order[middle];
        }
        if (order_of < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return count;
}

static struct names value_names(const struct gguf_value *values) {
    return (struct names){(const uint8_t *)values, sizeof(*values)};
}

static struct names tensor_names(const struct gguf_tensor *tensors) {
    return (struct names){(const uint8_t *)tensors, sizeof(*tensors)};
}

static int read_values(struct cursor *c, struct gguf_value *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        cursor_entry(c, "key", i, c->at);
        int status = cursor_value(c, &values[i]);
        if (status == QN_OK && values[i].type == GGUF_ARRAY && values[i].element == GGUF_STRING) {
            const uint64_t start = c->at;
            uint64_t left = values[i].count;
            status = cursor_strings(c, &left);
            values[i].bytes = (size_t)(c->at - start);
        }
        if (status != QN_OK) {
            return status;
        }
    }
    return QN_OK;
}

static int read_tensors(struct cursor *c, struct gguf_tensor *tensors, const struct gguf_scan *scan) {
    uint64_t end = 0;
    for (size_t i = 0; i < scan->n_tensors; i++) {
        cursor_entry(c, "tensor", i, c->at);
        const int status = cursor_tensor(c, &tensors[i], align_up(end, scan->alignment));
        if (status != QN_OK) {
            return status;
        }
        end = tensors[i].offset + tensors[i].bytes;
        tensors[i].offset += scan->data_offset;
    }
    return QN_OK;
}

static int sort_keys(struct gguf *gguf, uint32_t *order, struct qn_error *error) {
    const struct names keys = value_names(gguf->values);
    sort(keys, order, gguf->n_values);
    gguf->value_order = order;
    const size_t key = find_duplicate(keys, order, gguf->n_values);
    if (key == gguf->n_values) {
        return QN_OK;
    }
    const struct gguf_value *second = &gguf->values[order[key + 1]];
    return error_set(error, QN_ERR_FORMAT, second->offset, "keys %u and %u have the same name, %.*s", order[key],
                     order[key + 1], (int)second->key.bytes, second->key.at);
}

static int sort_tensors(struct gguf *gguf, uint32_t *order, struct qn_error *error) {
    const struct names names = tensor_names(gguf->tensors);
    sort(names, order, gguf->n_tensors);
    gguf->tensor_order = order;
    const size_t name = find_duplicate(names, order, gguf->n_tensors);
    if (name == gguf->n_tensors) {
        return QN_OK;
    }
    const struct gguf_tensor *second = &gguf->tensors[order[name + 1]];
    return error_set(error, QN_ERR_FORMAT, second->info_offset, "tensors %u and %u have the same name, %.*s",
                     order[name], order[name + 1], (int)second->name.bytes, second->name.at);
}

int gguf_order_tensors(struct gguf *gguf, struct arena *arena, struct qn_error *error) {
    uint32_t *order = ARENA_ARRAY(arena, uint32_t, gguf->n_tensors);
    return order ? sort_tensors(gguf, order, error)
                 : error_set(error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for the table of %zu tensors",
                             gguf->n_tensors);
}

int gguf_index(struct gguf *gguf, const struct gguf_scan *scan, const uint8_t *bytes, struct arena *arena,
               struct qn_error *error) {
    if (scan->stage != SCAN_DONE) {
        return error_set(error, QN_ERR_STATE, QN_NO_OFFSET, "the directory is not complete yet");
    }
    const size_t n_values = (size_t)scan->n_values; /* at most MAX_COUNT, like the next one */
    const size_t n_tensors = (size_t)scan->n_tensors;
    struct gguf_value *values = ARENA_ARRAY(arena, struct gguf_value, n_values);
    struct gguf_tensor *tensors = ARENA_ARRAY(arena, struct gguf_tensor, n_tensors);
    uint32_t *value_order = ARENA_ARRAY(arena, uint32_t, n_values);
    uint32_t *tensor_order = ARENA_ARRAY(arena, uint32_t, n_tensors);
    if (values == NULL || tensors == NULL || value_order == NULL || tensor_order == NULL) {
        return error_set(error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for the tables of %zu keys and %zu tensors",
                         n_values, n_tensors);
    }
    struct cursor c = {.bytes = bytes, .have = scan->position, .at = scan->values_offset, .error = error};
    int status = read_values(&c, values, n_values);
    if (status == QN_OK) {
        status = read_tensors(&c, tensors, scan);
    }
    if (status != QN_OK) { /* cannot happen with the bytes that were scanned */
        return status == QN_MORE ? error_set(error, QN_ERR_STATE, c.at, "the bytes have changed since the scan")
                                 : status;
    }
    *gguf = (struct gguf){.values = values,
                          .tensors = tensors,
                          .n_values = n_values,
                          .n_tensors = n_tensors,
                          .data_offset = scan->data_offset,
                          .data_bytes = scan->data_bytes,
                          .version = scan->version,
                          .alignment = scan->alignment};
    status = sort_keys(gguf, value_order, error);
    return status == QN_OK ? sort_tensors(gguf, tensor_order, error) : status;
}

const struct gguf_value *gguf_find(const struct gguf *gguf, const char *key) {
    const size_t row = find(value_names(gguf->values), gguf->value_order, gguf->n_values, key);
    return row < gguf->n_values ? &gguf->values[row] : NULL;
}

const struct gguf_tensor *gguf_find_tensor(const struct gguf *gguf, const char *name) {
    const size_t row = find(tensor_names(gguf->tensors), gguf->tensor_order, gguf->n_tensors, name);
    return row < gguf->n_tensors ? &gguf->tensors[row] : NULL;
}
