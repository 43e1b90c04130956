/* Fuzzes the whole engine: a model file is read in pieces, planned and placed, then used for text, and for sessions or
 * embeddings, with little memory. An input that starts like a GGUF file is one; any other input chooses the sizes and
 * types of a valid model. The file continues with pseudorandom bytes after the input, so that a directory alone is
 * enough to compute with. Two sessions with different batches and different initial memory must agree. */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>

#include "quern.h"
#include "tests/engine/support/counted_memory.h"
#include "tests/fuzz/model_choices.h"
#include "tests/fuzz/noise.h"
#include "tests/fuzz/status.h"

#define MEMORY           ((size_t)24 << 20)
#define MAX_TENSOR_BYTES ((uint64_t)320 << 10) /* models with more tensor bytes are not computed with */
#define MAX_WRITE        16384                 /* most bytes written at once */
#define MAX_TOKENS       8                     /* tokens of a session */

static volatile float sum; /* so that no read is optimized away */

/* Writes what the model asks for. Returns QN_OK or the error. If `file` is 0, the file never ends and its size is
 * unknown. */
static int32_t write_wanted(qn_model *model, const uint8_t *data, size_t size, uint64_t file, uint64_t *random) {
    struct qn_want want;
    int32_t status;
    while ((status = checked(qn_model_want(model, &want))) == QN_MORE) {
        REQUIRE(want.bytes > 0 && want.address != 0 && (file == 0 || want.offset <= file));
        uint64_t bytes = 1 + fuzz_random(random, fuzz_random(random, 4) ? (size_t)want.bytes : 64);
        bytes = bytes < MAX_WRITE ? bytes : MAX_WRITE;
        bytes = bytes < want.bytes ? bytes : want.bytes;
        bytes = file == 0 || bytes < file - want.offset ? bytes : file - want.offset;
        noise_read((uint8_t *)(uintptr_t)want.address, data, size, want.offset, (size_t)bytes);
        status = checked(qn_model_wrote(model, bytes));
        if (status != QN_OK) {
            return status;
        }
    }
    return status;
}

/* Computes an embedding of *count numbers. False if it was refused. */
static bool embed(qn_model *model, const int32_t ids[MAX_TOKENS], uint32_t batch, uint64_t random, float *out,
                  size_t *count) {
    const uint32_t width = qn_model_embedding_size(model);
    const size_t tokens = 1 + fuzz_random(&random, MAX_TOKENS);
    const int32_t pooling = (int32_t)fuzz_random(&random, 6) - 1;
    const uint32_t normalize = (uint32_t)fuzz_random(&random, 2);
    qn_session *session = qn_session_new(model, MAX_TOKENS, batch);
    int32_t status = session ? QN_OK : checked(qn_last_error()->code);
    *count = 0;
    if (status == QN_OK) {
        status = checked(qn_session_embed(session, ids, tokens, pooling, normalize));
    }
    while (status >= 0) {
        const bool last = (status = checked(qn_session_step(session))) == QN_OK;
        for (uint32_t row = 0; status >= 0 && row < qn_session_rows(session); row++, *count += width) {
            REQUIRE(*count < (size_t)MAX_TOKENS * width);
            memcpy(out + *count, qn_session_embedding(session, row), width * sizeof(float));
        }
        if (last) {
            break;
        }
    }
    REQUIRE(status < 0 || *count == width || *count == tokens * width);
    qn_session_free(session);
    return status >= 0;
}

struct row {
    float *logits; /* (MAX_TOKENS, n_vocab) */
    uint32_t rows;
    int32_t id;
};

static bool same(float a, float b) { return memcmp(&a, &b, sizeof(a)) == 0 || (a != a && b != b); }

/* Runs all steps and appends the rows of logits. */
static int32_t steps(qn_session *session, uint32_t n_vocab, struct row *out) {
    int32_t status;
    do {
        status = checked(qn_session_step(session));
        for (uint32_t row = 0; status >= 0 && row < qn_session_rows(session); row++) {
            REQUIRE(out->rows < MAX_TOKENS);
            memcpy(out->logits + (size_t)out->rows++ * n_vocab, qn_session_logits(session, row),
                   n_vocab * sizeof(float));
        }
    } while (status == QN_MORE);
    return status;
}

