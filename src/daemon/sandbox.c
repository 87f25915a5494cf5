/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sandbox.h"

#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/sandbox_private.h"
#include "sys/clock.h"
#include "sys/file.h"

#define LOOK_EVERY 10 /* seconds, of the janitor */

/* --- the pool ------------------------------------------------------------- */

/* Under the lock. */
static void unlink_environment(struct environment *e)
{
    struct sandbox *s = e->sandbox;

    for (struct environment **at = &s->environments; *at; at = &(*at)->next) {
        if (*at == e) {
            *at = e->next;
            return;
        }
    }
}

static void retire(struct environment *e)
{
    struct sandbox *s = e->sandbox;

    pthread_mutex_lock(&s->lock);
    unlink_environment(e);
    pthread_mutex_unlock(&s->lock);
    environment_end(e);
    pthread_mutex_lock(&s->lock);
    s->n_environments--; /* only now: sandbox_stop() waits for all of it */
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static bool is_over(const struct environment *e)
{
    struct pollfd fd = { .fd = e->process.pidfd, .events = POLLIN };
    return e->process.pid <= 0 || poll(&fd, 1, 0) != 0;
}

static bool is_stale(const struct environment *e, msec now)
{
    return !e->poll || now - e->started_at >= SANDBOX_AGE || now - e->idle_since >= SANDBOX_IDLE ||
           is_over(e);
}

static bool is_other_version(const struct environment *e, const struct sandbox_invocation *in)
{
    return str_eq(e->function_arn, in->function_arn) && !str_eq(e->version_id, in->version_id);
}

/* An idle one that should go, made busy; NULL: none. Under the lock. */
static struct environment *pick_stale(struct sandbox *s, const struct sandbox_invocation *in)
{
    msec now = clock_monotonic();

    for (struct environment *e = s->environments; e; e = e->next) {
        if (!e->is_busy && (s->stopping || is_stale(e, now) || (in && is_other_version(e, in)))) {
            e->is_busy = true;
            return e;
        }
    }
    return NULL;
}

static void sweep(struct sandbox *s, const struct sandbox_invocation *in)
{
    struct environment *e;

    do {
        pthread_mutex_lock(&s->lock);
        e = pick_stale(s, in);
        pthread_mutex_unlock(&s->lock);
        if (e)
            retire(e);
    } while (e);
}

static struct environment *pick_warm(struct sandbox *s, const struct sandbox_invocation *in)
{
    for (struct environment *e = s->environments; e; e = e->next)
        if (!e->is_busy && str_eq(e->function_arn, in->function_arn) &&
            str_eq(e->version_id, in->version_id))
            return e;
    return NULL;
}

static struct environment *pick_oldest(struct sandbox *s)
{
    struct environment *oldest = NULL;

    for (struct environment *e = s->environments; e; e = e->next)
        if (!e->is_busy && (!oldest || e->idle_since < oldest->idle_since))
            oldest = e;
    return oldest;
}

/* A warm one, or NULL and maybe one that has to make room. Under the lock. */
static struct environment *pick(struct sandbox *s, const struct sandbox_invocation *in,
                                struct environment **ret_victim)
{
    struct environment *e = pick_warm(s, in);

    *ret_victim = NULL;
    if (!e && s->n_environments >= SANDBOX_ENVIRONMENTS)
        *ret_victim = pick_oldest(s);
    if (e)
        e->is_busy = true;
    if (*ret_victim)
        (*ret_victim)->is_busy = true;
    return e;
}

static int stopping(void)
{
    return err_fault(ECANCELED, "patchbayd is stopping: the invocation is done again later");
}

/* Where all are busy there is one more: workers are as many as configured, and no more. */
static int take_environment(struct sandbox *s, const struct sandbox_invocation *in,
                            struct environment **ret)
{
    struct environment *victim;

    sweep(s, in);
    pthread_mutex_lock(&s->lock);
    *ret = pick(s, in, &victim);
    pthread_mutex_unlock(&s->lock);
    if (*ret)
        return 0;
    if (victim)
        retire(victim);

    struct environment *e = environment_new(s, in);
    pthread_mutex_lock(&s->lock);
    e->next = s->environments;
    s->environments = e;
    s->n_environments++;
    bool is_stopping = s->stopping;
    pthread_mutex_unlock(&s->lock);
    int result = is_stopping ? stopping() : environment_start(e, in);
    if (result != 0)
        retire(e);
    PASS(result);
    *ret = e;
    return 0;
}

static void give_back(struct environment *e)
{
    struct sandbox *s = e->sandbox;

    pthread_mutex_lock(&s->lock);
    e->is_busy = e->is_new = false;
    e->idle_since = clock_monotonic();
    bool stays = e->poll && !s->stopping;
    e->is_busy = !stays;
    pthread_mutex_unlock(&s->lock);
    if (!stays)
        retire(e);
}

/* --- one invocation ------------------------------------------------------- */

struct run {
    struct environment *environment;
    const struct sandbox_invocation *in;
    struct arena *arena;
    struct watch watch;
    struct report report;
    struct sandbox_result *result;
    bool is_reusable;
};

static bool is_initialized(const struct environment *e)
{
    return e->poll || e->has_init_error;
}

static bool is_answered(const struct environment *e)
{
    return e->turn->state >= TURN_ANSWERED;
}

static bool is_polling(const struct environment *e)
{
    return e->poll;
}

static void fail(struct run *r, struct str payload, const char *status)
{
    r->result->payload = payload;
    r->result->function_error = S("Unhandled");
    r->report.status = status;
}

static void fail_init(struct run *r)
{
    fail(r, arena_dup(r->arena, r->environment->answer), "error");
}

static void fail_memory(struct run *r)
{
    fail(r,
         report_error(r->arena, "Runtime.OutOfMemory",
                      arena_fmt(r->arena,
                                "RequestId: %.*s Error: Runtime exited with error: signal: killed",
                                STR(r->in->request_id))),
         "error\tError Type: Runtime.OutOfMemory");
}

static void fail_time(struct run *r)
{
    struct str payload = report_timeout(r->arena, r->in, clock_now());

    fail(r, payload, "timeout");
    buf_add(&r->watch.log, report_message(r->arena, payload));
}

static void fail_exit(struct run *r)
{
    struct str payload = report_exit(r->arena, r->in, &r->watch.status);

    fail(r, payload, "error\tError Type: Runtime.ExitError");
    buf_add(&r->watch.log, report_message(r->arena, payload));
}

/* A sandbox that never stood is our fault and not the function's. */
static int check_stood(struct run *r)
{
    char byte;

    if (read(r->environment->ready, &byte, 1) == 1)
        return 0;
    return err_fault(ENOTSUP,
                     "bubblewrap could not make a sandbox (functions need user, PID and "
                     "network namespaces): %.*s",
                     STR(str_trim(buf_str(&r->watch.log))));
}

static int end_badly(struct run *r, enum watch_end end)
{
    switch (end) {
    case WATCH_MET:
        break;
    case WATCH_EXITED:
        fail_exit(r);
        break;
    case WATCH_TIMED_OUT:
        fail_time(r);
        break;
    case WATCH_OUT_OF_MEMORY:
        fail_memory(r);
        break;
    case WATCH_STOPPING:
        return stopping();
    }
    return 0;
}

/* True in *ret_done: it has failed. */
static int initialize(struct run *r, bool *ret_done)
{
    msec start = r->environment->started_at;
    enum watch_end end;

    TRY(watch_until(&r->watch, is_initialized, start + SANDBOX_INIT, &end));
    if (end == WATCH_EXITED)
        TRY(check_stood(r));
    r->report.init = clock_monotonic() - start;
    *ret_done = end != WATCH_MET || r->environment->has_init_error;
    if (end == WATCH_MET && r->environment->has_init_error)
        fail_init(r);
    else if (end == WATCH_TIMED_OUT)
        fail(r, report_init_timeout(r->arena, r->in, SANDBOX_INIT), "timeout");
    else
        TRY(end_badly(r, end));
    return 0;
}

static int take_turn(struct run *r, struct turn *turn)
{
    struct environment *e = r->environment;
    msec start = clock_monotonic(), deadline = start + r->in->timeout;
    enum watch_end end;

    environment_offer(e, turn);
    TRY(watch_until(&r->watch, is_answered, deadline, &end));
    r->report.duration = clock_monotonic() - start;
    TRY(end_badly(r, end));
    if (end != WATCH_MET)
        return 0;
    r->result->payload = arena_dup(r->arena, e->answer);
    if (turn->state == TURN_FAILED)
        r->result->function_error = S("Unhandled");
    /* It stands as soon as it is given; whoever asks for the next is kept. */
    TRY(watch_until(&r->watch, is_polling, deadline, &end));
    r->is_reusable = end == WATCH_MET;
    return 0;
}

static void end_turn(struct environment *e)
{
    pthread_mutex_lock(&e->sandbox->lock);
    e->turn = NULL;
    arena_reset(&e->answers);
    e->answer = (struct str){ 0 };
    pthread_mutex_unlock(&e->sandbox->lock);
}

static int run(struct run *r)
{
    struct turn turn = { .in = r->in, .deadline = clock_now() + r->in->timeout };
    bool is_done = false;

    if (r->environment->is_new)
        TRY(initialize(r, &is_done));
    turn.deadline = clock_now() + r->in->timeout;
    if (!is_done) {
        int result = take_turn(r, &turn);
        end_turn(r->environment);
        TRY(result);
    }
    r->report.peak_mb = (r->watch.peak_kb + 1023) / 1024;
    r->result->log = report_log(r->arena, &r->report, buf_str(&r->watch.log));
    return 0;
}

static int invoke(void *context, const struct sandbox_invocation *in, struct arena *a,
                  struct sandbox_result *ret)
{
    struct sandbox *s = context;
    struct environment *e;
    struct sandbox_result result = { 0 };

    int taken = take_environment(s, in, &e);
    if (taken == ENVIRONMENT_NO_ENTRY) {
        *ret = report_no_entry(a, in);
        return 0;
    }
    TRY(taken);
    struct run r = {
        .environment = e,
        .in = in,
        .arena = a,
        .watch = { .environment = e, .limit_kb = in->memory_mb * 1024, .log = buf_in(a) },
        .report = { .in = in, .init = -1 },
        .result = &result,
    };
    int done = run(&r);
    if (done == 0 && r.is_reusable)
        give_back(e);
    else
        retire(e);
    TRY(done);
    *ret = result;
    return 0;
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static void *janitor_main(void *p)
{
    struct sandbox *s = p;

    pthread_mutex_lock(&s->lock);
    while (!s->stopping) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += LOOK_EVERY;
        (void)pthread_cond_timedwait(&s->changed, &s->lock, &until);
        pthread_mutex_unlock(&s->lock);
        sweep(s, NULL);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* Beside the program where it was built, or where it is installed. */
static const char *find_own(struct sandbox *s, const char *name)
{
    static const char *const places[] = { "../../functions", "../lib/patchbay" };
    char program[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", program, sizeof(program));

    if (n <= 0)
        return NULL;
    struct str folder = { program, (size_t)n };
    folder = str_slice(folder, 0, (size_t)str_rfind(folder, '/'));
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        const char *path = arena_fmt(&s->arena, "%.*s/%s/%s", STR(folder), places[i], name).p;
        if (file_exists(path))
            return path;
    }
    log_warning("%s is not installed: functions cannot run", name);
    return NULL;
}

int sandbox_open(const char *folder, struct plane *plane, struct sandbox **ret)
{
    struct sandbox *s = calloc(1, sizeof(*s));
    pthread_condattr_t attributes;

    if (!s)
        abort();
    s->plane = plane;
    s->folder = arena_cstr(&s->arena, str_of(folder));
    s->host_program = find_own(s, "patchbay-function-host");
    s->bootstrap = find_own(s, "bootstrap.py");
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    *ret = s;
    plane->sandbox = (struct sandbox_port){ .context = s, .invoke = invoke };
    TRY(file_remove_tree(folder));
    TRY(file_make_dirs(folder, 0700));
    return 0;
}

int sandbox_serve(struct sandbox *s, struct http_server *server)
{
    s->server = server;
    if (pthread_create(&s->janitor, NULL, janitor_main, s) != 0)
        return FAULT(EAGAIN);
    s->has_janitor = true;
    return 0;
}

void sandbox_stop(struct sandbox *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    for (struct environment *e = s->environments; e; e = e->next)
        if (e->wake >= 0)
            environment_wake(e);
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (s->has_janitor)
        pthread_join(s->janitor, NULL);
    s->has_janitor = false;
    sweep(s, NULL);
    pthread_mutex_lock(&s->lock);
    while (s->n_environments > 0)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

void sandbox_close(struct sandbox *s)
{
    if (!s)
        return;
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    arena_done(&s->arena);
    free(s);
}
