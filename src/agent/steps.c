/* SPDX-License-Identifier: Apache-2.0 */
/* What a command's steps need of the world: the ports of command.h. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/attempt.h"
#include "agent/backoff.h"
#include "agent/output.h"
#include "agent/reply.h"
#include "base/json.h"
#include "base/log.h"
#include "sys/clock.h"
#include "sys/file.h"

#define REBOOT_PATIENCE        (30 * MSEC_MINUTE) /* for other commands' steps to end */
#define REBOOT_COMMAND_TIMEOUT (2 * MSEC_MINUTE)
#define REBOOT_OUTPUT_LIMIT    ((size_t)2048)
#define N_VARIABLES            16
#define DOCUMENT_LIMIT         ((size_t)64 * 1024)

struct steps {
    struct worker *worker;
    struct arena *arena;
    struct attempt attempt;
    bool is_cancel_sent;
    struct http_client *client; /* while there is something to say */
    struct backoff backoff;
    msec failed_at; /* the last time that sending failed */
};

struct steps *steps_new(struct worker *w, struct arena *a)
{
    struct steps *s = arena_new(a, struct steps);

    s->worker = w;
    s->arena = a;
    s->backoff.first = w->agent->config.reconnect;
    return s;
}

void steps_done(struct steps *s)
{
    attempt_done(&s->attempt);
    http_client_free(s->client);
    s->client = NULL;
}

int steps_keeper_fd(const struct steps *s)
{
    return s->attempt.keeper.pid ? s->attempt.keeper.pidfd : -1;
}

msec steps_retry_at(const struct steps *s)
{
    return s->backoff.retry_at;
}

void steps_cancel(struct steps *s, const struct command *c)
{
    if (s->attempt.keeper.pid == 0 || s->is_cancel_sent)
        return;
    log_notice("command %.*s: cancelled", STR(c->id));
    attempt_cancel(&s->attempt);
    s->is_cancel_sent = true;
}

/* --- the ports --- */

static int save(void *context, const struct command *c)
{
    struct steps *s = context;

    int saved = journal_save(s->worker->agent->config.state, c);
    if (saved == JOURNAL_NO_SPACE)
        return PORT_NOT_YET;
    TRY(saved);
    return 0;
}

/* No step starts while another command waits to restart the node. */
static bool may_start(void *context)
{
    struct steps *s = context;
    struct agent *agent = s->worker->agent;

    pthread_mutex_lock(&agent->lock);
    bool may = agent->reboot_wanted_at == 0;
    if (may)
        s->worker->is_stepping = true;
    pthread_mutex_unlock(&agent->lock);
    return may;
}

static bool may_reboot(void *context)
{
    struct steps *s = context;
    struct agent *agent = s->worker->agent;
    bool others = false;

    pthread_mutex_lock(&agent->lock);
    for (size_t i = 0; i < AGENT_SLOTS; i++)
        others = others || (&agent->workers[i] != s->worker && agent->workers[i].is_stepping);
    bool is_long = agent->reboot_wanted_at != 0 &&
                   clock_monotonic() - agent->reboot_wanted_at > REBOOT_PATIENCE;
    pthread_mutex_unlock(&agent->lock);
    return !others || is_long;
}

static void select_attempt(struct steps *s, const struct command *c, struct run_place at)
{
    const char *folder =
        arena_fmt(s->arena, "%s/steps/%.*s/%.*s-%lld", s->worker->agent->config.state, STR(c->id),
                  STR(run_path(s->arena, at)), (long long)run_state(at)->attempts)
            .p;

    if (s->attempt.folder && str_eq(str_of(s->attempt.folder), str_of(folder)))
        return;
    attempt_done(&s->attempt);
    s->attempt = (struct attempt){ .folder = folder };
    s->is_cancel_sent = false;
}

