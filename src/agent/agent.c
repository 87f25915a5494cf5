/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/backoff.h"
#include "agent/inbox.h"
#include "agent/memory.h"
#include "agent/node.h"
#include "agent/notify.h"
#include "base/log.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "wire/skew.h"

#define QUICK_ANSWER  MSEC_SECOND       /* an empty answer this fast is not a long poll */
#define QUICK_PAUSE   (2 * MSEC_SECOND) /* and then the next waits, as the AWS agent's does */
#define REBOOT_PAUSE  (2 * MSEC_SECOND)
#define LOCK_PATIENCE (2 * MSEC_SECOND)
#define STOP_PATIENCE (10 * MSEC_SECOND)
#define VISIBILITY    10 /* seconds until an unacknowledged message comes back */

/* The main thread's own: the poll and what it does in between. */
struct poller {
    struct agent *agent;
    struct http_client *client;
    struct backoff backoff;
    msec heartbeat_at; /* monotonic */
    bool is_key_noted; /* that the plane asks for a new key */
    msec skew;         /* as it was last logged */
    bool is_settled;   /* what it took to get to the poll is done with */
};

/* True once the agent is to end. */
static bool rest(struct agent *agent, msec pause)
{
    struct pollfd fd = { .fd = agent->signal_fd, .events = POLLIN };

    if (pause > INT32_MAX)
        pause = INT32_MAX;
    return poll(&fd, 1, (int)pause) > 0;
}

static msec jitter(msec about)
{
    uint32_t random;

    random_bytes(&random, sizeof(random));
    return about - about / 10 + (msec)((uint64_t)random * (uint64_t)(about / 5 + 1) >> 32);
}

static int call(struct poller *p, enum plane_service service, const char *operation,
                struct value *input, struct arena *a, struct plane_answer *ret)
{
    const struct plane_call c = { .client = p->client,
                                  .service = service,
                                  .operation = operation,
                                  .input = input,
                                  .wake_fd = p->agent->signal_fd };

    return plane_send(&p->agent->plane, &c, a, ret);
}

static int heartbeat(struct poller *p, struct arena *a, struct plane_answer *ret)
{
    struct value *input;

    if (clock_monotonic() < p->heartbeat_at)
        return 0;
    TRY(node_describe(a, p->agent->plane.identity.instance_id, &input));
    PASS(call(p, PLANE_SSM, "UpdateInstanceInformation", input, a, ret));
    p->heartbeat_at = clock_monotonic() + jitter(p->agent->config.heartbeat);
    if (p->backoff.failures > 0)
        worker_plane_is_back(p->agent);
    journal_sweep(p->agent->config.state, clock_now());
    return 0;
}

static int get_messages(struct poller *p, struct arena *a, struct plane_answer *ret)
{
    struct value *input = value_map(a);

    value_set_str(a, input, S("Destination"), p->agent->plane.identity.instance_id);
    value_set_str(a, input, S("MessagesRequestId"), random_uuid(a));
    value_set_int(a, input, S("VisibilityTimeoutInSeconds"), VISIBILITY);
    int result = call(p, PLANE_MESSAGES, "GetMessages", input, a, ret);
    /* Nothing came in time: as good as an empty answer. */
    if (result == PLANE_TIMED_OUT) {
        ret->body = NULL;
        return 0;
    }
    PASS(result);
    return 0;
}

/* Token, heartbeat, one long poll and what it brought. Outcomes PLANE_*. */
static int turn(struct poller *p, struct arena *a, struct plane_answer *ret, msec *ret_pause)
{
    struct plane_call like = { .client = p->client, .wake_fd = p->agent->signal_fd };

    PASS(plane_renew(&p->agent->plane, &like, a, ret));
    PASS(heartbeat(p, a, ret));
    if (!p->is_settled)
        memory_give_back();
    p->is_settled = true;
    msec began = clock_monotonic();
    PASS(get_messages(p, a, ret));

    const struct value *messages = value_get(ret->body, S("Messages"));
    if (value_count(messages) == 0 && clock_monotonic() - began < QUICK_ANSWER)
        *ret_pause = jitter(QUICK_PAUSE);
    for (size_t i = 0; i < value_count(messages); i++)
        inbox_take(p->agent, p->client, a, value_at(messages, i));
    return 0;
}

static void note_failure(struct poller *p, int result, const struct plane_answer *answer)
{
    if (result < 0)
        log_error("%s", err_trace());
    else if (p->backoff.failures == 0)
        log_warning("the plane at %.*s cannot be used: %.*s%s%.*s; trying again until it can",
                    STR(p->agent->plane.identity.endpoint), STR(answer->code),
                    str_is_set(answer->code) ? ": " : "",
                    STR(str_is_set(answer->message) ? answer->message : S("no answer in time")));
    backoff_add(&p->backoff, answer->retry_after);
    p->heartbeat_at =
        0; /* its short answer, not the long poll's, will say that the plane is back */
}

/* Said once, and once more when it is mended. */
static void note_clock(struct poller *p)
{
    msec skew = plane_skew(&p->agent->plane), change = skew - p->skew;

    if (change <= SKEW_LEAST && change >= -SKEW_LEAST && (skew == 0) == (p->skew == 0))
        return;
    if (skew == 0)
        log_notice("this host's clock agrees with the plane's again");
    else
        log_warning("this host's clock is %lld s %s the plane's: calls are signed by the plane's, "
                    "but the clock should be set",
                    (long long)((skew < 0 ? -skew : skew) / MSEC_SECOND),
                    skew < 0 ? "ahead of" : "behind");
    p->skew = skew;
}

