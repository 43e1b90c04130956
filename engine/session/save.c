/* Saving, restoring and copying sessions.
 *
 * A saved session is a head and then sections without padding: logit biases, tokens, the last row of logits if there is
 * one, the recurrent state, and the pages of the KV cache as they lie in memory. All numbers are little-endian, like
 * every machine that runs this. A restore checks everything: the bytes may be hostile. */
#include "engine/layers/rope.h"
#include "engine/session/constraint.h"
#include "engine/session/queue.h"
#include "engine/session/session.h"
#include "engine/state/recurrent_state.h"
#include "platform/error.h"

#define SAVED_VERSION 1u /* raise it when this format or the layout of a KV page changes */

struct saved_head {
    char magic[8];
    uint32_t version;
    uint32_t n_tokens;
    uint64_t model; /* fingerprint */
    uint64_t rope;  /* hash of the rope frequencies, which some models choose by the length of the context */
    uint64_t page_bytes;
    uint64_t recurrent_bytes;
    uint32_t n_biases;
    uint32_t n_logits; /* 0, or the size of the vocabulary */
    uint64_t random[4];
    struct qn_sampling settings;
};
_Static_assert(sizeof(struct saved_head) == 128 && sizeof(struct qn_bias) == 8,
               "a file's layout is the same everywhere");

/* An unfinished restore. Its biases follow in the same block. */
struct restoring {
    struct saved_head head;
    uint64_t done; /* bytes received */
};

static struct qn_bias *biases_of(struct restoring *restoring) { return (struct qn_bias *)(restoring + 1); }

static const char magic[8] = {'Q', 'U', 'E', 'R', 'N', 'S', 'E', 'S'};

/* FNV-1a, 64 bits */
#define HASH_START 0xcbf29ce484222325u

static uint64_t hash(uint64_t seed, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        seed = (seed ^ bytes[i]) * 0x100000001b3u;
    }
    return seed;
}

/* Distinguishes models: a hash of the directory and of a few bytes from the middle of each tensor. */
static uint64_t fingerprint(const struct qn_model *model) {
    const struct gguf *gguf = &model->gguf;
    uint64_t sum = hash(HASH_START, model->splits[0].head, (size_t)model->splits[0].scan.position);
    for (size_t i = 0; i < gguf->n_tensors; i++) {
        const struct gguf_tensor *tensor = &gguf->tensors[i];
        const size_t bytes = tensor->bytes < 64 ? (size_t)tensor->bytes : 64;
        const size_t at = (size_t)(tensor->offset - gguf->data_offset) + ((size_t)tensor->bytes - bytes) / 2;
        sum = hash(sum, model->data + at, bytes);
    }
    return sum;
}

/* The head, except for the fingerprint, which takes long. */
static struct saved_head head_of(const struct qn_session *session) {
    const struct hparams *hparams = &session->model->hparams;
    const bool has_logits = session->logit_rows && session->stage == SESSION_IDLE;
    struct saved_head head = {.version = SAVED_VERSION,
                              .n_tokens = qn_session_position(session),
                              .rope = hash(HASH_START, (const uint8_t *)session->scratch.rope_freqs,
                                           ROPE_SETS * hparams->n_rot / 2 * sizeof(double)),
                              .page_bytes = session->kv.page_bytes,
                              .recurrent_bytes = session->recurrent_bytes,
                              .n_biases = (uint32_t)session->sampler.n_biases,
                              .n_logits = has_logits ? hparams->n_vocab : 0,
                              .settings = session->sampler.settings};
    memcpy(head.magic, magic, sizeof(magic));
    memcpy(head.random, session->sampler.random, sizeof(head.random));
    return head;
}

/* A run of saved bytes and where it lies in the session. */
struct section {
    uint8_t *at;
    size_t bytes;
};

/* The sections after the head; the pages of the KV cache follow these. */
enum { SECTION_BIASES, SECTION_TOKENS, SECTION_LOGITS, SECTION_RECURRENT, SECTION_PAGES };

static float *last_row(const struct qn_session *session) {
    const size_t row = session->logit_rows ? session->logit_rows - 1 : 0;
    return session->scratch.logits + row * session->model->hparams.n_vocab;
}

/* A section of the session that is saved or restored; `biases` is where its logit biases lie. */
static struct section section_at(const struct qn_session *session, const struct saved_head *head,
                                 struct qn_bias *biases, uint32_t index) {
    switch (index) {
    case SECTION_BIASES:
        return (struct section){(uint8_t *)biases, head->n_biases * sizeof(*biases)};
    case SECTION_TOKENS:
        return (struct section){(uint8_t *)session->tokens, head->n_tokens * sizeof(*session->tokens)};
    case SECTION_LOGITS:
        return (struct section){head->n_logits ? (uint8_t *)last_row(session) : NULL, head->n_logits * sizeof(float)};
    case SECTION_RECURRENT:
        return (struct section){session->recurrent, session->recurrent_bytes};
    default:
        return (struct section){session->kv.pages[index - SECTION_PAGES], session->kv.page_bytes};
    }
}

