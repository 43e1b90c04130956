/* Random sequences of valid and invalid calls. After each sequence a session must compute the same bits as a new
 * session that is given the same tokens. tests/fuzz/fuzz_session.c searches the same exports with more arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/engine/support/counted_memory.h"
#include "tests/engine/support/tiny_model.h"

#define CONTEXT   90
#define SEQUENCES 16 /* for each model */
#define CALLS     60 /* of a sequence */
#define SESSIONS  2

/* A session, and what it must contain. */
struct tracked {
    qn_session *session;
    int32_t ids[CONTEXT]; /* (fed) */
    uint32_t fed;         /* computed tokens and the queue */
    bool embedding;       /* the tokens were given to qn_session_embed */
};

static uint64_t seed;
static size_t n_calls;
static size_t n_refused;

/* xorshift64* */
static uint32_t below(uint32_t limit) {
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (uint32_t)((seed * 0x2545f4914f6cdd1du) >> 33) % limit;
}

static int64_t counted(int64_t status) {
    n_calls++;
    n_refused += status < 0;
    return status;
}

static void steps(qn_session *session) {
    int32_t status;
    while ((status = qn_session_step(session)) == QN_MORE) {
    }
    assert_int_equal(status, QN_OK);
}

/* Feeds the session's last tokens one more; a new session gets all of them at once. */
static void assert_like_a_new_session(qn_model *model, struct tracked *t) {
    steps(t->session);
    if (t->embedding) {
        assert_int_equal(qn_session_rewind(t->session, 0), QN_OK);
        t->fed = 0;
        t->embedding = false;
    }
    if (t->fed == CONTEXT) {
        assert_int_equal(qn_session_rewind(t->session, CONTEXT - 1), QN_OK);
        t->fed--;
    }
    t->ids[t->fed] = 7;
    assert_int_equal(qn_session_feed(t->session, &t->ids[t->fed++], 1, QN_LOGITS_LAST), QN_OK);
    steps(t->session);
    assert_int_equal(qn_session_position(t->session), t->fed);
    qn_session *fresh = qn_session_new(model, CONTEXT, 1 + below(40));
    assert_int_equal(qn_session_feed(fresh, t->ids, t->fed, QN_LOGITS_LAST), QN_OK);
    steps(fresh);
    assert_memory_equal(qn_session_logits(t->session, qn_session_rows(t->session) - 1),
                        qn_session_logits(fresh, qn_session_rows(fresh) - 1),
                        qn_model_vocab_size(model) * sizeof(float));
    qn_session_free(fresh);
}

static void feed(qn_model *model, struct tracked *t) {
    const uint32_t n_vocab = qn_model_vocab_size(model);
    int32_t ids[CONTEXT + 4];
    const uint32_t count = below(8) ? below(12) : below(CONTEXT + 4);
    for (uint32_t i = 0; i < count; i++) {
        ids[i] = (int32_t)below(n_vocab);
    }
    const bool wrong = count && below(10) == 0;
    if (wrong) {
        ids[below(count)] = below(2) ? (int32_t)n_vocab : -1 - (int32_t)below(1000);
    }
    if (t->embedding) { /* text after an input whose embedding was computed is fed from the start */
        assert_int_equal(qn_session_rewind(t->session, 0), QN_OK);
        t->fed = 0;
        t->embedding = false;
    }
    const int64_t status = counted(qn_session_feed(t->session, ids, count, below(3)));
    const bool fits = count <= CONTEXT - t->fed;
    assert_true(status == QN_OK ? fits && !wrong : !fits || wrong);
    if (status == QN_OK) {
        memcpy(t->ids + t->fed, ids, count * sizeof(*ids));
        t->fed += count;
    }
}

static void rewind_to(struct tracked *t) {
    const uint32_t position = qn_session_position(t->session);
    const uint32_t to = t->embedding ? 0 : below(position + 3);
    const int64_t status = counted(qn_session_rewind(t->session, to));
    assert_int_equal(status, to > position ? QN_ERR_ARGUMENT : QN_OK);
    if (status == QN_OK) {
        t->fed = to;
        t->embedding = false;
    }
}

static void embed(qn_model *model, struct tracked *t) {
    const int32_t ids[] = {3, 1, (int32_t)(below(8) ? 2 : qn_model_vocab_size(model))};
    const int32_t pooling = (int32_t)below(6) - 1;
    if (counted(qn_session_embed(t->session, ids, below(4), pooling, below(2))) == QN_OK) {
        t->embedding = true;
        t->fed = 0;
    }
}

