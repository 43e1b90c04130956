#include "engine/model.h"

#include "platform/error.h"

#define FIRST_BYTES (256u << 10) /* of the file, asked for at first */
#define ARENA_LIMIT (512u << 20) /* tables of a directory and a vocabulary; a file's own size bounds them too */
#define MAX_HEAD    (1u << 30)   /* bytes of a directory */

struct qn_error last_error;

const struct qn_error *qn_last_error(void) { return &last_error; }

qn_model *qn_model_open(uint64_t file_bytes) {
    struct qn_model *model = block_take(sizeof(struct qn_model));
    if (model == NULL) {
        error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for a model's record");
        return NULL;
    }
    memset(model, 0, sizeof(*model));
    model->first.scan.file_bytes = file_bytes;
    model->parts = &model->first;
    model->n_parts = 1;
    model->arena.limit = ARENA_LIMIT;
    return model;
}

void qn_model_free(qn_model *model) {
    if (model == NULL) {
        return;
    }
    for (uint32_t i = 0; i < model->n_parts; i++) {
        block_give(model->parts[i].head);
    }
    arena_free(&model->arena);
    block_give(model->data);
    block_give(model);
}

/* Moves the head of the part that is read into a block of `bytes`. */
static int resize_head(struct model_part *part, uint64_t bytes) {
    if (bytes > MAX_HEAD) {
        return error_set(&last_error, QN_ERR_LIMIT, part->scan.position,
                         "the directory goes on past byte %llu; this build reads directories of up to %u bytes",
                         (unsigned long long)bytes, MAX_HEAD);
    }
    uint8_t *head = block_take((size_t)bytes);
    if (head == NULL) {
        return error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for %llu bytes of the file's directory",
                         (unsigned long long)bytes);
    }
    if (part->have) {
        memcpy(head, part->head, (size_t)(part->have < bytes ? part->have : bytes));
    }
    block_give(part->head);
    part->head = head;
    part->head_bytes = bytes;
    return QN_OK;
}

static int check_vocabulary(const struct qn_model *model) {
    const size_t size = model->vocabulary ? vocabulary_size(model->vocabulary) : model->hparams.n_vocab;
    if (size != model->hparams.n_vocab) {
        return error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET,
                         "the vocabulary has %zu tokens, token_embd.weight %u rows", size, model->hparams.n_vocab);
    }
    return QN_OK;
}

static bool says(const struct gguf_value *value, const char *text) {
    return value->type == GGUF_STRING && value->bytes == strlen(text) && memcmp(value->data, text, value->bytes) == 0;
}

/* A file without a tokenizer, or one that says "no_vocab", can still be given tokens; so can llama.cpp's models for
 * tests, whose tokens are made up. */
static bool has_vocabulary(const struct gguf *gguf) {
    const struct gguf_value *kind = gguf_find(gguf, "tokenizer.ggml.model");
    return kind && !says(kind, "no_vocab") && !says(kind, "test");
}

static int bind(struct qn_model *model, uintptr_t base) {
    struct arena scratch = {.limit = ARENA_LIMIT};
    const int status =
        tensors_bind(&model->tensors, model->layers, &model->hparams, &model->gguf, base, &scratch, &last_error);
    arena_free(&scratch);
    return status;
}

/* The scan is done: builds everything that needs no tensor data, once it is that of the last part; else QN_MORE. */
static int read_directory(struct qn_model *model) {
    struct model_part *part = &model->parts[model->part];
    int status = gguf_index(&part->gguf, &part->scan, part->head, &model->arena, &last_error);
    if (status == QN_OK) {
        status = parts_next(model);
    }
    if (status == QN_OK) {
        status = parts_join(model);
    }
    if (status == QN_OK) {
        status = hparams_read(&model->hparams, &model->gguf, &model->arena, &last_error);
    }
    if (status != QN_OK) {
        return status;
    }
    if (model->gguf.alignment < sizeof(float)) {
        return error_set(&last_error, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                         "general.alignment is %u; tensors must be aligned to 4 bytes at least", model->gguf.alignment);
    }
    model->layers = ARENA_ARRAY(&model->arena, struct layer_tensors, model->hparams.n_layer);
    if (model->layers == NULL) {
        return error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for the tables of %u layers",
                         model->hparams.n_layer);
    }
    status = bind(model, 0);
    if (status == QN_OK && has_vocabulary(&model->gguf)) {
        model->vocabulary = vocabulary_new(&model->gguf, &model->arena, &last_error);
        status = model->vocabulary ? check_vocabulary(model) : last_error.code;
    }
    return status;
}

/* Scans what has come. QN_OK: the directory is whole; QN_MORE: room has been made for what is still needed. */
static int scan_head(struct qn_model *model) {
    struct model_part *part = &model->parts[model->part];
    const int status = gguf_scan_bytes(&part->scan, part->head, (size_t)part->have, &last_error);
    if (status == QN_MORE) {
        const uint64_t ample = 2 * part->head_bytes;
        const uint64_t needed = part->scan.needed > ample ? part->scan.needed : ample;
        const uint64_t file = part->scan.file_bytes;
        return part->have < part->head_bytes                                       ? QN_MORE
               : resize_head(part, file && file < needed ? file : needed) == QN_OK ? QN_MORE
                                                                                   : last_error.code;
    }
    return status == QN_OK ? read_directory(model) : status;
}

