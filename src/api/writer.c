/* SPDX-License-Identifier: Apache-2.0 */
#include "api/runtime.h"
#include "base/log.h"

static bool is_kept(int result)
{
    return result == 0 || result == OP_AGAIN;
}

static struct write_job *take_batch(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    while (!w->first && !w->stopping)
        pthread_cond_wait(&w->wanted, &w->lock);

    struct write_job *batch = w->first;
    struct write_job *end = batch;
    for (int n = 1; end && n < WRITER_BATCH && end->next; n++)
        end = end->next;
    if (end) {
        w->first = end->next;
        if (!w->first)
            w->last = &w->first;
        end->next = NULL;
    }
    pthread_mutex_unlock(&w->lock);
    return batch;
}

static int run_one(struct writer *w, struct write_job *job)
{
    int result = db_savepoint(w->db);
    if (result != 0)
        return result < 0 ? result : FAULT(EIO);

    job->result = job->run(job, w->db);
    return is_kept(job->result) ? db_release(w->db) : db_undo(w->db);
}

/* One transaction around all. Whatever cannot be committed has not happened,
 * and its callers are told so. */
static void commit_batch(struct writer *w, struct write_job *batch)
{
    int result = db_begin(w->db, true);

    for (struct write_job *job = batch; job && result == 0; job = job->next)
        result = run_one(w, job);
    if (result == 0)
        result = db_commit(w->db);
    if (result == 0)
        return;

    log_error("a group of writes was not committed: %s",
              result > 0 ? "the database is full" : err_trace());
    db_rollback(w->db);
    for (struct write_job *job = batch; job; job = job->next)
        if (!(job->result > 0 && !is_kept(job->result))) /* refusals stand */
            job->result = -EIO;
}

static void finish_batch(struct runtime *rt, struct write_job *batch)
{
    bool adds_tasks = false;

    for (struct write_job *job = batch; job; job = job->next) {
        if (!is_kept(job->result) || !job->op)
            continue;
        park_wake(&rt->park, job->op->wakes);
        adds_tasks |= job->op->adds_tasks;
    }
    if (adds_tasks)
        scheduler_poke(&rt->scheduler);
    while (batch) {
        struct write_job *next = batch->next; /* done() may free the job */
        batch->done(batch, batch->result);
        batch = next;
    }
}

static void *writer_main(void *p)
{
    struct runtime *rt = p;
    struct write_job *batch;

    while ((batch = take_batch(&rt->writer))) {
        for (struct write_job *job = batch; job; job = job->next) {
            job->result = 0;
            job->op = NULL;
        }
        commit_batch(&rt->writer, batch);
        finish_batch(rt, batch);
    }
    return NULL;
}

int writer_start(struct writer *w, struct runtime *rt, struct db *db)
{
    *w = (struct writer){ .db = db };
    w->last = &w->first;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wanted, NULL);
    if (pthread_create(&w->thread, NULL, writer_main, rt) != 0)
        return FAULT(EAGAIN);
    w->running = true;
    return 0;
}

void writer_stop(struct writer *w)
{
    if (!w->running)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->wanted);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    w->running = false;
}

void writer_submit(struct writer *w, struct write_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&w->lock);
    *w->last = job;
    w->last = &job->next;
    pthread_cond_signal(&w->wanted);
    pthread_mutex_unlock(&w->lock);
}
