/* Resident bytes as a sorted list of ranges, and tensors in the order of their load phases. */
#include "engine/model/residency.h"

#include "platform/error.h"

int residency_init(struct residency *residency, const struct gguf *gguf, const uint16_t *phases, uint32_t n_phases,
                   struct arena *arena, struct qn_error *error) {
    const size_t n = gguf->n_tensors;
    struct gguf_tensor *tensors = ARENA_ARRAY(arena, struct gguf_tensor, n + 1);
    uint32_t *next = ARENA_ARRAY(arena, uint32_t, n_phases);
    residency->ranges = ARENA_ARRAY(arena, struct byte_range, MAX_RANGES);
    if (tensors == NULL || next == NULL || residency->ranges == NULL) {
        return error_set(error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for the order of %zu tensors", n);
    }
    /* A counting sort. next: the tensors of each phase, then the index of the phase's next tensor, and at last the end
     * of the phase. */
    memset(next, 0, n_phases * sizeof(*next));
    for (size_t i = 0; i < n; i++) {
        next[phases[i] - 1]++;
    }
    uint32_t end = 0;
    for (uint32_t phase = 0; phase < n_phases; phase++) {
        end += next[phase];
        next[phase] = end - next[phase];
    }
    for (size_t i = 0; i < n; i++) {
        struct gguf_tensor *tensor = &tensors[next[phases[i] - 1]++];
        *tensor = gguf->tensors[i];
        tensor->offset -= gguf->data_offset;
    }
    residency->tensors = tensors;
    residency->n_tensors = (uint32_t)n;
    residency->phase_end = next;
    return QN_OK;
}

/* The first range that ends at `at` or later. */
static uint32_t range_at(const struct residency *residency, uint64_t at) {
    uint32_t low = 0;
    uint32_t high = residency->n_ranges;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (residency->ranges[middle].end < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_resident(const struct residency *residency, const struct gguf_tensor *tensor) {
    const uint64_t end = tensor->offset + tensor->bytes;
    const uint32_t i = range_at(residency, end);
    return tensor->bytes == 0 || (i < residency->n_ranges && residency->ranges[i].begin <= tensor->offset);
}

int residency_add(struct residency *residency, uint64_t begin, uint64_t end, struct qn_error *error) {
    if (begin == end) {
        return QN_OK;
    }
    struct byte_range *ranges = residency->ranges;
    const uint32_t first = range_at(residency, begin);
    uint32_t last = first; /* ranges [first, last) touch the new one and merge with it */
    while (last < residency->n_ranges && ranges[last].begin <= end) {
        last++;
    }
    if (first == last) {
        if (residency->n_ranges == MAX_RANGES) {
            return error_set(error, QN_ERR_LIMIT, QN_NO_OFFSET,
                             "the tensors arrived in more than %u pieces with gaps between them", MAX_RANGES);
        }
        memmove(ranges + first + 1, ranges + first, (residency->n_ranges - first) * sizeof(*ranges));
        ranges[first] = (struct byte_range){begin, end};
        residency->n_ranges++;
    } else {
        ranges[first].begin = ranges[first].begin < begin ? ranges[first].begin : begin;
        ranges[first].end = ranges[last - 1].end > end ? ranges[last - 1].end : end;
        memmove(ranges + first + 1, ranges + last, (residency->n_ranges - last) * sizeof(*ranges));
        residency->n_ranges -= last - first - 1;
    }
    while (residency->n_resident < residency->n_tensors &&
           is_resident(residency, &residency->tensors[residency->n_resident])) {
        residency->n_resident++;
    }
    return QN_OK;
}

uint64_t residency_gap(const struct residency *residency, uint64_t *begin) {
    uint32_t i = range_at(residency, *begin + 1);
    if (i < residency->n_ranges && residency->ranges[i].begin <= *begin) {
        *begin = residency->ranges[i++].end;
    }
    return i < residency->n_ranges ? residency->ranges[i].begin : UINT64_MAX;
}
