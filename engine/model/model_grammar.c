/* Exports that compile grammars, and the part of grammars that depends on a model's vocabulary. */
#include "engine/model/model_grammar.h"

#include "engine/text/tokenizer/detokenizer.h"
#include "engine/text/tokenizer/vocabulary.h"
#include "platform/error.h"

#define TRIE_MEMORY ((size_t)64 << 20)
#define MASK_MEMORY ((size_t)32 << 20)

/* ---- tokens ---- */

/* Whether the token stands for its bytes in a text. */
static bool is_text(const struct vocabulary *vocabulary, int32_t id) {
    const uint8_t type = vocabulary->types[id];
    switch (type & TOKEN_TYPE_MASK) {
    case TOKEN_NORMAL:
    case TOKEN_BYTE:
        return !vocabulary_is_end(vocabulary, id);
    case TOKEN_USER_DEFINED:
        return !(type & TOKEN_GUARDED) && !vocabulary_is_end(vocabulary, id);
    default:
        return false;
    }
}

size_t model_token_bytes(const qn_model *model, int32_t id, uint8_t bytes[MAX_TOKEN_BYTES]) {
    if (!is_text(model->vocabulary, id)) {
        return 0;
    }
    const size_t count = vocabulary_bytes(model->vocabulary, id, 0, bytes, MAX_TOKEN_BYTES);
    return count <= MAX_TOKEN_BYTES ? count : 0;
}

/* The bytes of all tokens, one after the other. A token has at most as many bytes as its text in the file. */
static int collect(const qn_model *model, struct arena *arena, struct token_bytes *tokens) {
    const uint32_t n_vocab = (uint32_t)vocabulary_size(model->vocabulary);
    size_t most = MAX_TOKEN_BYTES;
    for (uint32_t id = 0; id < n_vocab; id++) { /* at most 2^22 tokens */
        most += vocabulary_text(model->vocabulary, (int32_t)id).bytes;
    }
    uint32_t *starts = ARENA_ARRAY(arena, uint32_t, (size_t)n_vocab + 1);
    int32_t *ids = ARENA_ARRAY(arena, int32_t, (size_t)n_vocab + 1);
    uint8_t *bytes = ARENA_ARRAY(arena, uint8_t, most);
    if (starts == NULL || ids == NULL || bytes == NULL) {
        return error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for the bytes of %u tokens", n_vocab);
    }
    for (uint32_t id = 0; id < n_vocab; id++) {
        ids[id] = (int32_t)id;
        starts[id + 1] = starts[id] + (uint32_t)model_token_bytes(model, (int32_t)id, bytes + starts[id]);
    }
    *tokens = (struct token_bytes){bytes, starts, ids, n_vocab};
    return QN_OK;
}

int model_build_trie(qn_model *model) {
    if (model->trie.nodes) {
        return QN_OK;
    }
    struct arena arena = {.limit = TRIE_MEMORY};
    struct token_bytes tokens;
    int status = collect(model, &arena, &tokens);
    if (status == QN_OK) {
        status = trie_build(&model->trie, &tokens, tokens.count, TRIE_MEMORY, &last_error);
    }
    arena_free(&arena);
    return status;
}

/* ---- grammars ---- */

int grammar_start_masks(qn_grammar *grammar) {
    if (grammar->maker.words) {
        return QN_OK;
    }
    const int status = model_build_trie(grammar->model);
    return status == QN_OK ? mask_start(&grammar->maker, &grammar->model->trie, MASK_MEMORY, &last_error) : status;
}

/* Finds the ids of the tokens that the grammar names. */
static int find_named_tokens(const qn_model *model, struct rules *rules) {
    const struct vocabulary *vocabulary = model->vocabulary;
    for (size_t i = 0; i < rules->n_tokens; i++) {
        struct named_token *token = &rules->tokens[i];
        if (token->text) {
            token->id = vocabulary_find(vocabulary, (const uint8_t *)token->text, token->bytes);
        }
        if (token->id < 0 && token->text) {
            return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
                             "the grammar names the token %.*s, which the model's vocabulary lacks", (int)token->bytes,
                             token->text);
        }
        if (token->id < 0 || (size_t)token->id >= vocabulary_size(vocabulary)) {
            return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
                             "the grammar names token %d, the model's vocabulary has %zu", token->id,
                             vocabulary_size(vocabulary));
        }
    }
    return QN_OK;
}

static struct grammar *compile(uint32_t notation, const char *text, size_t bytes, uint32_t flags) {
    const struct schema_options options = {.white_space = (flags & QN_GRAMMAR_WHITE_SPACE) != 0,
                                           .ignore_format = (flags & QN_GRAMMAR_IGNORE_FORMAT) != 0};
    switch (notation) {
    case QN_NOTATION_JSON_SCHEMA:
        return grammar_from_schema(text, bytes, &options, &last_error);
    case QN_NOTATION_GBNF:
        return grammar_from_gbnf(text, bytes, &last_error);
    case QN_NOTATION_REGEX:
        return grammar_from_regex(text, bytes, &last_error);
    default:
        error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "there is no notation %u of grammars", notation);
        return NULL;
    }
}

qn_grammar *qn_grammar_new(qn_model *model, uint32_t notation, const char *text, size_t bytes, uint32_t flags) {
    if (model && (!model_has_directory(model) || model->vocabulary == NULL)) {
        error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET,
                  "the model has no vocabulary, or its directory has not been read");
        return NULL;
    }
    struct grammar *compiled = compile(notation, text, bytes, flags);
    if (compiled == NULL) {
        return NULL;
    }
    qn_grammar *grammar = block_take(sizeof(*grammar));
    if (grammar == NULL) {
        error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for a grammar");
        grammar_free(compiled);
        return NULL;
    }
    *grammar = (qn_grammar){.grammar = compiled, .model = model, .users = 1};
    if (model && find_named_tokens(model, &compiled->rules) != QN_OK) {
        grammar_release(grammar);
        return NULL;
    }
    return grammar;
}

void grammar_release(qn_grammar *grammar) {
    if (grammar && --grammar->users == 0) {
        mask_free(&grammar->maker);
        grammar_free(grammar->grammar);
        block_give(grammar);
    }
}

void qn_grammar_free(qn_grammar *grammar) { grammar_release(grammar); }

int32_t qn_grammar_is_empty(const qn_grammar *grammar) { return !grammar->grammar->accepts_any; }

int32_t qn_grammar_accepts(qn_grammar *grammar, const char *text, size_t bytes) {
    bool accepted;
    const int status = grammar_accepts(grammar->grammar, text, bytes, &accepted, &last_error);
    return status == QN_OK ? accepted : status;
}
