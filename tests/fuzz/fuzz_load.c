/* Fuzzes loading: the files of a model, which may be split, arrive in any order and in pieces of any size, while
 * sessions are made and take steps. The input is the number of files, the length and the bytes of each (noise follows,
 * see noise.h), and a list of calls. The result must be that of a model that was read from start to end. */
#include <stdbool.h>

#include "quern.h"
#include "tests/engine/support/counted_memory.h"
#include "tests/fuzz/noise.h"
#include "tests/fuzz/status.h"

#define MEMORY           ((size_t)24 << 20)
#define MAX_TENSOR_BYTES ((uint64_t)160 << 10)
#define MAX_FILES        4
#define CALLS            200
#define MAX_PIECES       4096 /* of a model that is read to its end */
#define TOKENS           3

struct loading {
    struct choices in;
    const uint8_t *files[MAX_FILES]; /* (sizes) */
    size_t sizes[MAX_FILES];
    uint32_t n_files;
    qn_model *model;
    qn_session *session;
    bool fits;  /* the model is small enough to place */
    bool wrong; /* something else was reported than what was written */
};

/* Writes what the file has there. A file that does not exist has no bytes. */
static void write_piece(const struct loading *l, const struct qn_want *want, size_t bytes) {
    REQUIRE(want->address != 0);
    noise_read((uint8_t *)(uintptr_t)want->address, l->files[want->split], l->sizes[want->split], want->offset, bytes);
}

static int32_t write_wanted(const struct loading *l, qn_model *model, uint64_t most) {
    struct qn_want want;
    int32_t status = checked(qn_model_want(model, &want));
    if (status != QN_MORE) {
        return status;
    }
    REQUIRE(want.bytes > 0);
    const bool exists = want.split < l->n_files;
    const uint64_t bytes = want.bytes < most ? want.bytes : most;
    if (exists) {
        write_piece(l, &want, (size_t)bytes);
    }
    status = checked(qn_model_wrote(model, exists ? bytes : 0));
    REQUIRE(exists || status == QN_ERR_FORMAT);
    return status == QN_OK ? QN_MORE : status;
}

static void call_want(struct loading *l) {
    const uint32_t size = choose(&l->in, 4);
    write_wanted(l, l->model, size ? (uint64_t)1 << 5 * size : 1 + choose(&l->in, 100));
}

/* More than was wanted, or the end of the file. */
static void call_wrote(struct loading *l) {
    struct qn_want want = {0};
    const int32_t status = checked(qn_model_want(l->model, &want));
    if (status == QN_MORE && choose(&l->in, 16) == 15) {
        REQUIRE(checked(qn_model_wrote(l->model, 0)) == QN_ERR_FORMAT);
    } else if (status >= 0) {
        REQUIRE(qn_model_wrote(l->model, want.bytes + 1 + choose(&l->in, 3)) == QN_ERR_ARGUMENT);
    }
}

static void check_plan(struct loading *l) {
    struct qn_plan plan;
    if (checked(qn_model_plan(l->model, 8, 4, &plan)) == QN_OK) {
        l->fits = plan.tensor_bytes <= MAX_TENSOR_BYTES;
    }
}

static void call_place(struct loading *l) {
    check_plan(l);
    if (l->fits) {
        checked(qn_model_place(l->model));
    }
}

/* A tensor, or a part of one. */
static void call_need(struct loading *l) {
    struct qn_want need;
    const uint32_t index = choose(&l->in, 64);
    if (checked(qn_model_need(l->model, index, &need)) != QN_OK || need.address == 0) {
        return;
    }
    REQUIRE(need.split < l->n_files);
    const uint64_t from = need.bytes ? choose_number(&l->in, 2) % need.bytes : 0;
    struct qn_want part = {need.offset + from, need.bytes - from, need.address + from, need.split};
    part.bytes = choose(&l->in, 4) && part.bytes > 100 ? 1 + choose(&l->in, 100) : part.bytes;
    write_piece(l, &part, (size_t)part.bytes);
    const int32_t status = checked(qn_model_wrote_at(l->model, (uint32_t)part.split, part.offset, part.bytes));
    REQUIRE(status == QN_OK || status == QN_ERR_LIMIT || part.bytes == 0 || need.bytes == 0);
}

/* A range that nobody wrote; a later write corrects that. */
static void call_wrote_at(struct loading *l) {
    const uint32_t split = choose(&l->in, 6);
    const uint64_t offset = choose_number(&l->in, choose(&l->in, 8) == 7 ? 4 : 2);
    const uint64_t bytes = choose(&l->in, 8) == 7 ? UINT64_MAX - choose(&l->in, 4) : choose_number(&l->in, 1);
    l->wrong |= checked(qn_model_wrote_at(l->model, split, offset, bytes)) != QN_ERR_ARGUMENT;
}

static int32_t feed(qn_session *session, uint32_t n_vocab) {
    int32_t ids[TOKENS];
    for (uint32_t i = 0; i < TOKENS; i++) {
        ids[i] = (int32_t)(i * 7 % n_vocab);
    }
    return checked(qn_session_feed(session, ids, TOKENS, QN_LOGITS_LAST));
}

