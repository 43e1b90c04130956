/* Tensors that are missing, have another shape or an unsupported type, or are unknown: each is refused by name. */
#include "tests/engine/support/load.h"

static const char *const architectures[] = {"llama", "gemma3"};

/* All tensors of the files from file_make are required. */
static void missing(void **state) {
    (void)state;
    for (size_t a = 0; a < 2; a++) {
        struct model_file sound;
        file_make(&sound, architectures[a]);
        for (size_t i = 0; i < sound.n_tensors; i++) {
            struct model_file f = sound;
            char words[GGUF_MAX_NAME + 32];
            snprintf(words, sizeof(words), "the file has no tensor %s", sound.tensors[i].name);
            file_drop_tensor(&f, i);
            assert_refused(&f, QN_ERR_FORMAT, NULL, words);
        }
    }
}

static void misshapen(void **state) {
    (void)state;
    struct model_file sound;
    file_make(&sound, "gemma3");
    for (size_t i = 0; i < sound.n_tensors; i++) {
        const struct file_tensor *tensor = &sound.tensors[i];
        char words[GGUF_MAX_NAME + 96];
        for (uint32_t dim = 0; dim < 4; dim++) {
            for (int less = 0; less < (dim < tensor->n_dims ? 2 : 1); less++) {
                struct model_file f = sound;
                struct file_tensor *changed = &f.tensors[i];
                changed->n_dims = dim < tensor->n_dims ? tensor->n_dims : dim + 1;
                changed->shape[dim] = less ? tensor->shape[dim] - 1 : tensor->shape[dim] + 1;
                if (i == 0 && dim == 1) { /* only another vocabulary size, which is valid */
                    assert_runs(&f);
                    continue;
                }
                snprintf(words, sizeof(words), "tensor %s is %u x %u x %u x %u; the metadata requires %u x %u",
                         tensor->name, (unsigned)changed->shape[0], (unsigned)changed->shape[1],
                         (unsigned)changed->shape[2], (unsigned)changed->shape[3], (unsigned)tensor->shape[0],
                         (unsigned)tensor->shape[1]);
                assert_refused(&f, QN_ERR_FORMAT, tensor->name, words);
            }
        }
        if (tensor->n_dims == 2) { /* rows and columns exchanged */
            struct model_file f = sound;
            f.tensors[i].shape[0] = tensor->shape[1];
            f.tensors[i].shape[1] = tensor->shape[0];
            if (tensor->shape[0] != tensor->shape[1]) {
                assert_refused(&f, QN_ERR_FORMAT, tensor->name, tensor->name);
            }
        }
    }
}

static void empty(void **state) {
    (void)state;
    struct model_file f;
    file_make(&f, "llama");
    file_tensor(&f, "token_embd.weight")->shape[1] = 0;
    assert_refused(&f, QN_ERR_FORMAT, "token_embd.weight", "token_embd.weight has 0 rows");
    file_make(&f, "llama");
    file_tensor(&f, "blk.1.ffn_up.weight")->shape[1] = 0;
    assert_refused(&f, QN_ERR_FORMAT, "blk.1.ffn_up.weight", "blk.1.ffn_up.weight is 32 x 0");
}

/* The file's size is unknown, so that only the vocabulary's limit refuses it. */
static int32_t load_vocabulary(uint64_t rows) {
    struct model_file f;
    struct build b;
    qn_model *model;
    struct qn_want want;
    file_make(&f, "llama");
    file_tensor(&f, "token_embd.weight")->shape[1] = rows;
    file_write_directory(&f, &b);
    model = qn_model_open(0);
    int32_t status;
    while ((status = qn_model_want(model, &want)) == QN_MORE && want.offset < b.n) {
        const uint64_t bytes = want.bytes < b.n - want.offset ? want.bytes : b.n - want.offset;
        memcpy((void *)(uintptr_t)want.address, b.at + want.offset, (size_t)bytes);
        status = qn_model_wrote(model, bytes);
        if (status != QN_OK) {
            break;
        }
    }
    qn_model_free(model);
    build_free(&b);
    return status;
}

static void vocabulary_sizes(void **state) {
    (void)state;
    assert_int_equal(load_vocabulary(1), QN_OK);
    assert_int_equal(load_vocabulary(MAX_VOCAB), QN_OK);
    assert_int_equal(load_vocabulary((uint64_t)MAX_VOCAB + 1), QN_ERR_FORMAT);
    assert_non_null(strstr(qn_last_error()->text, "a vocabulary has 1 to"));
}

