/* Opening, loading and freeing a model: which bytes are wanted next, and what happens when they arrive. */
#include "engine/model/model.h"

#include "engine/model/directory.h"
#include "platform/error.h"

#define FIRST_BYTES (256u << 10) /* size of the first read from a file */
#define ARENA_LIMIT (512u << 20) /* for the tables of directory and vocabulary, which the file's size bounds too */

qn_model *qn_model_open(uint64_t file_bytes) {
    struct qn_model *model = block_take(sizeof(struct qn_model));
    if (model == NULL) {
        error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for a model's record");
        return NULL;
    }
    memset(model, 0, sizeof(*model));
    model->first.scan.file_bytes = file_bytes;
    model->splits = &model->first;
    model->n_splits = 1;
    model->arena.limit = ARENA_LIMIT;
    return model;
}

void qn_model_free(qn_model *model) {
    if (model == NULL) {
        return;
    }
    for (uint32_t i = 0; i < model->n_splits; i++) {
        block_give(model->splits[i].head);
    }
    trie_free(&model->trie);
    arena_free(&model->arena);
    block_give(model->data);
    block_give(model);
}

bool model_has_directory(const struct qn_model *model) {
    return model->stage != STAGE_DIRECTORY && model->stage != STAGE_FAILED;
}

bool model_has_phase(const struct qn_model *model, uint32_t phase) {
    return model->residency.n_resident >= model->residency.phase_end[phase];
}

static uint64_t data_end(const struct model_split *split) { return split->gguf.data_offset + split->gguf.data_bytes; }

/* Loading has failed: the model can only be freed. The error says which split was being read. */
static int fail(struct qn_model *model, int status) {
    model->stage = STAGE_FAILED;
    if (model->n_splits > 1) {
        const struct qn_error error = last_error;
        error_set(&last_error, error.code, error.offset, "split %u of %u: %s", model->split + 1, model->n_splits,
                  error.text);
    }
    return status;
}

/* Tensor bytes [offset, offset + bytes) of a split's file. */
static struct qn_want want_tensors(const struct qn_model *model, uint32_t split, uint64_t offset, uint64_t bytes) {
    const uint64_t at = model->splits[split].start + offset - model->splits[split].gguf.data_offset;
    return (struct qn_want){offset, bytes, model->data ? (uintptr_t)(model->data + (size_t)at) : 0, split};
}

