/* Sessions as bytes, and copies of sessions. The saved form is a head, then parts without padding: logit biases,
 * tokens, the last row of logits when there is one, recurrent state, and the pages of the KV cache as they lie in
 * memory. All is little-endian, as every machine that this runs on. What restores is checked: it may be hostile. */
#include "engine/state/recurrent.h"
#include "platform/error.h"

#define SAVED_VERSION 1u /* raised when the form changes, or the layout of a page */

struct saved_head {
    char magic[8];
    uint32_t version;
    uint32_t n_tokens;
    uint64_t model;  /* fingerprint */
    uint64_t angles; /* hash of the rotations a position, which some models choose by the length of the context */
    uint64_t page_bytes;
    uint64_t state_bytes;
    uint32_t n_biases;
    uint32_t n_logits; /* 0, or the vocabulary's size */
    uint64_t random[4];
    struct qn_sampling settings;
};
_Static_assert(sizeof(struct saved_head) == 128 && sizeof(struct qn_bias) == 8,
               "a file's layout is the same everywhere");

/* A restore that is under way; its biases follow in the same block. */
struct restoring {
    struct saved_head head;
    uint64_t done; /* bytes that have come */
};

static const char magic[8] = {'Q', 'U', 'E', 'R', 'N', 'S', 'E', 'S'};

#define HASH_START 0xcbf29ce484222325u /* FNV-1a */

static uint64_t hash(uint64_t seed, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        seed = (seed ^ bytes[i]) * 0x100000001b3u;
    }
    return seed;
}

/* Tells models apart: over the directory, and some bytes from the middle of each tensor. */
static uint64_t fingerprint(const struct qn_model *model) {
    const struct gguf *gguf = &model->gguf;
    uint64_t sum = hash(HASH_START, model->parts[0].head, (size_t)model->parts[0].scan.position);
    for (size_t i = 0; i < gguf->n_tensors; i++) {
        const struct gguf_tensor *tensor = &gguf->tensors[i];
        const size_t bytes = tensor->bytes < 64 ? (size_t)tensor->bytes : 64;
        const size_t at = (size_t)(tensor->offset - gguf->data_offset) + ((size_t)tensor->bytes - bytes) / 2;
        sum = hash(sum, model->data + at, bytes);
    }
    return sum;
}

/* All but the fingerprint, which takes a while. */
static struct saved_head head_of(const struct qn_session *session) {
    struct saved_head head = {.version = SAVED_VERSION,
                              .n_tokens = qn_session_position(session),
                              .angles = hash(HASH_START, (const uint8_t *)session->scratch.inverse,
                                             ROPE_SETS * session->model->hparams.n_rot / 2 * sizeof(double)),
                              .page_bytes = session->kv.page_bytes,
                              .state_bytes = session->state_bytes,
                              .n_biases = (uint32_t)session->sampler.n_biases,
                              .n_logits =
                                  session->rows && session->stage == SESSION_IDLE ? session->model->hparams.n_vocab : 0,
                              .settings = session->sampler.settings};
    memcpy(head.magic, magic, sizeof(magic));
    memcpy(head.random, session->sampler.random, sizeof(head.random));
    return head;
}

struct part {
    uint8_t *at;
    size_t bytes;
};

static float *last_row(const struct qn_session *session) {
    const size_t row = session->rows ? session->rows - 1 : 0;
    return session->scratch.logits + row * session->model->hparams.n_vocab;
}

/* Part `index` of what follows the head, in the session that is saved or restored. */
static struct part part_of(const struct qn_session *session, const struct saved_head *head, struct qn_bias *biases,
                           uint32_t index) {
    switch (index) {
    case 0:
        return (struct part){(uint8_t *)biases, head->n_biases * sizeof(*biases)};
    case 1:
        return (struct part){(uint8_t *)session->tokens, head->n_tokens * sizeof(*session->tokens)};
    case 2:
        return (struct part){head->n_logits ? (uint8_t *)last_row(session) : NULL, head->n_logits * sizeof(float)};
    case 3:
        return (struct part){session->state, session->state_bytes};
    default:
        return (struct part){session->kv.pages[index - 4], session->kv.page_bytes};
    }
}

static uint32_t n_parts(const struct saved_head *head) { return 4 + kv_pages_for(head->n_tokens); }

/* Bytes of the whole form; every count has been checked. */
static uint64_t bytes_of(const struct saved_head *head) {
    return sizeof(*head) + head->n_biases * sizeof(struct qn_bias) + head->n_tokens * (uint64_t)sizeof(int32_t) +
           head->n_logits * (uint64_t)sizeof(float) + head->state_bytes +
           kv_pages_for(head->n_tokens) * head->page_bytes;
}