/* One turn in memory of its own; true once the agent is to end. */
static bool turn_once(struct poller *p)
{
    struct arena a = { 0 };
    struct plane_answer answer = { 0 };
    msec pause = 0;

    int result = turn(p, &a, &answer, &pause);
    note_clock(p);
    if (result == 0) {
        if (p->backoff.failures > 0)
            log_notice("the plane can be used again");
        backoff_reset(&p->backoff);
        if (p->agent->plane.wants_new_key && !p->is_key_noted)
            log_warning("the plane asks for a new key, which this agent cannot make: register "
                        "again with --force");
        p->is_key_noted = p->agent->plane.wants_new_key;
    } else if (result != PLANE_WOKEN) {
        note_failure(p, result, &answer);
        pause = p->backoff.retry_at - clock_monotonic();
        /* An unreachable plane may have moved, and a half-dead connection helps nobody. */
        http_client_free(p->client);
        p->client = http_client_new();
        p->is_settled = false;
    }
    arena_done(&a);
    return rest(p->agent, pause > 0 ? pause : 0);
}

static void poll_until_stopped(struct agent *agent)
{
    struct poller p = { .agent = agent,
                        .client = http_client_new(),
                        .backoff = { .first = agent->config.reconnect } };
    bool is_over = false;

    while (!is_over) {
        /* What is fetched now would only wait for the restart, here instead of there. */
        if (worker_wants_reboot(agent))
            is_over = rest(agent, REBOOT_PAUSE);
        else
            is_over = turn_once(&p);
    }
    http_client_free(p.client);
}

static int by_receipt(const void *x, const void *y)
{
    const struct command *a = x, *b = y;
    return a->received_at < b->received_at ? -1 : a->received_at > b->received_at;
}

/* What the last agent left: commands under way, replies not yet taken. Oldest first. */
static int resume(struct agent *agent)
{
    struct arena a = { 0 };
    struct strs ids;
    const char *state = agent->config.state;

    TRY(journal_list(&a, state, &ids));
    struct command *commands = arena_array(&a, struct command, ids.count + 1);
    for (size_t i = 0; i < ids.count; i++) {
        struct arena scratch = { 0 };
        struct command c = { 0 };
        if (journal_load(&scratch, state, ids.items[i], &c) == 0)
            commands[i].received_at = c.received_at;
        commands[i].id = ids.items[i];
        arena_done(&scratch);
    }
    qsort(commands, ids.count, sizeof(*commands), by_receipt);
    for (size_t i = 0; i < ids.count; i++)
        worker_submit(agent, commands[i].id);
    if (ids.count > 0)
        log_notice("%zu command(s) of the last run are taken up again", ids.count);
    arena_done(&a);
    return 0;
}

static int open_signals(int *ret)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return FAULT(errno);
    signal(SIGPIPE, SIG_IGN);
    *ret = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return *ret < 0 ? FAULT(errno) : 0;
}

static int run_locked(struct agent *agent, struct arena *a)
{
    TRY(journal_open(a, agent->config.state));
    TRY(journal_tidy(a, agent->config.state));
    TRY(node_boot_id(a, agent->config.boot_id_file, &agent->boot_id));
    TRY(open_signals(&agent->signal_fd));
    TRY(resume(agent));
    log_notice("patchbay-agent " PATCHBAY_VERSION ": node %.*s in %.*s at %.*s",
               STR(agent->plane.identity.instance_id), STR(agent->plane.identity.region),
               STR(agent->plane.identity.endpoint));
    notify_service_manager("READY=1");

    poll_until_stopped(agent);
    notify_service_manager("STOPPING=1");
    bool have_ended = worker_stop_all(agent, STOP_PATIENCE);
    log_notice("stopped; steps that still run go on and are taken up by the next start");
    /* A thread in the middle of a call: all that matters is on disk, and nothing may be freed
     * under it. */
    if (!have_ended)
        _exit(0);
    close(agent->signal_fd);
    return 0;
}

/* A registration that has just ended may still hold it for a moment. */
static int take_lock(const char *path, int *ret)
{
    msec deadline = clock_monotonic() + LOCK_PATIENCE;
    int locked;

    while ((locked = file_lock(path, ret)) == FILE_LOCKED && clock_monotonic() < deadline)
        poll(NULL, 0, 50);
    if (locked == FILE_LOCKED)
        return AGENT_RUNNING;
    TRY(locked);
    return 0;
}

int agent_run(const struct config *config)
{
    struct arena a = { 0 };
    struct agent *agent = arena_new(&a, struct agent);
    int lock;

    memory_configure();
    agent->config = *config;
    pthread_mutex_init(&agent->lock, NULL);
    pthread_cond_init(&agent->changed, NULL);

    int opened = plane_open(&a, config->state, &agent->plane);
    if (opened == IDENTITY_ABSENT)
        return AGENT_UNREGISTERED;
    if (opened == IDENTITY_DAMAGED)
        return AGENT_DAMAGED;
    TRY(opened);
    PASS(take_lock(arena_fmt(&a, "%s/lock", config->state).p, &lock));

    int result = run_locked(agent, &a);
    file_unlock(lock);
    plane_close(&agent->plane);
    arena_done(&a);
    return result;
}
