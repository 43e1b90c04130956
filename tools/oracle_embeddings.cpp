// Writes embeddings computed by native llama.cpp (CPU), not normalized: the reference of tests/vectors/embeddings.
// tools/make_embeddings.py builds and runs this program.
//
//   oracle_embeddings MODEL IDS POOLING OUT.f32 [flash]
//
// IDS: comma-separated. POOLING: llama.cpp's number, or -1 for the pooling that the model file names. OUT.f32 gets rows
// of n_embd float32: one per token if nothing is pooled, otherwise a single one. flash: with flash attention, which
// rounds keys and values to f16, as Quern does.
#include "llama.h"
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "usage: oracle_embeddings MODEL IDS POOLING OUT.f32 [flash]\n");
        return 2;
    }
    std::vector<llama_token> ids;
    std::stringstream list(argv[2]);
    for (std::string id; std::getline(list, id, ',');) ids.push_back(std::stoi(id));
    const int count = (int)ids.size();

    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    llama_backend_init();
    llama_model_params model_params = llama_model_default_params();
    model_params.n_gpu_layers = 0;
    llama_model *model = llama_model_load_from_file(argv[1], model_params);
    llama_context_params params = llama_context_default_params();
    params.n_ctx = count;
    params.n_batch = params.n_ubatch = count;
    params.n_threads = params.n_threads_batch = 2;
    params.flash_attn_type = argc > 5 ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.embeddings = true;
    params.pooling_type = (enum llama_pooling_type)atoi(argv[3]);
    llama_context *context = model ? llama_init_from_model(model, params) : nullptr;
    FILE *out = fopen(argv[4], "wb");
    if (!context || !out) {
        fprintf(stderr, "oracle_embeddings: cannot open %s or %s\n", argv[1], argv[4]);
        return 1;
    }
    llama_batch batch = llama_batch_init(count, 0, 1);
    batch.n_tokens = count;
    for (int i = 0; i < count; i++) {
        batch.token[i] = ids[i];
        batch.pos[i] = i;
        batch.n_seq_id[i] = 1;
        batch.seq_id[i][0] = 0;
        batch.logits[i] = 1;
    }
    if (llama_decode(context, batch) != 0) {
        fprintf(stderr, "oracle_embeddings: decoding failed\n");
        return 1;
    }
    const bool one = llama_pooling_type(context) != LLAMA_POOLING_TYPE_NONE;
    for (int i = 0; i < (one ? 1 : count); i++) {
        const float *row = one ? llama_get_embeddings_seq(context, 0) : llama_get_embeddings_ith(context, i);
        if (!row) {
            fprintf(stderr, "oracle_embeddings: no embedding\n");
            return 1;
        }
        fwrite(row, 4, (size_t)llama_model_n_embd(model), out);
    }
    return fclose(out) == 0 ? 0 : 1;
}
