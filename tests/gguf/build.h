/* Writes GGUF files, valid or not, for tests and fuzzing seeds. */
#ifndef TESTS_GGUF_BUILD_H
#define TESTS_GGUF_BUILD_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gguf/gguf.h"
#include "quant/types.h"

struct build {
    uint8_t *at; /* (n) */
    size_t n;
    size_t room;
};

static inline void put_bytes(struct build *b, const void *bytes, size_t n) {
    if (n > b->room - b->n) {
        b->room = 2 * (b->room + n);
        b->at = realloc(b->at, b->room);
        if (b->at == NULL) {
            abort();
        }
    }
    if (n) {
        memcpy(b->at + b->n, bytes, n);
    }
    b->n += n;
}

static inline void put_number(struct build *b, uint64_t value, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const uint8_t byte = (uint8_t)(value >> 8 * i);
        put_bytes(b, &byte, 1);
    }
}

static inline void put_u8(struct build *b, uint64_t value) { put_number(b, value, 1); }
static inline void put_u16(struct build *b, uint64_t value) { put_number(b, value, 2); }
static inline void put_u32(struct build *b, uint64_t value) { put_number(b, value, 4); }
static inline void put_u64(struct build *b, uint64_t value) { put_number(b, value, 8); }

static inline void put_f32(struct build *b, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    put_u32(b, bits);
}

static inline void put_f64(struct build *b, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    put_u64(b, bits);
}

static inline void put_text(struct build *b, const char *text) {
    put_u64(b, strlen(text));
    put_bytes(b, text, strlen(text));
}

static inline void put_header(struct build *b, uint32_t version, uint64_t n_tensors, uint64_t n_values) {
    put_bytes(b, "GGUF", 4);
    put_u32(b, version);
    put_u64(b, n_tensors);
    put_u64(b, n_values);
}

/* The caller puts the value. */
static inline void put_key(struct build *b, const char *key, uint32_t type) {
    put_text(b, key);
    put_u32(b, type);
}

/* The caller puts the elements. */
static inline void put_array(struct build *b, const char *key, uint32_t element, uint64_t count) {
    put_key(b, key, GGUF_ARRAY);
    put_u32(b, element);
    put_u64(b, count);
}

static inline void put_key_u32(struct build *b, const char *key, uint32_t value) {
    put_key(b, key, GGUF_U32);
    put_u32(b, value);
}

static inline void put_tensor(struct build *b, const char *name, uint32_t n_dims, const uint64_t *shape, uint32_t type,
                              uint64_t offset) {
    put_text(b, name);
    put_u32(b, n_dims);
    for (uint32_t i = 0; i < n_dims; i++) {
        put_u64(b, shape[i]);
    }
    put_u32(b, type);
    put_u64(b, offset);
}

/* Zeros up to a multiple of `alignment`, then `bytes` bytes of tensor data. */
static inline void put_data(struct build *b, size_t alignment, size_t bytes) {
    while (b->n % alignment) {
        put_u8(b, 0);
    }
    for (size_t i = 0; i < bytes; i++) {
        put_u8(b, i);
    }
}

static inline void build_free(struct build *b) {
    free(b->at);
    *b = (struct build){0};
}

#define EVERY_VALUES  27
#define EVERY_TENSORS 5
/* A file with values and arrays of every type, an empty array, an empty string, and five tensors. */
static inline void put_every(struct build *b, uint32_t version) {
    put_header(b, version, EVERY_TENSORS, EVERY_VALUES);
    put_key(b, "u8", GGUF_U8), put_u8(b, 200);
    put_key(b, "i8", GGUF_I8), put_u8(b, (uint8_t)-5);
    put_key(b, "u16", GGUF_U16), put_u16(b, 60000);
    put_key(b, "i16", GGUF_I16), put_u16(b, (uint16_t)-6000);
    put_key(b, "u32", GGUF_U32), put_u32(b, 4000000000u);
    put_key(b, "i32", GGUF_I32), put_u32(b, (uint32_t)-70000);
    put_key(b, "f32", GGUF_F32), put_f32(b, 0.1f);
    put_key(b, "bool", GGUF_BOOL), put_u8(b, 1);
    put_key(b, "string", GGUF_STRING), put_text(b, "gr\xc3\xbc\xc3\x9f");
    put_key(b, "u64", GGUF_U64), put_u64(b, UINT64_MAX);
    put_key(b, "i64", GGUF_I64), put_u64(b, 77);
    put_key(b, "f64", GGUF_F64), put_f64(b, 0.1);
    put_key(b, "empty", GGUF_STRING), put_text(b, "");
    put_array(b, "a.u8", GGUF_U8, 3), put_bytes(b, "\1\2\3", 3);
    put_array(b, "a.i8", GGUF_I8, 1), put_u8(b, 255);
    put_array(b, "a.u16", GGUF_U16, 2), put_u32(b, 0x10002);
    put_array(b, "a.i16", GGUF_I16, 2), put_u32(b, 0xffff0002);
    put_array(b, "a.u32", GGUF_U32, 2), put_u32(b, 1), put_u32(b, 4000000000u);
    put_array(b, "a.i32", GGUF_I32, 2), put_u32(b, 1), put_u32(b, (uint32_t)-1);
    put_array(b, "a.f32", GGUF_F32, 2), put_f32(b, 1.5f), put_f32(b, -0.0f);
    put_array(b, "a.bool", GGUF_BOOL, 3), put_bytes(b, "\0\1\0", 3);
    put_array(b, "a.string", GGUF_STRING, 4), put_text(b, "one"), put_text(b, ""), put_text(b, "three"),
        put_text(b, "4");
    put_array(b, "a.u64", GGUF_U64, 1), put_u64(b, 1ull << 40);
    put_array(b, "a.i64", GGUF_I64, 1), put_u64(b, 5);
    put_array(b, "a.f64", GGUF_F64, 1), put_f64(b, 2.5);
    put_array(b, "a.none", GGUF_I32, 0);
    put_key_u32(b, "general.alignment", 64);
    put_tensor(b, "matrix", 2, (const uint64_t[]){64, 3}, TYPE_Q4_0, 0);    /* 108 bytes */
    put_tensor(b, "scalar", 0, NULL, TYPE_F32, 128);                        /* 4 */
    put_tensor(b, "nothing", 2, (const uint64_t[]){0, 7}, TYPE_F16, 192);   /* 0 */
    put_tensor(b, "four", 4, (const uint64_t[]){2, 3, 4, 5}, TYPE_I8, 192); /* 120 */
    put_tensor(b, "last", 1, (const uint64_t[]){256}, TYPE_Q6_K, 320);      /* 210 */
    put_data(b, 64, 530);
}

#endif
