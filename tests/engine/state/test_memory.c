/* Memory: a refused allocation gives an error and changes nothing, so that the call can be repeated; all memory is
 * given back; and the plan is exact to the byte. */
#include "tests/engine/support/load.h"

#define LLAMA "tests/vectors/tiny-llama-f32.gguf"
#define GEMMA "tests/vectors/tiny-gemma3-q8.gguf"
#define LARGE "tests/vectors/tiny-llama-k.gguf"

static const char chat[] = "{\"messages\": [{\"role\": \"user\", \"content\": \"the land and the rain <|end|> here\"}],"
                           " \"add_generation_prompt\": true}";

/* Results of using a model. */
struct result {
    float logits[512];
    int32_t ids[3];
    int64_t prompt;
    int64_t tokens;
    int64_t more_tokens;
    int64_t text;
    size_t refusals; /* calls that had to be repeated */
};

/* Checks the error of a failed call: only refused memory is expected. */
static void refusal(struct result *result) {
    const struct qn_error *error = qn_last_error();
    if (error->code != QN_ERR_MEMORY || error->text_bytes < 10 || error->text_bytes != strlen(error->text)) {
        fail_msg("error %d: %s", error->code, error->text);
    }
    result->refusals++;
    assert_true(result->refusals < 2);
}

/* Makes a call, and repeats it if memory was refused. */
#define AGAIN(result, call)                                                                                            \
    while (!(call)) {                                                                                                  \
        refusal(result);                                                                                               \
    }

/* After a refusal the directory must be read from its start again; taking the tensors' memory can be repeated. */
static qn_model *load_again(const struct build *b, struct result *result) {
    qn_model *model = NULL;
    AGAIN(result, (model = qn_model_open(b->n)) != NULL)
    if (write_wanted(model, b, SIZE_MAX) != QN_OK) {
        refusal(result);
        struct qn_want want;
        assert_int_equal(qn_model_want(model, &want), QN_ERR_STATE);
        qn_model_free(model);
        return load_again(b, result);
    }
    struct qn_plan before, after;
    assert_int_equal(qn_model_plan(model, 0, 0, &before), QN_OK);
    AGAIN(result, qn_model_place(model) == QN_OK)
    assert_int_equal(qn_model_plan(model, 0, 0, &after), QN_OK);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_int_equal(write_wanted(model, b, SIZE_MAX), QN_OK);
    return model;
}

static void step_all(qn_session *session, struct result *result) {
    int32_t status;
    do {
        const uint32_t position = qn_session_position(session);
        status = qn_session_step(session);
        if (status < 0) {
            refusal(result);
            assert_int_equal(qn_session_position(session), position);
        }
    } while (status != QN_OK);
}

static void use_text(qn_model *model, struct result *result) {
    int32_t ids[64];
    char text[256];
    qn_prompt *prompt = NULL;
    AGAIN(result, (prompt = qn_prompt_render(model, NULL, 0, chat, strlen(chat))) != NULL)
    result->prompt = qn_prompt_text(prompt, text, sizeof(text));
    AGAIN(result, (result->tokens = qn_prompt_tokens(model, prompt, ids, 64)) >= 0)
    qn_prompt_free(prompt);
    AGAIN(result, (result->more_tokens = qn_tokenize(model, "and the hand", 12, QN_ADD_SPECIAL, ids, 64)) >= 0)
    AGAIN(result, (result->text = qn_detokenize(model, ids, 5, QN_SHOW_SPECIAL, text, sizeof(text))) >= 0)
}

static void use_session(qn_model *model, struct result *result) {
    int32_t ids[70];
    for (int32_t i = 0; i < 70; i++) {
        ids[i] = (i * i + 3) % 250;
    }
    struct qn_sampling settings;
    const struct qn_bias biases[] = {{7, 0.5f}, {9, -1.0f}};
    qn_sampling_default(&settings);
    settings.seed = 3;
    qn_session *session = NULL;
    AGAIN(result, (session = qn_session_new(model, 140, 16)) != NULL)
    AGAIN(result, qn_session_sampling(session, &settings, biases, 2) == QN_OK)
    AGAIN(result, qn_session_feed(session, ids, 66, QN_LOGITS_LAST) == QN_OK) /* two pages of the cache */
    step_all(session, result);
    for (int i = 0; i < 3; i++) {
        result->ids[i] = qn_session_sample(session);
        assert_in_range(result->ids[i], 0, qn_model_vocab_size(model) - 1);
        AGAIN(result, qn_session_feed(session, &result->ids[i], 1, i ? QN_LOGITS_ALL : QN_LOGITS_LAST) == QN_OK)
        step_all(session, result);
    }
    assert_int_equal(qn_session_rows(session), 1);
    memcpy(result->logits, qn_session_logits(session, 0), qn_model_vocab_size(model) * sizeof(float));
    AGAIN(result, qn_session_feed(session, ids, 70, QN_LOGITS_ALL) == QN_OK)
    step_all(session, result);
    qn_session_free(session);
}

static void use(const struct build *b, bool text, struct result *result) {
    memset(result, 0, sizeof(*result));
    qn_model *model = load_again(b, result);
    if (text) {
        use_text(model, result);
    }
    use_session(model, result);
    qn_model_free(model);
}

static void check_refusals(const char *path, bool text) {
    struct build b;
    struct result whole, result;
    read_file(path, &b);
    blocks_restart();
    const size_t live = blocks.live;
    use(&b, text, &whole);
    const size_t takes = blocks.takes;
    assert_int_equal(blocks.live, live);
    assert_int_equal(whole.refusals, 0);
    assert_true(takes > 10);
    for (size_t i = 1; i <= takes; i++) {
        blocks_restart();
        blocks.refuse = i;
        use(&b, text, &result);
        assert_int_equal(blocks.live, live);
        assert_int_equal(result.refusals, 1);
        result.refusals = 0;
        assert_memory_equal(&result, &whole, sizeof(whole));
    }
    blocks_restart();
    build_free(&b);
}

