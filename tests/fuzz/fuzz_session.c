/* Fuzzes the exports: the input is a list of calls on one of the tiny models, in any order and with any arguments that
 * the header allows. Sessions with either type of KV cache compute tokens and embeddings, are saved, restored from
 * mutated bytes, forked, rewound and sampled with any settings, sometimes with little memory. A fork and a restored
 * session must go on as the original does. */
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "tests/engine/support/counted_memory.h"
#include "tests/engine/support/model_file.h"
#include "tests/engine/support/tiny_model.h"
#include "tests/fuzz/session_models.h"
#include "tests/fuzz/status.h"

#define SLOTS     3                   /* sessions at a time */
#define MEMORY    ((size_t)16 << 20)  /* for them, in bytes */
#define WORK      40                  /* tokens that an input may compute */
#define MAX_IDS   80                  /* tokens of one call */
#define MAX_IMAGE ((size_t)512 << 10) /* bytes of a saved session that is kept */
#define CALLS     64                  /* of an input */

struct fuzzing {
    struct choices in;
    qn_model *model;
    qn_session *sessions[SLOTS];
    uint8_t *image; /* (image_bytes) a saved session */
    size_t image_bytes;
    bool image_intact; /* as it was saved */
    size_t work;       /* tokens left */
    size_t base;       /* live bytes of the model */
};

static volatile float sum; /* so that no read is optimized away */

/* Heads of 32 dimensions. */
static qn_model *wide_model(void) {
    static struct model_file f; /* large */
    struct build b;
    qn_model *model = NULL;
    file_make(&f, "llama");
    file_add_vocabulary(&f, FILE_VOCAB);
    file_u32(&f, "attention.key_length", 32);
    file_u32(&f, "attention.value_length", 32);
    for (size_t i = 0; i < f.n_tensors; i++) {
        const char *name = f.tensors[i].name;
        const bool out = strstr(name, "attn_output") != NULL;
        const bool query = out || strstr(name, "attn_q") != NULL;
        if (query || strstr(name, "attn_k") || strstr(name, "attn_v")) {
            f.tensors[i].shape[out ? 0 : 1] = 32 * (query ? FILE_HEADS : FILE_HEADS_KV);
        }
    }
    file_write(&f, &b);
    REQUIRE(load(&model, (struct bytes){b.at, b.n}, b.n, b.n, SIZE_MAX) == QN_OK);
    build_free(&b);
    return model;
}

/* Makes what a model makes once, at the first grammar, so that blocks.live counts only what an input takes. */
static void prepare(qn_model *model) {
    qn_grammar *grammar = qn_grammar_new(model, QN_NOTATION_REGEX, ".*", 2, 0);
    qn_session *session = qn_session_new(model, 8, 1);
    if (grammar && session && qn_session_constrain(session, grammar, NULL, 0) == QN_OK) {
        qn_session_mask(session, NULL, 0);
    }
    qn_session_free(session);
    qn_grammar_free(grammar);
}

/* Models are loaded once. */
static qn_model *model_at(size_t index) {
    static qn_model *models[SESSION_MODELS];
    if (models[index] == NULL) {
        char path[512];
        blocks_restart();
        if (session_models[index]) {
            snprintf(path, sizeof(path), QUERN_VECTORS "/%s.gguf", session_models[index]);
            models[index] = load_file(path);
        } else {
            models[index] = wide_model();
        }
        prepare(models[index]);
    }
    return models[index];
}

static qn_session **slot(struct fuzzing *f) { return &f->sessions[choose(&f->in, SLOTS)]; }

/* Mostly a token. */
static int32_t token(struct fuzzing *f) {
    const uint32_t byte = choose(&f->in, 256);
    if (byte == 255) {
        return (int32_t)choose_number(&f->in, 4);
    }
    return (int32_t)(byte % qn_model_vocab_size(f->model));
}

