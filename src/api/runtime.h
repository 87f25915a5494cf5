/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plane's moving parts, private to this layer: one writer, readers by
 * thread, parked calls, the task scheduler, the cache of compiled policies.
 */
#pragma once

#include <pthread.h>

#include "api/dispatch.h"
#include "api/task.h"
#include "api/wire_errors.h"
#include "base/map.h"

/* --- the writer: one thread, many handlers a commit ----------------------- */

#define WRITER_BATCH 128

struct write_job {
    struct write_job *next;
    /* In a savepoint. 0 and OP_AGAIN are kept, everything else is undone. */
    int (*run)(struct write_job *job, struct db *db);
    /* After the commit (or its failure, then `result` is a fault), on the writer thread. */
    void (*done)(struct write_job *job, int result);
    int result;
    const struct op *op; /* set by run: whose wakes and tasks follow the commit */
};

struct writer {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    struct write_job *first, **last;
    struct db *db;
    bool stopping, running;
};

int writer_start(struct writer *w, struct runtime *rt, struct db *db);
void writer_stop(struct writer *w); /* what is queued is done first */
void writer_submit(struct writer *w, struct write_job *job);

/* --- one call on its way, whoever made it --------------------------------- */

struct call_state {
    struct runtime *rt;
    const struct operation *operation;
    struct op op;
    struct principal principal;
    void *in, *out;
    /* The end: exactly once, on whichever thread. 0 and `out` is filled, an outcome and
     * op.message, or a fault. */
    void (*finished)(struct call_state *st, int result);
    void *context;

    struct write_job job;

    /* while parked, under the park's lock */
    struct call_state *next_waiter; /* same key */
    struct call_state *next_late, *prev_late;
    uint64_t seen_wakes;
};

/* Take the call through readers, writer and park to finished(). `reader` is this thread's. With
 * has_snapshot, one is open on it, good for this call's reads; it is closed before finished(). */
void call_start(struct call_state *st, struct db *reader, bool has_snapshot);
void call_read(struct call_state *st, struct db *reader);
void call_finish_run(struct call_state *st, int result);

/* --- parked calls --------------------------------------------------------- */

struct park {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct map waiters;                        /* key -> first call_state of a chain */
    struct call_state *first_late, *last_late; /* by wait_until */
    struct call_state *ready, **ready_last;    /* woken or expired, to be run again */
    uint64_t wakes;                            /* counts wake-ups, to notice one in between */
    size_t count;
    bool draining, stopping, running;
};

int park_start(struct park *p, struct runtime *rt);
void park_drain(struct park *p); /* from now on every wait is over at once */
void park_stop(struct park *p);
uint64_t park_wakes(struct park *p);
/* False: somebody was woken since st->seen_wakes; look again instead. */
bool park_add(struct park *p, struct call_state *st);
void park_wake(struct park *p, struct strs keys);

/* --- the scheduler of tasks ----------------------------------------------- */

struct job_queue {
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    struct task_job *first, **last;
    bool stopping;
};

struct scheduler {
    pthread_t thread;
    pthread_t workers[64];
    unsigned n_workers;
    struct job_queue queue[2]; /* general, slow */
    pthread_mutex_t lock;
    pthread_cond_t poked;
    struct map in_flight; /* id -> non-NULL */
    bool is_poked, stopping, running;
};

void scheduler_init(struct scheduler *s);
int scheduler_start(struct scheduler *s, struct runtime *rt, unsigned workers);
void scheduler_stop(struct scheduler *s);
void scheduler_poke(struct scheduler *s); /* something may be due */

/* --- compiled policies ---------------------------------------------------- */

struct auth_cache {
    pthread_mutex_t lock;
    struct map entries; /* "account kind name" -> struct auth_entry */
};

void auth_cache_done(struct auth_cache *cache);

/* --- derived signing keys ------------------------------------------------- */

struct key_cache {
    pthread_mutex_t lock;
    struct map entries; /* "key id/date/region/service" -> struct digest */
};

void key_cache_done(struct key_cache *cache);

/* --- all ------------------------------------------------------------------ */

struct runtime {
    struct plane *plane;
    struct runtime_config config;
    pthread_key_t reader_key;
    struct writer writer;
    struct park park;
    struct scheduler scheduler;
    struct auth_cache auth;
    struct key_cache keys;
};

/* This thread's own reader, opened at first use and closed with the thread. */
struct db *runtime_reader(struct runtime *rt);
