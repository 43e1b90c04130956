/* Mamba and Mamba 2: the numbers of channels, heads and groups must divide each other. */
#include "tests/engine/support/load.h"

enum { STATE = 4, RANK = 6, GROUPS = 2, TAPS = 3, INNER = 24 };

static void make(struct model_file *f, const char *architecture) {
    file_make(f, architecture);
    file_u32(f, "ssm.conv_kernel", TAPS);
    file_u32(f, "ssm.inner_size", INNER);
    file_u32(f, "ssm.state_size", STATE);
    file_u32(f, "ssm.time_step_rank", RANK);
    file_u32(f, "ssm.group_count", GROUPS);
}

/* Valid metadata; the tensors of recurrent layers are absent. */
static void assert_accepted(const struct model_file *f) {
    assert_refused(f, QN_ERR_FORMAT, NULL, "the file has no tensor blk.0.ssm_");
}

static void groups(void **state) {
    (void)state;
    struct model_file f;
    make(&f, "mamba2");
    assert_accepted(&f);
    file_u32(&f, "ssm.group_count", 4); /* divides the channels, but not the heads */
    assert_refused(&f, QN_ERR_FORMAT, "mamba2.ssm.group_count", "24 channels do not match 6 heads in 4 groups");
    file_u32(&f, "ssm.group_count", 12); /* more groups than heads: no head would have a group */
    assert_refused(&f, QN_ERR_FORMAT, "mamba2.ssm.group_count", "24 channels do not match 6 heads in 12 groups");
    file_u32(&f, "ssm.group_count", 0);
    assert_refused(&f, QN_ERR_FORMAT, "mamba2.ssm.group_count", "it must lie in 1 to 4096");
    file_u32(&f, "ssm.group_count", 4097);
    assert_refused(&f, QN_ERR_FORMAT, "mamba2.ssm.group_count", "it must lie in 1 to 4096");
    make(&f, "mamba2");
    file_u32(&f, "ssm.time_step_rank", 5);
    file_u32(&f, "ssm.group_count", 1);
    assert_refused(&f, QN_ERR_FORMAT, "mamba2.ssm.group_count", "24 channels do not match 5 heads in 1 groups");
    make(&f, "mamba2");
    file_u32(&f, "ssm.time_step_rank", 48); /* heads of no channel */
    assert_refused(&f, QN_ERR_FORMAT, "mamba2.ssm.group_count", "24 channels do not match 48 heads in 2 groups");
}

static void ranges(void **state) {
    (void)state;
    static const struct {
        const char *key;
        uint32_t value;
        const char *words;
    } wrong[] = {
        {"ssm.conv_kernel", 1, "it must lie in 2 to 64"},
        {"ssm.conv_kernel", 65, "it must lie in 2 to 64"},
        {"ssm.inner_size", 0, "it must lie in 1 to 1048576"},
        {"ssm.inner_size", 1048577, "it must lie in 1 to"},
        {"ssm.time_step_rank", 0, "it must lie in 1 to 1048576"},
        {"ssm.time_step_rank", 1048577, "it must lie in 1 to"},
        {"ssm.state_size", 0, "it must lie in 1 to 4096"},
        {"ssm.state_size", 4097, "it must lie in 1 to 4096"},
    };
    static const char *const architectures[] = {"mamba", "mamba2"};
    struct model_file f;
    for (size_t a = 0; a < 2; a++) {
        make(&f, architectures[a]);
        assert_accepted(&f);
        file_u32(&f, "ssm.state_size", 6);
        char name[96];
        assert_refused(&f, QN_ERR_UNSUPPORTED, file_name(&f, "ssm.state_size", name), "a multiple of 4");
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
            make(&f, architectures[a]);
            file_u32(&f, wrong[i].key, wrong[i].value);
            assert_refused(&f, QN_ERR_FORMAT, file_name(&f, wrong[i].key, name), wrong[i].words);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups),
        cmocka_unit_test(ranges),
    };
    return cmocka_run_group_tests_name("config_hparams_mamba", tests, NULL, NULL);
}