/* Mostly an ordinary number. */
static float setting(struct fuzzing *f) {
    static const float numbers[] = {0, 1, 0.5f, 0.95f, 2, 1e-30f, -1, 1e30f, INFINITY, -INFINITY, NAN, 0.05f, 1e-3f};
    const uint32_t byte = choose(&f->in, 64);
    if (byte < sizeof(numbers) / sizeof(numbers[0])) {
        return numbers[byte];
    }
    if (byte == 63) {
        const uint32_t bits = choose_number(&f->in, 4);
        float number;
        memcpy(&number, &bits, sizeof(number));
        return number;
    }
    return (float)byte / 20;
}

static void put_session(struct fuzzing *f, qn_session **at, qn_session *session) {
    if (session == NULL) {
        require_error(qn_last_error()->code);
        return;
    }
    (void)f;
    qn_session_free(*at);
    *at = session;
}

static void call_new(struct fuzzing *f) {
    qn_session **at = slot(f);
    const uint32_t byte = choose(&f->in, 256);
    const uint32_t context = byte == 255 ? choose_number(&f->in, 4) : byte;
    const uint32_t batch = byte % 16 == 15 ? choose_number(&f->in, 2) : choose(&f->in, 20);
    checked(qn_model_cache(f->model, choose(&f->in, 3)));
    put_session(f, at, qn_session_new(f->model, context, batch));
}

static void call_free(struct fuzzing *f) {
    qn_session **at = slot(f);
    qn_session_free(*at);
    *at = NULL;
}

static size_t take_ids(struct fuzzing *f, int32_t ids[MAX_IDS]) {
    const uint32_t byte = choose(&f->in, 256);
    const size_t count = byte < 240 ? byte % 8 : byte - 240 + 60; /* rarely more than a KV page has */
    for (size_t i = 0; i < count; i++) {
        ids[i] = i < 12 ? token(f) : ids[i % 12];
    }
    return count;
}

static void call_feed(struct fuzzing *f, qn_session *session) {
    int32_t ids[MAX_IDS];
    const uint32_t logits = choose(&f->in, 4);
    const size_t count = take_ids(f, ids);
    checked(qn_session_feed(session, ids, count, logits));
}

static void call_embed(struct fuzzing *f, qn_session *session) {
    int32_t ids[MAX_IDS];
    const int32_t pooling = (int32_t)choose(&f->in, 7) - 2;
    const uint32_t normalize = choose(&f->in, 2);
    const size_t count = take_ids(f, ids);
    checked(qn_session_embed(session, ids, count, pooling, normalize));
}

/* Rows that exist are finite; the one after the last does not exist. */
static void read_rows(const struct fuzzing *f, qn_session *session) {
    const uint32_t rows = qn_session_rows(session);
    const uint32_t n_vocab = qn_model_vocab_size(f->model);
    const uint32_t n_embd = qn_model_embedding_size(f->model);
    for (uint32_t row = 0; row < rows; row++) {
        const float *logits = qn_session_logits(session, row);
        const float *embedding = qn_session_embedding(session, row);
        REQUIRE((logits == NULL) != (embedding == NULL));
        for (uint32_t i = 0; i < (logits ? n_vocab : n_embd); i++) {
            REQUIRE(isfinite(logits ? logits[i] : embedding[i]));
        }
    }
    REQUIRE(qn_session_logits(session, rows) == NULL && qn_session_embedding(session, rows) == NULL);
    sum += (float)qn_session_layers(session);
}

static int32_t step(struct fuzzing *f, qn_session *session) {
    const uint32_t before = qn_session_position(session);
    const int32_t status = checked(qn_session_step(session));
    REQUIRE(status != QN_WAIT && qn_session_to_recompute(session) <= qn_session_position(session));
    read_rows(f, session);
    const uint32_t computed = qn_session_position(session) - before;
    const size_t cost = computed <= MAX_IDS ? computed + 1 : 1;
    f->work = f->work > cost ? f->work - cost : 0;
    return status;
}

static void call_step(struct fuzzing *f, qn_session *session) {
    if (f->work) {
        step(f, session);
    }
}

static void call_steps(struct fuzzing *f, qn_session *session) {
    while (f->work && step(f, session) == QN_MORE) {
    }
}

