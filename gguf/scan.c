/* The resumable scan: checks a directory while its bytes arrive. */
#include "gguf/cursor.h"
#include "platform/error.h"

#define HEADER_BYTES      24
#define MIN_VALUE         14 /* bytes of the smallest entry: a key of one byte and a value of one byte */
#define MIN_TENSOR        24 /* bytes of an entry without a name and dimensions */
#define DEFAULT_ALIGNMENT 32

/* Files that people take for a model, by their first bytes. */
static const struct {
    uint8_t offset;
    uint8_t n_bytes;
    char bytes[8];
    const char *hint;
} other_files[] = {
    {0, 8, "version ", "it is a Git LFS pointer; download the file that it stands for"},
    {0, 1, "<", "it is a web page; check the address, and whether the server wants a login"},
    {0, 1, "{", "it is a JSON text, perhaps a server's error"},
    {0, 4, "PK\x03\x04", "it is a ZIP archive or a PyTorch checkpoint"},
    {0, 2, "\x1f\x8b", "it is compressed with gzip; unpack it first"},
    {0, 4, "\x28\xb5\x2f\xfd", "it is compressed with Zstandard; unpack it first"},
    {1, 4, "7zXZ", "it is compressed with xz; unpack it first"},
    {5, 4, "\0\0\0{", "it is a safetensors file; convert it to GGUF"},
    {0, 4, "lmgg", "it is a GGML file, the format before GGUF; convert the original model again"},
    {0, 4, "fmgg", "it is a GGML file, the format before GGUF; convert the original model again"},
    {0, 4, "tjgg", "it is a GGML file, the format before GGUF; convert the original model again"},
};

/* bytes: the first HEADER_BYTES of a file that is not GGUF. */
static int report_other_file(struct qn_error *error, const uint8_t *bytes) {
    uint8_t start[HEADER_BYTES] = {0}; /* without the white space before a page */
    size_t spaces = 0;
    while (spaces < HEADER_BYTES && (bytes[spaces] == ' ' || (bytes[spaces] >= '\t' && bytes[spaces] <= '\r'))) {
        spaces++;
    }
    memcpy(start, bytes + spaces, HEADER_BYTES - spaces);
    const char *hint = "it does not start with the letters GGUF";
    for (size_t i = 0; i < sizeof other_files / sizeof other_files[0]; i++) {
        if (memcmp(start + other_files[i].offset, other_files[i].bytes, other_files[i].n_bytes) == 0) {
            hint = other_files[i].hint;
            break;
        }
    }
    return error_set(error, QN_ERR_FORMAT, 0, "this is not a GGUF file: %s", hint);
}

static int scan_header(struct gguf_scan *scan, struct cursor *c) {
    static const uint8_t magic[4] = {'G', 'G', 'U', 'F'};
    if (scan->file_bytes && scan->file_bytes < HEADER_BYTES) {
        return error_set(c->error, QN_ERR_FORMAT, 0,
                         "this is not a GGUF file: it has %llu bytes, and the header alone has %d",
                         (unsigned long long)scan->file_bytes, HEADER_BYTES);
    }
    const int status = cursor_need(c, HEADER_BYTES, 0);
    if (status != QN_OK) {
        return status;
    }
    if (memcmp(c->bytes, magic, sizeof magic) != 0) {
        return report_other_file(c->error, c->bytes);
    }
    c->at = 4;
    scan->version = cursor_u32(c);
    scan->n_tensors = cursor_u64(c);
    scan->n_values = cursor_u64(c);
    if (scan->version != 0 && (scan->version & 0xffff) == 0) {
        return error_set(c->error, QN_ERR_UNSUPPORTED, 4, "big-endian files are not supported: the version reads as %u",
                         scan->version);
    }
    if (scan->version < 2 || scan->version > 3) {
        return error_set(c->error, QN_ERR_UNSUPPORTED, 4, "GGUF version %u is not supported; versions 2 and 3 are",
                         scan->version);
    }
    /* The first two checks keep the sum from overflowing. */
    if (scan->n_tensors > MAX_COUNT || scan->n_values > MAX_COUNT ||
        (scan->file_bytes &&
         scan->n_values * MIN_VALUE + scan->n_tensors * MIN_TENSOR > scan->file_bytes - HEADER_BYTES)) {
        return error_set(c->error, QN_ERR_FORMAT, 8, "%llu tensors and %llu keys do not fit into the file",
                         (unsigned long long)scan->n_tensors, (unsigned long long)scan->n_values);
    }
    scan->alignment = DEFAULT_ALIGNMENT;
    scan->values_offset = scan->position = scan->entry = c->at;
    scan->stage = SCAN_VALUES;
    return QN_OK;
}

