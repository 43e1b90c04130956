/* Text in and out of a model: exports that apply engine/text to a model's vocabulary and chat template. */
#include "engine/model/prompt.h"

#include "engine/text/tokenizer/detokenizer.h"
#include "engine/text/tokenizer/tokenizer.h"
#include "platform/error.h"

/* Limit on one call's working memory: ample for real text, and a bound for hostile text. */
#define CALL_LIMIT ((size_t)256 << 20)

#define TEMPLATE_KEY "tokenizer.chat_template"

static int check_vocabulary(const struct qn_model *model) {
    if (model->vocabulary == NULL) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET,
                         "the model has no vocabulary, or its directory has not been read");
    }
    return QN_OK;
}

static int64_t tokenize(const struct qn_model *model, const char *text, size_t bytes, const uint8_t *untrusted,
                        uint32_t flags, int32_t *ids, size_t capacity) {
    struct arena scratch = {.limit = CALL_LIMIT};
    flags |= model->nfc ? QN_NFC : 0;
    const int64_t count =
        vocabulary_tokenize(model->vocabulary, text, bytes, untrusted, flags, ids, capacity, &scratch, &last_error);
    arena_free(&scratch);
    return count;
}

void qn_model_nfc(qn_model *model, uint32_t on) { model->nfc = on != 0; }

int64_t qn_tokenize(qn_model *model, const char *text, size_t bytes, uint32_t flags, int32_t *ids, size_t capacity) {
    const int status = check_vocabulary(model);
    return status == QN_OK ? tokenize(model, text, bytes, NULL, flags, ids, capacity) : status;
}

static int check_id(const struct qn_model *model, int32_t id) {
    if (id < 0 || (size_t)id >= vocabulary_size(model->vocabulary)) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "token %d is not in the vocabulary of %zu", id,
                         vocabulary_size(model->vocabulary));
    }
    return QN_OK;
}

int64_t qn_detokenize(qn_model *model, const int32_t *ids, size_t count, uint32_t flags, char *text, size_t capacity) {
    int status = check_vocabulary(model);
    for (size_t i = 0; i < count && status == QN_OK; i++) {
        status = check_id(model, ids[i]);
    }
    return status == QN_OK ? vocabulary_detokenize(model->vocabulary, ids, count, flags, text, capacity) : status;
}

int64_t qn_piece(qn_model *model, struct qn_decoder *decoder, int32_t id, uint32_t flags, char *text, size_t capacity) {
    int status = check_vocabulary(model);
    if (status == QN_OK && id >= 0) {
        status = check_id(model, id);
    }
    return status == QN_OK ? vocabulary_piece(model->vocabulary, decoder, id, flags, text, capacity) : status;
}

int32_t qn_token_is_end(const qn_model *model, int32_t id) {
    return model->vocabulary && vocabulary_is_end(model->vocabulary, id);
}

struct qn_prompt {
    struct arena arena;
    struct rendered rendered;
};

static struct gguf_text token_text(const struct vocabulary *vocabulary, int32_t id) {
    return id < 0 ? (struct gguf_text){"", 0} : vocabulary_text(vocabulary, id);
}

bool prompt_tokens_of(const struct qn_model *model, struct template_tokens *tokens) {
    const struct vocabulary *v = model ? model->vocabulary : NULL;
    *tokens = (struct template_tokens){{"", 0}, {"", 0}};
    if (v) {
        *tokens = (struct template_tokens){token_text(v, vocabulary_bos(v)), token_text(v, vocabulary_eos(v))};
    }
    return v != NULL;
}

static int render(const struct qn_model *model, const struct template_texts *texts, const char *context,
                  size_t context_bytes, struct qn_prompt *prompt) {
    struct template_tokens tokens;
    const bool known = prompt_tokens_of(model, &tokens);
    return template_render(texts, context, context_bytes, known ? &tokens : NULL, &prompt->arena, &prompt->rendered,
                           &last_error);
}

/* The text of the first key that starts with the template key and a dot; empty if there is none. */
static struct gguf_text named_template(const struct gguf *gguf) {
    static const char prefix[] = TEMPLATE_KEY ".";
    for (size_t i = 0; i < gguf->n_values; i++) {
        const struct gguf_value *value = &gguf->values[i];
        if (value->type == GGUF_STRING && value->key.bytes >= sizeof(prefix) - 1 &&
            memcmp(value->key.at, prefix, sizeof(prefix) - 1) == 0) {
            return (struct gguf_text){(const char *)value->data, value->bytes};
        }
    }
    return (struct gguf_text){"", 0};
}

int prompt_templates(const struct qn_model *model, struct template_texts *texts) {
    if (model && model_has_directory(model)) {
        static const char *const keys[] = {TEMPLATE_KEY, TEMPLATE_KEY ".default"};
        struct qn_error ignored;
        int status = QN_MORE;
        for (size_t i = 0; status == QN_MORE && i < sizeof(keys) / sizeof(keys[0]); i++) {
            status = gguf_text(&model->gguf, keys[i], &texts->usual, &last_error);
        }
        if (status != QN_OK && status != QN_MORE) {
            return status;
        }
        gguf_text(&model->gguf, TEMPLATE_KEY ".tool_use", &texts->with_tools, &ignored);
        if (texts->usual.bytes == 0) {
            texts->usual = named_template(&model->gguf);
        }
    }
    return texts->usual.bytes ? QN_OK
                              : error_set(&last_error, QN_ERR_TEMPLATE, QN_NO_OFFSET,
                                          "the model has no chat template (" TEMPLATE_KEY ")");
}

qn_prompt *qn_prompt_render(qn_model *model, const char *template_text, size_t template_bytes, const char *context,
                            size_t context_bytes) {
    struct template_texts texts = {{template_text, template_bytes}, {"", 0}};
    struct qn_prompt *prompt = block_take(sizeof(*prompt));
    if (prompt == NULL) {
        error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for a prompt");
        return NULL;
    }
    memset(prompt, 0, sizeof(*prompt));
    prompt->arena.limit = CALL_LIMIT;
    const int status = template_bytes ? QN_OK : prompt_templates(model, &texts);
    if (status != QN_OK || render(model, &texts, context, context_bytes, prompt) != QN_OK) {
        qn_prompt_free(prompt);
        return NULL;
    }
    return prompt;
}

int64_t qn_prompt_text(const qn_prompt *prompt, char *text, size_t capacity) {
    const size_t bytes = prompt->rendered.bytes;
    memcpy(text, prompt->rendered.text, bytes < capacity ? bytes : capacity);
    return (int64_t)bytes;
}

int64_t qn_prompt_tokens(qn_model *model, const qn_prompt *prompt, int32_t *ids, size_t capacity) {
    const int status = check_vocabulary(model);
    if (status != QN_OK) {
        return status;
    }
    const struct rendered *rendered = &prompt->rendered;
    const int32_t bos = vocabulary_bos(model->vocabulary);
    uint32_t flags = QN_PARSE_SPECIAL;
    if (bos >= 0 && vocabulary_adds_bos(model->vocabulary)) {
        const struct gguf_text text = vocabulary_text(model->vocabulary, bos);
        const bool written = text.bytes <= rendered->bytes && memcmp(text.at, rendered->text, text.bytes) == 0 &&
                             !(rendered->untrusted && rendered->untrusted[0]);
        flags |= written ? 0 : QN_ADD_SPECIAL;
    }
    return tokenize(model, rendered->text, rendered->bytes, rendered->untrusted, flags, ids, capacity);
}

void qn_prompt_free(qn_prompt *prompt) {
    if (prompt) {
        arena_free(&prompt->arena);
        block_give(prompt);
    }
}
