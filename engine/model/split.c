/* Models in several files: checks that the files belong together, and joins their tensor tables. */
#include "engine/model/split.h"

#include "platform/error.h"

/* A required number; does nothing after a failure. */
static void read_number(const struct gguf *gguf, const char *key, uint32_t *number, int *status) {
    if (*status == QN_OK) {
        *status = gguf_u32(gguf, key, number, &last_error);
        if (*status == QN_MORE) {
            *status = error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET,
                                "this is one of several files of a model, but it has no %s", key);
        }
    }
}

/* Whether the split that has been read is the expected one. */
static int check_split(const struct qn_model *model, uint32_t count) {
    const struct gguf *gguf = &model->splits[model->split].gguf;
    uint32_t number = 0;
    uint32_t tensors = 0;
    uint32_t expected = 0;
    int status = QN_OK;
    read_number(gguf, "split.no", &number, &status);
    read_number(gguf, "split.tensors.count", &tensors, &status);
    read_number(&model->splits[0].gguf, "split.tensors.count", &expected, &status);
    if (status != QN_OK) {
        return status;
    }
    if (number != model->split) {
        return error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET, "this is split %u of %u; split %u was expected",
                         number + 1, count, model->split + 1);
    }
    if (count != model->n_splits || tensors != expected) {
        return error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET,
                         "this file belongs to a model of %u splits and %u tensors, the first one to a model of %u "
                         "splits and %u tensors",
                         count, tensors, model->n_splits, expected);
    }
    return QN_OK;
}

static int take_splits(struct qn_model *model, uint32_t count) {
    struct model_split *splits = ARENA_ARRAY(&model->arena, struct model_split, count);
    if (splits == NULL) {
        return error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for %u splits", count);
    }
    splits[0] = model->first;
    model->splits = splits;
    model->n_splits = count;
    return QN_OK;
}

int split_next(struct qn_model *model) {
    uint32_t count = 1;
    int status = gguf_u32(&model->splits[model->split].gguf, "split.count", &count, &last_error);
    if (status < QN_OK) {
        return status;
    }
    if (model->n_splits == 1 && count <= 1) {
        return QN_OK;
    }
    if (count > UINT16_MAX) { /* before it sizes an array */
        return error_set(&last_error, QN_ERR_LIMIT, QN_NO_OFFSET, "split.count is %u", count);
    }
    status = model->n_splits == 1 ? take_splits(model, count) : QN_OK;
    if (status == QN_OK) {
        status = check_split(model, count);
    }
    if (status != QN_OK || model->split + 1 == model->n_splits) {
        return status;
    }
    model->split++;
    return QN_MORE;
}

/* The split that repeats a tensor of an earlier one. */
static uint32_t split_with_duplicate(const struct qn_model *model) {
    const struct gguf *gguf = &model->gguf;
    size_t second = 0;
    for (size_t i = 1; i < gguf->n_tensors && second == 0; i++) {
        const struct gguf_text name = gguf->tensors[gguf->tensor_order[i]].name;
        const struct gguf_text before = gguf->tensors[gguf->tensor_order[i - 1]].name;
        if (name.bytes == before.bytes && memcmp(name.at, before.at, name.bytes) == 0) {
            second = gguf->tensor_order[i];
        }
    }
    uint32_t split = 0;
    for (; second >= model->splits[split].gguf.n_tensors; split++) {
        second -= model->splits[split].gguf.n_tensors;
    }
    return split;
}

/* Places the data of the splits one after another, and fills the joint table with `tensors`. */
static int join_tensors(struct qn_model *model, struct gguf_tensor *tensors) {
    struct gguf *gguf = &model->gguf;
    uint64_t end = 0;
    for (uint32_t i = 0; i < model->n_splits; i++) {
        struct model_split *split = &model->splits[i];
        split->start = (end + 63) & ~(uint64_t)63;
        for (size_t k = 0; k < split->gguf.n_tensors; k++, tensors++) {
            *tensors = split->gguf.tensors[k];
            tensors->offset += gguf->data_offset + split->start - split->gguf.data_offset;
        }
        end = split->start + split->gguf.data_bytes;
        if (end > INT64_MAX / 2) {
            return error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET, "the tensors of all splits exceed 2^62 bytes");
        }
    }
    gguf->data_bytes = end;
    return QN_OK;
}

int split_join(struct qn_model *model) {
    struct gguf *gguf = &model->gguf;
    *gguf = model->splits[0].gguf;
    if (model->n_splits == 1) {
        return QN_OK;
    }
    size_t count = 0;
    for (uint32_t i = 0; i < model->n_splits; i++) {
        const struct gguf *split = &model->splits[i].gguf;
        count += split->n_tensors;
        gguf->alignment = split->alignment < gguf->alignment ? split->alignment : gguf->alignment;
    }
    uint32_t expected = 0;
    gguf_u32(gguf, "split.tensors.count", &expected, &last_error); /* check_split has read it */
    if (count != expected) {
        return error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET,
                         "the splits have %zu tensors; split.tensors.count is %u", count, expected);
    }
    struct gguf_tensor *tensors = ARENA_ARRAY(&model->arena, struct gguf_tensor, count);
    if (tensors == NULL) {
        return error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for the table of %zu tensors", count);
    }
    int status = join_tensors(model, tensors);
    if (status != QN_OK) {
        return status;
    }
    gguf->tensors = tensors;
    gguf->n_tensors = count;
    status = gguf_order_tensors(gguf, &model->arena, &last_error);
    if (status == QN_ERR_FORMAT) {
        model->split = split_with_duplicate(model);
    }
    return status;
}