static int check_alignment(struct gguf_scan *scan, const struct cursor *c, const struct gguf_value *value) {
    static const char key[] = "general.alignment";
    if (value->key.bytes != sizeof(key) - 1 || memcmp(value->key.at, key, sizeof(key) - 1) != 0) {
        return QN_OK;
    }
    if (value->type != GGUF_U32) {
        return error_set(c->error, QN_ERR_FORMAT, value->offset, ENTRY "it is %s, but must be u32", ENTRY_OF(c),
                         gguf_type_name(value->type));
    }
    scan->alignment = load_u32(value->data);
    if (scan->alignment == 0 || (scan->alignment & (scan->alignment - 1)) != 0) {
        return error_set(c->error, QN_ERR_FORMAT, value->offset, ENTRY "%u is not a power of two", ENTRY_OF(c),
                         scan->alignment);
    }
    if (scan->alignment > GGUF_MAX_ALIGNMENT) {
        return error_set(c->error, QN_ERR_UNSUPPORTED, value->offset, ENTRY "%u exceeds the limit of %u", ENTRY_OF(c),
                         scan->alignment, GGUF_MAX_ALIGNMENT);
    }
    return QN_OK;
}

/* An array of strings can be most of the directory, so a scan that ran out of bytes within one continues within it. */
static int scan_value(struct gguf_scan *scan, struct cursor *c) {
    struct gguf_value value;
    cursor_entry(c, "key", scan->done, scan->entry);
    int status = cursor_value(c, &value);
    if (status == QN_OK && value.type == GGUF_ARRAY && value.element == GGUF_STRING) {
        uint64_t left = value.count - scan->strings;
        if (scan->strings) {
            c->at = scan->position;
        }
        status = cursor_strings(c, &left);
        if (status != QN_OK && left < value.count) {
            scan->strings = value.count - left;
            scan->position = c->at;
        }
    }
    return status == QN_OK ? check_alignment(scan, c, &value) : status;
}

static int scan_tensor(struct gguf_scan *scan, struct cursor *c) {
    struct gguf_tensor tensor;
    cursor_entry(c, "tensor", scan->done, scan->entry);
    const int status = cursor_tensor(c, &tensor, align_up(scan->data_bytes, scan->alignment));
    if (status != QN_OK) {
        return status;
    }
    const uint64_t end = tensor.offset + tensor.bytes;
    if (scan->file_bytes && end > scan->file_bytes - c->at) {
        return error_set(c->error, QN_ERR_FORMAT, tensor.info_offset,
                         ENTRY "its %llu bytes do not fit into the file of %llu bytes", ENTRY_OF(c),
                         (unsigned long long)tensor.bytes, (unsigned long long)scan->file_bytes);
    }
    scan->data_bytes = end;
    return QN_OK;
}

/* The data starts after the directory, so its end is known only now. Names the first tensor that is not complete. */
static int scan_data(struct gguf_scan *scan, struct cursor *c) {
    scan->data_offset = scan->n_tensors ? align_up(scan->position, scan->alignment) : scan->position;
    const uint64_t limit = scan->file_bytes ? scan->file_bytes : INT64_MAX;
    if (scan->data_offset + scan->data_bytes <= limit) {
        scan->stage = SCAN_DONE;
        return QN_OK;
    }
    struct gguf_tensor tensor = {0};
    int status = QN_OK;
    c->at = scan->tensors_offset;
    for (uint64_t i = 0; status == QN_OK; i++) {
        cursor_entry(c, "tensor", i, c->at);
        status = cursor_tensor(c, &tensor, align_up(tensor.offset + tensor.bytes, scan->alignment));
        if (status == QN_OK && scan->data_offset + tensor.offset + tensor.bytes > limit) {
            return error_set(c->error, QN_ERR_FORMAT, tensor.info_offset,
                             ENTRY "its data ends at byte %llu, but the file ends at %llu", ENTRY_OF(c),
                             (unsigned long long)(scan->data_offset + tensor.offset + tensor.bytes),
                             (unsigned long long)limit);
        }
    }
    return status;
}

static int scan_section(struct gguf_scan *scan, struct cursor *c, uint64_t count,
                        int (*one)(struct gguf_scan *, struct cursor *)) {
    for (; scan->done < count; scan->done++) {
        const int status = one(scan, c);
        if (status != QN_OK) {
            return status;
        }
        scan->position = scan->entry = c->at;
        scan->strings = 0;
    }
    scan->done = 0;
    scan->stage++;
    return QN_OK;
}

int gguf_scan_bytes(struct gguf_scan *scan, const uint8_t *bytes, size_t have, struct qn_error *error) {
    struct cursor c = {.bytes = bytes, .have = have, .file_bytes = scan->file_bytes, .error = error};
    int status = QN_OK;
    if (scan->stage == SCAN_HEADER) {
        status = scan_header(scan, &c);
    }
    if (status == QN_OK && scan->stage == SCAN_VALUES) {
        status = scan_section(scan, &c, scan->n_values, scan_value);
    }
    if (status == QN_OK && scan->stage == SCAN_TENSORS) {
        scan->tensors_offset = scan->tensors_offset ? scan->tensors_offset : scan->position;
        status = scan_section(scan, &c, scan->n_tensors, scan_tensor);
    }
    if (status == QN_OK && scan->stage == SCAN_DATA) {
        status = scan_data(scan, &c);
    }
    scan->needed = c.needed;
    return status;
}
