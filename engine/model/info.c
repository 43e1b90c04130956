/* Exports that describe a model: metadata, tensors, sizes. */
#include "engine/model/model.h"
#include "platform/error.h"

static int no_directory(void) {
    return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET, "the model's directory has not been read");
}

int32_t qn_model_metadata(const qn_model *model, uint32_t index, struct qn_value *value) {
    if (!model_has_directory(model)) {
        return no_directory();
    }
    if (index >= model->gguf.n_values) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "metadata entry %u of %zu", index,
                         model->gguf.n_values);
    }
    const struct gguf_value *from = &model->gguf.values[index];
    *value = (struct qn_value){.key_address = (uintptr_t)from->key.at,
                               .key_bytes = from->key.bytes,
                               .address = (uintptr_t)from->data,
                               .bytes = from->bytes,
                               .count = from->count,
                               .type = from->type,
                               .element_type = from->element};
    return QN_OK;
}

int32_t qn_model_tensor(const qn_model *model, uint32_t index, struct qn_tensor *tensor) {
    if (!model_has_directory(model)) {
        return no_directory();
    }
    if (index >= model->gguf.n_tensors) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "tensor %u of %zu", index, model->gguf.n_tensors);
    }
    const struct gguf_tensor *from = &model->gguf.tensors[index];
    *tensor = (struct qn_tensor){.name_address = (uintptr_t)from->name.at,
                                 .name_bytes = from->name.bytes,
                                 .offset = from->offset,
                                 .bytes = from->bytes,
                                 .n_dims = from->n_dims,
                                 .type = from->type};
    memcpy(tensor->shape, from->shape, sizeof(tensor->shape));
    return QN_OK;
}

uint32_t qn_model_vocab_size(const qn_model *model) { return model->hparams.n_vocab; }

uint32_t qn_model_context_size(const qn_model *model) { return model->hparams.n_ctx_train; }

uint32_t qn_model_embedding_size(const qn_model *model) { return model->hparams.n_embd; }

int32_t qn_model_pooling(const qn_model *model) { return model->hparams.pooling; }

int32_t qn_model_is_encoder(const qn_model *model) {
    const struct hparams *hparams = &model->hparams;
    return hparams->bidirectional || (hparams->architecture && hparams->architecture->encoder);
}

int32_t qn_model_is_recurrent(const qn_model *model) { return model->hparams.recurrent.state_floats != 0; }