static uint64_t data_end(const struct model_part *part) { return part->gguf.data_offset + part->gguf.data_bytes; }

/* An error, said of the part that is read. */
static int failed(struct qn_model *model, int status) {
    model->stage = STAGE_FAILED;
    if (model->n_parts > 1) {
        const struct qn_error error = last_error;
        error_set(&last_error, error.code, error.offset, "part %u of %u: %s", model->part + 1, model->n_parts,
                  error.text);
    }
    return status;
}

int32_t qn_model_want(qn_model *model, struct qn_want *want) {
    if (model->stage == STAGE_FAILED) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET, "the model failed to load; free it");
    }
    if (model->stage == STAGE_PLANNED || model->stage == STAGE_READY) {
        return QN_OK;
    }
    struct model_part *part = &model->parts[model->part];
    want->part = model->part;
    want->offset = part->have;
    if (model->stage == STAGE_TENSORS) {
        want->bytes = data_end(part) - part->have;
        want->address = (uintptr_t)(model->data + (size_t)(part->start + part->have - part->gguf.data_offset));
        return QN_MORE;
    }
    if (part->head == NULL) {
        const uint64_t file = part->scan.file_bytes;
        const int status = resize_head(part, file && file < FIRST_BYTES ? file : FIRST_BYTES);
        if (status != QN_OK) {
            return failed(model, status);
        }
    }
    want->bytes = part->head_bytes - part->have;
    want->address = (uintptr_t)(part->head + (size_t)part->have);
    return QN_MORE;
}

static int truncated(const struct qn_model *model) {
    const struct model_part *part = &model->parts[model->part];
    if (model->stage == STAGE_DIRECTORY) {
        return error_set(&last_error, QN_ERR_FORMAT, part->have, "the file ends at byte %llu, within its directory",
                         (unsigned long long)part->have);
    }
    const struct gguf_tensor *tensor = part->gguf.tensors;
    while (tensor->offset + tensor->bytes <= part->have) {
        tensor++; /* some tensor is not whole, or nothing would be wanted */
    }
    return error_set(&last_error, QN_ERR_FORMAT, part->have,
                     "the file ends at byte %llu, within tensor %.*s; it should have %llu bytes",
                     (unsigned long long)part->have, (int)tensor->name.bytes, tensor->name.at,
                     (unsigned long long)data_end(part));
}

/* Goes on to the part whose tensors have not all come. */
static void next_tensors(struct qn_model *model) {
    while (model->part < model->n_parts && model->parts[model->part].have == data_end(&model->parts[model->part])) {
        model->part++;
    }
    model->stage = model->part == model->n_parts ? STAGE_READY : STAGE_TENSORS;
}

int32_t qn_model_wrote(qn_model *model, uint64_t bytes) {
    struct qn_want want;
    const int32_t wanted = qn_model_want(model, &want);
    if (wanted < 0) {
        return wanted;
    }
    if (wanted != QN_MORE || bytes > want.bytes) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "%llu bytes were written where %llu were wanted",
                         (unsigned long long)bytes, wanted == QN_MORE ? (unsigned long long)want.bytes : 0ull);
    }
    if (bytes == 0) {
        return failed(model, truncated(model));
    }
    model->parts[model->part].have += bytes;
    if (model->stage == STAGE_TENSORS) {
        next_tensors(model);
        return QN_OK;
    }
    const int status = scan_head(model);
    if (status < 0) {
        return failed(model, status);
    }
    model->stage = status == QN_OK ? STAGE_PLANNED : STAGE_DIRECTORY;
    return QN_OK;
}

int32_t qn_model_place(qn_model *model) {
    if (model->stage != STAGE_PLANNED) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET, "qn_model_place comes once, after the directory");
    }
    const uint64_t bytes = model->gguf.data_bytes;
    if (bytes > SIZE_MAX) {
        return error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET,
                         "the tensors take %llu bytes, more than a 32-bit module can address",
                         (unsigned long long)bytes);
    }
    model->data = block_take((size_t)bytes);
    if (model->data == NULL) {
        return error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET,
                         "the host refused %llu bytes of memory for the tensors", (unsigned long long)bytes);
    }
    const int status = bind(model, (uintptr_t)model->data);
    if (status != QN_OK) { /* no memory to work in: as it was, to be called again */
        block_give(model->data);
        model->data = NULL;
        return status;
    }
    for (uint32_t i = 0; i < model->n_parts; i++) {
        struct model_part *part = &model->parts[i];
        const uint64_t start = part->gguf.data_offset;
        if (part->have > start && part->gguf.data_bytes) { /* the head's last bytes are tensors already */
            const uint64_t over = part->have - start;
            memcpy(model->data + (size_t)part->start, part->head + (size_t)start,
                   (size_t)(over < part->gguf.data_bytes ? over : part->gguf.data_bytes));
        }
        part->have = part->have > start ? part->have : start;
        part->have = part->have < data_end(part) ? part->have : data_end(part);
    }
    model->part = 0;
    next_tensors(model);
    return QN_OK;
}
