/* The pool of the threaded modules: workers share linear memory, spin a little for the next job and then sleep. */
#include "engine/pool/pool.h"
#include "platform/error.h"
#include "platform/memory.h"

#define MAX_WORKERS 32u
#define STACK_BYTES 131072u
#define SPINS       100000 /* loads of a word before a thread sleeps: some 40 microseconds */
#define SHARES      4u     /* pieces of a job for each worker */

static struct {
    uint32_t workers; /* started, the caller's thread included */
    uint8_t *stacks;  /* (workers - 1, STACK_BYTES) */
    /* the job at work; written before generation is raised */
    pool_job *job;
    void *context;
    size_t items;
    size_t pieces;
    /* shared words */
    uint32_t generation; /* raised for each job, and to stop */
    uint32_t stop;
    size_t next;       /* the first piece that nobody has taken */
    uint32_t busy;     /* workers that have not left the job */
    uint32_t sleepers; /* workers asleep on generation */
    uint32_t caller_sleeps;
    uint32_t active; /* workers that take part, the caller included: those from it on are parked */
    uint32_t parked;
    uint32_t parked_sleepers; /* asleep on active */
} pool = {.workers = 1, .active = 1};

uint32_t pool_workers(void) { return pool.workers; }

static uint32_t load(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }

/* Returns once *word is not `value` any more. */
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

/* Where a piece begins. They shrink towards the end, so that the workers end together. */
static size_t piece_begin(size_t piece) {
    const uint64_t left = pool.pieces - piece;
    return pool.items - (size_t)(pool.items * left * left / (pool.pieces * pool.pieces));
}

/* Takes pieces of the job until none is left. */
static void work(uint32_t worker) {
    for (;;) {
        const size_t piece = __atomic_fetch_add(&pool.next, 1, __ATOMIC_SEQ_CST);
        if (piece >= pool.pieces) {
            return;
        }
        const size_t begin = piece_begin(piece);
        const size_t end = piece_begin(piece + 1);
        if (begin < end) {
            pool.job(pool.context, begin, end, worker);
        }
    }
}

/* Begins the next generation for so many workers, of whom the caller is one. */
static void begin(uint32_t workers) {
    __atomic_store_n(&pool.busy, workers - 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&pool.generation, 1, __ATOMIC_SEQ_CST);
    wake(&pool.generation, &pool.sleepers);
}

/* Returns once all have left it. Each generation is awaited, or who is late would be counted in the next one too. */
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
    pool.pieces = (size_t)pool.active * SHARES;
    pool.next = 0;
    begin(pool.active);
    work(0);
    finish();
}

/* Sleeps until the worker takes part again. Returns the generation that it has missed nothing of: no job begins before
 * all that change have said so. */
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
    for (uint32_t seen = 0;; seen++) { /* workers are started before the first job */
        wait_while(&pool.generation, seen, &pool.sleepers);
        const uint32_t stop = load(&pool.stop);
        if (!stop) {
            work(worker);
        }
        const uint32_t active = load(&pool.active); /* changes when nobody is busy, so this is the job's */
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

/* An instance starts with the stack pointer of the first one, so that nothing may run before it is set. */
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
                         "%u threads were asked for while there are %u; 1 to %u can be had", threads, pool.workers,
                         MAX_WORKERS);
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
        return error_set(&last_error, QN_ERR_ARGUMENT, QN_NO_OFFSET, "%u threads are to be used; %u were started",
                         threads, pool.workers);
    }
    const uint32_t before = pool.active;
    __atomic_store_n(&pool.active, threads, __ATOMIC_SEQ_CST);
    if (threads < before) { /* a job without items, after which they look */
        pool.pieces = 0;
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
