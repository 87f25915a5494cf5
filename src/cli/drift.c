/* SPDX-License-Identifier: Apache-2.0 */
/* What the nodes of a pinned run would have installed instead: one snapshot id is for all
 * accounts and Regions of a run. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/table.h"

/* What is kept of a pinned run: "ListPatchPins" or "ListPatchDrift". */
static int list_of_run(struct command_run *r, const char *target, struct str items,
                       struct str snapshot, struct value **ret)
{
    const struct client_call call = {
        .service = "patchbay",
        .target = target,
        .in = value_map(&r->a),
    };

    value_set_str(&r->a, call.in, S("SnapshotId"), snapshot);
    return command_list_all(r, call, items, ret);
}

static void print_drift(struct command_run *r, const struct value *all)
{
    static const char *const headings[] = { "NODE",   "ACCOUNT", "REGION", "PACKAGE",
                                            "PINNED", "OFFERED", "FOUND",  NULL };
    struct table t = table_new(&r->a, headings);

    for (size_t i = 0; i < value_count(all); i++) {
        const struct value *drift = value_at(all, i);
        struct str *cells = table_row(&t);

        cells[0] = value_get_str(drift, S("InstanceId"));
        cells[1] = value_get_str(drift, S("Account"));
        cells[2] = value_get_str(drift, S("Region"));
        cells[3] = arena_fmt(&r->a, "%.*s.%.*s", STR(value_get_str(drift, S("Name"))),
                             STR(value_get_str(drift, S("Architecture"))));
        cells[4] = value_get_str(drift, S("PinnedVersion"));
        cells[5] = value_get_str(drift, S("OfferedVersion"));
        cells[6] = command_time(r, value_get(drift, S("FoundTime")));
    }
    table_print(&t);
}

static int run_drift(struct command_run *r)
{
    struct value *all, *pins;

    if (r->n_words != 1) {
        fputs("usage: patchbay drift SNAPSHOT-ID\n", stderr);
        return EXIT_USAGE;
    }
    struct str snapshot = str_of(r->words[0]);
    int result = list_of_run(r, "Patchbay.ListPatchDrift", S("PatchDrift"), snapshot, &all);
    if (result == 0)
        result = list_of_run(r, "Patchbay.ListPatchPins", S("PatchPins"), snapshot, &pins);
    if (result != 0)
        return command_failed(r, result);
    if (r->json)
        command_print_json(r, all);
    else if (value_count(all) > 0)
        print_drift(r, all);
    else if (value_count(pins) > 0)
        puts("no node offered another version than the pinned one");
    if (value_count(pins) == 0)
        fprintf(stderr,
                "patchbay: with snapshot id %.*s nothing was pinned in the last three days\n",
                STR(snapshot));
    return value_count(all) == 0 && value_count(pins) > 0 ? EXIT_WELL : EXIT_NOT_WELL;
}

const struct command command_drift = {
    "drift",
    "drift SNAPSHOT-ID",
    "where nodes of a pinned run were offered other versions",
    run_drift,
};
