/* A place in the bytes of a file that may not be whole yet, and the reading of one directory entry there.
 *
 * Every function below returns QN_OK, QN_MORE with cursor->needed set, or an error that names the entry. After
 * anything but QN_OK the place is undefined, unless said otherwise: start the entry over. */
#ifndef GGUF_CURSOR_H
#define GGUF_CURSOR_H

#include "gguf/gguf.h"

#define MAX_STRING (1ull << 30) /* bytes of a string, as llama.cpp limits them */
#define MAX_COUNT  (1ull << 30) /* elements of an array, as llama.cpp limits them; entries of a section */

/* Of struct gguf_scan. */
enum scan_stage { SCAN_HEADER, SCAN_VALUES, SCAN_TENSORS, SCAN_DATA, SCAN_DONE };

struct cursor {
    const uint8_t *bytes; /* (have), the file from its start */
    uint64_t have;
    uint64_t file_bytes; /* 0: not known */
    uint64_t at;
    uint64_t needed; /* after QN_MORE: bytes from the start of the file */
    struct qn_error *error;
    const char *kind; /* of the entry, for errors: "key" or "tensor" */
    uint64_t number;  /* of the entry in its section */
    struct gguf_text name;
};

/* For errors: error_set(c->error, code, offset, ENTRY "text", ENTRY_OF(c)). */
#define ENTRY       "%s %llu (%.*s): "
#define ENTRY_OF(c) (c)->kind, (unsigned long long)(c)->number, (int)(c)->name.bytes, (c)->name.at

void cursor_entry(struct cursor *c, const char *kind, uint64_t number, uint64_t at);

/* QN_OK when n bytes are there; `rest` more must follow in the same entry. n and rest are below 2^62. */
int cursor_need(struct cursor *c, uint64_t n, uint64_t rest);

/* Unchecked: cursor_need comes before. */
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);

/* A key and its value. An array of strings is left at its first string, with value->bytes 0: cursor_strings goes on. */
int cursor_value(struct cursor *c, struct gguf_value *value);

/* Strings of an array; *left of them are still to be checked. After QN_MORE or an error the place is at the start of
 * the string that was not whole, and *left tells how many there are from there on. */
int cursor_strings(struct cursor *c, uint64_t *left);

/* A tensor's entry, whose data must start at `start`, from the start of all data. tensor->offset is from there too. */
int cursor_tensor(struct cursor *c, struct gguf_tensor *tensor, uint64_t start);

/* value is below 2^63, alignment a power of two. */
static inline uint64_t align_up(uint64_t value, uint32_t alignment) {
    return (value + alignment - 1) & ~(uint64_t)(alignment - 1);
}

static inline uint32_t load_u32(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline uint64_t load_u64(const uint8_t *bytes) { return load_u32(bytes) | (uint64_t)load_u32(bytes + 4) << 32; }

#endif