/* Computes some tokens, rewinds, and computes further ones. False if memory was refused. */
static bool compute(qn_model *model, const int32_t ids[MAX_TOKENS], uint32_t batch, uint64_t *random, struct row *out) {
    const uint32_t n_vocab = qn_model_vocab_size(model);
    const size_t first = 1 + fuzz_random(random, MAX_TOKENS - 2), back = fuzz_random(random, first);
    struct qn_sampling settings;
    qn_sampling_default(&settings);
    settings.temperature = (float)fuzz_random(random, 3);
    settings.repeat_penalty = 1.5f;
    settings.seed = *random;
    out->rows = 0;
    qn_session *session = qn_session_new(model, MAX_TOKENS, batch);
    bool ok = session != NULL;
    if (!ok) {
        require_error(qn_last_error()->code);
    }
    ok = ok && checked(qn_session_sampling(session, &settings, NULL, 0)) == QN_OK &&
         checked(qn_session_feed(session, ids, first, QN_LOGITS_ALL)) == QN_OK && steps(session, n_vocab, out) == QN_OK;
    if (ok) {
        REQUIRE(out->rows == first && qn_session_position(session) == first);
        REQUIRE(qn_session_rewind(session, (uint32_t)back) == QN_OK);
        out->rows = (uint32_t)back;
        ok = checked(qn_session_feed(session, ids + back, MAX_TOKENS - 1 - back, QN_LOGITS_ALL)) == QN_OK &&
             steps(session, n_vocab, out) == QN_OK;
    }
    if (ok) {
        REQUIRE(out->rows == MAX_TOKENS - 1);
        out->id = qn_session_sample(session);
        REQUIRE(out->id >= 0 && (uint32_t)out->id < n_vocab);
        REQUIRE(qn_session_feed(session, ids, 2, QN_LOGITS_LAST) == QN_ERR_CONTEXT);
        ok = checked(qn_session_feed(session, &out->id, 1, QN_LOGITS_LAST)) == QN_OK &&
             steps(session, n_vocab, out) == QN_OK;
    }
    qn_session_free(session);
    return ok;
}

static void use_sessions(qn_model *model, uint64_t *random) {
    const uint32_t n_vocab = qn_model_vocab_size(model);
    int32_t ids[MAX_TOKENS];
    for (size_t i = 0; i < MAX_TOKENS; i++) {
        ids[i] = (int32_t)fuzz_random(random, n_vocab);
    }
    struct row rows[2];
    bool ok = true;
    const uint64_t start = *random;
    for (int i = 0; i < 2; i++) {
        uint64_t again = start;
        rows[i].logits = malloc(MAX_TOKENS * n_vocab * sizeof(float));
        REQUIRE(rows[i].logits != NULL);
        blocks.fill = 3 * i; /* uninitialized memory differs between the two */
        ok = compute(model, ids, i ? 1 : 2 + (uint32_t)(start % MAX_TOKENS), &again, &rows[i]) && ok;
    }
    blocks.fill = 0;
    for (size_t i = 0; ok && i < (size_t)MAX_TOKENS * n_vocab; i++) {
        REQUIRE(same(rows[0].logits[i], rows[1].logits[i]));
    }
    REQUIRE(!ok || rows[0].id == rows[1].id);
    free(rows[0].logits);
    free(rows[1].logits);
}

static void use_embeddings(qn_model *model, uint64_t *random) {
    const uint64_t start = *random;
    const size_t most = (size_t)MAX_TOKENS * qn_model_embedding_size(model);
    float *values[2];
    size_t counts[2];
    bool ok[2];
    int32_t ids[MAX_TOKENS];
    for (size_t i = 0; i < MAX_TOKENS; i++) {
        ids[i] = (int32_t)fuzz_random(random, qn_model_vocab_size(model));
    }
    for (int i = 0; i < 2; i++) {
        values[i] = malloc(most * sizeof(float));
        REQUIRE(values[i] != NULL);
        blocks.fill = 3 * i;
        ok[i] = embed(model, ids, i ? 1 : 2 + (uint32_t)(start % MAX_TOKENS), start, values[i], &counts[i]);
    }
    blocks.fill = 0;
    for (size_t i = 0; ok[0] && ok[1] && i < counts[0]; i++) {
        REQUIRE(counts[0] == counts[1] && same(values[0][i], values[1][i]));
    }
    free(values[0]);
    free(values[1]);
}

