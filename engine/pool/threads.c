/* The pool of threaded modules. Workers are instances of the module that share its memory. They spin for a moment while
 * they wait for the next job, then sleep. */
#include "engine/pool/pool.h"
#include "platform/error.h"
#include "platform/memory.h"

#define MAX_WORKERS 32u
#define STACK_BYTES 131072u
#define SPINS       100000 /* loads of a word before a thread sleeps: about 40 microseconds */
#define CHUNKS      4u     /* per worker, in a job */

static struct {
    uint32_t workers; /* started, the caller's thread included */
    uint8_t *stacks;  /* (workers - 1, STACK_BYTES) */
    /* the current job; written before generation is incremented */
    pool_job *job;
    void *context;
    size_t items;
    size_t chunks;
    /* shared words */
    uint32_t generation; /* incremented for each job, and to stop */
    uint32_t stop;
    size_t next;            /* the first chunk that no worker has taken */
    uint32_t busy;          /* workers that have not finished the job, the caller excluded */
    uint32_t sleepers;      /* workers asleep on generation */
    uint32_t caller_sleeps; /* 1 while the caller is asleep */
    uint32_t active;        /* workers that take part, the caller included; the others are parked */
    uint32_t parked;
    uint32_t parked_sleepers; /* workers asleep on active */
} pool = {.workers = 1, .active = 1};

uint32_t pool_workers(void) { return pool.workers; }

uint32_t pool_active(void) { return pool.active; }

static uint32_t load(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }

/* Returns once *word differs from `value`. */
static void wait_while(uint32_t *word, uint32_t value, uint32_t *sleepers) {
    for (int i = 0; i < SPINS; i++) {
        if (load(word) != value) {
            return;
        }
    }
    __atomic_add_fetch(sleepers, 1, __ATOMIC_SEQ_CST);
    while (load(word) == value) {
        __builtin_wasm_memory_atomic_wait32((int *)word, (int)value, -1);
    }
    __atomic_sub_fetch(sleepers, 1, __ATOMIC_SEQ_CST);
}

static void wake(uint32_t *word, const uint32_t *sleepers) {
    if (load(sleepers)) {
        __builtin_wasm_memory_atomic_notify((int *)word, MAX_WORKERS);
    }
}

/* The first item of a chunk. Chunks shrink toward the end, so that the workers finish together. */
static size_t chunk_begin(size_t chunk) {
    const uint64_t left = pool.chunks - chunk;
    return pool.items - (size_t)(pool.items * left * left / (pool.chunks * pool.chunks));
}

/* Takes chunks of the job until none is left. */
static void work(uint32_t worker) {
    for (;;) {
        const size_t chunk = __atomic_fetch_add(&pool.next, 1, __ATOMIC_SEQ_CST);
        if (chunk >= pool.chunks) {
            return;
        }
        const size_t begin = chunk_begin(chunk);
        const size_t end = chunk_begin(chunk + 1);
        if (begin < end) {
            pool.job(pool.context, begin, end, worker);
        }
    }
}

/* Begins the next generation for that many workers, the caller included. */
static void begin(uint32_t workers) {
    __atomic_store_n(&pool.busy, workers - 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&pool.generation, 1, __ATOMIC_SEQ_CST);
    wake(&pool.generation, &pool.sleepers);
}

/* Returns once all workers have finished the generation. Each generation must be awaited: a late worker would be
 * counted in the next one too. */
static void finish(void) {
    for (uint32_t busy; (busy = load(&pool.busy)) != 0;) {
        wait_while(&pool.busy, busy, &pool.caller_sleeps);
    }
}

void pool_run(size_t items, pool_job *job, void *context) {
    if (items <= 1 || pool.active == 1) {
        if (items) {
            job(context, 0, items, 0);
        }
        return;
    }
    pool.job = job;
    pool.context = context;
    pool.items = items;
    pool.chunks = (size_t)pool.active * CHUNKS;
    pool.next = 0;
    begin(pool.active);
    work(0);
    finish();
}

/* Sleeps until the worker takes part again. Returns the current generation, in which it has missed no job: no job
 * begins before every worker that parks or wakes has reported it. */
