/* gguf/: the directory of a GGUF file: header, metadata and tensor table. Takes bytes that may be hostile; returns
 * tables of keys and tensors, or an error with the byte offset. Knows nothing about models or the engine.
 * Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 *
 * Two passes read the same bytes. gguf_scan_bytes checks them as they arrive and stores nothing but its position, so it
 * can continue when more bytes are there. gguf_index then builds sorted tables in an arena, in O(n log n). Strings and
 * arrays are not copied: the bytes must outlive the tables. */
#ifndef GGUF_GGUF_H
#define GGUF_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/memory.h"
#include "quern.h"

/* The numbers are those of the format. */
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

#define GGUF_MAX_NAME      64 /* of a tensor's name, with a final zero */
#define GGUF_MAX_DIMS      4
#define GGUF_MAX_ALIGNMENT 65536u

struct gguf_text {
    const char *at;
    size_t bytes;
};

struct gguf_value {
    struct gguf_text key;
    const uint8_t *data; /* little-endian, unaligned: the value, a string's text, or an array's first element */
    size_t bytes;        /* of data */
    size_t count;        /* elements of an array, else 1 */
    uint64_t offset;     /* in the file, of the byte after the type; for errors */
    enum gguf_type type;
    enum gguf_type element; /* of an array, else type */
};

struct gguf_tensor {
    struct gguf_text name;
    uint64_t shape[GGUF_MAX_DIMS]; /* shape[0] is contiguous; 1 after n_dims */
    uint64_t offset;               /* of its data in the file */
    uint64_t bytes;
    uint64_t info_offset; /* of its directory entry in the file, for errors */
    uint32_t n_dims;
    uint32_t type; /* enum tensor_type of quant/types.h; a known type */
};

/* The state of a scan. All zero to start, except that the caller may set file_bytes (0: unknown). */
struct gguf_scan {
    uint64_t file_bytes;
    /* results: valid after gguf_scan_bytes has returned QN_OK */
    uint64_t n_tensors;
    uint64_t n_values;
    uint64_t data_offset; /* of the data section in the file, aligned; without tensors, the end of the directory */
    uint64_t data_bytes;  /* to the end of the last tensor; data_offset + data_bytes fits int64_t */
    uint32_t version;
    uint32_t alignment;
    /* progress */
    uint64_t position;       /* all bytes before this one have been checked */
    uint64_t needed;         /* after QN_MORE: bytes from the start of the file that the next entry needs, at least */
    uint64_t values_offset;  /* of the first key */
    uint64_t tensors_offset; /* of the first tensor entry; 0: not reached yet */
    uint64_t done;           /* checked entries of the current section */
    uint64_t entry;          /* offset of the next entry, or of the array of strings that is being checked ... */
    uint64_t strings;        /* ... and the number of its strings that have been */
    uint32_t stage;
};

/* Continues with bytes[0..have), the file from its start; `bytes` may move between calls. QN_OK: the directory is
 * complete and valid. QN_MORE: at least scan->needed bytes are needed. Otherwise an error with the byte offset. */
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
    const uint32_t *value_order;  /* (n_values): indices of the values, sorted by key */
    const uint32_t *tensor_order; /* (n_tensors): the same by name */
};

/* Builds the tables after a finished scan of the same bytes. A duplicate key or tensor name is an error. Names are
 * sorted, not hashed, so that no choice of names makes this slow. */
int gguf_index(struct gguf *gguf, const struct gguf_scan *scan, const uint8_t *bytes, struct arena *arena,
               struct qn_error *error);

/* Sorts the tensors again, after the table of one file has been replaced by that of all splits. */
int gguf_order_tensors(struct gguf *gguf, struct arena *arena, struct qn_error *error);

/* NULL if there is none of that name. */
const struct gguf_value *gguf_find(const struct gguf *gguf, const char *key);
const struct gguf_tensor *gguf_find_tensor(const struct gguf *gguf, const char *name);

bool gguf_text_is(struct gguf_text text, const char *word);
/* Whether the value is that string. */
bool gguf_value_is(const struct gguf_value *value, const char *word);

/* Typed reading. Each function returns QN_OK and fills *out; QN_MORE if the key is absent, and leaves *out as it is; or
 * an error that names the key, its type and the expected type, at the offset of the value. An integer of any width is
 * accepted if its value fits; an f32 may be stored as f64. */
int gguf_u32(const struct gguf *gguf, const char *key, uint32_t *out, struct qn_error *error);
int gguf_i32(const struct gguf *gguf, const char *key, int32_t *out, struct qn_error *error);
int gguf_f32(const struct gguf *gguf, const char *key, float *out, struct qn_error *error);
int gguf_bool(const struct gguf *gguf, const char *key, bool *out, struct qn_error *error);
int gguf_text(const struct gguf *gguf, const char *key, struct gguf_text *out, struct qn_error *error);
/* An array whose elements have the type `element`. */
int gguf_array(const struct gguf *gguf, const char *key, enum gguf_type element, const struct gguf_value **out,
               struct qn_error *error);

/* Element i < value->count of an array from gguf_array. */
uint32_t gguf_array_u32(const struct gguf_value *value, size_t i); /* also for i32: the same bits */
float gguf_array_f32(const struct gguf_value *value, size_t i);
bool gguf_array_bool(const struct gguf_value *value, size_t i);

/* The next string of an array; *at starts at 0. Empty strings after the last. */
struct gguf_text gguf_next_text(const struct gguf_value *value, size_t *at);

/* "f32", "string", ...; "?" for an unknown number. */
const char *gguf_type_name(uint32_t type);

#endif