static void call_rewind(struct fuzzing *f, qn_session *session) {
    const uint32_t position = choose(&f->in, 256);
    const int32_t status = checked(qn_session_rewind(session, position == 255 ? UINT32_MAX : position));
    REQUIRE(status == QN_ERR_ARGUMENT || qn_session_position(session) == position);
}

static void call_sampling(struct fuzzing *f, qn_session *session) {
    struct qn_bias biases[8];
    struct qn_sampling settings;
    qn_sampling_default(&settings);
    const uint32_t fields = choose_number(&f->in, 2);
    const size_t count = choose(&f->in, 8);
    float *const numbers[] = {
        &settings.temperature,       &settings.top_p,           &settings.min_p, &settings.repeat_penalty,
        &settings.frequency_penalty, &settings.presence_penalty};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        *numbers[i] = fields >> i & 1 ? setting(f) : *numbers[i];
    }
    settings.top_k = fields & 64 ? (int32_t)choose(&f->in, 256) - 2 : settings.top_k;
    settings.penalty_last_n = fields & 128 ? (int32_t)choose(&f->in, 256) - 2 : settings.penalty_last_n;
    settings.seed = fields >> 8;
    if (fields & 1 << 15) {
        checked(qn_model_sampling(f->model, &settings));
    }
    for (size_t i = 0; i < count; i++) {
        biases[i].id = token(f);
        biases[i].bias = setting(f);
    }
    checked(qn_session_sampling(session, &settings, biases, count));
}

static void call_sample(struct fuzzing *f, qn_session *session) {
    const int32_t id = checked(qn_session_sample(session));
    REQUIRE(id < 0 ? id == QN_ERR_STATE || id == QN_ERR_MEMORY || id == QN_ERR_LIMIT || id == QN_ERR_UNSUPPORTED
                   : (uint32_t)id < qn_model_vocab_size(f->model));
    if (id >= 0 && choose(&f->in, 2)) {
        checked(qn_session_feed(session, &id, 1, QN_LOGITS_LAST));
    }
}

/* Saves in pieces. Null if that was refused. */
static uint8_t *saved(const qn_session *session, size_t piece, size_t *bytes) {
    const int64_t whole = qn_session_save_bytes(session);
    REQUIRE(whole > 0);
    *bytes = 0;
    if ((size_t)whole > MAX_IMAGE) {
        return NULL;
    }
    uint8_t *image = malloc((size_t)whole);
    REQUIRE(image != NULL);
    while (*bytes < (size_t)whole) {
        const size_t room = (size_t)whole - *bytes;
        const int64_t got = qn_session_save(session, *bytes, image + *bytes, piece < room ? piece : room);
        if (got < 0) {
            require_error(got);
            free(image);
            return NULL;
        }
        REQUIRE(got > 0 && (size_t)got <= room);
        *bytes += (size_t)got;
    }
    REQUIRE(qn_session_save(session, *bytes, NULL, 0) == 0);
    REQUIRE(qn_session_save(session, *bytes + 1, NULL, 0) == QN_ERR_ARGUMENT);
    return image;
}

static void call_save(struct fuzzing *f, qn_session *session) {
    size_t bytes;
    uint8_t *image = saved(session, 1 + choose_number(&f->in, 2), &bytes);
    if (image) {
        free(f->image);
        f->image = image;
        f->image_bytes = bytes;
        f->image_intact = true;
    }
}

/* Changes a byte, a number or the length of the saved session. */
static void call_mutate(struct fuzzing *f) {
    if (f->image_bytes == 0) {
        return;
    }
    static const size_t ranges[] = {128, 128, 1024, MAX_IMAGE}; /* mostly the head */
    const uint32_t how = choose(&f->in, 8);
    const size_t range = ranges[how / 2] < f->image_bytes ? ranges[how / 2] : f->image_bytes;
    const size_t at = choose_number(&f->in, 3) % range;
    if (how == 7) {
        f->image_bytes = at;
    } else if (how & 1 && at + 4 <= f->image_bytes) {
        const uint32_t number = choose_number(&f->in, 4);
        memcpy(f->image + at, &number, sizeof(number));
    } else {
        f->image[at] = (uint8_t)(f->image[at] ^ (1 + choose(&f->in, 255)));
    }
    f->image_intact = false;
}

