/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "api/aws_client_private.h"
#include "api/runtime.h"
#include "api/task_db.h"
#include "base/json.h"
#include "base/log.h"
#include "base/retry.h"

#define LOOK_AHEAD 256
#define MAX_SLEEP  (60 * MSEC_SECOND) /* clocks are set, rows come from elsewhere */

/* One task on its way: heap memory of its own arena. */
struct task_job {
    struct task_job *next;
    struct runtime *rt;
    struct arena arena;
    struct task task;
    const struct service *service;
    const struct task_kind *kind;
    const struct value *answer;
    struct principal principal;
    struct op op;
    struct write_job write;
    bool failed;
};

static struct task_job *job_of(struct write_job *write)
{
    return (struct task_job *)(void *)((char *)write - offsetof(struct task_job, write));
}

static bool find_kind(const struct plane *plane, struct str name, const struct service **service,
                      const struct task_kind **kind)
{
    for (const struct service *const *s = plane->services; *s; s++) {
        for (const struct task_kind *k = (*s)->tasks; k && k->name; k++) {
            if (str_eq(name, str_of(k->name))) {
                *service = *s;
                *kind = k;
                return true;
            }
        }
    }
    return false;
}

static struct str id_key(char text[32], int64_t id)
{
    int len = snprintf(text, 32, "%lld", (long long)id);
    return (struct str){ text, (size_t)len };
}

static void end_job(struct task_job *job)
{
    struct scheduler *s = &job->rt->scheduler;
    char text[32];

    pthread_mutex_lock(&s->lock);
    map_remove(&s->in_flight, id_key(text, job->task.id));
    s->is_poked = true;
    pthread_cond_broadcast(&s->poked);
    pthread_mutex_unlock(&s->lock);

    struct arena arena = job->arena; /* the job lives in it */
    arena_done(&arena);
}

/* --- settling, on the writer ---------------------------------------------- */

static int settle_run(struct write_job *write, struct db *db)
{
    struct task_job *job = job_of(write);
    bool pending;

    TRY(task_is_pending(db, job->task.id, &pending));
    if (!pending)
        return 0; /* replaced or cancelled meanwhile */

    job->op = (struct op){
        .arena = &job->arena,
        .db = db,
        .plane = job->rt->plane,
        .service = job->service,
        .principal = &job->principal,
        .account = job->task.account,
        .region = job->task.region,
        .request_id = job->task.key,
        .public_url = plane_url(job->rt->plane),
        .now = job->rt->config.now(),
        .is_writing = true,
        .is_internal = true,
    };
    write->op = &job->op;
    /* Before settle(), so that it may add the next task under the same key. */
    TRY(task_end(db, job->task.id));
    TRY(job->kind->settle(&job->op, &job->task, job->answer));
    return 0;
}

static void submit_failure(struct task_job *job);

static void settle_done(struct write_job *write, int result)
{
    struct task_job *job = job_of(write);

    if (result != 0) {
        log_error("task %s %.*s: %s", job->kind->name, STR(job->task.key), err_trace());
        submit_failure(job);
        return;
    }
    end_job(job);
}

static void submit_settle(struct task_job *job)
{
    job->write = (struct write_job){ .run = settle_run, .done = settle_done };
    writer_submit(&job->rt->writer, &job->write);
}

/* --- failing: again, later ------------------------------------------------ */

static int postpone_run(struct write_job *write, struct db *db)
{
    struct task_job *job = job_of(write);
    static const struct retry pauses = { .first = MSEC_SECOND, .longest = 5 * MSEC_MINUTE };
    uint32_t random;

    random_bytes(&random, sizeof(random));
    msec pause = retry_pause(&pauses, job->task.attempts + 1, random);
    return task_postpone(db, job->task.id, job->rt->config.now() + pause);
}

static void postpone_done(struct write_job *write, int result)
{
    (void)result; /* a lost postponement is a retry that comes sooner */
    end_job(job_of(write));
}