static bool is_own_variable(const char *entry, const char *const *own)
{
    /* The service manager's words to the agent, and credentials that would go before the node's. */
    static const char *const not_passed_on[] = {
        "AWS_ACCESS_KEY_ID=",
        "AWS_PROFILE=",
        "AWS_SECRET_ACCESS_KEY=",
        "AWS_SESSION_TOKEN=",
        "INVOCATION_ID=",
        "JOURNAL_STREAM=",
        "LISTEN_",
        "NOTIFY_SOCKET=",
        "WATCHDOG_",
    };

    for (size_t i = 0; i < ARRAY_LEN(not_passed_on); i++)
        if (str_starts(str_of(entry), str_of(not_passed_on[i])))
            return true;
    for (size_t i = 0; own[i]; i++) {
        struct str name = str_slice(str_of(own[i]), 0, (size_t)str_find(str_of(own[i]), '=') + 1);
        if (str_starts(str_of(entry), name))
            return true;
    }
    return false;
}

/* Ours, with what a step's own AWS clients and patchbay-patch look for. */
static const char *const *make_environment(struct arena *a, const struct agent *agent,
                                           const struct command *c)
{
    const struct identity *id = &agent->plane.identity;
    const char *own[N_VARIABLES + 1] = { 0 };
    size_t n_own = 0, n_all = 0, count = 0;

    own[n_own++] = arena_fmt(a, "PATCHBAY_ENDPOINT=%.*s", STR(id->endpoint)).p;
    own[n_own++] = arena_fmt(a, "PATCHBAY_INSTANCE_ID=%.*s", STR(id->instance_id)).p;
    own[n_own++] = arena_fmt(a, "PATCHBAY_STATE=%s", agent->config.state).p;
    own[n_own++] = arena_fmt(a, "AWS_REGION=%.*s", STR(id->region)).p;
    own[n_own++] = arena_fmt(a, "AWS_DEFAULT_REGION=%.*s", STR(id->region)).p;
    own[n_own++] =
        arena_fmt(a, "AWS_SHARED_CREDENTIALS_FILE=%s/credentials", agent->config.state).p;
    own[n_own++] = arena_fmt(a, "SSM_COMMAND_ID=%.*s", STR(c->id)).p;
    own[n_own++] = arena_fmt(a, "SSM_INSTANCE_ID=%.*s", STR(id->instance_id)).p;
    if (str_is_set(id->ca_file)) {
        own[n_own++] = arena_fmt(a, "AWS_CA_BUNDLE=%.*s", STR(id->ca_file)).p;
        own[n_own++] = arena_fmt(a, "SSL_CERT_FILE=%.*s", STR(id->ca_file)).p;
    }
    while (environ[n_all])
        n_all++;
    const char **all = arena_array(a, const char *, n_all + n_own + 2);
    for (size_t i = 0; i < n_all; i++)
        if (!is_own_variable(environ[i], own))
            all[count++] = environ[i];
    for (size_t i = 0; i < n_own; i++)
        all[count++] = own[i];
    if (!getenv("PATH"))
        all[count++] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    return all;
}

static int launch(void *context, const struct command *c, struct run_place at)
{
    struct steps *s = context;
    struct arena scratch = { 0 };

    select_attempt(s, c, at);
    log_info("command %.*s: step %.*s, attempt %lld", STR(c->id), STR(run_plan(at)->name),
             (long long)run_state(at)->attempts);
    int launched = attempt_launch(&scratch, &s->attempt, run_plan(at),
                                  make_environment(&scratch, s->worker->agent, c));
    arena_done(&scratch);
    return launched;
}

static int look(void *context, const struct command *c, struct run_place at, struct arena *a,
                struct step_result *ret)
{
    struct steps *s = context;

    select_attempt(s, c, at);
    int looked = attempt_look(a, &s->attempt, ret);
    if (looked == ATTEMPT_RUNNING)
        return PORT_NOT_YET;
    if (looked == ATTEMPT_ABSENT)
        return PORT_ABSENT;
    TRY(looked);
    if (s->is_cancel_sent && str_is_set(ret->problem)) {
        /* It was so quick that the keeper was still waking up. */
        ret->killed = true;
        ret->problem = (struct str){ 0 };
    }
    /* Somebody else ended it: the host going down, an administrator. */
    if (ret->killed && !c->run.is_cancelled) {
        ret->killed = false;
        ret->code = CODE_KILLED;
        ret->problem = S("The step was ended from outside, by SIGTERM to its keeper");
    }
    attempt_done(&s->attempt);
    return 0;
}

