/* A session: one sequence of tokens, its KV cache and its working memory. */
#ifndef ENGINE_SESSION_H
#define ENGINE_SESSION_H

#include "engine/model/model.h"
#include "engine/sampling/sampler.h"
#include "engine/state/kv_cache.h"

#define DEFAULT_BATCH 128u
#define MAX_BATCH     4096u
#define LOGIT_ROWS    8u /* rows of logits that one step gives at most */

/* Of mixtures of experts; a slot is a pair of token and rank. The last three serve all groups of rows that meet
 * matrices of one shape, heads among them. */
struct expert_scratch {
    float *scores;    /* (batch, n_expert) */
    float *weights;   /* (batch, n_used) */
    float *shared;    /* (batch): scores of the network that all tokens take */
    uint32_t *chosen; /* (batch, n_used) */
    uint32_t *slots;  /* (batch, n_used) */
    uint32_t *next;   /* (n_expert) */
    uint32_t *rows;   /* (batch * n_used): the token of a slot */
    uint32_t *which;  /* (n_expert) */
    uint32_t *starts; /* (n_expert + 1) */
};

/* Working memory of one session, in one block: places in it. Floats unless said otherwise, each 64-byte aligned. */
struct scratch {
    float *x;         /* (batch, n_embd): the residual stream */
    float *h;         /* (batch, n_embd): the same, normed, for one half of a layer to take */
    float *out;       /* (batch, n_embd): what that half gives */
    float *query;     /* (batch, n_head * head.k), and so on by the layer's own shape */
    float *key;       /* (batch, n_head_kv * head.k) */
    float *value;     /* (batch, n_head_kv * head.v) */
    float *mixed;     /* (batch, n_head * head.v): what attention gives, or another mixer before its last product */
    float *projected; /* (batch, recurrent.projected): what a recurrent mixer's first products give;
                         (batch, n_head, 2, head.k): queries and gates of gated attention */
    float *gate;      /* (batch, n_ff) */
    float *up;        /* (batch, n_ff) */
    float *angles;    /* (batch, ROPE_SETS, n_rot): cosines and sines */
    double *inverse;  /* (ROPE_SETS, n_rot / 2): angle a position, radians */
    float *per_layer; /* (batch, n_layer, n_per_layer): tokens' embeddings for each layer */
    float *per_layer_rows; /* (workers, n_layer, n_per_layer): rows of the table they are of */
    float *streams;        /* (n_altup, batch, n_embd): residual streams */
    float *laurel;         /* (batch, n_embd), with several streams: what goes beside attention */
    float *logits;         /* (n_rows, n_vocab), in a block of its own */
    uint8_t *quantized;    /* (batch, tensors.quantized_bytes): activations */
    uint8_t *panels;       /* (workers, panel_bytes) */
    float *attention;      /* (workers, attention_floats) */
    float *pooled;         /* (n_embd), and (n_dense) to work in: the embedding of what has been computed of an input */
    struct expert_scratch experts;
    size_t panel_bytes;
    size_t attention_floats;
};

enum session_stage { SESSION_IDLE, SESSION_LAYERS, SESSION_OUTPUT };

struct qn_session {
    qn_model *model;
    uint8_t *block; /* everything below that is a pointer lies in it */
    struct scratch scratch;
    struct kv kv;
    struct sampler sampler;
    int32_t *tokens;    /* (context): [0, position) computed, [position, fed) queued */
    uint8_t *wants;     /* (context): 1 where a token's logits are asked for */
    uint8_t *state;     /* (state_bytes): what recurrent layers keep, see state.h */
    size_t state_bytes; /* 0: no such layers */
    uint32_t context;
    uint32_t batch;
    uint32_t position;
    uint32_t fed;
    uint32_t again; /* tokens before this, from position on, had been computed and are again */
    enum session_stage stage;
    uint32_t n_batch;            /* tokens of the micro-batch at work, from position on */
    uint32_t next;               /* layer, then token of the micro-batch, that comes next */
    uint32_t n_rows;             /* of logits that there is room for */
    uint32_t rows;               /* of logits that the last step gave */
    bool has_angles;             /* scratch.inverse is there */
    bool embeds;                 /* what is fed gives embeddings, by ... */
    bool normalized;             /* ... of length 1 */
    int32_t pooling;             /* enum qn_pooling: ... this */
    uint32_t embeddings;         /* rows of them that the last step gave */
    struct restoring *restoring; /* a restore that is under way, in an empty session, or null */
};

/* Room for `rows` of logits; what was there is lost. */
int session_room_for_logits(struct qn_session *session, uint32_t rows);
/* Queues tokens, each of which wants logits or none; or why not. */
int session_queue(struct qn_session *session, const int32_t *ids, size_t count, uint32_t logits);
/* embed.c: embeddings of the micro-batch, whose layers are done. Returns how many rows there are now. */
uint32_t embed_output(struct qn_session *session);
/* Continues after `tokens` tokens, of which those from `position` on are computed again. Logits and embeddings of
 * earlier steps are gone. */
void session_take_up(struct qn_session *session, uint32_t position, uint32_t tokens);
/* Computes scratch.inverse once the model's divisors of angles, if it has any, have come. */
void session_take_angles(struct qn_session *session);
/* Gives up a restore that is under way. */
void session_restore_end(struct qn_session *session);

/* Floats of scratch that a worker's attention takes in a context of that many tokens. */
uint64_t attention_scratch(const struct hparams *hparams, uint32_t form, uint32_t context);

/* The steps of a forward pass over the micro-batch, each for tokens [0, n_batch). */
void forward_embed(struct qn_session *session);
void forward_layer(struct qn_session *session, uint32_t layer);
/* Logits of `count` tokens of the micro-batch, by index, into rows of scratch.logits. */
void forward_output(struct qn_session *session, const uint32_t *which, uint32_t count);
/* What mixes tokens, by the kind of the layer. in: (n_batch, n_embd), scratch.h or scratch.x, left as it is. What the
 * half adds to x goes to scratch.out. */
void forward_attention(struct qn_session *session, uint32_t layer, const float *in);
void forward_shortconv(struct qn_session *session, uint32_t layer, const float *in);
void forward_mamba(struct qn_session *session, uint32_t layer, const float *in);
void forward_mamba2(struct qn_session *session, uint32_t layer, const float *in);
void forward_delta(struct qn_session *session, uint32_t layer, const float *in);
void forward_latent(struct qn_session *session, uint32_t layer, const float *in);
/* From queries, keys and values in scratch, normed and rotated as the model wants them, to scratch.mixed. */
void attention_mix(struct qn_session *session, uint32_t layer);

#endif
