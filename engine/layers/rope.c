/* RoPE frequencies and angles, in double. */
#include "engine/layers/rope.h"

#include "engine/weights/load_phase.h"
#include "platform/math.h"

#define TWO_PI 6.283185307179586

/* Divisors of the frequencies: for any context, or for short and for long ones ("LongRoPE"). May be null. */
static const float *factors_of(const struct qn_model *model, uint32_t context) {
    const struct tensors *tensors = &model->tensors;
    if (tensors->rope_factors) {
        return tensors->rope_factors;
    }
    return context > model->hparams.rope.original_context ? tensors->rope_factors_long : tensors->rope_factors_short;
}

/* The pair, as a real number, that rotates `rotations` times over the original context. */
static double pair_of_rotations(const struct hparams *hparams, const struct rope_set *set, uint32_t n_rot,
                                float rotations) {
    const double longest = (double)hparams->rope.original_context / ((double)rotations * TWO_PI);
    return (double)n_rot * math_log(longest) / (2.0 * math_log((double)set->base));
}

/* The share of pair i's frequency that YaRN leaves unscaled: 1 for fast pairs, 0 for slow ones ("YaRN: Efficient
 * Context Window Extension of Large Language Models", section 3.2; llama.cpp's rope_yarn_ramp). */
static double unscaled_share(const struct hparams *hparams, const struct rope_set *set, uint32_t n_rot, size_t i) {
    double low = __builtin_floor(pair_of_rotations(hparams, set, n_rot, hparams->rope.beta_fast));
    double high = __builtin_ceil(pair_of_rotations(hparams, set, n_rot, hparams->rope.beta_slow));
    low = low > 0.0 ? low : 0.0;
    high = high < (double)n_rot - 1.0 ? high : (double)n_rot - 1.0;
    const double width = high - low > 0.001 ? high - low : 0.001;
    const double y = ((double)i - low) / width;
    if (y < 0.0) {
        return 1.0;
    }
    return y > 1.0 ? 0.0 : 1.0 - y;
}

/* Multi-axis RoPE gives pairs to the sections time, height, width and a fourth. For text the first three positions are
 * equal and the fourth is 0: its pairs do not rotate. */
static bool is_still(const struct hparams *hparams, size_t i) {
    const uint32_t *sections = hparams->rope.sections;
    const uint32_t three = sections[0] + sections[1] + sections[2];
    if (hparams->architecture->rope.sections == SECTIONS_NONE) {
        return false;
    }
    const size_t at = i % (three + sections[3]);
    return hparams->architecture->rope.sections == SECTIONS_CONSECUTIVE ? at >= three
                                                                        : at >= 3 * (size_t)sections[at % 3];
}

static void compute_freqs(const struct qn_model *model, uint32_t context, double *freqs) {
    const struct hparams *hparams = &model->hparams;
    for (size_t s = 0; s < ROPE_SETS; s++, freqs += hparams->n_rot / 2) {
        const struct rope_set *set = &hparams->rope.sets[s];
        const uint32_t n_rot = hparams->heads[s].rot;
        const float *factors = set->factors ? factors_of(model, context) : NULL;
        for (size_t i = 0; i < n_rot / 2; i++) {
            const double power = -2.0 * (double)i / (double)n_rot;
            const double unscaled = set->yarn ? unscaled_share(hparams, set, n_rot, i) : 0.0;
            const double scale = (double)set->scale * (1.0 - unscaled) + unscaled;
            const double freq = math_pow((double)set->base, power) * scale / (factors ? (double)factors[i] : 1.0);
            freqs[i] = is_still(hparams, i) ? 0.0 : freq;
        }
    }
}

void rope_prepare(struct qn_session *session) {
    if (!session->rope_ready && model_has_phase(session->model, PHASE_EMBEDDING)) {
        compute_freqs(session->model, session->context, session->scratch.rope_freqs);
        session->rope_ready = true;
    }
}

void rope_angles(const struct hparams *hparams, const double *freqs, float *angles, uint32_t position) {
    for (size_t set = 0; set < ROPE_SETS; set++, angles += hparams->n_rot, freqs += hparams->n_rot / 2) {
        const size_t pairs = hparams->heads[set].rot / 2;
        const double magnitude = (double)hparams->rope.sets[set].magnitude;
        for (size_t i = 0; i < pairs; i++) {
            double sine;
            double cosine;
            math_sincos((double)position * freqs[i], &sine, &cosine);
            angles[i] = (float)(cosine * magnitude);
            angles[pairs + i] = (float)(sine * magnitude);
        }
    }
}