static void submit_failure(struct task_job *job)
{
    job->write = (struct write_job){ .run = postpone_run, .done = postpone_done };
    writer_submit(&job->rt->writer, &job->write);
}

/* --- performing, on a worker ---------------------------------------------- */

static void perform(struct task_job *job)
{
    struct aws_client aws = { job->rt };
    struct task_run run = {
        .arena = &job->arena,
        .db = runtime_reader(job->rt),
        .plane = job->rt->plane,
        .aws = &aws,
        .now = job->rt->config.now(),
    };
    struct value *answer = NULL;

    int result = job->kind->perform(&run, &job->task, &answer);
    if (result == 0) {
        job->answer = answer ? answer : value_map(&job->arena);
        submit_settle(job);
        return;
    }
    log_warning("task %s %.*s, attempt %lld: %s", job->kind->name, STR(job->task.key),
                (long long)job->task.attempts + 1, err_trace());
    if (job->kind->max_attempts && job->task.attempts + 1 >= job->kind->max_attempts)
        submit_settle(job); /* with no answer: it ends it */
    else
        submit_failure(job);
}

static struct task_job *queue_take(struct job_queue *q)
{
    pthread_mutex_lock(&q->lock);
    while (!q->first && !q->stopping)
        pthread_cond_wait(&q->wanted, &q->lock);
    struct task_job *job = q->stopping ? NULL : q->first;
    if (job) {
        q->first = job->next;
        if (!q->first)
            q->last = &q->first;
    }
    pthread_mutex_unlock(&q->lock);
    return job;
}

static void queue_put(struct job_queue *q, struct task_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&q->lock);
    *q->last = job;
    q->last = &job->next;
    pthread_cond_signal(&q->wanted);
    pthread_mutex_unlock(&q->lock);
}

struct worker {
    struct runtime *rt;
    struct job_queue *queue;
};

static void *worker_main(void *p)
{
    struct worker *worker = p;
    struct task_job *job;

    while ((job = queue_take(worker->queue)))
        perform(job);
    free(worker);
    return NULL;
}

/* --- choosing, on the scheduler's thread ---------------------------------- */

static void start_task(struct runtime *rt, const struct task *task)
{
    struct arena arena = { 0 };
    struct task_job *job = arena_new(&arena, struct task_job);

    *job = (struct task_job){ .rt = rt, .task = *task };
    job->task.kind = arena_dup(&arena, task->kind);
    job->task.key = arena_dup(&arena, task->key);
    job->task.account = arena_dup(&arena, task->account);
    job->task.region = arena_dup(&arena, task->region);
    job->task.payload = arena_dup(&arena, task->payload);
    if (!find_kind(rt->plane, job->task.kind, &job->service, &job->kind)) {
        log_error("a task of the unknown kind %.*s waits", STR(task->kind));
        arena_done(&arena);
        return;
    }
    job->principal = principal_service(arena_fmt(&arena, "%s.amazonaws.com", job->service->name),
                                       job->task.account);
    job->arena = arena;

    if (job->kind->perform)
        queue_put(&rt->scheduler.queue[job->kind->is_slow], job);
    else
        submit_settle(job);
}

/* Returns when to look again, 0: when poked. */
static int look(struct runtime *rt, struct db *reader, struct arena *a, msec *ret_next)
{
    struct scheduler *s = &rt->scheduler;
    struct task *due;
    size_t count;
    msec now = rt->config.now();

    pthread_mutex_lock(&s->lock);
    int64_t limit = LOOK_AHEAD + (int64_t)s->in_flight.count;
    pthread_mutex_unlock(&s->lock);

    TRY(task_list_due(reader, a, now, limit, &due, &count));
    for (size_t i = 0; i < count; i++) {
        char text[32];
        struct str key = id_key(text, due[i].id);

        pthread_mutex_lock(&s->lock);
        bool taken = map_get(&s->in_flight, key) != NULL;
        if (!taken)
            map_put(&s->in_flight, key, s);
        pthread_mutex_unlock(&s->lock);
        if (!taken)
            start_task(rt, &due[i]);
    }
    TRY(task_next_due(reader, now, ret_next));
    return 0;
}

