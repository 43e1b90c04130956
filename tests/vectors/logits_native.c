/* Writes logits computed by the native engine: logits_scalar MODEL IDS BATCH OUT.f32 [q8_0]. q8_0 is the type of the KV
 * cache. */
#include <stdio.h>
#include <stdlib.h>

#include "native.h"

static int write_logits(qn_session *session, uint32_t n_vocab, FILE *out) {
    int status;
    do {
        status = qn_session_step(session);
        for (uint32_t row = 0; status >= 0 && row < qn_session_rows(session); row++) {
            fwrite(qn_session_logits(session, row), sizeof(float), n_vocab, out);
        }
    } while (status == QN_MORE);
    return status;
}

int main(int argc, char **argv) {
    static int32_t ids[MAX_IDS];
    if (argc < 5) {
        fprintf(stderr, "usage: logits MODEL IDS BATCH OUT.f32 [q8_0]\n");
        return 2;
    }
    const size_t count = parse(argv[2], ids);
    FILE *out = fopen(argv[4], "wb");
    qn_model *model = load(argv[1]);
    if (!out || !model) {
        return fail(argv[1]);
    }
    if (argc > 5 && qn_model_cache(model, QN_CACHE_Q8_0) != QN_OK) {
        return fail(argv[1]);
    }
    qn_session *session = qn_session_new(model, (uint32_t)count, (uint32_t)strtoul(argv[3], NULL, 10));
    if (!session || qn_session_feed(session, ids, count, QN_LOGITS_ALL) != QN_OK ||
        write_logits(session, qn_model_vocab_size(model), out) != QN_OK) {
        return fail("logits");
    }
    qn_session_free(session);
    qn_model_free(model);
    return fclose(out) == 0 ? 0 : 1;
}
