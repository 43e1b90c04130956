/* Grammars for a model's vocabulary: which bytes its tokens stand for, the trie of them, and the handle that the host
 * and sessions share. */
#ifndef ENGINE_MODEL_MODEL_GRAMMAR_H
#define ENGINE_MODEL_MODEL_GRAMMAR_H

#include "engine/grammar/grammar.h"
#include "engine/grammar/mask.h"
#include "engine/model/model.h"

struct qn_grammar {
    struct grammar *grammar;
    qn_model *model;         /* null: it only checks whole texts */
    struct mask_maker maker; /* words == 0: not started */
    uint32_t users;          /* the host, and each session that follows it; the last one frees it */
};

#define MAX_TOKEN_BYTES 1024u /* of a token that is text; longer ones are left out */

/* The bytes that a grammar reads for a token: fills `bytes` and returns their number. None for a token that does not
 * stand for its bytes, such as a control token or one that ends generation: a grammar only reads it by its name. */
size_t model_token_bytes(const qn_model *model, int32_t id, uint8_t bytes[MAX_TOKEN_BYTES]);
/* Builds the trie of the model's tokens, unless it exists. */
int model_build_trie(qn_model *model);
/* Prepares the grammar for masks. */
int grammar_start_masks(qn_grammar *grammar);
/* One user fewer. */
void grammar_release(qn_grammar *grammar);

#endif
