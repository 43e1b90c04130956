/* Writes embeddings computed by the native engine: embeddings_scalar MODEL IDS BATCH OUT.f32 POOLING NORMALIZE.
 * POOLING and NORMALIZE are arguments of qn_session_embed. */
#include <stdio.h>
#include <stdlib.h>

#include "native.h"

static int write_embeddings(qn_session *session, uint32_t width, FILE *out) {
    int status;
    do {
        status = qn_session_step(session);
        for (uint32_t row = 0; status >= 0 && row < qn_session_rows(session); row++) {
            fwrite(qn_session_embedding(session, row), sizeof(float), width, out);
        }
    } while (status == QN_MORE);
    return status;
}

int main(int argc, char **argv) {
    static int32_t ids[MAX_IDS];
    if (argc != 7) {
        fprintf(stderr, "usage: embeddings MODEL IDS BATCH OUT.f32 POOLING NORMALIZE\n");
        return 2;
    }
    const size_t count = parse(argv[2], ids);
    FILE *out = fopen(argv[4], "wb");
    qn_model *model = load(argv[1]);
    if (!out || !model) {
        return fail(argv[1]);
    }
    qn_session *session = qn_session_new(model, (uint32_t)count, (uint32_t)strtoul(argv[3], NULL, 10));
    if (!session ||
        qn_session_embed(session, ids, count, (int32_t)strtol(argv[5], NULL, 10),
                         (uint32_t)strtoul(argv[6], NULL, 10)) != QN_OK ||
        write_embeddings(session, qn_model_embedding_size(model), out) != QN_OK) {
        return fail("embeddings");
    }
    qn_session_free(session);
    qn_model_free(model);
    return fclose(out) == 0 ? 0 : 1;
}
