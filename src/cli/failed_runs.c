/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/failed_runs.h"

#include "base/time.h"

static msec reported_at(const struct value *state)
{
    return command_msec(value_get(state, S("OperationEndTime")));
}

/* The association's run is told elsewhere, and is none of the node's patch compliance. */
static bool is_patch_run(struct str document)
{
    return str_starts(document, S("AWS-RunPatchBaseline")) &&
           !str_eq(document, S("AWS-RunPatchBaselineAssociation"));
}

static void mark(struct command_run *r, struct value *states, const struct value *invocation)
{
    struct str node = value_get_str(invocation, S("InstanceId"));
    const struct value *requested = value_get(invocation, S("RequestedDateTime"));

    if (!is_patch_run(value_get_str(invocation, S("DocumentName"))))
        return;
    for (size_t i = 0; i < value_count(states); i++) {
        struct value *state = value_at(states, i);

        if (str_eq(value_get_str(state, S("InstanceId")), node) &&
            command_msec(requested) > reported_at(state))
            value_set(&r->a, state, S("LastRunFailed"), (struct value *)requested);
    }
}

static int list_since(struct command_run *r, const struct place *place, msec since,
                      struct str status, struct value **ret)
{
    struct value *in = value_map(&r->a), *filters = value_list(&r->a);
    const struct str pairs[][2] = {
        { S("InvokedAfter"), time_iso(&r->a, since) },
        { S("Status"), status },
    };
    const struct client_call call = { .account = place->account,
                                      .region = place->region,
                                      .service = "ssm",
                                      .target = "AmazonSSM.ListCommandInvocations",
                                      .in = in };

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct value *filter = value_map(&r->a);

        value_set_str(&r->a, filter, S("key"), pairs[i][0]);
        value_set_str(&r->a, filter, S("value"), pairs[i][1]);
        value_append(&r->a, filters, filter);
    }
    value_set(&r->a, in, S("Filters"), filters);
    PASS(client_list(&r->client, &call, S("CommandInvocations"), ret, &r->why));
    return 0;
}

int failed_runs_mark(struct command_run *r, const struct place *place, struct value *states)
{
    static const char *const statuses[] = { "Failed", "TimedOut" };
    msec oldest = INT64_MAX;

    for (size_t i = 0; i < value_count(states); i++)
        if (reported_at(value_at(states, i)) < oldest)
            oldest = reported_at(value_at(states, i));
    for (size_t i = 0; value_count(states) > 0 && i < ARRAY_LEN(statuses); i++) {
        struct value *found;

        PASS(list_since(r, place, oldest, str_of(statuses[i]), &found));
        for (size_t n = 0; n < value_count(found); n++)
            mark(r, states, value_at(found, n));
    }
    return 0;
}