static uint32_t park(uint32_t worker) {
    __atomic_add_fetch(&pool.parked, 1, __ATOMIC_SEQ_CST);
    wake(&pool.parked, &pool.caller_sleeps);
    for (uint32_t active; (active = load(&pool.active)) <= worker;) {
        wait_while(&pool.active, active, &pool.parked_sleepers);
    }
    const uint32_t generation = load(&pool.generation);
    __atomic_sub_fetch(&pool.parked, 1, __ATOMIC_SEQ_CST);
    wake(&pool.parked, &pool.caller_sleeps);
    return generation;
}

/* Called by qn_worker_enter, on the worker's own stack. */
void worker_main(uint32_t worker);

void worker_main(uint32_t worker) {
    for (uint32_t seen = 0;; seen++) { /* workers start before the first job */
        wait_while(&pool.generation, seen, &pool.sleepers);
        const uint32_t stop = load(&pool.stop);
        if (!stop) {
            work(worker);
        }
        const uint32_t active = load(&pool.active); /* only changes while no worker is busy, so this is the job's */
        __atomic_sub_fetch(&pool.busy, 1, __ATOMIC_SEQ_CST);
        wake(&pool.busy, &pool.caller_sleeps);
        if (stop) {
            return;
        }
        if (worker >= active) {
            seen = park(worker) - 1;
        }
    }
}

/* A worker's instance starts with the caller's stack pointer. No compiled function may run before the pointer is set,
 * so this one is written in assembly. */
#if __SIZEOF_POINTER__ == 8
#define POINTER "i64"
#else
#define POINTER "i32"
#endif
__asm__(".globaltype __stack_pointer, " POINTER "\n"
        ".functype worker_main (i32) -> ()\n"
        ".section .text.qn_worker_enter,\"\",@\n"
        ".globl qn_worker_enter\n"
        ".type qn_worker_enter,@function\n"
        "qn_worker_enter:\n"
        ".functype qn_worker_enter (i32, " POINTER ") -> ()\n"
        "local.get 1\n"
        "global.set __stack_pointer\n"
        "local.get 0\n"
        "call worker_main\n"
        "end_function\n");

int32_t qn_threads_start(uint32_t threads) {
    if (pool.workers != 1 || threads < 1 || threads > MAX_WORKERS) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET,
                         "%u threads were requested while %u are running; 1 to %u can be started", threads,
                         pool.workers, MAX_WORKERS);
    }
    if (threads > 1) {
        pool.stacks = block_take((size_t)(threads - 1) * STACK_BYTES);
        if (pool.stacks == NULL) {
            return error_set(&last_error, QN_ERR_MEMORY, QN_NO_OFFSET,
                             "the host refused %u bytes for the stacks of %u workers", (threads - 1) * STACK_BYTES,
                             threads - 1);
        }
    }
    pool.generation = 0;
    pool.stop = 0;
    pool.workers = threads;
    pool.active = threads;
    return QN_OK;
}

int32_t qn_threads_use(uint32_t threads) {
    if (threads < 1 || threads > pool.workers) {
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "cannot use %u threads: %u were started", threads,
                         pool.workers);
    }
    const uint32_t before = pool.active;
    __atomic_store_n(&pool.active, threads, __ATOMIC_SEQ_CST);
    if (threads < before) { /* a job without items, after which workers check whether they are active */
        pool.chunks = 0;
        begin(before);
        finish();
    } else {
        wake(&pool.active, &pool.parked_sleepers);
    }
    for (uint32_t parked; (parked = load(&pool.parked)) != pool.workers - threads;) {
        wait_while(&pool.parked, parked, &pool.caller_sleeps);
    }
    return QN_OK;
}

void *qn_worker_stack(uint32_t worker) {
    return worker >= 1 && worker < pool.workers ? pool.stacks + (size_t)worker * STACK_BYTES : NULL;
}

void qn_threads_stop(void) {
    qn_threads_use(pool.workers);
    __atomic_store_n(&pool.stop, 1, __ATOMIC_SEQ_CST);
    begin(pool.workers);
    finish();
    block_give(pool.stacks);
    pool.stacks = NULL;
    pool.workers = 1;
    pool.active = 1;
}