/* Both sessions have the same state. */
static void require_same(const qn_session *a, const qn_session *b) {
    size_t bytes_a;
    size_t bytes_b;
    uint8_t *image_a = saved(a, MAX_IMAGE, &bytes_a);
    uint8_t *image_b = saved(b, MAX_IMAGE, &bytes_b);
    REQUIRE((image_a == NULL) == (image_b == NULL));
    REQUIRE(bytes_a == bytes_b && (image_a == NULL || memcmp(image_a, image_b, bytes_a) == 0));
    free(image_a);
    free(image_b);
}

static void check_restored(const struct fuzzing *f, qn_session *session) {
    size_t bytes;
    uint8_t *again = saved(session, MAX_IMAGE, &bytes);
    read_rows(f, session);
    if (again && f->image_intact) {
        REQUIRE(bytes == f->image_bytes && memcmp(again, f->image, bytes) == 0);
    }
    free(again);
}

static void call_restore(struct fuzzing *f, qn_session *session) {
    if (f->image == NULL) {
        return;
    }
    const uint32_t how = choose(&f->in, 8);
    const size_t first = how & 1 ? 128 + 64 * how : f->image_bytes;
    const size_t end = how == 6 ? choose_number(&f->in, 2) : f->image_bytes; /* a restore that ends early */
    int32_t status = QN_MORE;
    for (size_t at = 0; status == QN_MORE && at < f->image_bytes && at <= end;) {
        const size_t piece = first < f->image_bytes - at ? first : f->image_bytes - at;
        uint8_t *copy = fuzz_copy(f->image + at, piece);
        status = checked(qn_session_restore(session, at + (how == 7 && at), copy, piece));
        free(copy);
        at += piece;
    }
    if (status == QN_OK) {
        check_restored(f, session);
    }
}

static void call_fork(struct fuzzing *f, qn_session *session) {
    qn_session **to = slot(f);
    qn_session *fork = qn_session_fork(session);
    if (fork) {
        require_same(session, fork);
        read_rows(f, fork);
    }
    if (fork == NULL || *to != session) {
        put_session(f, to, fork);
    } else {
        qn_session_free(fork);
    }
}

/* A fork computes and draws what the session does. */
static void call_compare(struct fuzzing *f, qn_session *session) {
    qn_session *fork = f->work > 4 ? qn_session_fork(session) : NULL;
    const int32_t id = token(f);
    qn_session *const both[] = {session, fork};
    int32_t status[2] = {QN_ERR_STATE, QN_ERR_STATE};
    const bool alike = fork && qn_session_rewind(session, qn_session_position(session)) == QN_OK &&
                       qn_session_rewind(fork, qn_session_position(fork)) == QN_OK;
    for (size_t i = 0; alike && i < 2; i++) {
        status[i] = checked(qn_session_feed(both[i], &id, 1, QN_LOGITS_LAST));
        while (status[i] >= 0 && (status[i] = step(f, both[i])) == QN_MORE) {
        }
    }
    if (status[0] == QN_OK && status[1] == QN_OK) {
        const size_t bytes = qn_model_vocab_size(f->model) * sizeof(float);
        REQUIRE(qn_session_rows(session) == 1 && qn_session_rows(fork) == 1);
        REQUIRE(memcmp(qn_session_logits(session, 0), qn_session_logits(fork, 0), bytes) == 0);
        REQUIRE(qn_session_sample(session) == qn_session_sample(fork));
    }
    qn_session_free(fork);
}

