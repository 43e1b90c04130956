/* The mixture of experts (llama.cpp's build_moe_ffn): a router chooses n_used of n_expert FFNs for each token. Their
 * outputs are weighted and added in the order of their rank, then the shared expert's.
 *
 * A micro-batch reads each chosen expert once. The tokens that chose an expert are grouped, so that a panel of its
 * weights is unpacked once for all of them. */
#include "engine/layers/ffn_experts.h"

#include "engine/layers/ffn.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/matmul.h"
#include "engine/pool/pool.h"
#include "platform/math.h"

struct experts_job {
    const struct qn_session *session;
    const struct expert_tensors *tensors;
};

static float sigmoid(float x) { return (float)(1.0 / (1.0 + math_exp(-(double)x))); }

/* In place. */
static void softmax(float *x, size_t n) {
    float most = x[0];
    double sum = 0.0;
    for (size_t i = 1; i < n; i++) {
        most = x[i] > most ? x[i] : most;
    }
    for (size_t i = 0; i < n; i++) {
        const double e = math_exp((double)(x[i] - most));
        x[i] = (float)e;
        sum += e;
    }
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)((double)x[i] / sum);
    }
}

/* The best `used` of n scores, best first. Equal scores rank by index, NaN ranks last. */
static void choose(uint32_t *chosen, const float *scores, const float *bias, uint32_t n, uint32_t used) {
    for (uint32_t k = 0; k < used; k++) {
        float most = 0.0f;
        chosen[k] = n;
        for (uint32_t i = 0; i < n; i++) {
            bool free = true;
            for (uint32_t j = 0; j < k && free; j++) {
                free = chosen[j] != i;
            }
            const float score = bias ? scores[i] + bias[i] : scores[i];
            if (free && (chosen[k] == n || score > most || (most != most && score == score))) {
                chosen[k] = i;
                most = score;
            }
        }
    }
}

/* The weights of a token's chosen experts. */
static void compute_weights(float *weights, const uint32_t *chosen, const float *scores,
                            const struct expert_hparams *shape) {
    float sum = 0.0f;
    for (uint32_t k = 0; k < shape->n_used; k++) {
        weights[k] = scores[chosen[k]];
    }
    if (shape->gating == GATING_CHOSEN) {
        softmax(weights, shape->n_used);
    }
    for (uint32_t k = 0; k < shape->n_used; k++) {
        sum += weights[k];
    }
    sum = sum > 0x1p-14f ? sum : 0x1p-14f; /* the smallest normal f16, as in llama.cpp: avoids dividing by zero */
    for (uint32_t k = 0; k < shape->n_used; k++) {
        weights[k] = (shape->normalized ? weights[k] / sum : weights[k]) * shape->scale;
    }
}

/* From the router's products to chosen experts and weights. */
static void route_tokens(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct experts_job *job = context;
    const struct expert_scratch *scratch = &job->session->scratch.experts;
    const struct expert_hparams *shape = &job->session->model->hparams.experts;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        float *scores = scratch->scores + t * shape->n_expert;
        uint32_t *chosen = scratch->chosen + t * shape->n_used;
        if (shape->gating == GATING_SOFTMAX) {
            softmax(scores, shape->n_expert);
        }
        for (uint32_t i = 0; shape->gating == GATING_SIGMOID && i < shape->n_expert; i++) {
            scores[i] = sigmoid(scores[i]);
        }
        choose(chosen, scores, job->tensors->choice_bias, shape->n_expert, shape->n_used);
        compute_weights(scratch->weights + t * shape->n_used, chosen, scores, shape);
    }
}

/* Gives every (token, rank) a slot: sorted by expert, then by token. */
static struct groups group_by_expert(const struct qn_session *session) {
    const struct expert_scratch *scratch = &session->scratch.experts;
    const struct expert_hparams *shape = &session->model->hparams.experts;
    const uint32_t slots = session->n_batch * shape->n_used;
    uint32_t *next = scratch->next_slot; /* first the expert's slots, then its next free one */
    struct groups groups = {0, scratch->group_matrix, scratch->group_start, scratch->slot_row};
    uint32_t at = 0;
    memset(next, 0, shape->n_expert * sizeof(*next));
    for (uint32_t i = 0; i < slots; i++) {
        next[scratch->chosen[i]]++;
    }
    for (uint32_t e = 0; e < shape->n_expert; e++) {
        const uint32_t count = next[e];
        next[e] = at;
        if (count) {
            scratch->group_matrix[groups.count] = e;
            scratch->group_start[groups.count++] = at;
            at += count;
        }
    }
    scratch->group_start[groups.count] = at;
    for (uint32_t i = 0; i < slots; i++) {
        const uint32_t slot = next[scratch->chosen[i]]++;
        scratch->slots[i] = slot;
        scratch->slot_row[slot] = i / shape->n_used;
    }
    return groups;
}

/* scratch.out = weighted sum of the experts' outputs (scratch.up, by slot) + the shared expert's output (scratch.out),
 * times its gate. */
static void add_experts(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct experts_job *job = context;
    const struct qn_session *session = job->session;
    const struct expert_scratch *scratch = &session->scratch.experts;
    const struct hparams *hparams = &session->model->hparams;
    const uint32_t used = hparams->experts.n_used;
    const size_t n = hparams->n_embd;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        float *sum = session->scratch.up + scratch->slots[t * used] * n;
        float *out = session->scratch.out + t * n;
        kernels.scale(sum, scratch->weights[t * used], n);
        for (uint32_t k = 1; k < used; k++) {
            float *one = session->scratch.up + scratch->slots[t * used + k] * n;
            kernels.scale(one, scratch->weights[t * used + k], n);
            kernels.add(sum, sum, one, n);
        }
        if (job->tensors->shared.up.kernels == NULL) {
            memcpy(out, sum, n * sizeof(*out));
            continue;
        }
        if (job->tensors->shared_gate.kernels) {
            kernels.scale(out, sigmoid(scratch->shared_gate[t]), n);
        }
        kernels.add(out, sum, out, n);
    }
}

void ffn_experts_forward(struct qn_session *session, const struct expert_tensors *experts, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const size_t n_ff = hparams->experts.n_ff;
    struct experts_job job = {session, experts};
    const size_t tokens = session->n_batch;
    if (experts->shared.up.kernels) {
        ffn_forward(session, &experts->shared, in);
    }
    const struct product routers[] = {{scratch->experts.scores, &experts->router, experts->router_bias, false},
                                      {scratch->experts.shared_gate, &experts->shared_gate, NULL, false}};
    op_matmul(routers, experts->shared_gate.kernels ? 2 : 1, scratch, in, tokens);
    pool_run(tokens, route_tokens, &job);
    struct groups groups = group_by_expert(session);
    const size_t slots = groups.start[groups.count];
    op_matmul_grouped(scratch->up, &experts->up, &groups, scratch, in, hparams->n_embd);
    op_matmul_grouped(scratch->gate, &experts->gate, &groups, scratch, in, hparams->n_embd);
    op_gate(scratch->gate, scratch->up, hparams->act, n_ff, slots);
    groups.row = NULL; /* from here on each slot has a row of its own */
    op_matmul_grouped(scratch->up, &experts->down, &groups, scratch, scratch->gate, n_ff);
    pool_run(tokens, add_experts, &job);
}
