/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that carry commands from the journal to their end. */
#include "agent/agent.h"

#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "agent/memory.h"
#include "base/log.h"
#include "sys/clock.h"
#include "sys/file.h"

#define STACK_SIZE   ((size_t)256 * 1024)
#define DISK_PAUSE   (10 * MSEC_SECOND)
#define REBOOT_PAUSE (5 * MSEC_SECOND)
#define FAULT_PAUSE  (30 * MSEC_SECOND)

static void wake(struct worker *w)
{
    uint64_t one = 1;

    if (w->event_fd > 0 && write(w->event_fd, &one, sizeof(one)) < 0)
        return; /* the counter is full: it is awake */
}

static bool is_stopping(struct worker *w)
{
    pthread_mutex_lock(&w->agent->lock);
    bool stopping = w->agent->is_stopping;
    pthread_mutex_unlock(&w->agent->lock);
    return stopping;
}

static bool takes_cancel(struct worker *w)
{
    pthread_mutex_lock(&w->agent->lock);
    bool wants = w->wants_cancel;
    w->wants_cancel = false;
    pthread_mutex_unlock(&w->agent->lock);
    return wants;
}

/* Let the others know what this command is about, and wake them if it matters to them. */
static void publish(struct worker *w, bool is_stepping, bool wants_reboot)
{
    struct agent *agent = w->agent;
    bool any_reboot = false;

    pthread_mutex_lock(&agent->lock);
    bool is_news = w->is_stepping != is_stepping || w->wants_reboot != wants_reboot;
    w->is_stepping = is_stepping;
    w->wants_reboot = wants_reboot;
    for (size_t i = 0; i < AGENT_SLOTS; i++)
        any_reboot = any_reboot || agent->workers[i].wants_reboot;
    if (!any_reboot)
        agent->is_rebooting = false;
    if (!any_reboot || agent->reboot_wanted_at == 0)
        agent->reboot_wanted_at = any_reboot ? clock_monotonic() : 0;
    for (size_t i = 0; i < AGENT_SLOTS && is_news; i++)
        if (&agent->workers[i] != w)
            wake(&agent->workers[i]);
    pthread_mutex_unlock(&agent->lock);
}

/* Until something happens or `timeout` (negative: for ever) is over. */
static void doze(struct worker *w, int fd, msec timeout)
{
    struct pollfd fds[] = { { .fd = w->event_fd, .events = POLLIN },
                            { .fd = fd, .events = POLLIN } };
    uint64_t count;

    if (timeout > INT32_MAX)
        timeout = INT32_MAX;
    poll(fds, ARRAY_LEN(fds), timeout < 0 ? -1 : (int)timeout);
    if (read(w->event_fd, &count, sizeof(count)) < 0)
        return; /* it was not the event */
}

static msec until(msec moment)
{
    msec left = moment - clock_monotonic();
    return left > 0 ? left : 0;
}

static void wait_for(struct worker *w, struct steps *s, const struct command *c, int why)
{
    int fd = steps_keeper_fd(s);
    msec timeout = c->entries && steps_retry_at(s) ? until(steps_retry_at(s)) : -1;

    switch ((enum command_outcome)why) {
    case COMMAND_AGAIN:
        return;
    case COMMAND_WAITS_STEP:
        /* A keeper that is just claiming its attempt, or one we could not get hold of. */
        if (fd < 0 && run_has(&c->run, STEP_IN_PROGRESS))
            timeout = MSEC_SECOND;
        break;
    case COMMAND_WAITS_REBOOT:
        timeout = REBOOT_PAUSE;
        break;
    case COMMAND_WAITS_SENDING:
        timeout = timeout < 0 ? MSEC_SECOND : timeout;
        break;
    case COMMAND_WAITS_FETCH:
        timeout = steps_retry_at(s) ? until(steps_retry_at(s)) : MSEC_SECOND;
        break;
    case COMMAND_WAITS_DISK:
        log_error("command %.*s: there is no space to record what comes next", STR(c->id));
        timeout = DISK_PAUSE;
        break;
    }
    doze(w, fd, timeout);
}

