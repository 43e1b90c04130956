/* A mixture of experts: a router picks n_used of n_expert networks for each token; their outputs are weighed and added
 * in the order of their rank, then that of the network that every token takes.
 *
 * A micro-batch meets each expert once: the tokens that chose it stand side by side, so a panel of its weights is
 * unpacked for all of them. A pair of token and rank has a slot there. */
#include "engine/ops/ops.h"
#include "engine/pool/pool.h"
#include "platform/math.h"

struct experts_job {
    const struct qn_session *session;
    const struct expert_tensors *tensors;
};

static float sigmoid(float x) { return (float)(1.0 / (1.0 + math_exp(-(double)x))); }

/* Softmax in place. */
static void soften(float *x, size_t n) {
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

/* The best `used` of n scores, best first, the lower index among equals; NaN is below everything. */
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

/* The weights of a token's experts from its scores. */
static void weigh(float *weights, const uint32_t *chosen, const float *scores, const struct expert_hparams *shape) {
    float sum = 0.0f;
    for (uint32_t k = 0; k < shape->n_used; k++) {
        weights[k] = scores[chosen[k]];
    }
    if (shape->gating == GATING_CHOSEN) {
        soften(weights, shape->n_used);
    }
    for (uint32_t k = 0; k < shape->n_used; k++) {
        sum += weights[k];
    }
    sum = sum > 0x1p-14f ? sum : 0x1p-14f; /* the smallest normal f16: nothing is divided by zero */
    for (uint32_t k = 0; k < shape->n_used; k++) {
        weights[k] = (shape->normalized ? weights[k] / sum : weights[k]) * shape->scale;
    }
}

static void route(void *context, size_t begin, size_t end, uint32_t worker) {
    const struct experts_job *job = context;
    const struct expert_scratch *scratch = &job->session->scratch.experts;
    const struct expert_hparams *shape = &job->session->model->hparams.experts;
    (void)worker;
    for (size_t t = begin; t < end; t++) {
        float *scores = scratch->scores + t * shape->n_expert;
        uint32_t *chosen = scratch->chosen + t * shape->n_used;
        if (shape->gating == GATING_SOFTMAX) {
            soften(scores, shape->n_expert);
        }
        for (uint32_t i = 0; shape->gating == GATING_SIGMOID && i < shape->n_expert; i++) {
            scores[i] = sigmoid(scores[i]);
        }
        choose(chosen, scores, job->tensors->choice_bias, shape->n_expert, shape->n_used);
        weigh(scratch->weights + t * shape->n_used, chosen, scores, shape);
    }
}

/* Slots, expert by expert, and in the order of the tokens. */
static struct groups group_tokens(const struct qn_session *session) {
    const struct expert_scratch *scratch = &session->scratch.experts;
    const struct expert_hparams *shape = &session->model->hparams.experts;
    const uint32_t pairs = session->n_batch * shape->n_used;
    uint32_t *next = scratch->next; /* slot of the expert's next token */
    struct groups groups = {0, scratch->which, scratch->starts, scratch->rows};
    uint32_t at = 0;
    memset(next, 0, shape->n_expert * sizeof(*next));
    for (uint32_t i = 0; i < pairs; i++) {
        next[scratch->chosen[i]]++;
    }
    for (uint32_t e = 0; e < shape->n_expert; e++) {
        const uint32_t count = next[e];
        next[e] = at;
        if (count) {
            scratch->which[groups.count] = e;
            scratch->starts[groups.count++] = at;
            at += count;
        }
    }
    scratch->starts[groups.count] = at;
    for (uint32_t i = 0; i < pairs; i++) {
        const uint32_t slot = next[scratch->chosen[i]]++;
        scratch->slots[i] = slot;
        scratch->rows[slot] = i / shape->n_used;
    }
    return groups;
}

/* scratch.out = what the experts gave (scratch.up, by slots), weighed and added, plus scratch.out times its gate. */
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
            kernels.scale(out, sigmoid(scratch->shared[t]), n);
        }
        kernels.add(out, sum, out, n);
    }
}

void feed_experts(struct qn_session *session, const struct expert_tensors *experts, const float *in) {
    const struct scratch *scratch = &session->scratch;
    const struct hparams *hparams = &session->model->hparams;
    const struct experts_job job = {session, experts};
    const size_t tokens = session->n_batch;
    if (experts->shared.up.kernels) {
        feed_dense(session, &experts->shared, in);
    }
    const struct product routers[] = {{scratch->experts.scores, &experts->router, experts->router_bias, false},
                                      {scratch->experts.shared, &experts->shared_gate, NULL, false}};
    op_multiply(routers, experts->shared_gate.kernels ? 2 : 1, scratch, in, tokens);
    pool_run(tokens, route, (void *)&job);
    struct groups groups = group_tokens(session);
    const size_t slots = groups.starts[groups.count];
    op_multiply_groups(scratch->up, &experts->up, &groups, scratch, in, hparams->n_embd);
    op_multiply_groups(scratch->gate, &experts->gate, &groups, scratch, in, hparams->n_embd);
    op_gate(scratch->gate, scratch->up, hparams->act, hparams->experts.n_ff, slots);
    groups.rows = NULL; /* each slot has its own from here on */
    op_multiply_groups(scratch->up, &experts->down, &groups, scratch, scratch->gate, hparams->experts.n_ff);
    pool_run(tokens, add_experts, (void *)&job);
}