/* After a failure: the pause is over, or the poll has found the plane again since. */
static bool may_send(struct steps *s)
{
    struct agent *agent = s->worker->agent;

    if (clock_monotonic() >= s->backoff.retry_at)
        return true;
    pthread_mutex_lock(&agent->lock);
    bool is_back = agent->plane_back_at > s->failed_at;
    pthread_mutex_unlock(&agent->lock);
    return is_back;
}

static int tell_plane(struct steps *s, enum plane_service service, const char *operation,
                      struct value *input, struct arena *a, struct plane_answer *ret)
{
    if (!may_send(s))
        return PORT_NOT_YET;
    if (!s->client)
        s->client = http_client_new();
    const struct plane_call call = { .client = s->client,
                                     .service = service,
                                     .operation = operation,
                                     .input = input,
                                     .wake_fd = s->worker->event_fd };
    int sent = plane_send(&s->worker->agent->plane, &call, a, ret);
    if (sent == 0) {
        backoff_reset(&s->backoff);
        return 0;
    }
    if (sent == PLANE_REFUSED) {
        log_warning("%s: the plane refuses it: %.*s: %.*s", operation, STR(ret->code),
                    STR(ret->message));
        return PORT_REFUSED;
    }
    if (sent < 0)
        log_error("%s: %s", operation, err_trace());
    else if (sent != PLANE_WOKEN && s->backoff.failures == 0)
        log_warning("%s: %.*s %.*s; it will be tried again", operation, STR(ret->code),
                    STR(ret->message));
    if (sent != PLANE_WOKEN) {
        backoff_add(&s->backoff, ret->retry_after);
        s->failed_at = clock_monotonic();
    }
    return PORT_NOT_YET;
}

static int send_entry(void *context, const struct command *c, const struct entry *e)
{
    struct steps *s = context;
    struct arena scratch = { 0 };
    struct value *input = value_map(&scratch);
    bool is_ack = e->kind == ENTRY_ACK;
    struct plane_answer answer;

    value_set_str(&scratch, input, S("MessageId"), c->message_id);
    if (!is_ack) {
        value_set_str(&scratch, input, S("ReplyId"), e->id);
        value_set_str(&scratch, input, S("Payload"), e->payload);
    }
    int sent = tell_plane(s, PLANE_MESSAGES, is_ack ? "AcknowledgeMessage" : "SendReply", input,
                          &scratch, &answer);
    arena_done(&scratch);
    /* A command runs for long: no connection is held for the next word. */
    if (!e->next) {
        http_client_free(s->client);
        s->client = NULL;
    }
    return sent;
}

int steps_report_damage(struct steps *s, struct str id)
{
    struct arena scratch = { 0 };
    struct value *input = value_map(&scratch);
    struct plane_answer answer;

    value_set_str(&scratch, input, S("MessageId"),
                  arena_fmt(&scratch, "aws.ssm.%.*s.%.*s", STR(id),
                            STR(s->worker->agent->plane.identity.instance_id)));
    value_set_str(&scratch, input, S("ReplyId"), random_uuid(&scratch));
    value_set_str(&scratch, input, S("Payload"),
                  reply_refused(&scratch,
                                S("The agent's record of this command is damaged; how far the "
                                  "command came is not known"),
                                clock_now()));
    int sent = tell_plane(s, PLANE_MESSAGES, "SendReply", input, &scratch, &answer);
    arena_done(&scratch);
    return sent;
}

/* The text of a document of this host. */
static int read_local(struct arena *a, struct str path, struct str *ret, struct str *ret_why)
{
    const char *name = arena_cstr(a, path);
    const char *problem = "there is no such file";
    struct stat st;

    if (stat(name, &st) == 0 && S_ISREG(st.st_mode)) { /* nothing that an open could wait for */
        int read = file_read(a, name, DOCUMENT_LIMIT, ret);
        if (read == 0)
            return 0;
        problem = read == FILE_TOO_LARGE ? "it is larger than 64 KiB" : "reading it failed";
    }
    *ret_why =
        arena_fmt(a, "The document %.*s of this node cannot be used: %s", STR(path), problem);
    return PORT_REFUSED;
}