static void any_call_refused(void **state) {
    (void)state;
    check_refusals(LLAMA, true);
    check_refusals(GEMMA, false);
}

/* A machine with a fixed amount of memory: any amount gives a clean error or success, and the planned amount suffices.
 */
static void any_amount(void **state) {
    (void)state;
    struct model_file f;
    struct build b;
    file_make(&f, "llama");
    file_write(&f, &b);
    const size_t live = blocks.live_bytes;
    size_t least = 0;
    for (size_t limit = 64; least == 0; limit += 4099) {
        qn_model *model;
        blocks_restart();
        blocks.limit = live + limit;
        int32_t status = load_pieces(&model, &b, b.n, SIZE_MAX);
        qn_session *session = status == QN_OK ? qn_session_new(model, 0, 0) : NULL;
        if (status == QN_OK) {
            const int32_t id = 1;
            status = session ? qn_session_feed(session, &id, 1, QN_LOGITS_LAST) : qn_last_error()->code;
        }
        if (status == QN_OK) {
            status = qn_session_step(session);
        }
        if (status == QN_OK) {
            least = limit;
        } else {
            assert_int_equal(status, QN_ERR_MEMORY);
        }
        qn_session_free(session);
        qn_model_free(model);
        assert_int_equal(blocks.live_bytes, live);
    }
    assert_true(least > b.n && least < 8 * b.n);
    blocks_restart();
    build_free(&b);
}

static void check_plan(qn_model *model, uint32_t context, uint32_t batch) {
    struct qn_plan plan;
    const size_t loaded = blocks.live_bytes;
    assert_int_equal(qn_model_plan(model, context, batch, &plan), QN_OK);
    assert_int_equal(loaded, plan.tensor_bytes + plan.metadata_bytes);
    assert_int_equal(plan.total_bytes, loaded + plan.kv_bytes + plan.scratch_bytes);
    qn_session *session = qn_session_new(model, context, batch);
    assert_non_null(session);
    const uint64_t row = qn_model_vocab_size(model) * sizeof(float);
    assert_int_equal(blocks.live_bytes - loaded,
                     plan.scratch_bytes - row); /* the row of logits is taken when logits are requested */
    const int32_t id = 1;
    struct result none = {0};
    for (uint32_t i = 0; i < plan.context; i++) {
        assert_int_equal(qn_session_feed(session, &id, 1, i + 1 == plan.context ? QN_LOGITS_LAST : QN_LOGITS_NONE),
                         QN_OK);
        step_all(session, &none);
        const uint64_t pages = (i + plan.kv_page_tokens) / plan.kv_page_tokens;
        const uint64_t logits = i + 1 == plan.context ? row : 0;
        assert_int_equal(blocks.live_bytes - loaded, plan.scratch_bytes - row + logits + pages * plan.kv_page_bytes);
    }
    assert_int_equal(blocks.live_bytes, plan.total_bytes);
    qn_session_free(session);
    assert_int_equal(blocks.live_bytes, loaded);
}

static void the_plan_is_what_is_taken(void **state) {
    (void)state;
    static const char *const paths[] = {LLAMA, GEMMA, LARGE};
    for (size_t i = 0; i < 3; i++) {
        struct build b;
        read_file(paths[i], &b);
        blocks_restart();
        qn_model *model = load_whole(&b);
        const size_t most = blocks.peak_bytes; /* there is never a second copy of the tensors */
        assert_true(most < blocks.live_bytes + (128u << 10));
        check_plan(model, 1, 1);
        check_plan(model, 64, 512);
        check_plan(model, 65, 7);
        check_plan(model, 0, 0);
        qn_model_free(model);
        build_free(&b);
    }
}

/* A directory of a few kilobytes may announce tensors of any size: their memory is not taken before the host agrees. */
static void large_promises(void **state) {
    (void)state;
    struct model_file f;
    struct build b;
    file_make(&f, "llama");
    const struct file_tensor embedding = f.tensors[0];
    file_drop_tensor(&f, 0);
    f.tensors[f.n_tensors++] = embedding;
    file_tensor(&f, embedding.name)->shape[1] = 1u << 24;
    file_write_directory(&f, &b);
    put_data(&b, 32, 0);
    const size_t live = blocks.live;
    blocks_restart();
    blocks.limit = blocks.live_bytes + (1u << 20);
    qn_model *model = qn_model_open(0);
    struct qn_want want;
    struct qn_plan plan;
    assert_int_equal(qn_model_want(model, &want), QN_MORE);
    memcpy((void *)(uintptr_t)want.address, b.at, b.n);
    assert_int_equal(qn_model_wrote(model, b.n), QN_OK);
    assert_int_equal(qn_model_want(model, &want), QN_OK);
    assert_int_equal(qn_model_plan(model, 0, 0, &plan), QN_OK);
    assert_true(plan.tensor_bytes > 2u << 30);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(qn_model_place(model), QN_ERR_MEMORY);
        assert_non_null(strstr(qn_last_error()->text, "bytes of memory for the tensors"));
    }
    qn_model_free(model);
    assert_int_equal(blocks.live, live);
    blocks_restart();
    build_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_call_refused),
        cmocka_unit_test(any_amount),
        cmocka_unit_test(the_plan_is_what_is_taken),
        cmocka_unit_test(large_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
