/* The pool of modules without threads: the caller does everything. */
#include "engine/pool/pool.h"
#include "platform/error.h"

uint32_t pool_workers(void) { return 1; }

uint32_t pool_active(void) { return 1; }

void pool_run(size_t items, pool_job *job, void *context) {
    if (items) {
        job(context, 0, items, 0);
    }
}

int32_t qn_threads_start(uint32_t threads) {
    if (threads != 1) {
        return error_set(&last_error, QN_ERR_UNSUPPORTED, QN_NO_OFFSET,
                         "%u threads were requested, but this module has one: use a threaded module", threads);
    }
    return QN_OK;
}

int32_t qn_threads_use(uint32_t threads) { return qn_threads_start(threads); }

void *qn_worker_stack(uint32_t worker) {
    (void)worker;
    return NULL;
}

void qn_worker_enter(uint32_t worker, void *stack) {
    (void)worker;
    (void)stack;
}

void qn_threads_stop(void) {}