/* True when the command is over, false when the agent is to stop. */
static bool carry_through(struct worker *w, struct arena *a, struct steps *s, struct command *c)
{
    const struct command_ports ports = steps_ports(s);

    while (!is_stopping(w)) {
        if (takes_cancel(w))
            command_cancel(c);
        int result = command_advance(a, c, &ports, clock_now());
        publish(w, run_has(&c->run, STEP_IN_PROGRESS), run_has(&c->run, STEP_SUCCESS_AND_REBOOT));
        if (result == 0)
            return true;
        if (result < 0) {
            log_error("command %.*s: %s", STR(c->id), err_trace());
            doze(w, -1, FAULT_PAUSE);
            continue;
        }
        if (c->run.is_cancelled)
            steps_cancel(s, c);
        wait_for(w, s, c, result);
    }
    return false;
}

/* A record that cannot be read: say so to the plane, which may be waiting, and put it aside. */
static void give_up(struct worker *w, struct arena *a, struct steps *s, struct str id)
{
    log_error("command %.*s: its record is damaged", STR(id));
    while (!is_stopping(w)) {
        if (steps_report_damage(s, id) != PORT_NOT_YET) {
            if (journal_put_aside(a, w->agent->config.state, id) != 0)
                log_error("command %.*s: %s", STR(id), err_trace());
            return;
        }
        doze(w, -1, until(steps_retry_at(s)));
    }
}

static void run_command(struct worker *w, struct str id)
{
    struct arena a = { 0 };
    struct command c;
    struct steps *s = steps_new(w, &a);
    const char *work = arena_fmt(&a, "%s/steps/%.*s", w->agent->config.state, STR(id)).p;

    int loaded = journal_load(&a, w->agent->config.state, id, &c);
    if (loaded == 0) {
        if (carry_through(w, &a, s, &c)) {
            log_info("command %.*s: %s", STR(id), run_status_name(run_status(&c.run)));
            if (file_remove_tree(work) != 0)
                log_warning("cannot remove %s", work);
        }
    } else if (loaded == JOURNAL_DAMAGED) {
        give_up(w, &a, s, id);
    } else if (loaded < 0) {
        log_error("command %.*s: %s", STR(id), err_trace());
    }
    steps_done(s);
    publish(w, false, false);
    arena_done(&a);
}

static bool is_for_cancelled(const struct worker *w)
{
    return w == &w->agent->workers[AGENT_MAX_WORKERS];
}

/* The next waiting command that is this worker's to take; n_waiting if there is none. */
static size_t next_waiting(const struct worker *w)
{
    size_t i = 0;

    while (i < w->agent->n_waiting && is_for_cancelled(w) && !w->agent->waiting[i].is_cancelled)
        i++;
    return i;
}

static void take_waiting(struct worker *w, size_t i)
{
    struct agent *agent = w->agent;

    memcpy(w->id, agent->waiting[i].id, sizeof(w->id));
    agent->n_waiting--;
    memmove(&agent->waiting[i], &agent->waiting[i + 1],
            (agent->n_waiting - i) * sizeof(agent->waiting[0]));
}

/* The next waiting command becomes this worker's, or the worker ends. */
static bool take_next(struct worker *w)
{
    struct agent *agent = w->agent;

    pthread_mutex_lock(&agent->lock);
    size_t next = next_waiting(w);
    bool has_next = next < agent->n_waiting && !agent->is_stopping;
    w->id[0] = '\0';
    w->wants_cancel = false;
    if (has_next) {
        take_waiting(w, next);
    } else {
        close(w->event_fd);
        w->event_fd = 0;
        pthread_cond_broadcast(&agent->changed);
    }
    pthread_mutex_unlock(&agent->lock);
    return has_next;
}

static void *worker_main(void *context)
{
    struct worker *w = context;

    do {
        run_command(w, str_of(w->id));
        memory_give_back(); /* what a command took is not kept for the next */
    } while (take_next(w));
    return NULL;
}

static bool start_thread(struct worker *w)
{
    pthread_attr_t attributes;
    pthread_t thread;

    w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->event_fd < 0)
        return false;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    bool started = pthread_create(&thread, &attributes, worker_main, w) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

