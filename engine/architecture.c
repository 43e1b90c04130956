#include "engine/architecture.h"

#include "platform/error.h"

/* In the order of their names. */
static const struct architecture table[] = {
    {.name = "bert",
     .features =
         ENCODER | EMBEDDING_NORM | TOKEN_TYPES | ADDED_NORMS | NO_PRE_NORMS | NORM_BIAS | UNGATED | LEARNED_POSITIONS,
     .norm = NORM_LAYER,
     .rope = ROPE_NONE,
     .act = ACT_GELU},
    {.name = "bitnet", .features = INNER_NORMS | FF_SCALES, .rope = ROPE_NEOX},
    {.name = "cohere2",
     .features = PARALLEL | FF_SCALES,
     .norm = NORM_LAYER,
     .rope = ROPE_NORM,
     .scales = SCALES_LOGITS,
     .window_pattern = 4,
     .window_rope_only = true},
    {.name = "deepseek2",
     .rope = ROPE_NORM,
     .latent = true,
     .experts = EXPERTS | EXPERTS_NEEDED | EXPERTS_SHARE_COUNT | EXPERTS_GATING | EXPERTS_WEIGHTS},
    {.name = "ernie4_5", .features = OUTPUT_BIAS_UNUSED, .rope = ROPE_NORM},
    {.name = "exaone4",
     .features = NO_PRE_NORMS | POST_NORMS | QK_NORM,
     .rope = ROPE_NEOX,
     .window_pattern = 4,
     .window_default = 4096,
     .window_layers = 64,
     .window_rope_only = true},
    {.name = "falcon",
     .features = PARALLEL | SECOND_NORM | NORM_BIAS | UNGATED,
     .norm = NORM_LAYER,
     .rope = ROPE_NEOX,
     .act = ACT_GELU,
     .rope_is_head_dim = true},
    {.name = "falcon-h1",
     .features = OUTPUT_BIAS_UNUSED | BARE_FF_NORM,
     .rope = ROPE_NEOX,
     .recurrent = LAYER_ATTENTION_MAMBA2,
     .all_recurrent = true,
     .rope_freqs_unused = true},
    {.name = "gemma", .rope = ROPE_NEOX, .act = ACT_GELU, .embedding_sqrt = true},
    {.name = "gemma-embedding",
     .features = ENCODER | POST_NORMS | QK_NORM,
     .rope = ROPE_NEOX,
     .act = ACT_GELU,
     .embedding_sqrt = true,
     .window_pattern = 6,
     .window_symmetric = true,
     .window_unscaled = true,
     .window_rope_base = 10000.0f},
    {.name = "gemma2",
     .features = POST_NORMS,
     .rope = ROPE_NEOX,
     .act = ACT_GELU,
     .embedding_sqrt = true,
     .attention_softcap = true,
     .final_softcaps = true,
     .final_softcap = 30.0f,
     .window_pattern = 2,
     .window_default = 4096,
     .wide_attention = 46},
    {.name = "gemma3",
     .features = POST_NORMS | QK_NORM,
     .rope = ROPE_NEOX,
     .act = ACT_GELU,
     .embedding_sqrt = true,
     .final_softcaps = true,
     .window_pattern = 6,
     .window_unscaled = true,
     .window_rope_base = 10000.0f,
     .wide_attention = 62},
    {.name = "gpt2",
     .features = NORM_BIAS | UNGATED | LEARNED_POSITIONS,
     .norm = NORM_LAYER,
     .rope = ROPE_NONE,
     .act = ACT_GELU},
    {.name = "gpt-oss",
     .features = SINKS | LATE_FF_NORM,
     .rope = ROPE_NEOX,
     .act = ACT_OAI,
     .experts = EXPERTS | EXPERTS_NEEDED | EXPERTS_BIASED,
     .gating = GATING_CHOSEN,
     .window_pattern = 2},
    {.name = "granite",
     .rope = ROPE_NORM,
     .scales = SCALES_GRANITE,
     .rope_switch = true,
     .experts = EXPERTS | EXPERTS_NORMED | EXPERTS_SHARE},
    {.name = "granitehybrid",
     .rope = ROPE_NORM,
     .scales = SCALES_GRANITE,
     .recurrent = LAYER_MAMBA2,
     .rope_switch = true,
     .experts = EXPERTS | EXPERTS_NORMED | EXPERTS_SHARE},
    {.name = "granitemoe",
     .rope = ROPE_NORM,
     .scales = SCALES_GRANITE,
     .rope_switch = true,
     .experts = EXPERTS | EXPERTS_NORMED | EXPERTS_SHARE},
    {.name = "hunyuan-dense", .features = QK_NORM | QK_NORM_LATE, .rope = ROPE_NEOX},
    {.name = "internlm2", .rope = ROPE_NORM},
    {.name = "lfm2",
     .features = QK_NORM | OUTPUT_NORM_ELSEWHERE,
     .rope = ROPE_NEOX,
     .recurrent = LAYER_SHORTCONV,
     .window_pattern = WINDOW_ALL},
    {.name = "lfm2moe",
     .features = QK_NORM | OUTPUT_NORM_ELSEWHERE,
     .rope = ROPE_NEOX,
     .recurrent = LAYER_SHORTCONV,
     .experts = EXPERTS | EXPERTS_NEEDED | EXPERTS_NORMED | EXPERTS_GATING},
    {.name = "llama",
     .features = FF_SCALES,
     .rope = ROPE_NORM,
     .rope_is_head_dim = true,
     .experts = EXPERTS | EXPERTS_NORMED | EXPERTS_SHARE},
    {.name = "mamba", .features = NO_FEED, .recurrent = LAYER_MAMBA, .all_recurrent = true},
    {.name = "mamba2", .features = NO_FEED, .recurrent = LAYER_MAMBA2, .all_recurrent = true},
    {.name = "minicpm", .rope = ROPE_NORM, .scales = SCALES_MINICPM, .experts = EXPERTS | EXPERTS_NORMED},
    {.name = "mistral3", .features = FF_SCALES, .rope = ROPE_NORM, .experts = EXPERTS | EXPERTS_NORMED},
    {.name = "modern-bert",
     .features = ENCODER | EMBEDDING_NORM | LOOSE_FIRST_NORM | FUSED_GATE,
     .norm = NORM_LAYER,
     .rope = ROPE_NEOX,
     .act = ACT_GELU,
     .act_named = true,
     .window_pattern = 3,
     .window_first = true,
     .window_symmetric = true,
     .window_unscaled = true,
     .window_rope_base = 10000.0f},
    {.name = "nomic-bert",
     .features = ENCODER | EMBEDDING_NORM | TOKEN_TYPES | ADDED_NORMS | NO_PRE_NORMS | NORM_BIAS,
     .norm = NORM_LAYER,
     .rope = ROPE_NEOX},
    {.name = "olmo2",
     .features = NO_PRE_NORMS | POST_NORMS | QK_NORM_WIDE,
     .rope = ROPE_NEOX,
     .window_pattern = 4,
     .window_unscaled = true},
    {.name = "olmoe", .features = QK_NORM_WIDE, .rope = ROPE_NEOX, .experts = EXPERTS | EXPERTS_NEEDED},
    {.name = "phi2",
     .features = PARALLEL | NORM_BIAS | UNGATED,
     .norm = NORM_LAYER,
     .rope = ROPE_NEOX,
     .act = ACT_GELU},
    {.name = "phi3", .features = FUSED_GATE, .rope = ROPE_NEOX},
    {.name = "qwen2", .rope = ROPE_NEOX},
    {.name = "qwen2moe",
     .rope = ROPE_NEOX,
     .experts = EXPERTS | EXPERTS_NEEDED | EXPERTS_DIVIDE | EXPERTS_SHARE_ALWAYS},
    {.name = "qwen2vl", .rope = ROPE_NEOX, .sections = SECTIONS_RUNS},
    {.name = "qwen3", .features = QK_NORM | FF_SCALES, .rope = ROPE_NEOX},
    {.name = "qwen3moe",
     .features = QK_NORM | FF_SCALES,
     .rope = ROPE_NEOX,
     .experts = EXPERTS | EXPERTS_NEEDED | EXPERTS_NORMED | EXPERTS_DIVIDE},
    {.name = "smollm3", .rope = ROPE_NORM, .no_rope_every = 4},
    {.name = "stablelm", .features = LOOSE_FF_NORM | NORM_BIAS | QK_NORM_EACH, .norm = NORM_LAYER, .rope = ROPE_NEOX},
    {.name = "starcoder2", .features = NORM_BIAS | UNGATED, .norm = NORM_LAYER, .rope = ROPE_NEOX, .act = ACT_GELU},
};

