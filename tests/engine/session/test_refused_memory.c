/* Every allocation of every export is refused, once and from then on, with every tiny model: the call reports the
 * error, nothing leaks, and the same call succeeds when memory is available again, with the same bits. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glob.h>

#include <cmocka.h>

#include "tests/engine/support/counted_memory.h"
#include "tests/engine/support/tiny_model.h"

#define CONTEXT 96
#define PROMPT  70 /* tokens: more than a KV page */

struct run {
    struct bytes file;
    qn_model *model;
    qn_session *session;
    qn_session *other;
    qn_prompt *prompt;
    struct bytes saved;
    int32_t sampled;
};

static size_t refusals; /* so far */

/* QN_OK, or the error of an export that says so by a null pointer. */
static int64_t made(const void *object) { return object ? QN_OK : qn_last_error()->code; }

/* ---- the calls ---- */

static int64_t call_load(struct run *run) {
    const int status = load(&run->model, run->file, run->file.count, run->file.count, SIZE_MAX);
    if (status != QN_OK) {
        qn_model_free(run->model);
        run->model = NULL;
    }
    return status;
}

static int64_t call_session(struct run *run) { return made(run->session = qn_session_new(run->model, CONTEXT, 16)); }

static int64_t call_other(struct run *run) { return made(run->other = qn_session_new(run->model, CONTEXT, 16)); }

static int64_t call_feed(struct run *run) {
    int32_t ids[PROMPT];
    for (uint32_t i = 0; i < PROMPT; i++) {
        ids[i] = (int32_t)((i * i * 7 + 3 * i + 5) % qn_model_vocab_size(run->model));
    }
    if (qn_model_is_encoder(run->model)) {
        return qn_session_embed(run->session, ids, PROMPT, QN_POOLING_MEAN, 1);
    }
    return qn_session_feed(run->session, ids, PROMPT, QN_LOGITS_LAST);
}

static int64_t call_embed(struct run *run) {
    const int32_t ids[3] = {1, 2, 3};
    return qn_session_embed(run->other, ids, 3, QN_POOLING_NONE, 0);
}

static int64_t call_feed_one(struct run *run) { return qn_session_feed(run->session, &run->sampled, 1, QN_LOGITS_ALL); }

static int64_t steps(qn_session *session) {
    int32_t status;
    while ((status = qn_session_step(session)) == QN_MORE) {
    }
    return status;
}

static int64_t call_steps(struct run *run) { return steps(run->session); }

static int64_t call_steps_of_other(struct run *run) { return steps(run->other); }

static int64_t call_sampling(struct run *run) {
    struct qn_sampling settings;
    const struct qn_bias biases[] = {{1, 2.5f}, {3, -1.0f}};
    qn_sampling_default(&settings);
    settings.repeat_penalty = 1.1f;
    settings.penalty_last_n = -1;
    return qn_session_sampling(run->session, &settings, biases, 2);
}

static int64_t call_sample(struct run *run) { return run->sampled = qn_session_sample(run->session); }

static int64_t call_save(struct run *run) { return qn_session_save(run->session, 0, run->saved.at, run->saved.count); }

static int64_t call_restore(struct run *run) {
    return qn_session_restore(run->other, 0, run->saved.at, run->saved.count);
}

static int64_t call_fork(struct run *run) { return made(run->other = qn_session_fork(run->session)); }

static int64_t call_tokenize(struct run *run) {
    static const char text[] = "A text with <s> and \xc3\xa9.";
    int32_t ids[64];
    return qn_tokenize(run->model, text, sizeof(text) - 1, QN_ADD_SPECIAL | QN_PARSE_SPECIAL | QN_NFC, ids, 64);
}

static int64_t call_render(struct run *run) {
    static const char text[] =
        "{% macro show(m) %}{{ m.role | upper }}: {{ m.content | trim }}{% endmacro %}{% set n = namespace(count=0) %}"
        "{% for m in messages %}{{ show(m) }}{% set n.count = n.count + 1 %}{% endfor %}{{ messages | tojson }}";
    static const char variables[] = "{\"messages\":[{\"role\":\"user\",\"content\":\" What is 1.5e3 + 2? \"},"
                                    "{\"role\":\"assistant\",\"content\":\"\\u00e91502\"}]}";
    return made(run->prompt = qn_prompt_render(run->model, text, sizeof(text) - 1, variables, sizeof(variables) - 1));
}

static int64_t call_prompt_tokens(struct run *run) {
    int32_t ids[512];
    return qn_prompt_tokens(run->model, run->prompt, ids, 512);
}

/* ---- the sweep ---- */

/* Refuses each allocation of a call in turn, until the call is through without a refusal. A refused call must say that
 * memory is missing. `lasting`: later allocations are refused too. */
static int64_t sweep(int64_t (*call)(struct run *), struct run *run, bool lasting) {
    for (size_t granted = 0;; granted++) {
        blocks_restart();
        blocks.refuse = lasting ? 0 : granted + 1;
        blocks.refuse_all = lasting ? granted + 1 : 0;
        const int64_t status = call(run);
        const bool refused = blocks.takes > granted;
        blocks_restart();
        refusals += refused;
        if (!refused) {
            return status;
        }
        if (status != QN_ERR_MEMORY || qn_last_error()->code != QN_ERR_MEMORY) {
            fail_msg("allocation %zu: status %lld: %s", granted, (long long)status, qn_last_error()->text);
        }
    }
}

