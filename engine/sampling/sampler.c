/* The sampler: penalties, top-k, top-p, min-p, temperature, and a random draw. */
#include "engine/sampling/sampler.h"

#include "platform/error.h"
#include "platform/math.h"
#include "platform/memory.h"

void qn_sampling_default(struct qn_sampling *sampling) {
    *sampling = (struct qn_sampling){
        .temperature = 0.8f, .top_p = 0.95f, .min_p = 0.05f, .repeat_penalty = 1.0f, .top_k = 40, .penalty_last_n = 64};
}

/* splitmix64 (https://prng.di.unimi.it/splitmix64.c): expands a seed into the generator's state. */
static uint64_t splitmix64(uint64_t *seed) {
    *seed += 0x9e3779b97f4a7c15u;
    uint64_t z = *seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

/* xoshiro256** (Blackman and Vigna, https://arxiv.org/abs/1805.01407), as a double in [0, 1). */
static double random_unit(uint64_t s[4]) {
    const uint64_t result = rotate(s[1] * 5, 7) * 9;
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return (double)(result >> 11) * 0x1p-53;
}

static void seed(struct sampler *sampler) {
    uint64_t state = sampler->settings.seed;
    for (int i = 0; i < 4; i++) {
        sampler->random[i] = splitmix64(&state);
    }
}

void sampler_init(struct sampler *sampler, struct candidate *candidates, int32_t *recent) {
    memset(sampler, 0, sizeof(*sampler));
    qn_sampling_default(&sampler->settings);
    sampler->candidates = candidates;
    sampler->recent = recent;
    seed(sampler);
}

void sampler_free(struct sampler *sampler) {
    block_give(sampler->biases);
    sampler->biases = NULL;
    sampler->n_biases = 0;
}

/* What is wrong with the settings; null if nothing is. */
static const char *invalid(const struct qn_sampling *s) {
    if (s->temperature != s->temperature) {
        return "temperature is not a number";
    }
    if (!(s->top_p >= 0.0f && s->top_p <= 1.0f)) {
        return "top_p must lie in 0 to 1";
    }
    if (!(s->min_p >= 0.0f && s->min_p <= 1.0f)) {
        return "min_p must lie in 0 to 1";
    }
    if (!(s->repeat_penalty > 0.0f)) {
        return "repeat_penalty must be positive";
    }
    if (s->frequency_penalty != s->frequency_penalty) {
        return "frequency_penalty is not a number";
    }
    return s->presence_penalty != s->presence_penalty ? "presence_penalty is not a number" : NULL;
}

int sampler_set(struct sampler *sampler, const struct qn_sampling *settings, const struct qn_bias *biases,
                size_t n_biases, uint32_t n_vocab, struct qn_error *error) {
    const char *wrong = invalid(settings);
    if (wrong) {
        return error_set(error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "%s", wrong);
    }
    for (size_t i = 0; i < n_biases; i++) {
        if (biases[i].id < 0 || (uint32_t)biases[i].id >= n_vocab || biases[i].bias != biases[i].bias) {
            return error_set(error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
                             "logit bias for token %d: no such token, or not a number", biases[i].id);
        }
    }
    struct qn_bias *copy = NULL;
    if (n_biases) {
        copy = n_biases > SIZE_MAX / sizeof(*copy) ? NULL : block_take(n_biases * sizeof(*copy));
        if (copy == NULL) {
            return error_set(error, QN_ERR_MEMORY, QN_NO_OFFSET, "no memory for %zu logit biases", n_biases);
        }
        memcpy(copy, biases, n_biases * sizeof(*copy));
    }
    sampler_free(sampler);
    sampler->biases = copy;
    sampler->n_biases = n_biases;
    sampler->settings = *settings;
    seed(sampler);
    return QN_OK;
}

static void sort_ids(int32_t *ids, size_t n) { /* heap sort, ascending */
    for (size_t end = n, start = n / 2; end > 1;) {
        int32_t moved;
        if (start) {
            moved = ids[--start];
        } else {
            moved = ids[--end];
            ids[end] = ids[0];
        }
        size_t root = start;
        for (size_t child; (child = 2 * root + 1) < end; root = child) {
            if (child + 1 < end && ids[child + 1] > ids[child]) {
                child++;
            }
            if (ids[child] <= moved) {
                break;
            }
            ids[root] = ids[child];
        }
        ids[root] = moved;
    }
}

/* As in llama.cpp: the repetition penalty divides positive logits and multiplies negative ones, once per distinct
 * token; the frequency and presence penalties are subtracted. */
static void penalize(const struct sampler *sampler, struct candidate *candidates, const int32_t *tokens,
                     uint32_t n_tokens) {
    const struct qn_sampling *s = &sampler->settings;
    const uint32_t last_n = s->penalty_last_n < 0 ? n_tokens : (uint32_t)s->penalty_last_n;
    const uint32_t n = last_n < n_tokens ? last_n : n_tokens;
    if (n == 0 || (s->repeat_penalty == 1.0f && s->frequency_penalty == 0.0f && s->presence_penalty == 0.0f)) {
        return;
    }
    memcpy(sampler->recent, tokens + (n_tokens - n), n * sizeof(*tokens));
    sort_ids(sampler->recent, n);
    for (uint32_t i = 0; i < n;) {
        const int32_t id = sampler->recent[i];
        uint32_t count = 0;
        while (i < n && sampler->recent[i] == id) {
            i++;
            count++;
        }
        float *logit = &candidates[id].logit;
        *logit = *logit <= 0.0f ? *logit * s->repeat_penalty : *logit / s->repeat_penalty;
        *logit -= (float)count * s->frequency_penalty + s->presence_penalty;
    }
}

/* Higher logits come first; equal ones in the order of their ids. */
static int before(struct candidate a, struct candidate b) {
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

/* Restores the heap below `root`. The root of the heap is the last of its candidates in that order. */
static void sift(struct candidate *heap, size_t n, size_t root) {
    const struct candidate moved = heap[root];
    for (size_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && before(heap[child], heap[child + 1])) {
            child++;
        }
        if (!before(moved, heap[child])) {
            break;
        }
        heap[root] = heap[child];
    }
    heap[root] = moved;
}

/* Moves the best `keep` of n candidates to the front and sorts them, best first. */
static void keep_best(struct candidate *candidates, size_t n, size_t keep) {
    for (size_t i = keep / 2; i-- > 0;) {
        sift(candidates, keep, i);
    }
    for (size_t i = keep; i < n; i++) { /* the root is the worst one kept so far */
        if (before(candidates[i], candidates[0])) {
            candidates[0] = candidates[i];
            sift(candidates, keep, 0);
        }
    }
    for (size_t end = keep; end-- > 1;) {
        const struct candidate last = candidates[0];
        candidates[0] = candidates[end];
        candidates[end] = last;
        sift(candidates, end, 0);
    }
}

/* Probability of candidate i relative to the best one. */
static double weight(const struct candidate *candidates, size_t i, double scale) {
    return math_exp(((double)candidates[i].logit - (double)candidates[0].logit) * scale);
}

/* How many candidates to keep: the fewest whose probabilities sum to top_p. */
static size_t cut_top_p(const struct candidate *candidates, size_t n, double top_p) {
    double total = 0.0;
    for (size_t i = 0; i < n; i++) {
        total += weight(candidates, i, 1.0);
    }
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += weight(candidates, i, 1.0);
        if (sum >= top_p * total) {
            return i + 1;
        }
    }
    return n;
}