static void sleep_until(struct runtime *rt, msec next)
{
    struct scheduler *s = &rt->scheduler;
    msec pause = next ? next - rt->config.now() : MAX_SLEEP;
    struct timespec until;

    if (pause > MAX_SLEEP)
        pause = MAX_SLEEP;
    if (pause < 0)
        pause = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += pause / 1000;
    until.tv_nsec += pause % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&s->lock);
    while (!s->is_poked && !s->stopping &&
           pthread_cond_timedwait(&s->poked, &s->lock, &until) == 0) {
    }
    s->is_poked = false;
    pthread_mutex_unlock(&s->lock);
}

static void *scheduler_main(void *p)
{
    struct runtime *rt = p;
    struct db *reader = runtime_reader(rt);
    struct arena a = { 0 };

    while (!rt->scheduler.stopping) {
        msec next = 0;
        if (look(rt, reader, &a, &next) != 0) {
            log_error("looking for tasks: %s", err_trace());
            next = rt->config.now() + MSEC_SECOND;
        }
        arena_reset(&a);
        sleep_until(rt, next);
    }
    arena_done(&a);
    return NULL;
}

static int start_worker(struct scheduler *s, struct runtime *rt, struct job_queue *queue)
{
    struct worker *worker = malloc(sizeof(*worker));
    if (!worker)
        abort();
    *worker = (struct worker){ rt, queue };
    if (pthread_create(&s->workers[s->n_workers], NULL, worker_main, worker) != 0) {
        free(worker);
        return FAULT(EAGAIN);
    }
    s->n_workers++;
    return 0;
}

void scheduler_init(struct scheduler *s)
{
    pthread_condattr_t attributes;

    *s = (struct scheduler){ .is_poked = true };
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&s->poked, &attributes);
    pthread_condattr_destroy(&attributes);
    for (size_t i = 0; i < ARRAY_LEN(s->queue); i++) {
        pthread_mutex_init(&s->queue[i].lock, NULL);
        pthread_cond_init(&s->queue[i].wanted, NULL);
        s->queue[i].last = &s->queue[i].first;
    }
}

int scheduler_start(struct scheduler *s, struct runtime *rt, unsigned workers)
{
    for (unsigned i = 0; i < 2 * workers && s->n_workers < ARRAY_LEN(s->workers); i++)
        TRY(start_worker(s, rt, &s->queue[i % 2]));
    if (pthread_create(&s->thread, NULL, scheduler_main, rt) != 0)
        return FAULT(EAGAIN);
    s->running = true;
    return 0;
}

static void drop_queued(struct job_queue *q)
{
    while (q->first) {
        struct task_job *job = q->first;
        q->first = job->next;
        struct arena arena = job->arena;
        arena_done(&arena); /* its row is still there for the next start */
    }
}

void scheduler_stop(struct scheduler *s)
{
    if (s->running) {
        pthread_mutex_lock(&s->lock);
        s->stopping = true;
        pthread_cond_broadcast(&s->poked);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->thread, NULL);
        s->running = false;
    }
    for (size_t i = 0; i < ARRAY_LEN(s->queue); i++) {
        pthread_mutex_lock(&s->queue[i].lock);
        s->queue[i].stopping = true;
        pthread_cond_broadcast(&s->queue[i].wanted);
        pthread_mutex_unlock(&s->queue[i].lock);
    }
    for (unsigned i = 0; i < s->n_workers; i++)
        pthread_join(s->workers[i], NULL);
    s->n_workers = 0;
    for (size_t i = 0; i < ARRAY_LEN(s->queue); i++)
        drop_queued(&s->queue[i]);
}

void scheduler_poke(struct scheduler *s)
{
    pthread_mutex_lock(&s->lock);
    s->is_poked = true;
    pthread_cond_broadcast(&s->poked);
    pthread_mutex_unlock(&s->lock);
}