/* The names, comma-separated, as many as `room` holds beside the number of the others. */
static size_t list_names(char *text, size_t room) {
    const size_t rows = sizeof(table) / sizeof(table[0]);
    size_t used = 0;
    for (size_t i = 0; i < rows; i++) {
        const size_t bytes = strlen(table[i].name);
        if (used + bytes + sizeof(" and 99 more") + 2 > room) {
            const unsigned left = (unsigned)(rows - i);
            memcpy(text + used, " and ", 5);
            used += 5;
            for (unsigned unit = left >= 10 ? 10 : 1; unit; unit /= 10) {
                text[used++] = (char)('0' + left / unit % 10);
            }
            memcpy(text + used, " more", 5);
            return used + 5;
        }
        if (used) {
            memcpy(text + used, ", ", 2);
            used += 2;
        }
        memcpy(text + used, table[i].name, bytes);
        used += bytes;
    }
    return used;
}

const struct architecture *architecture_find(struct gguf_text name, uint64_t offset, struct qn_error *error) {
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strlen(table[i].name) == name.bytes && memcmp(table[i].name, name.at, name.bytes) == 0) {
            return &table[i];
        }
    }
    char known[sizeof(error->text) - 64 - 72]; /* beside the name and the words */
    const size_t bytes = list_names(known, sizeof(known));
    const int shown = name.bytes < 64 ? (int)name.bytes : 64;
    error_set(error, QN_ERR_UNSUPPORTED, offset,
              "general.architecture is \"%.*s\", which this build does not run; it runs %.*s", shown, name.at,
              (int)bytes, known);
    return NULL;
}
