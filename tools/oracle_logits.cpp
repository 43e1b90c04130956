// Writes logits computed by native llama.cpp (CPU, flash attention off): the reference of tests/vectors.
// tools/make_vectors.py builds and runs this program.
//
//   oracle_logits MODEL IDS BATCH OUT.f32 GREEDY
//
// IDS: comma-separated. BATCH: tokens decoded at once. OUT.f32 gets a row of n_vocab float32 per token. Then GREEDY
// tokens are generated and printed as id:margin, where margin is the best logit minus the second best.
#include "llama.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

struct Decoder {
    llama_context *context;
    int n_vocab;
    llama_batch batch;

    // Decodes ids from `position` on. Their logits can be read afterwards.
    void decode(const llama_token *ids, int count, int position) {
        batch.n_tokens = count;
        for (int i = 0; i < count; i++) {
            batch.token[i] = ids[i];
            batch.pos[i] = position + i;
            batch.n_seq_id[i] = 1;
            batch.seq_id[i][0] = 0;
            batch.logits[i] = 1;
        }
        if (llama_decode(context, batch) != 0) {
            fprintf(stderr, "oracle_logits: decoding failed\n");
            exit(1);
        }
    }
};

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: oracle_logits MODEL IDS BATCH OUT.f32 GREEDY\n");
        return 2;
    }
    std::vector<llama_token> ids;
    std::stringstream list(argv[2]);
    for (std::string id; std::getline(list, id, ',');) ids.push_back(std::stoi(id));
    const int count = (int)ids.size(), step = std::min(atoi(argv[3]), count), greedy = atoi(argv[5]);

    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    llama_backend_init();
    llama_model_params model_params = llama_model_default_params();
    model_params.n_gpu_layers = 0;
    llama_model *model = llama_model_load_from_file(argv[1], model_params);
    llama_context_params params = llama_context_default_params();
    params.n_ctx = count + greedy + 64;
    params.n_batch = params.n_ubatch = std::max(step, 1);
    params.n_threads = params.n_threads_batch = 2;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    llama_context *context = model ? llama_init_from_model(model, params) : nullptr;
    FILE *out = fopen(argv[4], "wb");
    if (!context || !out) {
        fprintf(stderr, "oracle_logits: cannot open %s or %s\n", argv[1], argv[4]);
        return 1;
    }
    Decoder decoder{context, llama_vocab_n_tokens(llama_model_get_vocab(model)), llama_batch_init(std::max(step, 1), 0, 1)};
    int last = 0;
    for (int at = 0; at < count; at += step) {
        const int some = std::min(step, count - at);
        decoder.decode(&ids[at], some, at);
        for (int i = 0; i < some; i++) fwrite(llama_get_logits_ith(context, i), 4, decoder.n_vocab, out);
        last = some - 1;
    }
    fclose(out);
    for (int k = 0; k < greedy; k++) {
        const float *logits = llama_get_logits_ith(context, last);
        const llama_token best = (llama_token)(std::max_element(logits, logits + decoder.n_vocab) - logits);
        float second = -1e30f;
        for (int i = 0; i < decoder.n_vocab; i++) if (i != best) second = std::max(second, logits[i]);
        printf("%d:%.4f%s", best, logits[best] - second, k + 1 < greedy ? "," : "\n");
        decoder.decode(&best, 1, count + k);
        last = 0;
    }
    return 0;
}
