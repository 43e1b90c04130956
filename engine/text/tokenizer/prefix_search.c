/* Sorted texts, searched byte by byte. */
#include "engine/text/tokenizer/prefix_search.h"

#include "engine/text/tokenizer/token_type.h"

static bool precedes(const struct strings *strings, uint32_t a, uint32_t b) {
    const struct gguf_text first = strings_at(strings, a);
    const struct gguf_text second = strings_at(strings, b);
    const size_t shorter = first.bytes < second.bytes ? first.bytes : second.bytes;
    const int order = memcmp(first.at, second.at, shorter);
    return order ? order < 0 : first.bytes < second.bytes;
}

/* Merge sort: merges runs of 1, 2, 4, ... texts back and forth between the two arrays. Returns the sorted one. */
static uint32_t *sort(const struct strings *strings, uint32_t *from, uint32_t *to, size_t count) {
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t start = 0; start < count; start += 2 * run) {
            const size_t middle = start + run < count ? start + run : count;
            const size_t end = start + 2 * run < count ? start + 2 * run : count;
            size_t left = start;
            size_t right = middle;
            for (size_t i = start; i < end; i++) {
                const bool takes_right = left == middle || (right < end && precedes(strings, from[right], from[left]));
                to[i] = takes_right ? from[right++] : from[left++];
            }
        }
        uint32_t *ordered = to;
        to = from;
        from = ordered;
    }
    return from;
}

static bool takes(const struct strings *strings, const uint8_t *types, unsigned types_wanted, uint32_t i) {
    return (types_wanted >> (types[i] & TOKEN_TYPE_MASK) & 1) && strings_at(strings, i).bytes;
}

bool sorted_texts_new(struct sorted_texts *sorted, const struct strings *strings, const uint8_t *types,
                      unsigned types_wanted, struct arena *arena) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < strings->count; i++) {
        count += takes(strings, types, types_wanted, i);
    }
    uint32_t *order = ARENA_ARRAY(arena, uint32_t, count + 1);
    uint32_t *other = ARENA_ARRAY(arena, uint32_t, count + 1);
    if (order == NULL || other == NULL) {
        return false;
    }
    count = 0;
    for (uint32_t i = 0; i < strings->count; i++) {
        if (takes(strings, types, types_wanted, i)) {
            order[count++] = i;
        }
    }
    *sorted = (struct sorted_texts){strings, sort(strings, order, other, count), count};
    return true;
}

/* The first text in the range whose next byte is at least `least`. A text that ends here sorts first. */
static uint32_t first_from(const struct sorted_texts *sorted, const struct prefix *prefix, unsigned least) {
    uint32_t low = prefix->low;
    uint32_t high = prefix->high;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const struct gguf_text text = strings_at(sorted->strings, sorted->order[middle]);
        if (text.bytes > prefix->bytes && (uint8_t)text.at[prefix->bytes] >= least) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

bool prefix_extend(const struct sorted_texts *sorted, struct prefix *prefix, uint8_t byte) {
    const uint32_t low = first_from(sorted, prefix, byte);
    prefix->high = first_from(sorted, prefix, byte + 1u);
    prefix->low = low;
    prefix->bytes++;
    return prefix->low < prefix->high;
}

int32_t prefix_match(const struct sorted_texts *sorted, const struct prefix *prefix) {
    const uint32_t number = sorted->order[prefix->low];
    return strings_at(sorted->strings, number).bytes == prefix->bytes ? (int32_t)number : -1;
}
