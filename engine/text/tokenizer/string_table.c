/* Strings of a GGUF array by number, and a hash table from string to number. */
#include "engine/text/tokenizer/string_table.h"

#include "platform/error.h"

static uint64_t load_length(const uint8_t *at) {
    uint64_t bytes;
    memcpy(&bytes, at, sizeof(bytes)); /* little-endian, like every supported machine */
    return bytes;
}

int strings_new(struct strings *strings, const struct gguf_value *array, struct arena *arena, struct qn_error *error) {
    uint32_t *offsets = ARENA_ARRAY(arena, uint32_t, array->count);
    if (offsets == NULL) {
        return error_set(error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for the offsets of %zu texts of %.*s",
                         array->count, (int)array->key.bytes, array->key.at);
    }
    uint32_t longest = 0;
    size_t at = 0;
    for (size_t i = 0; i < array->count; i++) {
        if (at > UINT32_MAX) {
            return error_set(error, QN_ERR_UNSUPPORTED, array->offset, "%.*s has more than 4 GiB of text",
                             (int)array->key.bytes, array->key.at);
        }
        offsets[i] = (uint32_t)at;
        const size_t bytes = gguf_next_text(array, &at).bytes; /* at most 1 GiB */
        longest = bytes > longest ? (uint32_t)bytes : longest;
    }
    *strings = (struct strings){array->data, offsets, (uint32_t)array->count, longest};
    return QN_OK;
}

struct gguf_text strings_at(const struct strings *strings, uint32_t number) {
    const uint8_t *string = strings->data + strings->offsets[number];
    return (struct gguf_text){(const char *)string + 8, (size_t)load_length(string)};
}

bool index_new(struct string_index *index, uint32_t count, struct arena *arena) {
    const uint32_t size = count + count / 2 + 1; /* at most two thirds of the slots are used */
    uint32_t bits = 1;
    while (count >> bits) {
        bits++;
    }
    *index = (struct string_index){ARENA_ARRAY(arena, uint32_t, size), size, bits};
    return index->slots != NULL;
}

/* The slot of the entry, or the empty slot where it belongs; index->size if neither is within INDEX_REACH. */
static uint32_t seek(const struct string_index *index, uint32_t hash, same_text same, const void *context) {
    const uint32_t mask = (1u << index->bits) - 1;
    uint32_t slot = (uint32_t)((uint64_t)hash * index->size >>
                               32); /* uses the hash's high bits; the bits stored in the slot are its low ones */
    for (uint32_t i = 0; i < INDEX_REACH; i++) {
        const uint32_t entry = index->slots[slot];
        if (entry == 0) {
            return slot;
        }
        if ((entry ^ hash << index->bits) <= mask && same(context, (entry & mask) - 1)) {
            return slot;
        }
        slot = slot + 1 < index->size ? slot + 1 : 0;
    }
    return index->size;
}

uint32_t index_find(const struct string_index *index, uint32_t hash, same_text same, const void *context) {
    const uint32_t slot = seek(index, hash, same, context);
    if (slot == index->size || index->slots[slot] == 0) {
        return NOT_FOUND;
    }
    return (index->slots[slot] & ((1u << index->bits) - 1)) - 1;
}

bool index_put(struct string_index *index, uint32_t hash, uint32_t number, same_text same, const void *context,
               uint32_t *other) {
    const uint32_t slot = seek(index, hash, same, context);
    *other = NOT_FOUND;
    if (slot == index->size) {
        return false;
    }
    if (index->slots[slot]) {
        *other = (index->slots[slot] & ((1u << index->bits) - 1)) - 1;
    } else {
        index->slots[slot] = hash << index->bits | (number + 1);
    }
    return true;
}

static uint64_t mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

uint32_t text_hash(const uint8_t *text, size_t bytes) {
    uint64_t hash = mix(0x51ed270b27b4f3cfu, bytes);
    uint64_t word;
    for (; bytes >= sizeof(word); bytes -= sizeof(word), text += sizeof(word)) {
        memcpy(&word, text, sizeof(word));
        hash = mix(hash, word);
    }
    word = 0;
    for (size_t i = 0; i < bytes; i++) {
        word |= (uint64_t)text[i] << (8 * i);
    }
    return (uint32_t)(mix(hash, word) * 0xd6e8feb86659fd93u >> 32);
}

uint32_t pair_hash(uint32_t left, uint32_t right) {
    return (uint32_t)(mix(0, (uint64_t)left << 32 | right) * 0xd6e8feb86659fd93u >> 32);
}