/* Saves `from` and restores it in `to`, sometimes with changed or missing bytes. */
static void copy(struct tracked *from, struct tracked *to) {
    const int64_t bytes = qn_session_save_bytes(from->session);
    uint8_t *saved = malloc((size_t)bytes);
    const int64_t got = counted(qn_session_save(from->session, 0, saved, (size_t)bytes));
    if (got >= 0) {
        assert_int_equal(got, bytes);
        const bool changed = below(4) == 0;
        if (changed) {
            saved[below(128)] ^= (uint8_t)(1 << below(8));
        }
        const size_t piece = below(2) ? (size_t)bytes : 128 + below(1000);
        int64_t status = QN_MORE;
        for (size_t at = 0; at < (size_t)bytes && status == QN_MORE; at += piece) {
            const size_t left = (size_t)bytes - at;
            status = counted(qn_session_restore(to->session, at, saved + at, left < piece ? left : piece));
        }
        assert_true(changed || status == QN_OK);
        if (status == QN_OK && !changed) {
            to->fed = qn_session_position(from->session);
            memcpy(to->ids, from->ids, to->fed * sizeof(*to->ids));
            to->embedding = from->embedding;
        } else {
            assert_int_equal(qn_session_rewind(to->session, 0), QN_OK);
            to->fed = 0;
            to->embedding = false;
        }
    }
    free(saved);
}

static void fork(struct tracked *from, struct tracked *to) {
    qn_session *forked = qn_session_fork(from->session);
    counted(forked ? QN_OK : QN_ERR_STATE);
    if (forked && from != to) {
        qn_session_free(to->session);
        *to = *from;
        to->session = forked;
        to->fed = qn_session_position(forked);
    } else {
        qn_session_free(forked);
    }
}

static void sample(struct tracked *t) {
    const int64_t id = counted(qn_session_sample(t->session));
    assert_int_equal(id >= 0, !t->embedding && qn_session_rows(t->session) > 0);
}

static void call(qn_model *model, struct tracked sessions[SESSIONS]) {
    struct tracked *t = &sessions[below(SESSIONS)];
    struct tracked *other = &sessions[below(SESSIONS)];
    switch (below(10)) {
    case 0:
    case 1:
        feed(model, t);
        break;
    case 2:
        rewind_to(t);
        break;
    case 3:
        embed(model, t);
        break;
    case 4:
        copy(t, other);
        break;
    case 5:
        fork(t, other);
        break;
    case 6:
        sample(t);
        break;
    case 7:
        assert_true(counted(qn_session_step(t->session)) >= 0);
        break;
    default:
        steps(t->session);
    }
}

static void run(const char *path) {
    qn_model *model = load_file(path);
    for (int sequence = 0; sequence < SEQUENCES; sequence++) {
        struct tracked sessions[SESSIONS] = {{0}};
        for (size_t i = 0; i < SESSIONS; i++) {
            sessions[i].session = qn_session_new(model, CONTEXT, 1 + below(40));
        }
        for (int i = 0; i < CALLS; i++) {
            call(model, sessions);
        }
        for (size_t i = 0; i < SESSIONS; i++) {
            assert_like_a_new_session(model, &sessions[i]);
            qn_session_free(sessions[i].session);
        }
    }
    qn_model_free(model);
    assert_int_equal(blocks.live, 0);
}

static void sessions_compute_what_a_new_one_does(void **state) {
    (void)state;
    static const char *const models[] = {LLAMA,
                                         GEMMA,
                                         LFM2,
                                         "tests/vectors/tiny-mamba-normed-f32.gguf",
                                         "tests/vectors/tiny-mamba2-f32.gguf",
                                         "tests/vectors/tiny-qwen35-f32.gguf",
                                         "tests/vectors/tiny-falcon-h1-f32.gguf",
                                         "tests/vectors/tiny-gemma3n-f32.gguf",
                                         "tests/vectors/tiny-phi3-f32.gguf"};
    const char *chosen = getenv("QUERN_SEED");
    seed = chosen ? strtoull(chosen, NULL, 10) : 88172645463325252u;
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        run(models[i]);
    }
    print_message("%zu calls, %zu of them refused\n", n_calls, n_refused);
    assert_true(n_calls > 10000 && n_refused > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_compute_what_a_new_one_does),
    };
    return cmocka_run_group_tests_name("session_random_calls", tests, NULL, NULL);
}