/* With every allocation refused in turn, a call that works does so in the end. */
static void sweep_ok(int64_t (*call)(struct run *), struct run *run, bool lasting) {
    const int64_t status = sweep(call, run, lasting);
    if (status < 0) {
        fail_msg("status %lld: %s", (long long)status, qn_last_error()->text);
    }
}

static void free_other(struct run *run) {
    qn_session_free(run->other);
    run->other = NULL;
}

static void sweep_text(struct run *run, bool lasting) {
    const int64_t without_vocabulary = call_tokenize(run);
    const int64_t status = sweep(call_tokenize, run, lasting);
    assert_int_equal(status, without_vocabulary);
    sweep_ok(call_render, run, lasting);
    const int64_t count = call_prompt_tokens(run);
    assert_int_equal(sweep(call_prompt_tokens, run, lasting), count);
    qn_prompt_free(run->prompt);
}

/* The sessions of a model that generates text. */
static void sweep_decoder(struct run *run, bool lasting, float *logits) {
    const size_t bytes = qn_model_vocab_size(run->model) * sizeof(float);
    sweep_ok(call_sampling, run, lasting);
    sweep_ok(call_sample, run, lasting);
    sweep_ok(call_feed_one, run, lasting);
    sweep_ok(call_steps, run, lasting);
    memcpy(logits, qn_session_logits(run->session, 0), bytes);
    run->saved.count = (size_t)qn_session_save_bytes(run->session);
    run->saved.at = malloc(run->saved.count);
    sweep_ok(call_save, run, lasting);
    sweep_ok(call_other, run, lasting);
    sweep_ok(call_restore, run, lasting);
    assert_memory_equal(qn_session_logits(run->other, 0), logits, bytes);
    sweep_ok(call_embed, run, lasting);
    sweep_ok(call_steps_of_other, run, lasting);
    free_other(run);
    sweep_ok(call_fork, run, lasting);
    assert_memory_equal(qn_session_logits(run->other, 0), logits, bytes);
    free_other(run);
    free(run->saved.at);
}

static void sweep_model(const char *path, bool lasting, float *row) {
    struct run run = {.file = file_bytes(path)};
    sweep_ok(call_load, &run, lasting);
    sweep_ok(call_session, &run, lasting);
    sweep_ok(call_feed, &run, lasting);
    sweep_ok(call_steps, &run, lasting);
    if (qn_model_is_encoder(run.model)) {
        memcpy(row, qn_session_embedding(run.session, 0), qn_model_embedding_size(run.model) * sizeof(float));
    } else {
        sweep_decoder(&run, lasting, row);
    }
    sweep_text(&run, lasting);
    qn_session_free(run.session);
    qn_model_free(run.model);
    free(run.file.at);
    if (blocks.live != 0) {
        fail_msg("%s: %zu blocks were not given back", path, blocks.live);
    }
}

/* What the model computes without a refusal. */
static void compute(const char *path, float *row) {
    struct run run = {.file = file_bytes(path)};
    assert_int_equal(call_load(&run), QN_OK);
    assert_int_equal(call_session(&run), QN_OK);
    assert_int_equal(call_feed(&run), QN_OK);
    assert_int_equal(call_steps(&run), QN_OK);
    if (qn_model_is_encoder(run.model)) {
        memcpy(row, qn_session_embedding(run.session, 0), qn_model_embedding_size(run.model) * sizeof(float));
    } else {
        assert_int_equal(call_sampling(&run), QN_OK);
        assert_true(call_sample(&run) >= 0);
        assert_int_equal(call_feed_one(&run), QN_OK);
        assert_int_equal(call_steps(&run), QN_OK);
        memcpy(row, qn_session_logits(run.session, 0), qn_model_vocab_size(run.model) * sizeof(float));
    }
    qn_session_free(run.session);
    qn_model_free(run.model);
    free(run.file.at);
}

static void sweep_files(bool lasting) {
    static float expected[4096];
    static float row[4096];
    glob_t files;
    assert_int_equal(glob("tests/vectors/tiny-*.gguf", 0, NULL, &files), 0);
    assert_int_equal(glob("tests/vectors/embeddings/*.gguf", GLOB_APPEND, NULL, &files), 0);
    assert_true(files.gl_pathc > 50);
    refusals = 0;
    for (size_t i = 0; i < files.gl_pathc; i++) {
        memset(expected, 0, sizeof(expected));
        memset(row, 0, sizeof(row));
        blocks_restart();
        compute(files.gl_pathv[i], expected);
        sweep_model(files.gl_pathv[i], lasting, row);
        if (memcmp(row, expected, sizeof(row)) != 0) {
            fail_msg("%s computes other numbers after refusals", files.gl_pathv[i]);
        }
    }
    print_message("%zu refused allocations with %zu models\n", refusals, files.gl_pathc);
    assert_true(refusals > 10 * files.gl_pathc);
    globfree(&files);
}

static void each_allocation_is_refused_once(void **state) {
    (void)state;
    sweep_files(false);
}

static void all_allocations_from_one_on_are_refused(void **state) {
    (void)state;
    sweep_files(true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_is_refused_once),
        cmocka_unit_test(all_allocations_from_one_on_are_refused),
    };
    return cmocka_run_group_tests_name("session_refused_memory", tests, NULL, NULL);
}