static void call_session(struct loading *l) {
    if (l->session == NULL) {
        checked(qn_model_cache(l->model, choose(&l->in, 3) == 2));
        l->session = qn_session_new(l->model, 8, 2);
        if (l->session == NULL) {
            require_error(qn_last_error()->code);
        } else if (feed(l->session, qn_model_vocab_size(l->model)) != QN_OK) {
            qn_session_free(l->session);
            l->session = NULL;
        }
    }
}

static void call_step(struct loading *l) {
    if (l->session) {
        checked(qn_session_step(l->session));
        REQUIRE(qn_session_rows(l->session) <= 1);
        const qn_session *fork = qn_session_fork(l->session);
        qn_session_free((qn_session *)(uintptr_t)fork);
    }
}

static void call_ask(struct loading *l) {
    struct qn_value value;
    struct qn_tensor tensor;
    struct qn_sampling settings;
    int32_t ids[8];
    char text[8];
    const uint32_t index = choose(&l->in, 64);
    checked(qn_model_metadata(l->model, index, &value));
    checked(qn_model_tensor(l->model, index, &tensor));
    checked(qn_model_sampling(l->model, &settings));
    checked((int32_t)qn_tokenize(l->model, "a b", 3, index & 7, ids, 8));
    checked((int32_t)qn_detokenize(l->model, ids, 0, index & 3, text, 8));
    qn_prompt *prompt = qn_prompt_render(l->model, NULL, 0, "{}", 2);
    if (prompt == NULL) {
        require_error(qn_last_error()->code);
    }
    qn_prompt_free(prompt);
    check_plan(l);
}

/* Reads a model from start to end, or to an error. */
static int32_t finish(struct loading *l, qn_model *model, uint64_t most) {
    int32_t status = QN_MORE;
    for (int i = 0; i < MAX_PIECES && status == QN_MORE; i++) {
        status = write_wanted(l, model, most);
    }
    return status;
}

/* The session must go on as that of a model that was read in one piece. */
static void compare(struct loading *l) {
    const uint32_t n_vocab = qn_model_vocab_size(l->model);
    qn_model *model = qn_model_open(0);
    qn_session *session = NULL;
    bool ok = model && finish(l, model, UINT64_MAX) == QN_OK && qn_model_place(model) == QN_OK &&
              finish(l, model, UINT64_MAX) == QN_OK;
    if (ok && l->session) {
        session = qn_session_new(model, 8, 3);
        ok = session && feed(session, n_vocab) == QN_OK;
    }
    int32_t status[2] = {QN_MORE, QN_MORE};
    while (ok && session && status[0] == QN_MORE) {
        status[0] = checked(qn_session_step(session));
    }
    while (ok && session && status[1] == QN_MORE) {
        status[1] = checked(qn_session_step(l->session));
    }
    REQUIRE(status[0] != QN_WAIT && status[1] != QN_WAIT);
    if (ok && status[0] == QN_OK && status[1] == QN_OK && qn_session_rows(l->session)) {
        const float *logits = qn_session_logits(session, 0);
        REQUIRE(qn_session_save_bytes(session) != qn_session_save_bytes(l->session) || l->wrong ||
                memcmp(logits, qn_session_logits(l->session, 0), n_vocab * sizeof(float)) == 0);
    }
    qn_session_free(session);
    qn_model_free(model);
}

static bool take_files(struct loading *l) {
    l->n_files = 1 + choose(&l->in, MAX_FILES);
    for (uint32_t i = 0; i < l->n_files; i++) {
        const size_t size = choose_number(&l->in, 2);
        if (size > l->in.left) {
            return false;
        }
        l->files[i] = l->in.at;
        l->sizes[i] = size;
        l->in.at += size;
        l->in.left -= size;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const calls[])(struct loading *) = {call_want,     call_want,    call_want, call_wrote,
                                                      call_place,    call_need,    call_need, call_need,
                                                      call_wrote_at, call_session, call_step, call_ask};
    struct loading l = {.in = {data, size}};
    if (!take_files(&l)) {
        return 0;
    }
    blocks_restart();
    blocks.limit = choose(&l.in, 8) == 7 ? (size_t)4096 << choose(&l.in, 12) : MEMORY;
    l.model = qn_model_open(choose(&l.in, 4) == 3 ? l.sizes[0] + MAX_TENSOR_BYTES : 0);
    if (l.model && choose(&l.in, 4)) { /* mostly, the calls meet a planned or a placed model */
        finish(&l, l.model, choose(&l.in, 2) ? UINT64_MAX : 997);
        if (choose(&l.in, 4)) {
            call_place(&l);
        }
    }
    for (int i = 0; l.model && i < CALLS && l.in.left; i++) {
        calls[choose(&l.in, sizeof(calls) / sizeof(calls[0]))](&l);
    }
    if (l.model && finish(&l, l.model, 4096) == QN_OK) {
        call_place(&l);
        if (l.fits && finish(&l, l.model, 4096) == QN_OK && !l.wrong) {
            compare(&l);
        }
    }
    qn_session_free(l.session);
    qn_model_free(l.model);
    REQUIRE(blocks.live == 0);
    return 0;
}
