/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>

#include "cli/command.h"
#include "cli/table.h"

#define WATCH_PAUSE_NS 1000000000L

static struct str own_region(const struct command_run *r)
{
    return r->regions.count ? r->regions.items[0] : S("us-east-1");
}

static struct client_call in_region(struct command_run *r, const char *target)
{
    return (struct client_call){
        .account = r->account, .region = own_region(r), .service = "ssm", .target = target,
    };
}

/* --- what nobody may overlook ----------------------------------------------------------------- */

/* A group that matched nothing ends in Success: it is said aloud. */
static bool warns_of_no_nodes(const struct value *step)
{
    struct str response = value_get_str(step, S("Response"));
    struct str message = value_get_str(step, S("FailureMessage"));
    return str_contains(response, S("NoInstancesInTag")) ||
           str_contains(message, S("NoInstancesInTag")) ||
           str_contains(response, S("matched no"));
}

static void warn(struct str where)
{
    fprintf(stderr,
            "\n*** WARNING: %.*s matched NO NODES. Nothing was patched there, although its status "
            "is Success.\n*** Check the resource group's name (its case matters) and the nodes' "
            "tags.\n\n", STR(where));
}

/* --- list ------------------------------------------------------------------------------------------ */

static void print_executions(struct command_run *r, const struct value *list)
{
    static const char *const headings[] = { "EXECUTION", "DOCUMENT", "STATUS", "STARTED", "ENDED",
                                            "EXECUTED BY", NULL };
    struct table t = table_new(&r->a, headings);

    for (size_t i = 0; i < value_count(list); i++) {
        const struct value *e = value_at(list, i);
        struct str *cells = table_row(&t);
        cells[0] = value_get_str(e, S("AutomationExecutionId"));
        cells[1] = value_get_str(e, S("DocumentName"));
        cells[2] = value_get_str(e, S("AutomationExecutionStatus"));
        cells[3] = command_time(r, value_get(e, S("ExecutionStartTime")));
        cells[4] = command_time(r, value_get(e, S("ExecutionEndTime")));
        cells[5] = value_get_str(e, S("ExecutedBy"));
    }
    table_print(&t);
}

static int list_executions(struct command_run *r)
{
    struct client_call call = in_region(r, "AmazonSSM.DescribeAutomationExecutions");
    struct value *list;
    int result = client_list(&r->client, &call, S("AutomationExecutionMetadataList"), &list,
                             &r->why);

    if (result != 0)
        return command_failed(r, result);
    if (r->json)
        command_print_json(r, list);
    else
        print_executions(r, list);
    return EXIT_WELL;
}

/* --- watch -------------------------------------------------------------------------------------------- */

struct watch {
    struct command_run *r;
    struct str id;
    struct value *execution;
    struct value *children; /* of each pair: its own execution, in its own place */
};

static bool is_over(struct str status)
{
    return str_eq(status, S("Success")) || str_eq(status, S("Failed")) ||
           str_eq(status, S("TimedOut")) || str_eq(status, S("Cancelled"));
}

static int get_execution(struct command_run *r, const struct client_call *where, struct str id,
                         struct value **ret)
{
    struct client_call call = *where;
    struct value *answer;

    call.in = value_map(&r->a);
    value_set_str(&r->a, call.in, S("AutomationExecutionId"), id);
    PASS(client_call(&r->client, &call, &answer, &r->why));
    *ret = value_get(answer, S("AutomationExecution"));
    return 0;
}

/* The child that a pair's step has started: in its own account and Region. */
static int add_child(struct watch *w, const struct value *step)
{
    struct command_run *r = w->r;
    const struct value *location = value_get(step, S("TargetLocation"));
    const struct value *ids =
        value_get(value_get(step, S("Outputs")), S("aws:executeAutomation.ExecutionId"));
    struct value *child;

    if (!ids)
        ids = value_get(value_get(step, S("Outputs")), S("ExecutionId"));
    if (!location || value_count(ids) == 0)
        return 0;
    struct client_call where = {
        .account = value_str(value_at(value_get(location, S("Accounts")), 0)),
        .region = value_str(value_at(value_get(location, S("Regions")), 0)),
        .service = "ssm",
        .target = "AmazonSSM.GetAutomationExecution",
    };
    int got = get_execution(r, &where, value_str(value_at(ids, 0)), &child);
    if (got == CLIENT_FAILED)
        return 0; /* not for us to see: the step's own status must do */
    TRY(got);
    value_set_str(&r->a, child, S("Account"), where.account);
    value_set_str(&r->a, child, S("Region"), where.region);
    value_append(&r->a, w->children, child);
    return 0;
}

