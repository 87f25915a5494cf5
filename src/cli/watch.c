/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One execution until it ends: a line for each place, step and node whenever
 * its state changes, then what nobody may overlook.
 */
#include <stdio.h>
#include <time.h>

#include "base/map.h"
#include "base/time.h"
#include "cli/command.h"
#include "sys/clock.h"

#define PAUSE       (1 * MSEC_SECOND)
#define PATIENCE    (60 * MSEC_SECOND) /* with a plane that was there and is away */
#define CODE_REBOOT 194                /* a step asks for a restart and goes on after it */

struct watch {
    struct command_run *r;
    struct str id;
    struct arena page;       /* what the last look brought */
    struct map shown;        /* "account region node" -> its last state, a C string */
    struct value *execution; /* with all steps, and CommandInvocations of each */
    bool is_last;            /* look: also at places where nothing happens any more */
    size_t n_nodes, n_bad;   /* of the last look */
};

/* One thing that has a state. */
struct thing {
    struct place place;
    struct str what; /* a node, a step; empty: the place itself */
};

static bool is_over(struct str status)
{
    return str_eq(status, S("Success")) || str_eq(status, S("Failed")) ||
           str_eq(status, S("TimedOut")) || str_eq(status, S("Cancelled"));
}

/* --- lines ---------------------------------------------------------------- */

static void print_line(struct watch *w, const struct thing *t, struct str state)
{
    struct str now = time_iso(&w->page, clock_now());
    printf("%.*s  %-12.*s  %-14.*s  %-30.*s  %.*s\n", STR(str_slice(now, 11, now.len - 1)),
           STR(t->place.account), STR(t->place.region), STR(t->what), STR(state));
}

/* True if it is news, which is then printed. */
static bool show(struct watch *w, const struct thing *t, struct str state)
{
    struct str key = arena_fmt(&w->page, "%.*s %.*s %.*s", STR(t->place.account),
                               STR(t->place.region), STR(t->what));
    const char *before = map_get(&w->shown, key);

    if (before && str_eq(str_of(before), state))
        return false;
    map_put(&w->shown, key, (char *)(uintptr_t)arena_cstr(&w->r->a, state));
    if (!w->r->json)
        print_line(w, t, state);
    return true;
}

/* --- looking -------------------------------------------------------------- */

static struct client_call call_in(const struct place *place, const char *target)
{
    return (struct client_call){
        .account = place->account,
        .region = place->region,
        .service = "ssm",
        .target = target,
    };
}

static struct str output_of(const struct value *step, struct str name)
{
    return value_str(value_at(value_get(value_get(step, S("Outputs")), name), 0));
}

static int list_steps(struct watch *w, const struct place *place, struct str id, struct value **ret)
{
    struct client_call call = call_in(place, "AmazonSSM.DescribeAutomationStepExecutions");

    call.in = value_map(&w->page);
    value_set_str(&w->page, call.in, S("AutomationExecutionId"), id);
    PASS(client_list(&w->r->client, &call, S("StepExecutions"), ret, &w->r->why));
    return 0;
}

static bool is_rebooting(const struct value *invocation)
{
    const struct value *plugins = value_get(invocation, S("CommandPlugins"));

    if (!str_eq(value_get_str(invocation, S("Status")), S("InProgress")))
        return false;
    for (size_t i = 0; i < value_count(plugins); i++) {
        const struct value *p = value_at(plugins, i);
        if (value_get_int(p, S("ResponseCode"), -1) == CODE_REBOOT &&
            str_eq(value_get_str(p, S("Status")), S("InProgress")))
            return true;
    }
    return false;
}

static void show_node(struct watch *w, const struct place *place, const struct value *invocation)
{
    struct str detail = value_get_str(invocation, S("StatusDetails"));
    struct str name = value_get_str(invocation, S("InstanceName"));
    struct str id = value_get_str(invocation, S("InstanceId"));
    struct str what = str_is_empty(name) ? arena_fmt(&w->page, "  %.*s", STR(id))
                                         : arena_fmt(&w->page, "  %.*s %.*s", STR(id), STR(name));

    show(w, &(struct thing){ *place, what }, is_rebooting(invocation) ? S("rebooting") : detail);
    w->n_nodes++;
    w->n_bad += !str_eq(detail, S("Success"));
}

/* The nodes of a step that has sent a command. */
static int look_at_nodes(struct watch *w, const struct place *place, struct value *step)
{
    struct client_call call = call_in(place, "AmazonSSM.ListCommandInvocations");
    struct str command = output_of(step, S("CommandId"));
    struct value *invocations;

    if (str_is_empty(command))
        return 0;
    call.in = value_map(&w->page);
    value_set_str(&w->page, call.in, S("CommandId"), command);
    value_set_bool(&w->page, call.in, S("Details"), true);
    int listed =
        client_list(&w->r->client, &call, S("CommandInvocations"), &invocations, &w->r->why);
    if (listed == CLIENT_FAILED)
        return 0; /* not for us to see: the step's own state must do */
    PASS(listed);
    for (size_t i = 0; i < value_count(invocations); i++)
        show_node(w, place, value_at(invocations, i));
    value_set(&w->page, step, S("CommandInvocations"), invocations);
    return 0;
}

static struct str state_of(struct watch *w, const struct value *step)
{
    struct str status = value_get_str(step, S("StepStatus"));
    struct str why = value_get_str(step, S("FailureMessage"));
    return str_is_empty(why) ? status : arena_fmt(&w->page, "%.*s: %.*s", STR(status), STR(why));
}

