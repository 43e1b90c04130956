/* Models in several files: each has a directory and tensors of its own, the first all other metadata as well. The keys
 * split.no, split.count and split.tensors.count say what belongs together. */
#include "engine/model/model.h"
#include "platform/error.h"

static int read_number(const struct gguf *gguf, const char *key, uint32_t *number) {
    const int status = gguf_u32(gguf, key, number, &last_error);
    return status == QN_MORE ? error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET,
                                         "this is one of several files of a model, but it has no %s", key)
                             : status;
}

/* Whether the part that has been read is the one that is due. */
static int check_part(const struct qn_model *model, uint32_t count) {
    const struct gguf *gguf = &model->parts[model->part].gguf;
    const struct gguf *first = &model->parts[0].gguf;
    uint32_t number = 0;
    uint32_t tensors = 0;
    uint32_t expected = 0;
    int status = read_number(gguf, "split.no", &number);
    if (status == QN_OK) {
        status = read_number(gguf, "split.tensors.count", &tensors);
    }
    if (status == QN_OK) {
        status = read_number(first, "split.tensors.count", &expected);
    }
    if (status != QN_OK) {
        return status;
    }
    if (number != model->part) {
        return error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET, "this is part %u of %u; part %u is due", number + 1,
                         count, model->part + 1);
    }
    if (count != model->n_parts || tensors != expected) {
        return error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET,
                         "this part is of a model of %u parts and %u tensors; the first one's has %u and %u", count,
                         tensors, model->n_parts, expected);
    }
    return QN_OK;
}

static int begin_parts(struct qn_model *model, uint32_t count) {
    struct model_part *parts = ARENA_ARRAY(&model->arena, struct model_part, count);
    if (parts == NULL) {
        return error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for %u parts", count);
    }
    parts[0] = model->first;
    model->parts = parts;
    model->n_parts = count;
    return QN_OK;
}

int parts_next(struct qn_model *model) {
    uint32_t count = 1;
    int status = gguf_u32(&model->parts[model->part].gguf, "split.count", &count, &last_error);
    if (status < QN_OK || (model->n_parts == 1 && count <= 1)) {
        return status < QN_OK ? status : QN_OK;
    }
    if (count > UINT16_MAX) { /* a model of one file would have an enormous number here */
        return error_set(&last_error, QN_ERR_LIMIT, QN_NO_OFFSET, "split.count is %u", count);
    }
    status = model->n_parts == 1 ? begin_parts(model, count) : QN_OK;
    if (status == QN_OK) {
        status = check_part(model, count);
    }
    if (status != QN_OK || model->part + 1 == model->n_parts) {
        return status;
    }
    model->part++;
    return QN_MORE;
}

/* The part that has a tensor of an earlier one once more. */
static uint32_t part_with_twice(const struct qn_model *model) {
    const struct gguf *gguf = &model->gguf;
    size_t second = 0;
    for (size_t i = 1; i < gguf->n_tensors && second == 0; i++) {
        const struct gguf_text name = gguf->tensors[gguf->tensor_order[i]].name;
        const struct gguf_text before = gguf->tensors[gguf->tensor_order[i - 1]].name;
        if (name.bytes == before.bytes && memcmp(name.at, before.at, name.bytes) == 0) {
            second = gguf->tensor_order[i];
        }
    }
    uint32_t part = 0;
    for (; second >= model->parts[part].gguf.n_tensors; part++) {
        second -= model->parts[part].gguf.n_tensors;
    }
    return part;
}

int parts_join(struct qn_model *model) {
    struct gguf *gguf = &model->gguf;
    *gguf = model->parts[0].gguf;
    if (model->n_parts == 1) {
        return QN_OK;
    }
    size_t count = 0;
    for (uint32_t i = 0; i < model->n_parts; i++) {
        count += model->parts[i].gguf.n_tensors;
        gguf->alignment =
            model->parts[i].gguf.alignment < gguf->alignment ? model->parts[i].gguf.alignment : gguf->alignment;
    }
    uint32_t expected = 0;
    const int status = read_number(gguf, "split.tensors.count", &expected);
    if (status != QN_OK || count != expected) {
        return status != QN_OK ? status
                               : error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET,
                                           "the parts have %zu tensors; split.tensors.count is %u", count, expected);
    }
    struct gguf_tensor *tensors = ARENA_ARRAY(&model->arena, struct gguf_tensor, count);
    if (tensors == NULL) {
        return error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for the table of %zu tensors", count);
    }
    count = 0;
    uint64_t end = 0;
    for (uint32_t i = 0; i < model->n_parts; i++) {
        struct model_part *part = &model->parts[i];
        part->start = (end + 63) & ~(uint64_t)63;
        for (size_t k = 0; k < part->gguf.n_tensors; k++, count++) {
            tensors[count] = part->gguf.tensors[k];
            tensors[count].offset += gguf->data_offset + part->start - part->gguf.data_offset;
        }
        end = part->start + part->gguf.data_bytes;
        if (end > INT64_MAX / 2) {
            return error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET, "the parts' tensors pass 2^62 bytes");
        }
    }
    gguf->tensors = tensors;
    gguf->n_tensors = count;
    gguf->data_bytes = end;
    const int ordered = gguf_order_tensors(gguf, &model->arena, &last_error);
    if (ordered == QN_ERR_FORMAT) {
        model->part = part_with_twice(model);
    }
    return ordered;
}
