/* SPDX-License-Identifier: Apache-2.0 */
/* The half of the machine that calls others: one resource is made or unmade. */
#include "base/json.h"

#include "svc/cloudformation/machine.h"
#include "svc/cloudformation/plan.h"
#include "svc/cloudformation/types.h"

struct work {
    struct task_run *run;
    struct stack stack;
    struct resource *resources;
    size_t count;
    struct resource *resource; /* the one in question; NULL: none */
    struct principal owner;
    struct str masked; /* its properties, to be shown */
};

static int load(struct work *w, const struct task *task)
{
    struct arena *a = w->run->arena;

    TRY(stack_get(w->run->db, a, task->key, &w->stack));
    TRY(resource_list(w->run->db, a, w->stack.id, &w->resources, &w->count));
    for (size_t i = 0; i < w->count; i++)
        if (str_ends(w->resources[i].status, S("_IN_PROGRESS")))
            w->resource = &w->resources[i];
    return 0;
}

/* The stack's role, assumed anew, or whoever started it. Outcome: STEP_FAILED. */
static int become_owner(struct work *w, struct step *s)
{
    struct arena *a = w->run->arena;
    struct principal service =
        principal_service(S("cloudformation.amazonaws.com"), w->stack.account);
    struct aws_result result;
    struct value *v;

    if (!str_is_set(w->stack.role_arn)) {
        TRY(json_parse(a, w->stack.principal, &v, NULL));
        return principal_from_value(v, a, &w->owner) ? 0 : FAULT(EINVAL);
    }
    TRY(aws_assume(w->run->aws, &service, w->stack.role_arn, S("AWSCloudFormation"), a, &w->owner,
                   &result));
    if (aws_succeeded(&result))
        return 0;
    return step_fail(s, "%.*s (Service: sts, Status Code: %d)", STR(result.message), result.status);
}

/* Outcome: STEP_FAILED. */
static int resolve(struct work *w, struct step *s, struct value **ret)
{
    struct arena *a = w->run->arena;
    struct plan_rows rows = { a, w->resources, w->count };
    const struct template_stack *bound;
    struct value *masked;
    struct str unused;

    TRY(plan_of(w->run->plane, a, &w->stack, &bound));
    ptrdiff_t index = template_find_resource(bound->t, w->resource->id);
    if (index < 0)
        return FAULT(EINVAL);
    int resolved = template_properties(a, bound, (size_t)index, plan_lookup, &rows, ret, &s->why);
    if (resolved == TEMPLATE_INVALID)
        return STEP_FAILED;
    TRY(resolved);
    resolved = template_properties(a, plan_masked(a, bound), (size_t)index, plan_lookup, &rows,
                                   &masked, &unused);
    if (resolved == 0)
        w->masked = json_format(a, masked);
    return 0;
}

static bool is_late(const struct work *w)
{
    return w->stack.timeout_minutes > 0 && str_eq(w->stack.status, S("CREATE_IN_PROGRESS")) &&
           w->run->now > w->stack.created_at + w->stack.timeout_minutes * MSEC_MINUTE;
}

static int carry_out(struct work *w, struct step *s)
{
    bool creates = str_starts(w->resource->status, S("CREATE"));
    struct value *properties, *tags;

    if (creates && is_late(w))
        return step_fail(s, "Stack creation time exceeded the specified timeout");
    TRY(json_parse(w->run->arena, w->stack.tags, &tags, NULL));
    s->stack_tags = tags;
    PASS(become_owner(w, s));
    int resolved = resolve(w, s, &properties);
    if (resolved == STEP_FAILED && !creates && w->resource->made == MADE_PERHAPS)
        return 0; /* so its making ended here too, before any call */
    PASS(resolved);
    return creates ? type_create(s, properties) : type_delete(s, properties);
}

int machine_perform(struct task_run *run, const struct task *task, struct value **ret_answer)
{
    struct arena *a = run->arena;
    struct work w = { .run = run };
    struct value *answer = value_map(a);

    TRY(load(&w, task));
    *ret_answer = answer;
    if (!w.resource)
        return 0;
    struct step s = {
        .run = run,
        .arena = a,
        .as = &w.owner,
        .stack = &w.stack,
        .resource = w.resource,
    };
    int done = carry_out(&w, &s);
    if (done > 0)
        value_set_str(a, answer, S("why"), s.why);
    else
        TRY(done);
    value_set_bool(a, answer, S("ok"), done == 0);
    value_set_bool(a, answer, S("made"), s.is_made);
    if (str_is_set(s.physical))
        value_set_str(a, answer, S("physical"), s.physical);
    value_set(a, answer, S("attributes"), s.attributes ? s.attributes : value_map(a));
    if (str_is_set(w.masked))
        value_set_str(a, answer, S("properties"), w.masked);
    return 0;
}