static int look_at_steps(struct watch *w, const struct place *place, struct value *steps)
{
    for (size_t i = 0; i < value_count(steps); i++) {
        struct value *step = value_at(steps, i);
        struct str what = arena_fmt(&w->page, " %.*s", STR(value_get_str(step, S("StepName"))));
        show(w, &(struct thing){ *place, what }, state_of(w, step));
        PASS(look_at_nodes(w, place, step));
    }
    return 0;
}

/* A step of a parent is a place with a child of its own there. */
static int look_at_place(struct watch *w, struct value *step)
{
    const struct value *location = value_get(step, S("TargetLocation"));
    struct place place = {
        .account = value_str(value_at(value_get(location, S("Accounts")), 0)),
        .region = value_str(value_at(value_get(location, S("Regions")), 0)),
    };
    struct str child = output_of(step, S("AutomationExecutionId"));
    struct value *steps;

    bool is_news = show(w, &(struct thing){ place, S("") }, state_of(w, step));
    bool is_done = is_over(value_get_str(step, S("StepStatus"))) && !is_news && !w->is_last;
    if (str_is_empty(child) || is_done)
        return 0;
    int listed = list_steps(w, &place, child, &steps);
    if (listed == CLIENT_FAILED)
        return 0;
    PASS(listed);
    value_set(&w->page, step, S("StepExecutions"), steps);
    return look_at_steps(w, &place, steps);
}

static int look(struct watch *w)
{
    struct command_run *r = w->r;
    struct place here = { .account = str_is_set(r->account) ? r->account : r->client.account,
                          .region = command_region(r) };
    struct client_call call = call_in(&here, "AmazonSSM.GetAutomationExecution");
    struct value *answer, *steps;

    w->n_nodes = w->n_bad = 0;
    call.in = value_map(&w->page);
    value_set_str(&w->page, call.in, S("AutomationExecutionId"), w->id);
    PASS(client_call(&r->client, &call, &answer, &r->why));
    PASS(list_steps(w, &here, w->id, &steps));
    for (size_t i = 0; i < value_count(steps); i++) {
        struct value *step = value_at(steps, i);
        if (value_get(step, S("TargetLocation")))
            PASS(look_at_place(w, step));
        else
            PASS(look_at_steps(w, &here,
                               &(struct value){ .type = VALUE_LIST,
                                                .list = { (struct value *[]){ step }, 1, 1 } }));
    }
    w->execution = value_get(answer, S("AutomationExecution"));
    value_set(&w->page, w->execution, S("StepExecutions"), steps);
    return 0;
}

/* --- what nobody may overlook --------------------------------------------- */

/* A group that matched nothing ends in Success: it is said aloud. The plane marks
 * such a step, and the place's step at the parent, with a WarningMessage. */
static bool warn(const struct watch *w)
{
    const struct value *steps = value_get(w->execution, S("StepExecutions"));
    bool warned = false;

    for (size_t i = 0; i < value_count(steps); i++) {
        struct str warning = output_of(value_at(steps, i), S("WarningMessage"));
        if (str_is_empty(warning))
            continue;
        if (!warned)
            fputs("\n", stderr);
        fprintf(stderr,
                "*** %.*s\n*** NOTHING WAS PATCHED THERE, although its status is Success. Check "
                "the resource group's\n*** query (case matters) and the nodes' tags.\n\n",
                STR(warning));
        warned = true;
    }
    return warned;
}

static void print_end(struct watch *w, struct str status)
{
    struct str why = value_get_str(w->execution, S("FailureMessage"));

    if (!str_is_empty(why))
        printf("\n%.*s\n", STR(why));
    printf("\n%.*s  %.*s: %zu nodes, %zu of them without success\n", STR(w->id), STR(status),
           w->n_nodes, w->n_bad);
    fflush(stdout);
}

/* --- until it ends -------------------------------------------------------- */

/* A plane that is started again in the middle is waited for. */
static int look_patiently(struct watch *w, msec *last_seen)
{
    struct client *client = &w->r->client;
    struct arena *home = client->a;

    arena_reset(&w->page);
    client->a = &w->page;
    int result = look(w);
    client->a = home;
    if (result == 0)
        *last_seen = clock_now();
    if (result != CLIENT_UNREACHABLE || *last_seen == 0 || clock_now() - *last_seen > PATIENCE)
        return result;
    w->execution = NULL;
    struct thing plane = { .what = S("the plane") };
    show(w, &plane, S("does not answer, trying again"));
    return 0;
}

static int watch(struct watch *w)
{
    struct str status;
    msec last_seen = 0;

    for (;;) {
        int result = look_patiently(w, &last_seen);
        if (result != 0)
            return command_failed(w->r, result);
        fflush(stdout);
        status = value_get_str(w->execution, S("AutomationExecutionStatus"));
        if (w->is_last)
            break;
        w->is_last = is_over(status);
        if (!w->is_last)
            nanosleep(&(struct timespec){ .tv_sec = PAUSE / 1000 }, NULL);
    }
    if (w->r->json)
        command_print_json(w->r, w->execution);
    else
        print_end(w, status);
    bool warned = warn(w);
    bool well = str_eq(status, S("Success")) && !warned && w->n_bad == 0;
    return well ? EXIT_WELL : EXIT_NOT_WELL;
}

int command_watch(struct command_run *r, struct str id)
{
    struct watch w = { .r = r, .id = id };

    int result = client_whoami(&r->client, &r->why);
    int status = result == 0 ? watch(&w) : command_failed(r, result);
    map_done(&w.shown);
    arena_done(&w.page);
    return status;
}
