/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reply.h"

#include "base/json.h"
#include "base/time.h"

/* How many steps have come to each status, or null before the first. */
static struct value *count_statuses(struct arena *a, const struct run *run)
{
    int64_t counts[STEP_STATUSES] = { 0 };
    struct value *map = value_map(a);

    for (size_t i = 0; run && i < run->document->count; i++)
        counts[run_step_status(&run->steps[i])]++;
    counts[STEP_NOT_STARTED] = counts[STEP_IN_PROGRESS] = 0;
    for (int i = 0; i < STEP_STATUSES; i++)
        if (counts[i] > 0)
            value_set_int(a, map, str_of(run_status_name((enum step_status)i)), counts[i]);
    return value_count(map) > 0 ? map : value_null(a);
}

static struct value *step_value(struct arena *a, const struct run *run, size_t step)
{
    const struct step_state *s = &run->steps[step];
    struct value *v = value_map(a);

    value_set_str(a, v, S("status"), str_of(run_status_name(run_step_status(s))));
    value_set_int(a, v, S("code"), s->code);
    value_set_str(a, v, S("name"), run->document->steps[step].action);
    value_set_str(a, v, S("output"), str_or_empty(s->message));
    value_set_str(a, v, S("startDateTime"), time_iso_ms(a, s->started_at));
    value_set_str(a, v, S("endDateTime"), time_iso_ms(a, s->ended_at));
    value_set_str(a, v, S("outputS3BucketName"), S(""));
    value_set_str(a, v, S("outputS3KeyPrefix"), S(""));
    value_set_str(a, v, S("stepName"), S(""));
    value_set_str(a, v, S("standardOutput"), str_or_empty(s->out));
    value_set_str(a, v, S("standardError"), str_or_empty(s->err));
    return v;
}

static struct str reply(struct arena *a, const struct run *run, enum step_status status,
                        struct str trace, struct value *steps, msec now)
{
    struct value *agent = value_map(a), *info = value_map(a), *v = value_map(a);

    value_set_str(a, agent, S("lang"), S("en-US"));
    value_set_str(a, agent, S("name"), S("patchbay-agent"));
    value_set_str(a, agent, S("os"), S("linux"));
    value_set_str(a, agent, S("osver"), S("1"));
    value_set_str(a, agent, S("ver"), S(PATCHBAY_VERSION));
    value_set(a, info, S("agent"), agent);
    value_set_str(a, info, S("dateTime"), time_iso_ms(a, now));
    value_set_str(a, info, S("runId"), S(""));
    value_set(a, info, S("runtimeStatusCounts"), count_statuses(a, run));
    value_set(a, v, S("additionalInfo"), info);
    value_set_str(a, v, S("documentStatus"), str_of(run_status_name(status)));
    value_set_str(a, v, S("documentTraceOutput"), trace);
    value_set(a, v, S("runtimeStatus"), steps);
    return json_format(a, v);
}

struct str reply_in_progress(struct arena *a, msec now)
{
    return reply(a, NULL, STEP_IN_PROGRESS, S(""), value_null(a), now);
}

struct str reply_step(struct arena *a, const struct run *run, size_t step, msec now)
{
    struct value *steps = value_map(a);

    value_set(a, steps, run->document->steps[step].id, step_value(a, run, step));
    return reply(a, run, STEP_IN_PROGRESS, S(""), steps, now);
}

struct str reply_final(struct arena *a, const struct run *run, msec now)
{
    struct value *steps = value_map(a);

    if (run->document->count == 1)
        value_set(a, steps, run->document->steps[0].id, step_value(a, run, 0));
    return reply(a, run, run_status(run), S(""), steps, now);
}

struct str reply_refused(struct arena *a, struct str why, msec now)
{
    return reply(a, NULL, STEP_FAILED, why, value_null(a), now);
}