static uint32_t n_sections(const struct saved_head *head) { return SECTION_PAGES + kv_pages_for(head->n_tokens); }

/* The size of a saved session whose head has been checked. */
static uint64_t saved_bytes(const struct saved_head *head) {
    return sizeof(*head) + head->n_biases * sizeof(struct qn_bias) + head->n_tokens * (uint64_t)sizeof(int32_t) +
           head->n_logits * (uint64_t)sizeof(float) + head->recurrent_bytes +
           kv_pages_for(head->n_tokens) * head->page_bytes;
}

/* The bytes of a section, which starts at offset `start`, that lie in [offset, offset + count). */
static struct section overlap(struct section section, uint64_t start, uint64_t offset, size_t count) {
    const uint64_t from = offset > start ? offset - start : 0;
    const uint64_t to = offset + count < start + section.bytes ? offset + count - start : section.bytes;
    if (offset + count <= start || from >= section.bytes) {
        return (struct section){NULL, 0};
    }
    return (struct section){section.at + (size_t)from, (size_t)(to - from)};
}

static int can_save(const struct qn_session *session) {
    if (session->model->stage != STAGE_READY || !session->rope_ready) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET,
                         "a session can be saved once the model is loaded and the session has taken a step since");
    }
    if (session->recurrent_bytes && session->stage != SESSION_IDLE) { /* the layers have seen different tokens */
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET,
                         "a session of a recurrent model is saved between micro-batches: step until QN_OK");
    }
    if (session->recurrent_bytes && session->restoring) { /* the state may consist of parts of two */
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET,
                         "a session of a recurrent model is saved before or after a restore, not while it is restored");
    }
    return QN_OK;
}

/* ---- save ---- */

int64_t qn_session_save_bytes(const qn_session *session) {
    const struct saved_head head = head_of(session);
    return (int64_t)saved_bytes(&head);
}

int64_t qn_session_save(const qn_session *session, uint64_t offset, void *bytes, size_t capacity) {
    struct saved_head head = head_of(session);
    const uint64_t whole = saved_bytes(&head);
    if (offset > whole) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "byte %llu of a saved session of %llu bytes",
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
    struct section piece = overlap((struct section){(uint8_t *)&head, sizeof(head)}, 0, offset, capacity);
    for (uint32_t i = 0;; i++) {
        if (piece.bytes) {
            memcpy(to, piece.at, piece.bytes);
            to += piece.bytes;
        }
        if (i == n_sections(&head)) {
            return to - (uint8_t *)bytes;
        }
        const struct section section = section_at(session, &head, session->sampler.biases, i);
        piece = overlap(section, start, offset, capacity);
        start += section.bytes;
    }
}

/* ---- restore ---- */

/* Empties the session and takes the memory that the head asks for. */
static int begin_restore(struct qn_session *session, const struct saved_head *head) {
    const uint32_t n_vocab = session->model->hparams.n_vocab;
    if (head->n_tokens > session->context) {
        return error_set(&last_error, QN_ERR_CONTEXT, QN_NO_OFFSET,
                         "the saved session has %u tokens, the context holds %u", head->n_tokens, session->context);
    }
    if (head->rope != head_of(session).rope) {
        return error_set(&last_error, QN_ERR_CONTEXT, QN_NO_OFFSET,
                         "the session was saved with a context of another length, for which this model uses other rope "
                         "frequencies");
    }
    if (head->page_bytes != session->kv.page_bytes) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
                         "the session was saved with another KV cache format: see qn_model_cache");
    }
    if (head->recurrent_bytes != session->recurrent_bytes || head->n_biases > n_vocab ||
        (head->n_logits != 0 && head->n_logits != n_vocab)) {
        return error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET, "the saved session does not fit the model");
    }
    struct restoring *restoring = block_take(sizeof(*restoring) + head->n_biases * sizeof(struct qn_bias));
    if (restoring == NULL) {
        return error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory to restore a session");
    }
    session_resume(session, 0, 0);
    constraint_lose(session);
    session->restoring = restoring;
    *restoring = (struct restoring){*head, sizeof(*head)};
    const int status = head->n_logits ? session_reserve_logits(session, 1) : QN_OK;
    return status == QN_OK ? kv_grow(&session->kv, head->n_tokens, &last_error) : status;
}

/* Rows that the host reads and samples are finite. */
static int check_logits(const struct qn_session *session, const struct saved_head *head) {
    const float *logits = head->n_logits ? last_row(session) : NULL;
    for (uint32_t i = 0; i < head->n_logits; i++) {
        if (!(logits[i] - logits[i] == 0)) { /* infinite or NaN */
            return error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET, "logit %u of the saved session is not finite",
                             i);
        }
    }
    return QN_OK;
}

