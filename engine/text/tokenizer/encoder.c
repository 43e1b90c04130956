/* The tokens produced so far. */
#include "engine/text/tokenizer/encoder.h"

void encoder_put(struct encoder *e, int32_t id) {
    if (e->count < e->capacity) {
        e->ids[e->count] = id;
    }
    e->count++;
}

bool encoder_bars(const struct encoder *e, int32_t id) {
    const uint8_t type = e->vocabulary->types[id];
    const unsigned kind = type & TOKEN_TYPE_MASK;
    return e->guards && (kind == TOKEN_CONTROL || kind == TOKEN_UNKNOWN || (type & TOKEN_GUARDED));
}
