/* Parts of weight matrices. */
#include "engine/weights/weight.h"

struct weight weights_at(const struct weights *all, size_t index) {
    struct weight one = all->first;
    one.data = (const uint8_t *)((uintptr_t)one.data + index * all->bytes);
    one.scale = all->scales ? all->scales + index : NULL;
    return one;
}

struct weight weight_rows(const struct weight *w, size_t first, size_t count) {
    struct weight rows = *w;
    if (w->kernels) {
        rows.data = (const uint8_t *)((uintptr_t)w->data + first * w->row_bytes);
        rows.rows = count;
    }
    return rows;
}
