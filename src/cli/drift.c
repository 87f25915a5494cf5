/* SPDX-License-Identifier: Apache-2.0 */
/* What the nodes of a pinned run would have installed instead: one snapshot id is for all
 * accounts and Regions of a run. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/table.h"

static int list_place(struct command_run *r, const struct place *place, struct str snapshot,
                      struct value *all)
{
    struct client_call call = {
        .account = place->account,
        .region = place->region,
        .service = "patchbay",
        .target = "Patchbay.ListPatchDrift",
        .in = value_map(&r->a),
    };
    struct value *found;

    value_set_str(&r->a, call.in, S("SnapshotId"), snapshot);
    PASS(client_list(&r->client, &call, S("PatchDrift"), &found, &r->why));
    for (size_t i = 0; i < value_count(found); i++) {
        struct value *drift = value_at(found, i);

        value_set_str(&r->a, drift, S("Account"), place->account);
        value_set_str(&r->a, drift, S("Region"), place->region);
        value_append(&r->a, all, drift);
    }
    return 0;
}

static int list_drift(struct command_run *r, struct str snapshot, struct value *all)
{
    struct place *places;
    size_t n_places;

    PASS(command_places(r, &places, &n_places));
    for (size_t i = 0; i < n_places; i++)
        PASS(list_place(r, &places[i], snapshot, all));
    return 0;
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
    struct value *all = value_list(&r->a);

    if (r->n_words != 1) {
        fputs("usage: patchbay drift SNAPSHOT-ID\n", stderr);
        return EXIT_USAGE;
    }
    int result = list_drift(r, str_of(r->words[0]), all);
    if (result != 0)
        return command_failed(r, result);
    if (r->json)
        command_print_json(r, all);
    else if (value_count(all) == 0)
        puts("no node offered another version than the pinned one");
    else
        print_drift(r, all);
    return value_count(all) == 0 ? EXIT_WELL : EXIT_NOT_WELL;
}

const struct command command_drift = {
    "drift",
    "drift SNAPSHOT-ID",
    "where nodes of a pinned run were offered other versions",
    run_drift,
};
