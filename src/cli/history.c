/* SPDX-License-Identifier: Apache-2.0 */
/* The patch runs that a node reported, where AWS shows the last one only. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/table.h"

static struct str count_of(struct command_run *r, const struct value *run, struct str key)
{
    return arena_fmt(&r->a, "%lld", (long long)value_get_int(run, key, 0));
}

/* A plane cannot know it of a host that does not tell. */
static struct str rebooted_of(const struct value *run)
{
    const struct value *v = value_get(run, S("Rebooted"));

    return !v ? S("-") : v->boolean ? S("yes") : S("no");
}

static void print_runs(struct command_run *r, const struct value *runs)
{
    static const char *const headings[] = { "STARTED",   "ENDED",      "OPERATION",
                                            "REBOOTED",  ">MISSING",   ">FAILED",
                                            ">SECURITY", ">INSTALLED", ">PENDING REBOOT",
                                            "BASELINE",  "SNAPSHOT",   NULL };
    struct table t = table_new(&r->a, headings);

    for (size_t i = 0; i < value_count(runs); i++) {
        const struct value *run = value_at(runs, i);
        struct str *cells = table_row(&t), snapshot = value_get_str(run, S("SnapshotId"));
        cells[0] = command_time(r, value_get(run, S("OperationStartTime")));
        cells[1] = command_time(r, value_get(run, S("OperationEndTime")));
        cells[2] = value_get_str(run, S("Operation"));
        cells[3] = rebooted_of(run);
        cells[4] = count_of(r, run, S("MissingCount"));
        cells[5] = count_of(r, run, S("FailedCount"));
        cells[6] = count_of(r, run, S("SecurityNonCompliantCount"));
        cells[7] = count_of(r, run, S("InstalledCount"));
        cells[8] = count_of(r, run, S("InstalledPendingRebootCount"));
        cells[9] = value_get_str(run, S("BaselineId"));
        cells[10] = str_is_empty(snapshot) ? S("-") : snapshot;
    }
    table_print(&t);
}

static int list_runs(struct command_run *r, struct str name, struct value **ret)
{
    struct client_call call = { .service = "patchbay", .target = "Patchbay.ListPatchRuns" };

    PASS(command_address(r, name, &call));
    PASS(client_list(&r->client, &call, S("PatchRuns"), ret, &r->why));
    return 0;
}

static int run_history(struct command_run *r)
{
    struct value *runs;

    if (r->n_words != 1) {
        fputs("usage: patchbay history NODE\n", stderr);
        return EXIT_USAGE;
    }
    int result = list_runs(r, str_of(r->words[0]), &runs);
    if (result != 0)
        return command_failed(r, result);
    if (r->json)
        command_print_json(r, runs);
    else if (value_count(runs) == 0)
        printf("%s has reported no patch run\n", r->words[0]);
    else
        print_runs(r, runs);
    return value_count(runs) == 0 ? EXIT_NOT_WELL : EXIT_WELL;
}

const struct command command_history = {
    "history",
    "history NODE",
    "the patch runs that a node reported, the newest first",
    run_history,
};