/* Of `part`, whose first byte has the offset `start`, the piece that overlaps [offset, offset + count). */
static struct part overlap(struct part part, uint64_t start, uint64_t offset, size_t count) {
    const uint64_t from = offset > start ? offset - start : 0;
    const uint64_t to = offset + count < start + part.bytes ? offset + count - start : part.bytes;
    return offset + count <= start || from >= part.bytes ? (struct part){NULL, 0}
                                                         : (struct part){part.at + (size_t)from, (size_t)(to - from)};
}

/* Recurrent state within a micro-batch is that of no position. */
static int can_save(const struct qn_session *session) {
    if (session->model->stage != STAGE_READY || !session->has_angles) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET,
                         "a session is saved once the model has been loaded and it has taken a step since");
    }
    return session->state_bytes == 0 || session->stage == SESSION_IDLE
               ? QN_OK
               : error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET,
                           "a session of a recurrent model is saved between micro-batches: step until QN_OK");
}

int64_t qn_session_save_bytes(const qn_session *session) {
    const struct saved_head head = head_of(session);
    return (int64_t)bytes_of(&head);
}

int64_t qn_session_save(const qn_session *session, uint64_t offset, void *bytes, size_t capacity) {
    struct saved_head head = head_of(session);
    const uint64_t whole = bytes_of(&head);
    if (offset > whole) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "byte %llu of a saved session of %llu",
                         (unsigned long long)offset, (unsigned long long)whole);
    }
    const int status = can_save(session);
    if (status != QN_OK) {
        return status;
    }
    if (offset < sizeof(head)) {
        head.model = fingerprint(session->model);
    }
    capacity = capacity < whole - offset ? capacity : (size_t)(whole - offset);
    uint8_t *to = bytes;
    uint64_t start = sizeof(head);
    struct part piece = overlap((struct part){(uint8_t *)&head, sizeof(head)}, 0, offset, capacity);
    for (uint32_t i = 0;; i++) {
        if (piece.bytes) {
            memcpy(to, piece.at, piece.bytes);
            to += piece.bytes;
        }
        if (i == n_parts(&head)) {
            return to - (uint8_t *)bytes;
        }
        const struct part part = part_of(session, &head, session->sampler.biases, i);
        piece = overlap(part, start, offset, capacity);
        start += part.bytes;
    }
}

void session_restore_end(struct qn_session *session) {
    if (session->restoring && session->position == 0) {
        state_clear(session); /* some of it may have come */
    }
    block_give(session->restoring);
    session->restoring = NULL;
}

/* Makes the session empty, with room for what the head announces. */
static int begin(struct qn_session *session, const struct saved_head *head) {
    const uint32_t n_vocab = session->model->hparams.n_vocab;
    if (head->n_tokens > session->context) {
        return error_set(&last_error, QN_ERR_CONTEXT, QN_NO_OFFSET,
                         "the saved session has %u tokens, the context holds %u", head->n_tokens, session->context);
    }
    if (head->angles != head_of(session).angles) {
        return error_set(
            &last_error, QN_ERR_CONTEXT, QN_NO_OFFSET,
            "the session was saved with a context of another kind: this model rotates long ones otherwise");
    }
    if (head->page_bytes != session->kv.page_bytes) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
                         "the session was saved with a KV cache of another form: see qn_model_cache");
    }
    if (head->state_bytes != session->state_bytes || head->n_biases > n_vocab ||
        (head->n_logits != 0 && head->n_logits != n_vocab)) {
        return error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET, "the saved session does not fit the model");
    }
    struct restoring *restoring = block_take(sizeof(*restoring) + head->n_biases * sizeof(struct qn_bias));
    if (restoring == NULL) {
        return error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory to restore a session");
    }
    session_take_up(session, 0, 0);
    session->restoring = restoring;
    *restoring = (struct restoring){*head, sizeof(*head)};
    const int status = head->n_logits ? session_room_for_logits(session, 1) : QN_OK;
    return status == QN_OK ? kv_grow(&session->kv, head->n_tokens, &last_error) : status;
}

