/* Bounds-checked reading of one directory entry at a position of a file, of which only the first bytes may be there.
 *
 * Functions that return int return QN_OK; QN_MORE with cursor->needed set; or an error that names the entry. After
 * anything but QN_OK the position is undefined, unless stated otherwise: start the entry over. */
#ifndef GGUF_CURSOR_H
#define GGUF_CURSOR_H

#include "gguf/gguf.h"

#define MAX_STRING (1ull << 30) /* bytes of a string, as llama.cpp limits them */
#define MAX_COUNT  (1ull << 30) /* elements of an array, as llama.cpp limits them; entries of a section */

/* gguf_scan.stage */
enum scan_stage { SCAN_HEADER, SCAN_VALUES, SCAN_TENSORS, SCAN_DATA, SCAN_DONE };

struct cursor {
    const uint8_t *bytes; /* (have): the file from its start */
    uint64_t have;
    uint64_t file_bytes; /* 0: unknown */
    uint64_t at;         /* position in the file */
    uint64_t needed; /* after QN_MORE: the number of bytes from the start of the file that the entry needs, at least */
    struct qn_error *error;
    const char *kind; /* for errors: "key" or "tensor" */
    uint64_t number;  /* of the entry in its section, from 0 */
    struct gguf_text name;
};

/* Errors name the entry: error_set(c->error, code, offset, ENTRY "text", ENTRY_OF(c)). */
#define ENTRY       "%s %llu (%.*s): "
#define ENTRY_OF(c) (c)->kind, (unsigned long long)(c)->number, (int)(c)->name.bytes, (c)->name.at

/* Begins an entry at `at`. */
void cursor_entry(struct cursor *c, const char *kind, uint64_t number, uint64_t at);

/* QN_OK if n bytes are there. `after`: bytes of the same entry that must follow them. Both are below 2^62. */
int cursor_need(struct cursor *c, uint64_t n, uint64_t after);

/* Unchecked: call cursor_need first. */
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);

/* A key and its value. For an array of strings, the cursor stops at the first string and value->bytes is 0; continue
 * with cursor_strings. */
int cursor_value(struct cursor *c, struct gguf_value *value);

/* Checks the remaining *left strings of an array. After QN_MORE or an error, the position is the start of the string
 * that is incomplete or invalid, and *left counts the strings from there. */
int cursor_strings(struct cursor *c, uint64_t *left);

/* A tensor's entry. `start`: where its data must begin. It and tensor->offset count from the start of the data section.
 */
int cursor_tensor(struct cursor *c, struct gguf_tensor *tensor, uint64_t start);

/* value is below 2^63; alignment is a power of two. */
static inline uint64_t align_up(uint64_t value, uint32_t alignment) {
    return (value + alignment - 1) & ~(uint64_t)(alignment - 1);
}

static inline uint32_t load_u32(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline uint64_t load_u64(const uint8_t *bytes) { return load_u32(bytes) | (uint64_t)load_u32(bytes + 4) << 32; }

#endif