/* Constrains the session by a grammar, or asks it to accept a text. */
static void call_constrain(struct fuzzing *f, qn_session *session) {
    static const char *const texts[] = {
        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}},\"required\":[\"a\"]}",
        "{\"enum\":[\"a\",1,null]}",
        "root ::= [a-z]+ | \"t\" root",
        "root ::= <[3]>* <t5>",
        "(a|t1?)*.",
        "abc",
        "",
        "false"};
    int32_t ids[4] = {token(f), token(f), token(f), token(f)};
    const char *text = texts[choose(&f->in, sizeof(texts) / sizeof(texts[0]))];
    qn_grammar *grammar =
        qn_grammar_new(choose(&f->in, 8) ? f->model : NULL, choose(&f->in, 4), text, strlen(text), choose(&f->in, 4));
    if (grammar == NULL) {
        require_error(qn_last_error()->code);
    } else {
        sum += (float)qn_grammar_is_empty(grammar);
        checked(qn_grammar_accepts(grammar, "abc", choose(&f->in, 4)));
    }
    const uint32_t how = choose(&f->in, 8);
    checked(qn_session_constrain(session, how ? grammar : NULL, ids, how > 5 ? how - 5 : 0));
    qn_grammar_free(grammar);
}

/* What a grammar allows. The mask is that of the sampler. */
static void call_allowed(struct fuzzing *f, qn_session *session) {
    uint32_t words[16];
    int32_t ids[4];
    const size_t capacity = choose(&f->in, 17);
    const int32_t state = checked(qn_session_constraint(session));
    const int64_t forced = qn_session_forced(session, ids, capacity < 4 ? capacity : 4);
    const int64_t mask = qn_session_mask(session, words, capacity);
    if (forced < 0) {
        require_error(qn_last_error()->code);
    }
    for (int64_t i = 0; i < forced && i < 4 && (size_t)i < capacity; i++) {
        REQUIRE(ids[i] >= 0 && (uint32_t)ids[i] < qn_model_vocab_size(f->model));
    }
    REQUIRE(state != 0 || (forced == 0 && mask == 0));
}

static void call_memory(struct fuzzing *f) {
    const uint32_t shift = choose(&f->in, 16);
    blocks.limit = f->base + (shift < 8 ? (size_t)4096 << shift : MEMORY);
}

/* Exports of the model, with any arguments. */
static void call_model(struct fuzzing *f) {
    struct qn_want need;
    struct qn_plan plan;
    struct qn_value value;
    struct qn_tensor tensor;
    const uint32_t number = choose(&f->in, 2) ? choose_number(&f->in, 4) : choose(&f->in, 256);
    const uint32_t other = choose(&f->in, 2) ? choose_number(&f->in, 4) : choose(&f->in, 256);
    checked(qn_model_plan(f->model, number, other, &plan));
    checked(qn_model_metadata(f->model, number, &value));
    checked(qn_model_tensor(f->model, number, &tensor));
    checked(qn_model_order(f->model, number % 4));
    REQUIRE(qn_model_place(f->model) == QN_ERR_STATE && qn_model_want(f->model, &need) == QN_OK);
    REQUIRE(qn_model_wrote(f->model, number) == QN_ERR_ARGUMENT);
    checked(qn_model_wrote_at(f->model, number, number, other));
    if (checked(qn_model_need(f->model, number, &need)) == QN_OK) {
        REQUIRE(qn_model_wrote_at(f->model, (uint32_t)need.split, need.offset, need.bytes) == QN_OK);
        checked(qn_model_wrote_at(f->model, (uint32_t)need.split, need.offset + number, other));
    }
    REQUIRE(number <= 1 || qn_threads_start(number) < 0);
    REQUIRE(number <= 1 || qn_threads_use(number) < 0);
    REQUIRE(qn_worker_stack(number) == NULL);
    qn_worker_enter(number, NULL);
    qn_threads_stop();
    void *memory = qn_alloc(number);
    if (memory == NULL) {
        require_error(QN_ERR_MEMORY);
    }
    qn_free(memory);
    REQUIRE(qn_abi_version() == QN_ABI_VERSION);
    sum += (float)(qn_model_pooling(f->model) + qn_model_is_recurrent(f->model) + (int32_t)qn_features());
}