static int finish(struct qn_session *session) {
    const struct saved_head *head = &session->restoring->head;
    for (uint32_t i = 0; i < head->n_tokens; i++) {
        if ((uint32_t)session->tokens[i] >= session->model->hparams.n_vocab) {
            return error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET,
                             "token %u of the saved session is %d, which is not in the vocabulary of %u", i,
                             session->tokens[i], session->model->hparams.n_vocab);
        }
    }
    const uint32_t computed = state_restored(session, head->n_tokens);
    if (computed > head->n_tokens) {
        return error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET,
                         "the saved session's recurrent state is of tokens that it does not have");
    }
    const int status = sampler_set(&session->sampler, &head->settings, (struct qn_bias *)(session->restoring + 1),
                                   head->n_biases, session->model->hparams.n_vocab, &last_error);
    if (status == QN_OK) {
        memcpy(session->sampler.random, head->random, sizeof(head->random));
        session_take_up(session, computed, head->n_tokens);
        session->rows = head->n_logits != 0;
    }
    return status;
}

static int read_head(struct qn_session *session, const void *bytes, size_t count) {
    struct saved_head head;
    if (count < sizeof(head)) {
        return error_set(&last_error, QN_ERR_FORMAT, count, "a saved session has %zu bytes at least", sizeof(head));
    }
    memcpy(&head, bytes, sizeof(head));
    if (memcmp(head.magic, magic, sizeof(magic)) != 0) {
        return error_set(&last_error, QN_ERR_FORMAT, 0, "this is no saved session");
    }
    if (head.version != SAVED_VERSION) {
        return error_set(&last_error, QN_ERR_UNSUPPORTED, 8,
                         "the session was saved in version %u of the form, this build reads %u", head.version,
                         SAVED_VERSION);
    }
    if (head.model != fingerprint(session->model)) {
        return error_set(&last_error, QN_ERR_ARGUMENT, 16, "the session was saved with another model");
    }
    return begin(session, &head);
}

/* Takes in what follows the head. */
static int read_parts(struct qn_session *session, uint64_t offset, const uint8_t *from, size_t count) {
    struct restoring *restoring = session->restoring;
    const struct saved_head *head = &restoring->head;
    if (offset + count > bytes_of(head)) {
        return error_set(&last_error, QN_ERR_FORMAT, bytes_of(head), "the saved session goes on past its end");
    }
    uint64_t start = sizeof(*head);
    for (uint32_t i = 0; i < n_parts(head); i++) {
        const struct part part = part_of(session, head, (struct qn_bias *)(restoring + 1), i);
        const struct part piece = overlap(part, start, offset, count);
        if (piece.bytes) {
            memcpy(piece.at, from, piece.bytes);
            from += piece.bytes;
        }
        start += part.bytes;
    }
    restoring->done = offset + count;
    return restoring->done == start ? finish(session) : QN_MORE;
}

int32_t qn_session_restore(qn_session *session, uint64_t offset, const void *bytes, size_t count) {
    const uint8_t *from = bytes;
    int status = QN_OK;
    if (session->model->stage != STAGE_READY) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET,
                         "a session is restored once the model has been loaded");
    }
    session_take_angles(session);
    if (offset == 0) {
        session_restore_end(session);
        status = read_head(session, bytes, count);
    } else if (session->restoring == NULL || session->restoring->done != offset) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
                         "byte %llu of a saved session came where byte %llu was expected", (unsigned long long)offset,
                         session->restoring ? (unsigned long long)session->restoring->done : 0ull);
    }
    if (status == QN_OK) {
        const size_t head = offset ? 0 : sizeof(struct saved_head);
        status = read_parts(session, offset + head, from + head, count - head);
    }
    if (status != QN_MORE) {
        session_restore_end(session);
    }
    return status;
}

qn_session *qn_session_fork(const qn_session *session) {
    if (can_save(session) != QN_OK) {
        return NULL;
    }
    const uint32_t cache = session->model->cache;
    session->model->cache = session->kv.form;
    struct qn_session *fork = qn_session_new(session->model, session->context, session->batch);
    session->model->cache = cache;
    if (fork == NULL) {
        return NULL;
    }
    const struct saved_head head = head_of(session);
    int status = begin(fork, &head);
    for (uint32_t i = 0; status == QN_OK && i < n_parts(&head); i++) {
        const struct part from = part_of(session, &head, session->sampler.biases, i);
        const struct part to = part_of(fork, &head, (struct qn_bias *)(fork->restoring + 1), i);
        if (from.bytes) {
            memcpy(to.at, from.at, from.bytes);
        }
    }
    status = status == QN_OK ? finish(fork) : status;
    session_restore_end(fork);
    if (status != QN_OK) {
        qn_session_free(fork);
        return NULL;
    }
    return fork;
}
