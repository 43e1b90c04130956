/* Work shared out over threads. A job is split by output: no two workers write the same place and nothing is summed
 * across them, so the result does not depend on their number. */
#ifndef ENGINE_POOL_H
#define ENGINE_POOL_H

#include <stddef.h>
#include <stdint.h>

/* Does items [begin, end); worker < pool_workers() names its scratch. */
typedef void pool_job(void *context, size_t begin, size_t end, uint32_t worker);

uint32_t pool_workers(void);
/* Returns when all items are done. */
void pool_run(size_t items, pool_job *job, void *context);

#endif