/* How many candidates to keep: those at least min_p times as probable as the best one. */
static size_t cut_min_p(const struct candidate *candidates, size_t n, double min_p) {
    size_t kept = 1;
    while (kept < n && weight(candidates, kept, 1.0) >= min_p) {
        kept++;
    }
    return kept;
}

/* Draws one of n candidates at random, in proportion to their probabilities at the temperature. */
static int32_t draw(struct sampler *sampler, const struct candidate *candidates, size_t n) {
    const double scale = 1.0 / (double)sampler->settings.temperature;
    double total = 0.0;
    for (size_t i = 0; i < n; i++) {
        total += weight(candidates, i, scale);
    }
    const double target = random_unit(sampler->random) * total;
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += weight(candidates, i, scale);
        if (sum > target) {
            return candidates[i].id;
        }
    }
    return candidates[0].id;
}

/* Moves the allowed candidates to the front and returns their number. */
static uint32_t keep_allowed(struct candidate *candidates, uint32_t n_vocab, const uint32_t *allowed) {
    uint32_t n = 0;
    for (uint32_t word = 0; word * 32 < n_vocab; word++) {
        for (uint32_t bits = allowed[word]; bits; bits &= bits - 1) {
            candidates[n++] = candidates[word * 32 + (uint32_t)__builtin_ctz(bits)];
        }
    }
    return n;
}

static int32_t best_of(const struct candidate *candidates, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++) {
        best = candidates[i].logit > candidates[best].logit ? i : best;
    }
    return candidates[best].id;
}

int32_t sampler_draw(struct sampler *sampler, const float *logits, uint32_t n_vocab, const uint32_t *allowed,
                     const int32_t *tokens, uint32_t n_tokens) {
    const struct qn_sampling *s = &sampler->settings;
    struct candidate *candidates = sampler->candidates;
    for (uint32_t i = 0; i < n_vocab; i++) {
        candidates[i] = (struct candidate){logits[i], (int32_t)i};
    }
    for (size_t i = 0; i < sampler->n_biases; i++) {
        candidates[sampler->biases[i].id].logit += sampler->biases[i].bias;
    }
    penalize(sampler, candidates, tokens, n_tokens);
    const uint32_t left = allowed ? keep_allowed(candidates, n_vocab, allowed) : n_vocab;
    for (uint32_t i = 0; i < left; i++) { /* a NaN, such as from inf - inf, must never be the best */
        float *logit = &candidates[i].logit;
        *logit = *logit == *logit ? *logit : -__builtin_inff();
    }
    if (!(s->temperature > 0.0f) || (allowed && left == 1)) {
        return best_of(candidates, left);
    }
    size_t n = s->top_k > 0 && (uint32_t)s->top_k < left ? (size_t)s->top_k : left;
    keep_best(candidates, left, n);
    if (s->top_p < 1.0f) {
        n = cut_top_p(candidates, n, (double)s->top_p);
    }
    if (s->min_p > 0.0f) {
        n = cut_min_p(candidates, n, (double)s->min_p);
    }
    return draw(sampler, candidates, n);
}
