/* Stable sorting: merges runs of 1, 2, 4, ... items. */
#include "engine/text/template/sort.h"

#include "engine/text/json/value_dict.h"

struct value *sort_values(struct sandbox *box, const struct value *items, const struct value *keys, bool reverse) {
    const size_t count = keys->list.count;
    size_t *order = sandbox_take(box, count, sizeof(size_t));
    size_t *other = sandbox_take(box, count, sizeof(size_t));
    struct value *list = value_new(box, VALUE_LIST);
    for (size_t i = 0; i < count && other; i++) {
        order[i] = i;
    }
    for (size_t width = 1; width < count && !box->failed; width *= 2) { /* runs of `width` items are sorted */
        size_t a = 0;
        size_t b = width;
        size_t a_end = width;
        size_t b_end = 0;
        for (size_t to = 0; to < count && sandbox_step(box, 1); to++) {
            if (to == b_end) { /* the next two runs */
                a = to;
                a_end = b = a + width < count ? a + width : count;
                b_end = b + width < count ? b + width : count;
            }
            bool second = a == a_end;
            if (!second && b < b_end) {
                const int sign = value_compare(box, keys->list.items[order[b]], keys->list.items[order[a]]);
                second = reverse ? sign > 0 : sign < 0;
            }
            other[to] = order[second ? b++ : a++];
        }
        size_t *swap = order;
        order = other;
        other = swap;
    }
    for (size_t i = 0; i < count && !box->failed; i++) {
        list_add(box, list, items->list.items[order[i]]);
    }
    return list;
}
