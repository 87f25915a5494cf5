/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/backoff.h"
#include "agent/inbox.h"
#include "agent/memory.h"
#include "agent/node.h"
#include "agent/notify.h"
#include "agent/presence.h"
#include "agent/service.h"
#include "agent/token.h"
#include "agent/updater.h"
#include "base/log.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "wire/skew.h"

#define QUICK_ANSWER  MSEC_SECOND       /* an empty answer this fast is not a long poll */
#define QUICK_PAUSE   (2 * MSEC_SECOND) /* and then the next waits, as the AWS agent's does */
#define REBOOT_PAUSE  (2 * MSEC_SECOND)
#define LOCK_PATIENCE (2 * MSEC_SECOND)
#define STOP_PATIENCE (10 * MSEC_SECOND)
#define KEY_PAUSE     MSEC_HOUR
#define VISIBILITY    10 /* seconds until an unacknowledged message comes back */

/* The main thread's own: the poll and what it does in between. */
struct poller {
    struct agent *agent;
    struct http_client *client;
    struct backoff backoff;
    msec heartbeat_at; /* monotonic */
    msec key_at;       /* when a change of keys that failed is tried again */
    bool is_outcast;
    struct session_end *end;
    bool is_heard;   /* the plane has answered a heartbeat, and agent.json says so */
    msec skew;       /* as it was last logged */
    bool is_settled; /* what it took to get to the poll is done with */
};

/* True once the agent is to end. */
static bool rest(struct agent *agent, msec pause)
{
    struct pollfd fd = { .fd = agent->signal_fd, .events = POLLIN };
    return notify_poll(&fd, 1, pause) > 0;
}

static msec any_up_to(msec most)
{
    uint32_t random;

    random_bytes(&random, sizeof(random));
    return (msec)((uint64_t)random * (uint64_t)(most + 1) >> 32);
}

static msec jitter(msec about)
{
    return about - about / 10 + any_up_to(about / 5);
}

static int call(struct poller *p, enum plane_service service, const char *operation,
                struct value *input, struct arena *a, struct plane_answer *ret)
{
    const struct plane_call c = { .client = p->client,
                                  .service = service,
                                  .operation = operation,
                                  .input = input,
                                  .wake_fd = p->agent->signal_fd };

    notify_alive();
    return plane_send(&p->agent->plane, &c, a, ret);
}

/* An update waits for this word. On a full disk it is said again with the next heartbeat. */
static void note_presence(struct poller *p)
{
    if (!p->is_heard && presence_write(p->agent->config.state, true) == 0)
        p->is_heard = true;
}

static int heartbeat(struct poller *p, struct arena *a, struct plane_answer *ret)
{
    struct value *input;

    if (clock_monotonic() < p->heartbeat_at)
        return 0;
    TRY(node_describe(a, p->agent->plane.identity.instance_id, &input));
    PASS(call(p, PLANE_SSM, "UpdateInstanceInformation", input, a, ret));
    /* The first of a row at any moment: a fleet that came back together beats apart. */
    msec period = p->agent->config.heartbeat;
    p->heartbeat_at = clock_monotonic() + (p->is_settled ? jitter(period) : any_up_to(period));
    note_presence(p);
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

/* A key that is due is changed. That it cannot be keeps nobody from work: tomorrow is another
 * day, and a node that the plane does not take is told so by its token. */
static int renew_key(struct poller *p, const struct plane_call *like, struct arena *a)
{
    struct plane *plane = &p->agent->plane;
    struct plane_answer answer;

    if (clock_monotonic() < p->key_at ||
        !plane_key_is_due(plane, p->agent->config.key_days * MSEC_DAY))
        return 0;
    int changed = plane_change_key(plane, like, a, &answer);
    if (changed == PLANE_WOKEN)
        return changed;
    if (changed == 0) {
        log_notice("this node has a new key");
        return 0;
    }
    p->key_at = clock_monotonic() + jitter(KEY_PAUSE);
    if (changed < 0)
        log_error("a new key: %s", err_trace());
    else
        log_warning("a new key could not be agreed on: %.*s %.*s; the old one stays for now",
                    STR(answer.code), STR(answer.message));
    return 0;
}

/* Token, key, heartbeat, one long poll and what it brought. Outcomes PLANE_*. */
static int turn(struct poller *p, struct arena *a, struct plane_answer *ret, msec *ret_pause)
{
    struct plane_call like = { .client = p->client, .wake_fd = p->agent->signal_fd };

    PASS(plane_renew(&p->agent->plane, &like, a, ret));
    PASS(renew_key(p, &like, a));
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
    } else if (result == PLANE_OUTCAST) {
        p->is_outcast = true;
        snprintf(p->end->why, sizeof(p->end->why), "%.*s: %.*s", STR(answer.code),
                 STR(answer.message));
    } else if (result != PLANE_WOKEN) {
        note_failure(p, result, &answer);
        pause = p->backoff.retry_at - clock_monotonic();
        /* An unreachable plane may have moved, and a half-dead connection helps nobody. */
        http_client_free(p->client);
        p->client = http_client_new();
        p->is_settled = false;
    }
    arena_done(&a);
    return p->is_outcast || rest(p->agent, pause > 0 ? pause : 0);
}

