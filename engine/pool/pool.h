/* engine/pool: work spread over threads. A job is a number of independent items; workers take ranges of them.
 * Takes a function and its context; returns when all items are done.
 * It must not know what an item is. Jobs are divided by their output: no two items write to the same place and nothing
 * is summed across items, so that the result does not depend on the number of threads. */
#ifndef ENGINE_POOL_POOL_H
#define ENGINE_POOL_POOL_H

#include <stddef.h>
#include <stdint.h>

/* Does items [begin, end). worker < pool_workers() selects the scratch memory that only this call uses. */
typedef void pool_job(void *context, size_t begin, size_t end, uint32_t worker);

/* The threads that have been started, the caller's included. */
uint32_t pool_workers(void);
/* Those of them that take part in jobs. */
uint32_t pool_active(void);
/* Does items [0, items). One job at a time: not to be called from within a job. */
void pool_run(size_t items, pool_job *job, void *context);

#endif
