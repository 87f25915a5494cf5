/* SPDX-License-Identifier: Apache-2.0 */
#include "api/runtime.h"

#include <stdlib.h>

#include "base/log.h"

static void close_reader(void *p)
{
    db_close(p);
}

struct db *runtime_reader(struct runtime *rt)
{
    struct db *db = pthread_getspecific(rt->reader_key);
    if (db)
        return db;
    if (rt->config.open_reader(rt->config.context, &db) != 0) {
        /* No file descriptors or no memory: nothing can be answered on this thread. */
        log_error("opening a reader: %s", err_trace());
        abort();
    }
    pthread_setspecific(rt->reader_key, db);
    return db;
}

int runtime_start(struct plane *plane, const struct runtime_config *config)
{
    struct runtime *rt = calloc(1, sizeof(*rt));
    if (!rt)
        abort();
    rt->plane = plane;
    rt->config = *config;
    plane->runtime = rt;
    pthread_mutex_init(&rt->auth.lock, NULL);
    pthread_mutex_init(&rt->keys.lock, NULL);
    if (pthread_key_create(&rt->reader_key, close_reader) != 0)
        return FAULT(EAGAIN);
    TRY(writer_start(&rt->writer, rt, config->writer));
    TRY(park_start(&rt->park, rt));
    scheduler_init(&rt->scheduler);
    if (!config->without_tasks)
        TRY(runtime_start_tasks(plane));
    return 0;
}

int runtime_start_tasks(struct plane *plane)
{
    struct runtime *rt = plane->runtime;
    TRY(scheduler_start(&rt->scheduler, rt,
                        rt->config.workers ? rt->config.workers : TASK_WORKERS));
    return 0;
}

void runtime_drain(struct plane *plane)
{
    scheduler_stop(&plane->runtime->scheduler);
    park_drain(&plane->runtime->park);
}

/* In this order: nobody is left who could hand work to a thread that is gone. */
void runtime_stop(struct plane *plane)
{
    struct runtime *rt = plane->runtime;
    if (!rt)
        return;

    scheduler_stop(&rt->scheduler);
    park_stop(&rt->park);
    writer_stop(&rt->writer);
    auth_cache_done(&rt->auth);
    key_cache_done(&rt->keys);
    map_done(&rt->scheduler.in_flight);
    struct db *mine = pthread_getspecific(rt->reader_key);
    if (mine) {
        pthread_setspecific(rt->reader_key, NULL);
        db_close(mine);
    }
    free(rt);
    plane->runtime = NULL;
}

/* --- a write outside any request ------------------------------------------ */

struct outside {
    struct write_job job;
    struct runtime *rt;
    struct arena arena;
    struct principal principal;
    struct op op;
    int (*fn)(struct op *op, void *context);
    void *context;
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    bool is_done;
    int result;
};

static int outside_run(struct write_job *job, struct db *db)
{
    struct outside *o = (struct outside *)(void *)job;

    o->op = (struct op){
        .arena = &o->arena,
        .db = db,
        .plane = o->rt->plane,
        .service = o->rt->plane->services[0],
        .principal = &o->principal,
        .account = S(""),
        .region = S("us-east-1"),
        .request_id = S("outside"),
        .public_url = plane_url(o->rt->plane),
        .now = o->rt->config.now(),
        .is_writing = true,
        .is_internal = true,
    };
    job->op = &o->op;
    return o->fn(&o->op, o->context);
}

static void outside_done(struct write_job *job, int result)
{
    struct outside *o = (struct outside *)(void *)job;

    pthread_mutex_lock(&o->lock);
    o->result = result;
    o->is_done = true;
    pthread_cond_signal(&o->arrived);
    pthread_mutex_unlock(&o->lock);
}

int plane_write(struct plane *plane, int (*fn)(struct op *op, void *context), void *context)
{
    struct outside o = {
        .job = { .run = outside_run, .done = outside_done },
        .rt = plane->runtime,
        .principal = principal_service(S("patchbay.internal"), S("")),
        .fn = fn,
        .context = context,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .arrived = PTHREAD_COND_INITIALIZER,
    };

    writer_submit(&plane->runtime->writer, &o.job);
    pthread_mutex_lock(&o.lock);
    while (!o.is_done)
        pthread_cond_wait(&o.arrived, &o.lock);
    pthread_mutex_unlock(&o.lock);
    arena_done(&o.arena);
    return o.result < 0 ? err_fault(-o.result, "a write failed") : o.result;
}
