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
    model->scan.file_bytes = file_bytes;
    model->arena.limit = ARENA_LIMIT;
    return model;
}

void qn_model_free(qn_model *model) {
    if (model == NULL) {
        return;
    }
    arena_free(&model->arena);
    block_give(model->head);
    block_give(model->data);
    block_give(model);
}

/* Moves the file's head into a block of `bytes`. */
static int resize_head(struct qn_model *model, uint64_t bytes) {
    if (bytes > MAX_HEAD) {
        return error_set(&last_error, QN_ERR_LIMIT, model->scan.position,
                         "the directory goes on past byte %llu; this build reads directories of up to %u bytes",
                         (unsigned long long)bytes, MAX_HEAD);
    }
    uint8_t *head = block_take((size_t)bytes);
    if (head == NULL) {
        return error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for %llu bytes of the file's directory",
                         (unsigned long long)bytes);
    }
    if (model->have) {
        memcpy(head, model->head, (size_t)(model->have < bytes ? model->have : bytes));
    }
    block_give(model->head);
    model->head = head;
    model->head_bytes = bytes;
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

/* A file without a tokenizer, or one that says "no_vocab", can still be given tokens. */
static bool has_vocabulary(const struct gguf *gguf) {
    const struct gguf_value *kind = gguf_find(gguf, "tokenizer.ggml.model");
    return kind && !(kind->type == GGUF_STRING && kind->bytes == 8 && memcmp(kind->data, "no_vocab", 8) == 0);
}

static int bind(struct qn_model *model, uintptr_t base) {
    struct arena scratch = {.limit = ARENA_LIMIT};
    const int status =
        tensors_bind(&model->tensors, model->layers, &model->hparams, &model->gguf, base, &scratch, &last_error);
    arena_free(&scratch);
    return status;
}

/* The scan is done: builds everything that needs no tensor data. */
static int read_directory(struct qn_model *model) {
    int status = gguf_index(&model->gguf, &model->scan, model->head, &model->arena, &last_error);
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
    const int status = gguf_scan_bytes(&model->scan, model->head, (size_t)model->have, &last_error);
    if (status == QN_MORE) {
        const uint64_t ample = 2 * model->head_bytes;
        const uint64_t needed = model->scan.needed > ample ? model->scan.needed : ample;
        const uint64_t file = model->scan.file_bytes;
        return model->have < model->head_bytes                                      ? QN_MORE
               : resize_head(model, file && file < needed ? file : needed) == QN_OK ? QN_MORE
                                                                                    : last_error.code;
    }
    return status == QN_OK ? read_directory(model) : status;
}

static uint64_t data_end(const struct qn_model *model) { return model->gguf.data_offset + model->gguf.data_bytes; }

int32_t qn_model_want(qn_model *model, struct qn_want *want) {
    if (model->stage == STAGE_FAILED) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET, "the model failed to load; free it");
    }
    if (model->stage == STAGE_PLANNED || model->stage == STAGE_READY) {
        return QN_OK;
    }
    want->offset = model->have;
    if (model->stage == STAGE_TENSORS) {
        want->bytes = data_end(model) - model->have;
        want->address = (uintptr_t)(model->data + (size_t)(model->have - model->gguf.data_offset));
        return QN_MORE;
    }
    if (model->head == NULL) {
        const uint64_t file = model->scan.file_bytes;
        const int status = resize_head(model, file && file < FIRST_BYTES ? file : FIRST_BYTES);
        if (status != QN_OK) {
            model->stage = STAGE_FAILED;
            return status;
        }
    }
    want->bytes = model->head_bytes - model->have;
    want->address = (uintptr_t)(model->head + (size_t)model->have);
    return QN_MORE;
}

static int truncated(const struct qn_model *model) {
    if (model->stage == STAGE_DIRECTORY) {
        return error_set(&last_error, QN_ERR_FORMAT, model->have, "the file ends at byte %llu, within its directory",
                         (unsigned long long)model->have);
    }
    const struct gguf_tensor *tensor = model->gguf.tensors;
    while (tensor->offset + tensor->bytes <= model->have) {
        tensor++; /* some tensor is not whole, or nothing would be wanted */
    }
    return error_set(&last_error, QN_ERR_FORMAT, model->have,
                     "the file ends at byte %llu, within tensor %.*s; it should have %llu bytes",
                     (unsigned long long)model->have, (int)tensor->name.bytes, tensor->name.at,
                     (unsigned long long)data_end(model));
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
        const int status = truncated(model);
        model->stage = STAGE_FAILED;
        return status;
    }
    model->have += bytes;
    if (model->stage == STAGE_TENSORS) {
        model->stage = model->have == data_end(model) ? STAGE_READY : STAGE_TENSORS;
        return QN_OK;
    }
    const int status = scan_head(model);
    if (status != QN_MORE) {
        model->stage = status == QN_OK ? STAGE_PLANNED : STAGE_FAILED;
    }
    return status < 0 ? status : QN_OK;
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
    const uint64_t start = model->gguf.data_offset;
    if (model->have > start) { /* the head's last bytes are tensors already */
        const uint64_t over = model->have - start;
        memcpy(model->data, model->head + (size_t)start, (size_t)(over < bytes ? over : bytes));
    }
    model->have = model->have > start ? model->have : start;
    model->have = model->have < data_end(model) ? model->have : data_end(model);
    model->stage = model->have == data_end(model) ? STAGE_READY : STAGE_TENSORS;
    return QN_OK;
}