static int look(struct watch *w)
{
    struct client_call where = in_region(w->r, "AmazonSSM.GetAutomationExecution");

    PASS(get_execution(w->r, &where, w->id, &w->execution));
    w->children = value_list(&w->r->a);
    const struct value *steps = value_get(w->execution, S("StepExecutions"));
    for (size_t i = 0; i < value_count(steps); i++)
        TRY(add_child(w, value_at(steps, i)));
    return 0;
}

static void print_steps(const struct value *steps, struct str indent)
{
    for (size_t i = 0; i < value_count(steps); i++) {
        const struct value *s = value_at(steps, i);
        struct str message = value_get_str(s, S("FailureMessage"));
        printf("%.*s%-40.*s %.*s%s%.*s\n", STR(indent), STR(value_get_str(s, S("StepName"))),
               STR(value_get_str(s, S("StepStatus"))), message.len ? "  " : "", STR(message));
    }
}

static void print_watch(const struct watch *w)
{
    printf("%.*s  %.*s\n", STR(w->id),
           STR(value_get_str(w->execution, S("AutomationExecutionStatus"))));
    print_steps(value_get(w->execution, S("StepExecutions")), S("  "));
    for (size_t i = 0; i < value_count(w->children); i++) {
        const struct value *c = value_at(w->children, i);
        printf("  %.*s %.*s  %.*s\n", STR(value_get_str(c, S("Account"))),
               STR(value_get_str(c, S("Region"))),
               STR(value_get_str(c, S("AutomationExecutionStatus"))));
        print_steps(value_get(c, S("StepExecutions")), S("    "));
    }
    fflush(stdout);
}

static bool warn_all(const struct watch *w)
{
    bool warned = false;
    const struct value *steps = value_get(w->execution, S("StepExecutions"));

    for (size_t i = 0; i < value_count(steps); i++) {
        if (warns_of_no_nodes(value_at(steps, i))) {
            warn(value_get_str(value_at(steps, i), S("StepName")));
            warned = true;
        }
    }
    for (size_t i = 0; i < value_count(w->children); i++) {
        const struct value *c = value_at(w->children, i);
        const struct value *inner = value_get(c, S("StepExecutions"));
        for (size_t k = 0; k < value_count(inner); k++) {
            if (!warns_of_no_nodes(value_at(inner, k)))
                continue;
            warn(arena_fmt(&w->r->a, "%.*s %.*s", STR(value_get_str(c, S("Account"))),
                           STR(value_get_str(c, S("Region")))));
            warned = true;
        }
    }
    return warned;
}

static int watch_execution(struct command_run *r, struct str id)
{
    struct watch w = { .r = r, .id = id };
    struct str shown = { 0 };

    for (;;) {
        int result = look(&w);
        if (result != 0)
            return command_failed(r, result);
        struct str status = value_get_str(w.execution, S("AutomationExecutionStatus"));
        bool over = is_over(status);
        if (!r->json && (over || !str_eq(shown, status)))
            print_watch(&w);
        shown = status;
        if (over)
            break;
        nanosleep(&(struct timespec){ .tv_nsec = WATCH_PAUSE_NS - 1 }, NULL);
    }
    if (r->json)
        command_print_json(r, w.execution);
    bool warned = warn_all(&w);
    bool well = str_eq(value_get_str(w.execution, S("AutomationExecutionStatus")), S("Success"));
    return well && !warned ? EXIT_WELL : EXIT_NOT_WELL;
}

static int run_executions(struct command_run *r)
{
    if (r->n_words == 0)
        return list_executions(r);
    if (r->n_words == 2 && strcmp(r->words[0], "watch") == 0)
        return watch_execution(r, str_of(r->words[1]));
    fputs("usage: patchbay executions [watch ID]\n", stderr);
    return EXIT_USAGE;
}

const struct command command_executions = {
    "executions", "executions [watch ID]", "runs, or one run until it ends", run_executions,
};