static void call_text(struct fuzzing *f) {
    int32_t ids[MAX_IDS];
    char text[MAX_IDS];
    char out[MAX_IDS];
    struct qn_decoder decoder = {.started = choose(&f->in, 2)};
    const uint32_t flags = choose(&f->in, 8);
    const size_t capacity = choose(&f->in, MAX_IDS + 1);
    const size_t bytes = choose(&f->in, 32);
    for (size_t i = 0; i < bytes; i++) {
        text[i] = (char)choose(&f->in, 256);
    }
    qn_model_nfc(f->model, flags & 1);
    int64_t count = qn_tokenize(f->model, text, bytes, flags, ids, capacity);
    count = count < (int64_t)capacity ? count : (int64_t)capacity;
    for (int64_t i = 0; i <= count; i++) {
        const int32_t last = choose(&f->in, 2) ? token(f) : -1;
        const int32_t id = i < count ? ids[i] : last;
        const int64_t piece = qn_piece(f->model, &decoder, id, flags, out, capacity);
        if (piece < 0) {
            require_error(piece);
        }
        sum += (float)qn_token_is_end(f->model, id);
    }
    if (count >= 0) {
        const int64_t whole = qn_detokenize(f->model, ids, (size_t)count, flags, out, capacity);
        REQUIRE(whole >= 0);
    } else {
        require_error(count);
    }
}

static void call_prompt(struct fuzzing *f) {
    static const char chat[] =
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a <s> b\"}],\"add_generation_prompt\":true}";
    static const char *const templates[] = {"", "{% for m in messages %}<s>{{ m.content }}{% endfor %}", "{{ x",
                                            "{{ 1 // 0 }}"};
    const char *template = templates[choose(&f->in, 4)];
    int32_t ids[MAX_IDS];
    char text[MAX_IDS];
    qn_prompt *prompt = qn_prompt_render(choose(&f->in, 4) ? f->model : NULL, template, strlen(template), chat,
                                         sizeof(chat) - 1 - choose(&f->in, 2));
    if (prompt == NULL) {
        require_error(qn_last_error()->code);
        return;
    }
    const size_t capacity = choose(&f->in, MAX_IDS);
    REQUIRE(qn_prompt_text(prompt, capacity ? text : NULL, capacity) >= 0);
    const int64_t count = qn_prompt_tokens(f->model, prompt, capacity ? ids : NULL, capacity);
    if (count < 0) {
        require_error(count);
    }
    qn_prompt_free(prompt);
}

static void (*const calls[])(struct fuzzing *) = {call_new,   call_free, call_mutate, call_mutate, call_model,
                                                  call_model, call_text, call_prompt, call_memory};
static void (*const session_calls[])(struct fuzzing *, qn_session *) = {
    call_feed, call_step,    call_steps, call_steps,   call_rewind, call_sampling,  call_sample,  call_save,
    call_save, call_restore, call_fork,  call_compare, call_embed,  call_constrain, call_allowed, call_sample};
#define N_CALLS         (sizeof(calls) / sizeof(calls[0]))
#define N_SESSION_CALLS (sizeof(session_calls) / sizeof(session_calls[0]))

static void run(struct fuzzing *f) {
    for (int i = 0; i < CALLS && f->in.left; i++) {
        const uint32_t call = choose(&f->in, N_CALLS + 2 * N_SESSION_CALLS);
        if (call < N_CALLS) {
            calls[call](f);
            continue;
        }
        qn_session **at = slot(f);
        if (*at == NULL) {
            checked(qn_model_cache(f->model, i % 2 ? QN_CACHE_F16 : QN_CACHE_Q8_0));
            put_session(f, at, qn_session_new(f->model, 96, 1 + call % 16));
        }
        if (*at) {
            session_calls[(call - N_CALLS) % N_SESSION_CALLS](f, *at);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzzing f = {.in = {data, size}, .work = WORK};
    f.model = model_at(choose(&f.in, SESSION_MODELS));
    blocks_restart();
    const size_t live = blocks.live;
    f.base = blocks.live_bytes;
    blocks.limit = f.base + MEMORY;
    qn_model_nfc(f.model, 0);
    checked(qn_model_order(f.model, QN_ORDER_DISTANT));
    run(&f);
    for (size_t i = 0; i < SLOTS; i++) {
        qn_session_free(f.sessions[i]);
    }
    free(f.image);
    blocks.limit = 0;
    REQUIRE(blocks.live == live);
    return 0;
}
