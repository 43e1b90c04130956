#include "engine/model/model.h"
#include "engine/text/tokenizer/vocabulary_read.h"
#include "engine/weights/load_phase.h"

#include "platform/error.h"

#define FIRST_BYTES (256u << 10) /* of the file, asked for at first */
#define ARENA_LIMIT (512u << 20) /* tables of a directory and a vocabulary; a file's own size bounds them too */
#define MAX_HEAD    (1u << 30)   /* bytes of a directory */

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
    return tensors_bind(&model->tensors, model->layers, &model->hparams, &model->gguf, base, model->phases,
                        &last_error);
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
    model->phases = ARENA_ARRAY(&model->arena, uint16_t, model->gguf.n_tensors + 1);
    if (model->layers == NULL || model->phases == NULL) {
        return error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET,
                         "no memory for the tables of %u layers and %zu tensors", model->hparams.n_layer,
                         model->gguf.n_tensors);
    }
    status = bind(model, 0);
    if (status == QN_OK) {
        status = arrival_plan(&model->arrival, &model->gguf, model->phases, PHASES(&model->hparams), &model->arena,
                              &last_error);
    }
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

/* Bytes [offset, offset + bytes) of a part's file, which hold tensors. */
static struct qn_want place_of(const struct qn_model *model, uint32_t part, uint64_t offset, uint64_t bytes) {
    const uint64_t at = model->parts[part].start + offset - model->parts[part].gguf.data_offset;
    return (struct qn_want){offset, bytes, model->data ? (uintptr_t)(model->data + (size_t)at) : 0, part};
}

/* The first bytes of tensors, in the order of the file, that have not come; some have not. */
static struct qn_want first_gap(struct qn_model *model) {
    for (;; model->part++) {
        const struct model_part *part = &model->parts[model->part];
        const uint64_t last = part->start + part->gguf.data_bytes;
        uint64_t begin = part->start;
        const uint64_t end = arrival_gap(&model->arrival, &begin);
        if (begin < last) {
            return place_of(model, model->part, part->gguf.data_offset + begin - part->start,
                            (end < last ? end : last) - begin);
        }
    }
}

int32_t qn_model_want(qn_model *model, struct qn_want *want) {
    if (model->stage == STAGE_FAILED) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET, "the model failed to load; free it");
    }
    if (model->stage == STAGE_PLANNED || model->stage == STAGE_READY) {
        return QN_OK;
    }
    struct model_part *part = &model->parts[model->part];
    if (model->stage == STAGE_TENSORS) {
        *want = first_gap(model);
        return QN_MORE;
    }
    want->split = model->part;
    want->offset = part->have;
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

/* The file of the part that is read ends at `end`, which is before the end of its last tensor. */
static int truncated(const struct qn_model *model, uint64_t end) {
    const struct model_part *part = &model->parts[model->part];
    if (model->stage == STAGE_DIRECTORY) {
        return error_set(&last_error, QN_ERR_FORMAT, end, "the file ends at byte %llu, within its directory",
                         (unsigned long long)end);
    }
    const struct gguf_tensor *tensor = part->gguf.tensors;
    while (tensor->offset + tensor->bytes <= end) {
        tensor++;
    }
    return error_set(
        &last_error, QN_ERR_FORMAT, end, "the file ends at byte %llu, within tensor %.*s; it should have %llu bytes",
        (unsigned long long)end, (int)tensor->name.bytes, tensor->name.at, (unsigned long long)data_end(part));
}

/* Bytes of a part's tensors have come. */
static int came(struct qn_model *model, const struct model_part *part, uint64_t offset, uint64_t bytes) {
    const uint64_t begin = part->start + offset - part->gguf.data_offset;
    const int status = arrival_add(&model->arrival, begin, begin + bytes, &last_error);
    model->stage = model->arrival.whole == model->arrival.n_tensors ? STAGE_READY : STAGE_TENSORS;
    return status;
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
        return failed(model, truncated(model, want.offset));
    }
    struct model_part *part = &model->parts[model->part];
    if (model->stage == STAGE_TENSORS) {
        return came(model, part, want.offset, bytes);
    }
    part->have += bytes;
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
    int status = bind(model, (uintptr_t)model->data);
    model->part = 0;
    model->stage = STAGE_TENSORS;
    for (uint32_t i = 0; i < model->n_parts && status == QN_OK; i++) {
        const struct model_part *part = &model->parts[i];
        const uint64_t start = part->gguf.data_offset;
        if (part->have > start && part->gguf.data_bytes) { /* the head's last bytes are tensors already */
            const uint64_t end = part->have < data_end(part) ? part->have : data_end(part);
            memcpy(model->data + (size_t)part->start, part->head + (size_t)start, (size_t)(end - start));
            status = came(model, part, start, end - start);
        }
    }
    return status == QN_OK ? QN_OK : failed(model, status);
}

int32_t qn_model_need(const qn_model *model, uint32_t index, struct qn_want *need) {
    if (model->stage == STAGE_DIRECTORY || model->stage == STAGE_FAILED) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET, "what is needed first is known after the directory");
    }
    if (index >= model->arrival.n_tensors) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "the model has %u tensors",
                         model->arrival.n_tensors);
    }
    const struct gguf_tensor *tensor = &model->arrival.tensors[index];
    uint32_t part = model->n_parts - 1;
    while (part && tensor->offset < model->parts[part].start) {
        part--;
    }
    const struct model_part *from = &model->parts[part];
    *need = place_of(model, part, from->gguf.data_offset + tensor->offset - from->start, tensor->bytes);
    return QN_OK;
}

int32_t qn_model_wrote_at(qn_model *model, uint32_t part, uint64_t offset, uint64_t bytes) {
    if (model->stage != STAGE_TENSORS && model->stage != STAGE_READY) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET, "the tensors' memory has not been taken");
    }
    const struct model_part *from = &model->parts[part < model->n_parts ? part : 0];
    const uint64_t end = data_end(from);
    if (part >= model->n_parts || offset < from->gguf.data_offset || offset >= end || bytes > end - offset) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
                         "%llu bytes at %llu of part %u were written; its tensors lie in [%llu, %llu)",
                         (unsigned long long)bytes, (unsigned long long)offset, part,
                         (unsigned long long)from->gguf.data_offset, (unsigned long long)end);
    }
    if (bytes == 0 && model->stage == STAGE_TENSORS) {
        model->part = part;
        return failed(model, truncated(model, offset));
    }
    return came(model, from, offset, bytes);
}

bool model_has(const struct qn_model *model, uint32_t phase) {
    return model->arrival.whole >= model->arrival.ends[phase];
}
