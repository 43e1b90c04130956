#include "engine/pool.h"

uint32_t pool_workers(void) { return 1; }

void pool_run(size_t items, pool_job *job, void *context) {
    if (items) {
        job(context, 0, items, 0);
    }
}