static int get_document(struct steps *s, const struct document_step *step, struct arena *a,
                        struct str *ret, struct str *ret_why)
{
    struct value *input = value_map(a);
    struct plane_answer answer = { 0 };

    value_set_str(a, input, S("Name"), step->path);
    if (str_is_set(step->version))
        value_set_str(a, input, S("DocumentVersion"), step->version);
    value_set_str(a, input, S("DocumentFormat"), S("JSON"));
    int sent = tell_plane(s, PLANE_SSM, "GetDocument", input, a, &answer);
    if (sent == PORT_NOT_YET && str_eq(answer.code, S("AccessDeniedException"))) {
        backoff_reset(&s->backoff); /* the plane answers: what it says of this document stands */
        sent = PORT_REFUSED;
    }
    if (sent != 0) {
        bool is_told = !str_is_empty(answer.code);
        *ret_why = arena_fmt(a, "The document %.*s could not be had from the plane: %.*s: %.*s",
                             STR(step->path), STR(is_told ? answer.code : S("no answer")),
                             STR(is_told ? answer.message : S("it was tried several times")));
        return sent;
    }
    *ret = value_get_str(answer.body, S("Content"));
    return 0;
}

static int fetch(void *context, const struct document_step *step, struct arena *a,
                 struct value **ret, struct str *ret_why)
{
    struct steps *s = context;
    struct str text = S("");
    int had = step->is_local ? read_local(a, step->path, &text, ret_why)
                             : get_document(s, step, a, &text, ret_why);

    http_client_free(s->client);
    s->client = NULL;
    PASS(had);
    if (json_parse(a, text, ret, NULL) == 0)
        return 0;
    *ret_why = arena_fmt(a, "The document %.*s is not JSON", STR(step->path));
    return PORT_REFUSED;
}

static int give_reboot_command(struct agent *agent, struct arena *a, struct str *ret_why)
{
    const char *const argv[] = { "sh", "-c", agent->config.reboot_command, NULL };
    const struct process_config config = { .argv = argv, .outlives_us = true };
    struct process_output output;

    log_notice("restarting the node: %s", agent->config.reboot_command);
    int ran =
        process_run(&config, REBOOT_COMMAND_TIMEOUT, REBOOT_OUTPUT_LIMIT, a, &output, ret_why);
    if (ran == PROCESS_NOT_STARTED)
        return PORT_REFUSED;
    TRY(ran);
    /* A node that goes down ends everything on it, this command too: killed is not refused.
     * Should it not go down after all, the wait for the restart says so. */
    bool was_killed = !output.status.is_exited || output.status.code > 128;
    if (was_killed || output.status.code == 0)
        return 0;
    *ret_why = arena_fmt(a, "The restart command failed: exit status %d: %.*s", output.status.code,
                         STR(str_trim(output_clean(a, output.err))));
    return PORT_REFUSED;
}

static int reboot(void *context, const struct command *c, struct arena *a, struct str *ret_why)
{
    struct steps *s = context;
    struct agent *agent = s->worker->agent;
    (void)c;

    pthread_mutex_lock(&agent->lock);
    bool is_first = !agent->is_rebooting;
    agent->is_rebooting = true;
    pthread_mutex_unlock(&agent->lock);
    return is_first ? give_reboot_command(agent, a, ret_why) : 0;
}

struct command_ports steps_ports(struct steps *s)
{
    return (struct command_ports){
        .context = s,
        .save = save,
        .may_start = may_start,
        .may_reboot = may_reboot,
        .launch = launch,
        .look = look,
        .fetch = fetch,
        .send = send_entry,
        .reboot = reboot,
        .boot_id = s->worker->agent->boot_id,
        .reboot_timeout = s->worker->agent->config.reboot_timeout,
    };
}
