#include "engine/model/residency.h"

#include "platform/error.h"

int arrival_plan(struct arrival *arrival, const struct gguf *gguf, const uint16_t *phases, uint32_t n_phases,
                 struct arena *arena, struct qn_error *error) {
    const size_t n = gguf->n_tensors;
    struct gguf_tensor *tensors = ARENA_ARRAY(arena, struct gguf_tensor, n + 1);
    uint32_t *ends = ARENA_ARRAY(arena, uint32_t, n_phases);
    arrival->stretches = ARENA_ARRAY(arena, struct stretch, MAX_STRETCHES);
    if (tensors == NULL || ends == NULL || arrival->stretches == NULL) {
        return error_set(error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for the order of %zu tensors", n);
    }
    memset(ends, 0, n_phases * sizeof(*ends));
    for (size_t i = 0; i < n; i++) {
        ends[phases[i] - 1]++;
    }
    uint32_t start = 0;
    for (uint32_t phase = 0; phase < n_phases; phase++) { /* each becomes where its phase starts ... */
        start += ends[phase];
        ends[phase] = start - ends[phase];
    }
    for (size_t i = 0; i < n; i++) { /* ... and here where it ends */
        struct gguf_tensor *tensor = &tensors[ends[phases[i] - 1]++];
        *tensor = gguf->tensors[i];
        tensor->offset -= gguf->data_offset;
    }
    arrival->tensors = tensors;
    arrival->n_tensors = (uint32_t)n;
    arrival->ends = ends;
    return QN_OK;
}

/* The first stretch that ends at `at` or later. */
static uint32_t stretch_at(const struct arrival *arrival, uint64_t at) {
    uint32_t low = 0;
    uint32_t high = arrival->n_stretches;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (arrival->stretches[middle].end < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool has(const struct arrival *arrival, const struct gguf_tensor *tensor) {
    const uint64_t end = tensor->offset + tensor->bytes;
    const uint32_t i = stretch_at(arrival, end);
    return tensor->bytes == 0 || (i < arrival->n_stretches && arrival->stretches[i].begin <= tensor->offset);
}

int arrival_add(struct arrival *arrival, uint64_t begin, uint64_t end, struct qn_error *error) {
    if (begin == end) {
        return QN_OK;
    }
    struct stretch *all = arrival->stretches;
    const uint32_t first = stretch_at(arrival, begin);
    uint32_t last = first; /* [first, last) touch the new one and become one with it */
    while (last < arrival->n_stretches && all[last].begin <= end) {
        last++;
    }
    if (first == last) {
        if (arrival->n_stretches == MAX_STRETCHES) {
            return error_set(error, QN_ERR_LIMIT, QN_NO_OFFSET,
                             "the tensors came in more than %u pieces with gaps between them", MAX_STRETCHES);
        }
        memmove(all + first + 1, all + first, (arrival->n_stretches - first) * sizeof(*all));
        all[first] = (struct stretch){begin, end};
        arrival->n_stretches++;
    } else {
        all[first].begin = all[first].begin < begin ? all[first].begin : begin;
        all[first].end = all[last - 1].end > end ? all[last - 1].end : end;
        memmove(all + first + 1, all + last, (arrival->n_stretches - last) * sizeof(*all));
        arrival->n_stretches -= last - first - 1;
    }
    while (arrival->whole < arrival->n_tensors && has(arrival, &arrival->tensors[arrival->whole])) {
        arrival->whole++;
    }
    return QN_OK;
}

uint64_t arrival_gap(const struct arrival *arrival, uint64_t *begin) {
    uint32_t i = stretch_at(arrival, *begin + 1);
    if (i < arrival->n_stretches && arrival->stretches[i].begin <= *begin) {
        *begin = arrival->stretches[i++].end;
    }
    return i < arrival->n_stretches ? arrival->stretches[i].begin : UINT64_MAX;
}