/* The first tensor bytes, in file order, that are not resident. There are some. */
static struct qn_want first_gap(struct qn_model *model) {
    for (;; model->split++) {
        const struct model_split *split = &model->splits[model->split];
        const uint64_t last = split->start + split->gguf.data_bytes;
        uint64_t begin = split->start;
        const uint64_t end = residency_gap(&model->residency, &begin);
        if (begin < last) {
            return want_tensors(model, model->split, split->gguf.data_offset + begin - split->start,
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
    if (model->stage == STAGE_TENSORS) {
        *want = first_gap(model);
        return QN_MORE;
    }
    const struct model_split *split = &model->splits[model->split];
    if (split->head == NULL) {
        const uint64_t file = split->scan.file_bytes;
        const int status = directory_resize_head(model, file && file < FIRST_BYTES ? file : FIRST_BYTES);
        if (status != QN_OK) {
            return fail(model, status);
        }
    }
    want->split = model->split;
    want->offset = split->have;
    want->bytes = split->head_bytes - split->have;
    want->address = (uintptr_t)(split->head + (size_t)split->have);
    return QN_MORE;
}

/* The file of the current split ends at `end`, before the end of its last tensor. */
static int truncated(const struct qn_model *model, uint64_t end) {
    const struct model_split *split = &model->splits[model->split];
    if (model->stage == STAGE_DIRECTORY) {
        return error_set(&last_error, QN_ERR_FORMAT, end, "the file ends at byte %llu, within its directory",
                         (unsigned long long)end);
    }
    const struct gguf_tensor *tensor = split->gguf.tensors;
    while (tensor->offset + tensor->bytes <= end) {
        tensor++;
    }
    return error_set(
        &last_error, QN_ERR_FORMAT, end, "the file ends at byte %llu, within tensor %.*s; it should have %llu bytes",
        (unsigned long long)end, (int)tensor->name.bytes, tensor->name.at, (unsigned long long)data_end(split));
}

/* Tensor bytes of a split have arrived. */
static int add_resident(struct qn_model *model, const struct model_split *split, uint64_t offset, uint64_t bytes) {
    const uint64_t begin = split->start + offset - split->gguf.data_offset;
    const int status = residency_add(&model->residency, begin, begin + bytes, &last_error);
    model->stage = model->residency.n_resident == model->residency.n_tensors ? STAGE_READY : STAGE_TENSORS;
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
        return fail(model, truncated(model, want.offset));
    }
    struct model_split *split = &model->splits[model->split];
    if (model->stage == STAGE_TENSORS) {
        return add_resident(model, split, want.offset, bytes);
    }
    split->have += bytes;
    const int status = directory_scan(model);
    if (status < 0) {
        return fail(model, status);
    }
    model->stage = status == QN_OK ? STAGE_PLANNED : STAGE_DIRECTORY;
    return QN_OK;
}

/* A split's head may reach into its tensors: copies what has arrived of them. */
static int take_from_head(struct qn_model *model, const struct model_split *split) {
    const uint64_t start = split->gguf.data_offset;
    if (split->have <= start) {
        return QN_OK;
    }
    const uint64_t end = split->have < data_end(split) ? split->have : data_end(split);
    memcpy(model->data + (size_t)split->start, split->head + (size_t)start, (size_t)(end - start));
    return add_resident(model, split, start, end - start);
}

int32_t qn_model_place(qn_model *model) {
    if (model->stage != STAGE_PLANNED) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET,
                         "qn_model_place is called once, after the directory has been read");
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
    int status = directory_bind(model, (uintptr_t)model->data);
    model->split = 0;
    model->stage = STAGE_TENSORS;
    for (uint32_t i = 0; i < model->n_splits && status == QN_OK; i++) {
        status = take_from_head(model, &model->splits[i]);
    }
    return status == QN_OK ? QN_OK : fail(model, status);
}

int32_t qn_model_need(const qn_model *model, uint32_t index, struct qn_want *need) {
    if (!model_has_directory(model)) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET,
                         "the order of the tensors is known after the directory has been read");
    }
    if (index >= model->residency.n_tensors) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "the model has %u tensors",
                         model->residency.n_tensors);
    }
    const struct gguf_tensor *tensor = &model->residency.tensors[index];
    uint32_t i = model->n_splits - 1;
    while (i && tensor->offset < model->splits[i].start) {
        i--;
    }
    const struct model_split *split = &model->splits[i];
    *need = want_tensors(model, i, split->gguf.data_offset + tensor->offset - split->start, tensor->bytes);
    return QN_OK;
}

int32_t qn_model_wrote_at(qn_model *model, uint32_t split, uint64_t offset, uint64_t bytes) {
    if (model->stage != STAGE_TENSORS && model->stage != STAGE_READY) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET, "the tensors' memory has not been taken");
    }
    const struct model_split *from = &model->splits[split < model->n_splits ? split : 0];
    const uint64_t end = data_end(from);
    if (split >= model->n_splits || offset < from->gguf.data_offset || offset >= end || bytes > end - offset) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
                         "%llu bytes at %llu of split %u were written; its tensors lie in [%llu, %llu)",
                         (unsigned long long)bytes, (unsigned long long)offset, split,
                         (unsigned long long)from->gguf.data_offset, (unsigned long long)end);
    }
    if (bytes == 0 && model->stage == STAGE_TENSORS) {
        model->split = split;
        return fail(model, truncated(model, offset));
    }
    return add_resident(model, from, offset, bytes);
}
