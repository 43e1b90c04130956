/* Planted faults are found, natively. */
#include "check_all.h"
#include "fault.h"
#include "report.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static uint32_t failures_with(enum fault fault) {
    planted_fault = fault;
    return check_all(1, "scale");
}

static void test_no_fault(void **state) {
    (void)state;
    assert_int_equal(failures_with(FAULT_NONE), 0);
}

static void test_one_bit(void **state) {
    (void)state;
    assert_int_equal(failures_with(FAULT_BIT), 1);
    assert_non_null(strstr(check_report, "FAIL scale simd128: n 61 "));
    assert_non_null(strstr(check_report, "FAILED scale simd128"));
    assert_non_null(strstr(check_report, "ok scale scalar"));
}

static void test_overwrite(void **state) {
    (void)state;
    assert_int_equal(failures_with(FAULT_OVERWRITE), 1);
    assert_non_null(strstr(check_report, "wrote before buffer 0"));
}

/* In a child process, because the fault kills it. */
static void test_overread(void **state) {
    (void)state;
    const pid_t child = fork();
    if (child == 0) {
        fclose(stderr);
        signal(SIGSEGV, SIG_DFL); /* cmocka's handler would continue */
        signal(SIGBUS, SIG_DFL);
        failures_with(FAULT_OVERREAD);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_fault),
        cmocka_unit_test(test_one_bit),
        cmocka_unit_test(test_overwrite),
        cmocka_unit_test(test_overread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
