/* GGUF: header, metadata and tensor directory of a model file, read from bytes that may be hostile.
 * Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 *
 * Two passes over the same bytes. gguf_scan walks them once, as they come in, checks everything that can be checked
 * without a table and stores nothing. gguf_index then builds the tables in an arena, in a time that grows with the
 * bytes (times the logarithm of the entries). Strings and arrays stay where they lie: the bytes must outlive the index.
 */
#ifndef GGUF_GGUF_H
#define GGUF_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/memory.h"
#include "quern.h"

/* As the format numbers them. */
enum gguf_type {
    GGUF_U8,
    GGUF_I8,
    GGUF_U16,
    GGUF_I16,
    GGUF_U32,
    GGUF_I32,
    GGUF_F32,
    GGUF_BOOL,
    GGUF_STRING,
    GGUF_ARRAY,
    GGUF_U64,
    GGUF_I64,
    GGUF_F64
};

#define GGUF_MAX_NAME      64 /* bytes of a tensor's name, less one */
#define GGUF_MAX_DIMS      4
#define GGUF_MAX_ALIGNMENT 65536u

struct gguf_text {
    const char *at;
    size_t bytes;
};

struct gguf_value {
    struct gguf_text key;
    const uint8_t *data; /* little-endian, unaligned; a string's text; an array's first element (strings: its length) */
    size_t bytes;        /* of data */
    size_t count;        /* elements of an array, else 1 */
    uint64_t offset;     /* of the byte after the type's number in the file, for errors */
    enum gguf_type type;
    enum gguf_type element; /* of an array, else type */
};

struct gguf_tensor {
    struct gguf_text name;
    uint64_t shape[GGUF_MAX_DIMS]; /* shape[0] is contiguous; 1 past n_dims */
    uint64_t offset;               /* of the data, in the file */
    uint64_t bytes;
    uint64_t info_offset; /* of its directory entry in the file, for errors */
    uint32_t n_dims;
    uint32_t type; /* enum tensor_type of quant/types.h; known and live */
};

/* Where a scan stands. All zero to start; `file_bytes` may be set (0: not known), all else belongs to gguf.c. */
struct gguf_scan {
    uint64_t file_bytes;
    /* results, valid once gguf_scan_bytes has returned QN_OK */
    uint64_t n_tensors;
    uint64_t n_values;
    uint64_t data_offset; /* of the first tensor's data in the file, aligned; without tensors, the directory's end */
    uint64_t data_bytes;  /* to the end of the last tensor; the sum of both fits int64_t */
    uint32_t version;
    uint32_t alignment;
    /* progress */
    uint64_t position;       /* everything before this byte has been checked */
    uint64_t needed;         /* after QN_MORE: bytes from the start of the file that the next entry takes, at least */
    uint64_t values_offset;  /* of the first key */
    uint64_t tensors_offset; /* of the first tensor entry; 0 while not reached */
    uint64_t done;           /* entries of the current section that have been checked */
    uint64_t entry;          /* of the next entry, or of the one that holds the array of strings being checked ... */
    uint64_t strings;        /* ... of which so many have been */
    uint32_t stage;
};

/* Goes on with bytes[0..have), the file from its start; `bytes` may move between calls. QN_OK: the directory is
 * whole and well formed. QN_MORE: it needs scan->needed bytes or more. Else an error, with the byte's offset. */
int gguf_scan_bytes(struct gguf_scan *scan, const uint8_t *bytes, size_t have, struct qn_error *error);

struct gguf {
    const struct gguf_value *values;   /* (n_values), in file order */
    const struct gguf_tensor *tensors; /* (n_tensors), in file order */
    size_t n_values;
    size_t n_tensors;
    uint64_t data_offset;
    uint64_t data_bytes;
    uint32_t version;
    uint32_t alignment;
    const uint32_t *value_order;  /* (n_values), the values by key, for searching */
    const uint32_t *tensor_order; /* (n_tensors) */
};

/* Tables of a finished scan over the same bytes; finds keys and names that occur twice. The names are sorted, not
 * hashed: no choice of names makes it slow. */
int gguf_index(struct gguf *gguf, const struct gguf_scan *scan, const uint8_t *bytes, struct arena *arena,
               struct qn_error *error);

/* Orders the tensors anew, once a table of several files' has taken the place of one's. */
int gguf_order_tensors(struct gguf *gguf, struct arena *arena, struct qn_error *error);

/* Null when there is none of that name. */
const struct gguf_value *gguf_find(const struct gguf *gguf, const char *key);
const struct gguf_tensor *gguf_find_tensor(const struct gguf *gguf, const char *name);

/* Typed reading. Each returns QN_OK and fills *out; QN_MORE when the key is absent, *out untouched; or an error that
 * names the key, its offset, its type and the type wanted. Integers of any width convert when the value fits;
 * an f32 is taken from f32 and f64. */
int gguf_u32(const struct gguf *gguf, const char *key, uint32_t *out, struct qn_error *error);
int gguf_f32(const struct gguf *gguf, const char *key, float *out, struct qn_error *error);
int gguf_bool(const struct gguf *gguf, const char *key, bool *out, struct qn_error *error);
int gguf_text(const struct gguf *gguf, const char *key, struct gguf_text *out, struct qn_error *error);
/* An array whose elements have the type `element`. */
int gguf_array(const struct gguf *gguf, const char *key, enum gguf_type element, const struct gguf_value **out,
               struct qn_error *error);

/* Elements of an array that gguf_array gave: i < value->count. */
uint32_t gguf_array_u32(const struct gguf_value *value, size_t i); /* also for I32: the same bits */
float gguf_array_f32(const struct gguf_value *value, size_t i);
bool gguf_array_bool(const struct gguf_value *value, size_t i);

/* Strings of an array, in order: *at starts at 0 and moves on. */
struct gguf_text gguf_next_text(const struct gguf_value *value, size_t *at);

/* "f32", "string", ...; "?" for a number that is no type. */
const char *gguf_type_name(uint32_t type);

#endif