/* Types of the format without kernels. Vectors must be f32. */
static void types(void **state) {
    (void)state;
    static const uint32_t useless[] = {TYPE_I8, TYPE_I16, TYPE_I32, TYPE_I64, TYPE_F64};
    static const uint32_t vectors[] = {TYPE_F16, TYPE_BF16, TYPE_Q8_0, TYPE_F64, TYPE_I32};
    struct model_file sound;
    file_make(&sound, "llama");
    for (size_t i = 0; i < sound.n_tensors; i++) {
        const bool matrix = sound.tensors[i].n_dims == 2;
        const char *name = sound.tensors[i].name;
        for (size_t t = 0; t < 5; t++) {
            const uint32_t type = matrix ? useless[t] : vectors[t];
            if (sound.tensors[i].shape[0] % type_traits(type)->block_weights != 0) {
                continue; /* not a valid GGUF file */
            }
            struct model_file f = sound;
            char words[GGUF_MAX_NAME + 64];
            f.tensors[i].type = type;
            snprintf(words, sizeof(words),
                     matrix ? "tensor %s has the type %s" : "tensor %s is %s; a vector must be f32", name,
                     type_traits(type)->name);
            assert_refused(&f, QN_ERR_UNSUPPORTED, name, words);
        }
    }
}

/* Every type with kernels is accepted for every matrix whose rows are whole blocks (the weights are zeros). */
static void usable_types(void **state) {
    (void)state;
    static const uint32_t usable[] = {TYPE_F16,  TYPE_BF16,   TYPE_Q4_0,  TYPE_Q4_1,  TYPE_Q5_0, TYPE_Q5_1,
                                      TYPE_Q8_0, TYPE_IQ4_NL, TYPE_MXFP4, TYPE_NVFP4, TYPE_Q2_0};
    struct model_file sound;
    file_make(&sound, "llama");
    for (size_t i = 0; i < sound.n_tensors; i++) {
        for (size_t t = 0; t < sizeof(usable) / sizeof(usable[0]) && sound.tensors[i].n_dims == 2; t++) {
            struct model_file f = sound;
            f.tensors[i].type = usable[t];
            if (f.tensors[i].shape[0] % type_traits(usable[t])->block_weights == 0) {
                assert_runs(&f);
            }
        }
    }
}

static void extra(void **state) {
    (void)state;
    static const char *const names[] = {
        "blk.2.attn_q.weight",     "blk.0.attn_q_norm.weight", "blk.0.ffn_gate_inp.weight",
        "blk.0.attn_sinks.weight", "blk.00.attn_q.weight",     "blk.0.attn_q.weight2",
        "token_embd.weight.scale", "rope_freqs.bias",          "x\xff"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct model_file f;
        file_make(&f, "llama");
        file_add(&f, names[i], FILE_DIM, 0);
        const char *shown = strcmp(names[i], "x\xff") == 0 ? "x\\xff" : names[i];
        assert_refused(&f, QN_ERR_UNSUPPORTED, names[i], shown, "is not supported in llama models");
    }
}

/* Optional tensors. */
static void optional(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint64_t cols, rows;
    } all[] = {{"output.weight", FILE_EMBD, FILE_VOCAB},
               {"output.bias", FILE_VOCAB, 0},
               {"rope_freqs.weight", FILE_DIM / 2, 0},
               {"blk.1.attn_q.bias", 32, 0},
               {"blk.1.attn_k.bias", 16, 0},
               {"blk.0.attn_v.bias", 16, 0},
               {"blk.0.attn_output.bias", FILE_EMBD, 0},
               {"blk.0.ffn_gate.bias", FILE_FF, 0},
               {"blk.1.ffn_up.bias", FILE_FF, 0},
               {"blk.1.ffn_down.bias", FILE_EMBD, 0}};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct model_file f;
        file_make(&f, "llama");
        file_add(&f, all[i].name, all[i].cols, all[i].rows);
        assert_runs(&f);
        f.tensors[f.n_tensors - 1].shape[0]++;
        assert_refused(&f, QN_ERR_FORMAT, all[i].name, all[i].name, "the metadata requires");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing),  cmocka_unit_test(misshapen),        cmocka_unit_test(empty),
        cmocka_unit_test(types),    cmocka_unit_test(usable_types),     cmocka_unit_test(extra),
        cmocka_unit_test(optional), cmocka_unit_test(vocabulary_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
