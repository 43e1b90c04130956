// Answers one question with a GGUF model: generate model.gguf "What is 2 + 2?"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quern.h"

// The variables of a chat template, as JSON. The question must not need escapes.
#define CHAT "{\"messages\": [{\"role\": \"user\", \"content\": \"%s\"}], \"add_generation_prompt\": true}"

enum { CONTEXT = 512, ANSWER = 64 }; // tokens

static void fail(const char *text) {
    fprintf(stderr, "%s\n", text);
    exit(1);
}

// Every function that fails leaves the reason in qn_last_error.
static void check(int64_t status) {
    if (status < 0) {
        fail(qn_last_error()->text);
    }
}

// Reads the bytes that the engine asks for, straight to the address that it names.
static void load(qn_model *model, FILE *file) {
    struct qn_want want;
    int32_t status;
    while ((status = qn_model_want(model, &want)) == QN_MORE) {
        fseek(file, (long)want.offset, SEEK_SET);
        const size_t bytes = fread((void *)(uintptr_t)want.address, 1, (size_t)want.bytes, file);
        check(qn_model_wrote(model, bytes));
    }
    check(status);
}

// Prints the text that this token completes. -1 flushes the end of the text.
static void print_piece(qn_model *model, struct qn_decoder *decoder, int32_t id) {
    char buffer[256];
    char *text = buffer;
    int64_t bytes = qn_piece(model, decoder, id, 0, text, sizeof buffer);
    if (bytes > (int64_t)sizeof buffer) { // too small: the decoder is unchanged, so call again with enough
        text = malloc((size_t)bytes);
        if (text == NULL) {
            fail("no memory");
        }
        bytes = qn_piece(model, decoder, id, 0, text, (size_t)bytes);
    }
    check(bytes);
    fwrite(text, 1, (size_t)bytes, stdout);
    if (text != buffer) {
        free(text);
    }
}

// Renders the model's chat template around a question. Fills ids and returns their count.
static size_t chat_tokens(qn_model *model, const char *question, int32_t ids[CONTEXT]) {
    char json[4096];
    const int length = snprintf(json, sizeof json, CHAT, question);
    if (length < 0 || (size_t)length >= sizeof json) {
        fail("the question is too long");
    }
    qn_prompt *prompt = qn_prompt_render(model, NULL, 0, json, (size_t)length);
    if (prompt == NULL) {
        fail(qn_last_error()->text);
    }
    const int64_t count = qn_prompt_tokens(model, prompt, ids, CONTEXT);
    check(count);
    qn_prompt_free(prompt);
    if (count > CONTEXT - ANSWER) {
        fail("the question is too long");
    }
    return (size_t)count;
}

static void answer(qn_model *model, qn_session *session, const int32_t *ids, size_t count) {
    struct qn_decoder decoder = {.started = 1}; // the answer continues the prompt
    int32_t id;
    for (int i = 0; i < ANSWER; i++) {
        check(qn_session_feed(session, ids, count, QN_LOGITS_LAST));
        int32_t status;
        while ((status = qn_session_step(session)) == QN_MORE) {
            // The work of a step is bounded: a host can show progress or stop here.
        }
        check(status);
        id = qn_session_sample(session);
        check(id);
        if (qn_token_is_end(model, id)) {
            break;
        }
        print_piece(model, &decoder, id);
        ids = &id; // from now on, feed the token that was just sampled
        count = 1;
    }
    print_piece(model, &decoder, -1);
    printf("\n");
}

int main(int argc, char **argv) {
    check(qn_self_check());
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        fail("usage: generate model.gguf \"question\"");
    }
    qn_model *model = qn_model_open(0); // 0: the file's size is not known
    if (model == NULL) {
        fail(qn_last_error()->text);
    }
    load(model, file); // the directory: metadata, vocabulary, names and shapes of tensors

    struct qn_plan plan;
    check(qn_model_plan(model, CONTEXT, 0, &plan));
    fprintf(stderr, "needs %llu bytes of memory\n", (unsigned long long)plan.total_bytes);
    check(qn_model_place(model));
    load(model, file); // the tensors
    fclose(file);

    qn_session *session = qn_session_new(model, CONTEXT, 0);
    if (session == NULL) {
        fail(qn_last_error()->text);
    }
    struct qn_sampling sampling;
    qn_sampling_default(&sampling);
    sampling.temperature = 0; // always the most probable token
    check(qn_session_sampling(session, &sampling, NULL, 0));

    int32_t ids[CONTEXT];
    answer(model, session, ids, chat_tokens(model, argv[2], ids));

    qn_session_free(session);
    qn_model_free(model);
    return 0;
}