static void poll_until_over(struct agent *agent, struct session_end *end)
{
    struct poller p = { .agent = agent,
                        .end = end,
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
    end->is_outcast = p.is_outcast;
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

/* A disk that was copied to another host must not speak for the first: the plane will know
 * the copy by its fingerprint, and so will whoever reads this. */
static int become_a_copy(struct agent *agent, struct arena *a, const struct host_facts *now)
{
    struct identity *id = &agent->plane.identity;

    for (size_t i = 0; i < HOST_FACTS; i++)
        if (!str_eq(id->host.values[i], now->values[i]))
            log_warning("this host is not the one registered as %.*s: its %s was %.*s and is %.*s",
                        STR(id->instance_id), fingerprint_fact_name((enum host_fact)i),
                        STR(id->host.values[i]), STR(now->values[i]));
    id->fingerprint = random_uuid(a);
    token_done(&agent->plane.token);
    TRY(token_forget(a, agent->config.state));
    return 0;
}

static int recognise_host(struct agent *agent, struct arena *a)
{
    struct identity *id = &agent->plane.identity;
    struct host_facts now = node_facts(a, agent->config.machine_id_file);
    enum fingerprint_verdict verdict =
        fingerprint_compare(&id->host, &now, agent->config.similarity);

    if (verdict == FINGERPRINT_SAME)
        return 0;
    if (verdict == FINGERPRINT_COPY)
        TRY(become_a_copy(agent, a, &now));
    id->host = now;
    int written = identity_write(a, agent->config.state, id);
    if (written == IDENTITY_NO_SPACE)
        return 0; /* the next start says it again */
    TRY(written);
    return 0;
}

static int run_locked(struct agent *agent, struct arena *a, struct session_end *ret)
{
    TRY(recognise_host(agent, a));
    TRY(journal_open(a, agent->config.state));
    TRY(journal_tidy(a, agent->config.state));
    TRY(node_boot_id(a, agent->config.boot_id_file, &agent->boot_id));
    plane_recall_clock(&agent->plane, a, agent->boot_id);
    if (presence_write(agent->config.state, false) != 0)
        log_warning("%s", err_trace());
    TRY(resume(agent));
    updater_look_in(agent->config.state);
    log_notice("patchbay-agent " PATCHBAY_VERSION ": node %.*s in %.*s at %.*s",
               STR(agent->plane.identity.instance_id), STR(agent->plane.identity.region),
               STR(agent->plane.identity.endpoint));
    notify_service_manager("READY=1\nSTATUS=at work");

    poll_until_over(agent, ret);
    ret->is_stuck = !worker_stop_all(agent, STOP_PATIENCE);
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
        return SERVICE_RUNNING;
    TRY(locked);
    return 0;
}

static int open_session(struct agent *agent, struct arena *a, int *ret_lock)
{
    if (!file_exists(arena_fmt(a, "%s/identity.json", agent->config.state).p))
        return SERVICE_UNREGISTERED;
    PASS(take_lock(arena_fmt(a, "%s/lock", agent->config.state).p, ret_lock));
    int opened = plane_open(a, agent->config.state, &agent->plane);
    if (opened == 0)
        return 0;
    file_unlock(*ret_lock);
    if (opened == IDENTITY_ABSENT)
        return SERVICE_UNREGISTERED;
    if (opened == IDENTITY_DAMAGED)
        return SERVICE_DAMAGED;
    return err_forward(opened, __func__, __FILE__, __LINE__);
}

int session_run(const struct config *config, int signal_fd, struct session_end *ret)
{
    struct arena a = { 0 };
    struct agent *agent = arena_new(&a, struct agent);
    int lock;

    agent->config = *config;
    agent->signal_fd = signal_fd;
    pthread_mutex_init(&agent->lock, NULL);
    pthread_cond_init(&agent->changed, NULL);
    int result = open_session(agent, &a, &lock);
    if (result == 0) {
        snprintf(ret->instance_id, sizeof(ret->instance_id), "%.*s",
                 STR(agent->plane.identity.instance_id));
        result = run_locked(agent, &a, ret);
        file_unlock(lock);
        if (ret->is_stuck)
            return result; /* the threads need what would be freed */
        plane_close(&agent->plane);
    }
    pthread_cond_destroy(&agent->changed);
    pthread_mutex_destroy(&agent->lock);
    arena_done(&a);
    return result;
}
