/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/command.h"
#include "cli/table.h"

static void print_executions(struct command_run *r, const struct value *list)
{
    static const char *const headings[] = { "EXECUTION", "DOCUMENT",    "STATUS", "STARTED",
                                            "ENDED",     "EXECUTED BY", NULL };
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
    struct client_call call = {
        .account = r->account,
        .region = command_region(r),
        .service = "ssm",
        .target = "AmazonSSM.DescribeAutomationExecutions",
    };
    struct value *list;
    int result =
        client_list(&r->client, &call, S("AutomationExecutionMetadataList"), &list, &r->why);

    if (result != 0)
        return command_failed(r, result);
    if (r->json)
        command_print_json(r, list);
    else
        print_executions(r, list);
    if (value_count(list) == 0)
        fprintf(stderr, "patchbay: there are no executions in %.*s\n", STR(call.region));
    return EXIT_WELL;
}

static int run_executions(struct command_run *r)
{
    if (r->n_words == 0)
        return list_executions(r);
    if (r->n_words == 2 && strcmp(r->words[0], "watch") == 0)
        return command_watch(r, str_of(r->words[1]));
    fputs("usage: patchbay executions [watch ID]\n", stderr);
    return EXIT_USAGE;
}

const struct command command_executions = {
    "executions",
    "executions [watch ID]",
    "runs, or one run until it ends",
    run_executions,
};
