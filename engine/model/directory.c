/* From the head of each split to hyperparameters, bound tensors and the vocabulary. */
#include "engine/model/directory.h"

#include "engine/model/split.h"
#include "engine/text/tokenizer/vocabulary_read.h"
#include "engine/weights/load_phase.h"
#include "platform/error.h"

#define MAX_HEAD (1u << 30) /* bytes of a directory */

int directory_resize_head(struct qn_model *model, uint64_t bytes) {
    struct model_split *split = &model->splits[model->split];
    if (bytes > MAX_HEAD) {
        return error_set(&last_error, QN_ERR_LIMIT, split->scan.position,
                         "the directory continues past byte %llu; this build reads directories of up to %u bytes",
                         (unsigned long long)bytes, MAX_HEAD);
    }
    uint8_t *head = block_take((size_t)bytes);
    if (head == NULL) {
        return error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for %llu bytes of the file's directory",
                         (unsigned long long)bytes);
    }
    if (split->have) {
        memcpy(head, split->head, (size_t)(split->have < bytes ? split->have : bytes));
    }
    block_give(split->head);
    split->head = head;
    split->head_bytes = bytes;
    return QN_OK;
}

/* Models without a vocabulary can still be given token ids. Their files have no tokenizer or say "no_vocab"; those of
 * llama.cpp's own tests say "test". */
static bool has_vocabulary(const struct gguf *gguf) {
    const struct gguf_value *kind = gguf_find(gguf, "tokenizer.ggml.model");
    return kind && !gguf_value_is(kind, "no_vocab") && !gguf_value_is(kind, "test");
}

static int read_vocabulary(struct qn_model *model) {
    if (!has_vocabulary(&model->gguf)) {
        return QN_OK;
    }
    model->vocabulary = vocabulary_new(&model->gguf, &model->arena, &last_error);
    if (model->vocabulary == NULL) {
        return last_error.code;
    }
    const size_t size = vocabulary_size(model->vocabulary);
    if (size != model->hparams.n_vocab) {
        return error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET,
                         "the vocabulary has %zu tokens, token_embd.weight %u rows", size, model->hparams.n_vocab);
    }
    return QN_OK;
}

int directory_bind(struct qn_model *model, uintptr_t base) {
    return tensors_bind(&model->tensors, model->layers, &model->hparams, &model->gguf, base, model->phases,
                        &last_error);
}

/* Checks shapes and types of the tensors and sorts them by load phase, before there is memory for them. */
static int bind_tensors(struct qn_model *model) {
    if (model->gguf.alignment < sizeof(float)) {
        return error_set(&last_error, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                         "general.alignment is %u; tensors must be aligned to at least 4 bytes", model->gguf.alignment);
    }
    model->layers = ARENA_ARRAY(&model->arena, struct layer_tensors, model->hparams.n_layer);
    model->phases = ARENA_ARRAY(&model->arena, uint16_t, model->gguf.n_tensors + 1);
    if (model->layers == NULL || model->phases == NULL) {
        return error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET,
                         "no memory for the tables of %u layers and %zu tensors", model->hparams.n_layer,
                         model->gguf.n_tensors);
    }
    const int status = directory_bind(model, 0);
    return status != QN_OK ? status
                           : residency_init(&model->residency, &model->gguf, model->phases, PHASES(&model->hparams),
                                            &model->arena, &last_error);
}

/* The scan of the current split is complete. QN_MORE: another split comes next. */
static int read_directory(struct qn_model *model) {
    struct model_split *split = &model->splits[model->split];
    int status = gguf_index(&split->gguf, &split->scan, split->head, &model->arena, &last_error);
    if (status == QN_OK) {
        status = split_next(model);
    }
    if (status == QN_OK) {
        status = split_join(model);
    }
    if (status == QN_OK) {
        status = hparams_read(&model->hparams, &model->gguf, &model->arena, &last_error);
    }
    if (status == QN_OK) {
        status = bind_tensors(model);
    }
    if (status == QN_OK) {
        status = read_vocabulary(model);
    }
    return status;
}

int directory_scan(struct qn_model *model) {
    struct model_split *split = &model->splits[model->split];
    int status = gguf_scan_bytes(&split->scan, split->head, (size_t)split->have, &last_error);
    if (status == QN_OK) {
        return read_directory(model);
    }
    if (status == QN_MORE && split->have == split->head_bytes) {
        const uint64_t doubled = 2 * split->head_bytes;
        const uint64_t needed = split->scan.needed > doubled ? split->scan.needed : doubled;
        const uint64_t file = split->scan.file_bytes;
        const int resized = directory_resize_head(model, file && file < needed ? file : needed);
        status = resized == QN_OK ? QN_MORE : resized;
    }
    return status;
}