/* All sections are in place: checks them and continues after the saved tokens. */
static int finish_restore(struct qn_session *session) {
    const struct saved_head *head = &session->restoring->head;
    for (uint32_t i = 0; i < head->n_tokens; i++) {
        if ((uint32_t)session->tokens[i] >= session->model->hparams.n_vocab) {
            return error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET,
                             "token %u of the saved session is %d, which is not in the vocabulary of %u", i,
                             session->tokens[i], session->model->hparams.n_vocab);
        }
    }
    const uint32_t computed = recurrent_state_restored(session, head->n_tokens);
    if (computed > head->n_tokens) {
        return error_set(&last_error, QN_ERR_FORMAT, QN_NO_OFFSET,
                         "the recurrent state of the saved session has seen more tokens than the session has");
    }
    int status = check_logits(session, head);
    if (status == QN_OK) {
        status = sampler_set(&session->sampler, &head->settings, biases_of(session->restoring), head->n_biases,
                             session->model->hparams.n_vocab, &last_error);
    }
    if (status == QN_OK) {
        memcpy(session->sampler.random, head->random, sizeof(head->random));
        session_resume(session, computed, head->n_tokens);
        session->logit_rows = head->n_logits != 0;
    }
    return status;
}

static int restore_head(struct qn_session *session, const void *bytes, size_t count) {
    struct saved_head head;
    if (count < sizeof(head)) {
        return error_set(&last_error, QN_ERR_FORMAT, count, "a saved session has at least %zu bytes", sizeof(head));
    }
    memcpy(&head, bytes, sizeof(head));
    if (memcmp(head.magic, magic, sizeof(magic)) != 0) {
        return error_set(&last_error, QN_ERR_FORMAT, 0, "this is not a saved session");
    }
    if (head.version != SAVED_VERSION) {
        return error_set(&last_error, QN_ERR_UNSUPPORTED, offsetof(struct saved_head, version),
                         "the session was saved in version %u of the format, this build reads version %u", head.version,
                         SAVED_VERSION);
    }
    if (head.model != fingerprint(session->model)) {
        return error_set(&last_error, QN_ERR_ARGUMENT, offsetof(struct saved_head, model),
                         "the session was saved with another model");
    }
    return begin_restore(session, &head);
}

static int restore_sections(struct qn_session *session, uint64_t offset, const uint8_t *from, size_t count) {
    struct restoring *restoring = session->restoring;
    const struct saved_head *head = &restoring->head;
    if (offset + count > saved_bytes(head)) {
        return error_set(&last_error, QN_ERR_FORMAT, saved_bytes(head),
                         "the saved session has more bytes than its head announces");
    }
    uint64_t start = sizeof(*head);
    for (uint32_t i = 0; i < n_sections(head); i++) {
        const struct section section = section_at(session, head, biases_of(restoring), i);
        const struct section piece = overlap(section, start, offset, count);
        if (piece.bytes) {
            memcpy(piece.at, from, piece.bytes);
            from += piece.bytes;
        }
        start += section.bytes;
    }
    restoring->done = offset + count;
    return restoring->done == start ? finish_restore(session) : QN_MORE;
}

int32_t qn_session_restore(qn_session *session, uint64_t offset, const void *bytes, size_t count) {
    const uint8_t *from = bytes;
    int status = QN_OK;
    if (session->model->stage != STAGE_READY) {
        return error_set(&last_error, QN_ERR_STATE, QN_NO_OFFSET, "a session can be restored once the model is loaded");
    }
    rope_prepare(session);
    if (offset == 0) {
        session_cancel_restore(session);
        status = restore_head(session, bytes, count);
    } else if (session->restoring == NULL || session->restoring->done != offset) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
                         "byte %llu of a saved session came where byte %llu was expected", (unsigned long long)offset,
                         session->restoring ? (unsigned long long)session->restoring->done : 0ull);
    }
    if (status == QN_OK) {
        const size_t head = offset ? 0 : sizeof(struct saved_head);
        status = restore_sections(session, offset + head, from + head, count - head);
    }
    if (status != QN_MORE) {
        session_cancel_restore(session);
    }
    return status;
}

/* ---- fork ---- */

qn_session *qn_session_fork(const qn_session *session) {
    if (can_save(session) != QN_OK) {
        return NULL;
    }
    struct qn_session *fork = session_new(session->model, session->context, session->batch, session->kv.format);
    if (fork == NULL) {
        return NULL;
    }
    const struct saved_head head = head_of(session);
    int status = begin_restore(fork, &head);
    for (uint32_t i = 0; status == QN_OK && i < n_sections(&head); i++) {
        const struct section from = section_at(session, &head, session->sampler.biases, i);
        const struct section to = section_at(fork, &head, biases_of(fork->restoring), i);
        if (from.bytes) {
            memcpy(to.at, from.at, from.bytes);
        }
    }
    status = status == QN_OK ? finish_restore(fork) : status;
    status = status == QN_OK ? constraint_copy(fork, session) : status;
    session_cancel_restore(fork);
    if (status != QN_OK) {
        qn_session_free(fork);
        return NULL;
    }
    return fork;
}