static void use_text(qn_model *model) {
    static const char chat[] =
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a <s> b\"}],\"add_generation_prompt\":true}";
    int32_t ids[256];
    char text[256];
    int64_t count = qn_tokenize(model, chat, strlen(chat), QN_ADD_SPECIAL | QN_PARSE_SPECIAL, ids, 256);
    if (count < 0) {
        require_error(count);
        count = 0;
    }
    count = count < 256 ? count : 256;
    for (int64_t i = 0; i < count; i++) {
        REQUIRE(ids[i] >= 0 && (uint32_t)ids[i] < qn_model_vocab_size(model));
        sum += (float)qn_token_is_end(model, ids[i]);
    }
    REQUIRE(count == 0 || qn_detokenize(model, ids, (size_t)count, QN_SHOW_SPECIAL, text, sizeof(text)) >= 0);
    qn_prompt *prompt = qn_prompt_render(model, NULL, 0, chat, strlen(chat));
    if (prompt == NULL) {
        require_error(qn_last_error()->code);
        return;
    }
    const int64_t n = qn_prompt_tokens(model, prompt, ids, 256);
    if (n < 0) {
        require_error(n);
    }
    qn_prompt_free(prompt);
}

static void use_directory(qn_model *model, struct qn_plan *plan) {
    struct qn_value value;
    struct qn_tensor tensor;
    struct qn_sampling settings;
    checked(qn_model_sampling(model, &settings));
    for (uint32_t i = 0; qn_model_metadata(model, i, &value) == QN_OK; i++) {
        const uint8_t *bytes = (const uint8_t *)(uintptr_t)value.address;
        sum += value.bytes ? (float)(bytes[0] + bytes[value.bytes - 1]) : 0;
    }
    require_error(qn_last_error()->code);
    for (uint32_t i = 0; qn_model_tensor(model, i, &tensor) == QN_OK; i++) {
        REQUIRE(tensor.name_bytes < 64 && tensor.offset + tensor.bytes <= INT64_MAX);
    }
    require_error(qn_last_error()->code);
    REQUIRE(checked(qn_model_plan(model, MAX_TOKENS, 0, plan)) == QN_OK);
    REQUIRE(plan->total_bytes >= plan->tensor_bytes && plan->context == MAX_TOKENS && plan->batch == MAX_TOKENS);
}

/* file: see write_wanted. */
static void use_file(const uint8_t *data, size_t size, uint64_t file, uint64_t *random) {
    qn_model *model = qn_model_open(file);
    REQUIRE(model != NULL);
    struct qn_plan plan;
    if (write_wanted(model, data, size, file, random) == QN_OK) {
        use_directory(model, &plan);
        use_text(model);
        if (plan.tensor_bytes <= MAX_TENSOR_BYTES && checked(qn_model_place(model)) == QN_OK &&
            write_wanted(model, data, size, file, random) == QN_OK) {
            if (qn_model_is_encoder(model) || fuzz_random(random, 3) == 0) {
                use_embeddings(model, random);
            } else {
                use_sessions(model, random);
            }
        }
    }
    qn_model_free(model);
    REQUIRE(blocks.live == 0);
}

/* The file may have the right size, an unknown one, or more bytes than its tensors. */
static void use_input(const uint8_t *data, size_t size, uint64_t *random) {
    const uint64_t files[] = {size, 0, size + MAX_TENSOR_BYTES, size + MAX_TENSOR_BYTES};
    blocks_restart();
    blocks.limit = fuzz_random(random, 8) ? MEMORY : (size_t)8192 << fuzz_random(random, 10);
    use_file(data, size, files[fuzz_random(random, 4)], random);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint64_t random = fuzz_hash(data, size);
    if (size == 0 || (size >= 4 && memcmp(data, "GGUF", 4) == 0)) {
        use_input(data, size, &random);
        return 0;
    }
    struct model_file f;
    struct build b;
    choose_model(&f, data, size);
    file_write_directory(&f, &b);
    use_input(b.at, b.n, &random);
    build_free(&b);
    return 0;
}
