/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sweeper.h"

#include <pthread.h>
#include <stdlib.h>

#include "api/service.h"
#include "base/log.h"
#include "sys/clock.h"

#define PAUSE MSEC_HOUR
#define GRACE MSEC_HOUR

struct sweeper {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stop;
    bool stopping;
    struct datadir *data;
    const struct plane *plane;
};

struct look {
    struct sweeper *sweeper;
    struct db *db;
};

static bool is_stopping(struct sweeper *s)
{
    pthread_mutex_lock(&s->lock);
    bool stopping = s->stopping;
    pthread_mutex_unlock(&s->lock);
    return stopping;
}

static int is_used(struct db *db, const struct plane *plane, struct str blob, bool *ret)
{
    int64_t one;

    *ret = false;
    for (const struct service *const *s = plane->services; *s && !*ret; s++) {
        for (const char *const *sql = (*s)->blob_uses; sql && *sql && !*ret; sql++) {
            int found = db_int(db, &one, *sql, ARGS(V(blob)));
            if (found != DB_NO_ROW)
                TRY(found);
            *ret = found == 0;
        }
    }
    return 0;
}

/* All services are asked in one snapshot, so a row that moves a blob from one table to another
 * cannot be missed in both. What cannot be looked up is kept. */
static bool keep(void *context, struct str blob)
{
    struct look *look = context;
    bool used = true;

    if (is_stopping(look->sweeper))
        return true;
    int result = db_begin(look->db, false);
    if (result == 0)
        result = is_used(look->db, look->sweeper->plane, blob, &used);
    db_rollback(look->db);
    if (result != 0)
        log_error("a blob could not be looked up: %s", err_trace());
    return result != 0 || used;
}

static int sweep(struct sweeper *s)
{
    struct look look = { .sweeper = s };
    size_t n = 0;

    TRY(datadir_reader(s->data, &look.db));
    int result = blob_sweep(s->data->blobs, clock_now() - GRACE, keep, &look, &n);
    db_close(look.db);
    TRY(result);
    if (n > 0)
        log_info("blobs swept: %zu", n);
    return 0;
}

/* True: the time has passed. False: to stop. */
static bool pause_until(struct sweeper *s, msec at)
{
    const struct timespec until = { .tv_sec = (time_t)(at / MSEC_SECOND) };

    pthread_mutex_lock(&s->lock);
    while (!s->stopping && clock_now() < at)
        pthread_cond_timedwait(&s->stop, &s->lock, &until);
    bool stopping = s->stopping;
    pthread_mutex_unlock(&s->lock);
    return !stopping;
}

static void *run(void *context)
{
    struct sweeper *s = context;

    do {
        if (sweep(s) < 0)
            log_error("the sweep of blobs: %s", err_trace());
    } while (pause_until(s, clock_now() + PAUSE));
    return NULL;
}

int sweeper_start(struct datadir *data, const struct plane *plane, struct sweeper **ret)
{
    struct sweeper *s = calloc(1, sizeof(*s));

    if (!s)
        abort();
    s->data = data;
    s->plane = plane;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->stop, NULL);
    int error = pthread_create(&s->thread, NULL, run, s);
    if (error) {
        free(s);
        return err_fault(error, "no thread for the sweeper");
    }
    *ret = s;
    return 0;
}

void sweeper_stop(struct sweeper *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->stop);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->stop);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