void worker_submit(struct agent *agent, struct str id)
{
    struct worker *idle = NULL;

    pthread_mutex_lock(&agent->lock);
    for (size_t i = 0; i < AGENT_MAX_WORKERS && !idle; i++)
        if (agent->workers[i].id[0] == '\0')
            idle = &agent->workers[i];
    if (idle) {
        idle->agent = agent;
        snprintf(idle->id, sizeof(idle->id), "%.*s", STR(id));
        if (!start_thread(idle)) {
            log_error("command %.*s: no thread could be started; it runs after a restart of the "
                      "agent",
                      STR(id));
            idle->id[0] = '\0';
        }
    } else if (agent->n_waiting < JOURNAL_MAX_RUNNING) {
        struct waiting *last = &agent->waiting[agent->n_waiting++];
        *last = (struct waiting){ 0 };
        snprintf(last->id, sizeof(last->id), "%.*s", STR(id));
    }
    pthread_mutex_unlock(&agent->lock);
}

bool worker_has_room(struct agent *agent)
{
    pthread_mutex_lock(&agent->lock);
    bool has_room = agent->n_waiting < AGENT_MAX_WAITING;
    pthread_mutex_unlock(&agent->lock);
    return has_room;
}

/* A command that waits belongs to nobody yet, so its record is changed here; what is left of it,
 * a few replies, needs no turn. */
static void cancel_waiting(struct agent *agent, size_t i)
{
    struct worker *w = &agent->workers[AGENT_MAX_WORKERS];
    struct arena a = { 0 };
    struct command c;
    int result = journal_load(&a, agent->config.state, str_of(agent->waiting[i].id), &c);

    if (result == 0) {
        command_cancel(&c);
        result = journal_save(agent->config.state, &c);
    }
    arena_done(&a);
    if (result != 0) {
        log_error("command %s: the cancellation could not be recorded", agent->waiting[i].id);
        return;
    }
    agent->waiting[i].is_cancelled = true;
    if (w->id[0] != '\0')
        return; /* it will come to this one */
    w->agent = agent;
    struct waiting entry = agent->waiting[i];
    take_waiting(w, i);
    if (!start_thread(w)) {
        w->id[0] = '\0';
        agent->waiting[agent->n_waiting++] = entry;
    }
}

bool worker_cancel(struct agent *agent, struct str id)
{
    bool found = false;

    pthread_mutex_lock(&agent->lock);
    for (size_t i = 0; i < AGENT_SLOTS && !found; i++)
        if (str_eq(str_of(agent->workers[i].id), id)) {
            agent->workers[i].wants_cancel = true;
            wake(&agent->workers[i]);
            found = true;
        }
    for (size_t i = 0; i < agent->n_waiting && !found; i++)
        if (str_eq(str_of(agent->waiting[i].id), id)) {
            cancel_waiting(agent, i);
            found = true;
        }
    pthread_mutex_unlock(&agent->lock);
    return found;
}

bool worker_wants_reboot(struct agent *agent)
{
    pthread_mutex_lock(&agent->lock);
    bool wants = agent->reboot_wanted_at != 0;
    pthread_mutex_unlock(&agent->lock);
    return wants;
}

void worker_plane_is_back(struct agent *agent)
{
    pthread_mutex_lock(&agent->lock);
    agent->plane_back_at = clock_monotonic();
    for (size_t i = 0; i < AGENT_SLOTS; i++)
        wake(&agent->workers[i]);
    pthread_mutex_unlock(&agent->lock);
}

static bool any_busy(const struct agent *agent)
{
    for (size_t i = 0; i < AGENT_SLOTS; i++)
        if (agent->workers[i].id[0] != '\0')
            return true;
    return false;
}

bool worker_stop_all(struct agent *agent, msec patience)
{
    struct timespec deadline;

    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += (time_t)(patience / MSEC_SECOND);
    pthread_mutex_lock(&agent->lock);
    agent->is_stopping = true;
    for (size_t i = 0; i < AGENT_SLOTS; i++)
        wake(&agent->workers[i]);
    while (any_busy(agent) && pthread_cond_timedwait(&agent->changed, &agent->lock, &deadline) == 0)
        ;
    bool have_ended = !any_busy(agent);
    pthread_mutex_unlock(&agent->lock);
    return have_ended;
}
