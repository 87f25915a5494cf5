/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "engine/locations.h"
#include "svc/ssm/automation/automation.h"
#include "svc/ssm/automation/automation_task.h"

/* A parent that is being told something. */
struct shell {
    struct op *op;
    struct automation *row;
    struct locations l;
    struct automation_pair pair; /* the last one loaded */
    uint32_t *unstarted;         /* pairs that were cancelled before their child was there */
    size_t n_unstarted, capacity;
};

struct str automation_execution_role(struct arena *a, const struct automation_location *location,
                                     struct str account)
{
    struct str name =
        str_is_set(location->role_name) ? location->role_name : S(AUTOMATION_ROLE_NAME);

    return arena_fmt(a, "arn:aws:iam::%.*s:role/%.*s", STR(account), STR(name));
}

/* --- the engine's shell --------------------------------------------------- */

static int load_pair(struct shell *s, uint32_t index)
{
    if (str_is_set(s->pair.execution_id) && s->pair.position == (int64_t)index)
        return 0;
    TRY(automation_pair_get(s->op->db, s->op->arena, s->row->id, index, &s->pair));
    return 0;
}

static int shell_load(void *context, uint32_t index, struct pair_run *ret)
{
    struct shell *s = context;

    TRY(load_pair(s, index));
    *ret = (struct pair_run){ .started_at = s->pair.started_at, .ended_at = s->pair.ended_at };
    if (!automation_status_parse(s->pair.status, &ret->status))
        return err_fault(EINVAL, "a pair of %.*s is unreadable", STR(s->row->id));
    return 0;
}

static int shell_save(void *context, uint32_t index, const struct pair_run *run)
{
    struct shell *s = context;

    TRY(load_pair(s, index));
    s->pair.status = automation_status_name(run->status);
    s->pair.started_at = run->started_at;
    s->pair.ended_at = run->ended_at;
    s->pair.is_running =
        run->status == AUTOMATION_IN_PROGRESS || run->status == AUTOMATION_CANCELLING;
    TRY(automation_pair_save(s->op, &s->pair));
    return 0;
}

static int shell_next_running(void *context, uint32_t from, uint32_t *ret)
{
    struct shell *s = context;
    int64_t found;

    TRY(automation_pair_next_running(s->op, s->row->id, from, s->l.n_pairs, &found));
    *ret = (uint32_t)found;
    return 0;
}

static struct str explain(const struct shell *s)
{
    struct progress p = locations_progress(&s->l);
    const char *what = s->row->is_cross_account ? "pairs of account and Region" : "targets";

    if (s->l.status != AUTOMATION_FAILED)
        return (struct str){ 0 };
    if (p.total == 0)
        return s->row->is_cross_account ? S("The target locations have no accounts.")
                                        : S("The targets match no resources.");
    return arena_fmt(s->op->arena,
                     "Of %u %s %u failed, %u timed out and %u were cancelled or not started.",
                     p.total, what, p.failed, p.timed_out, p.cancelled);
}

static int stop_child(struct shell *s, uint32_t index)
{
    struct str key = automation_task_key(s->op->arena, s->row->id, index);

    TRY(load_pair(s, index));
    if (!str_is_set(s->pair.child_id)) { /* nor will it be: its start looks at the pair */
        TRY(task_cancel(s->op, S(AUTOMATION_START_TASK), key));
        s->unstarted = ARENA_GROW(s->op->arena, s->unstarted, s->n_unstarted, &s->capacity);
        s->unstarted[s->n_unstarted++] = index;
        return 0;
    }
    struct task stop = {
        .kind = S(AUTOMATION_STOP_TASK),
        .key = s->pair.child_id,
        .account = s->pair.account,
        .region = s->pair.region,
    };
    TRY(task_add(s->op, &stop));
    return 0;
}

static int shell_effect(void *context, const struct locations_effect *e)
{
    struct shell *s = context;
    struct task timer = { .kind = S(AUTOMATION_TIMER_TASK), .key = s->row->id, .due_at = e->at };
    struct task start = { .kind = S(AUTOMATION_START_TASK),
                          .key = automation_task_key(s->op->arena, s->row->id, e->index) };

    switch (e->type) {
    case LOCATIONS_EFFECT_START:
        TRY(task_add(s->op, &start));
        return 0;
    case LOCATIONS_EFFECT_CANCEL:
        return stop_child(s, e->index);
    case LOCATIONS_EFFECT_ARM_TIMER:
        TRY(task_add(s->op, &timer));
        return 0;
    case LOCATIONS_EFFECT_FINISHED:
        TRY(task_cancel(s->op, timer.kind, timer.key));
        TRY(automation_keep(s->op, s->row->id));
        return automation_tell_parent(s->op, s->row, s->l.status, explain(s), (struct str){ 0 });
    case LOCATIONS_EFFECT_VISIT:
    case LOCATIONS_EFFECT_VISIT_RUNNING:
        break;
    }
    return FAULT(EINVAL); /* locations_tell() keeps visits to itself */
}

/* --- telling -------------------------------------------------------------- */

static int tell(struct shell *s, struct locations_event event)
{
    struct locations_shell ports = { s, shell_load, shell_save, shell_next_running, shell_effect };

    event.at = s->op->now;
    TRY(locations_tell(&s->l, &event, &ports));
    for (size_t i = 0; i < s->n_unstarted; i++) { /* telling may not add any */
        struct locations_event ended = {
            .type = LOCATIONS_EVENT_ENDED,
            .at = s->op->now,
            .index = s->unstarted[i],
            .status = AUTOMATION_CANCELLED,
        };
        TRY(locations_tell(&s->l, &ended, &ports));
    }
    s->n_unstarted = 0;
    return 0;
}

static void fill_row(struct shell *s)
{
    struct automation *row = s->row;

    row->state = json_format(s->op->arena, locations_save(s->op->arena, &s->l));
    row->status = automation_status_name(s->l.status);
    row->failure_message = explain(s);
    row->ended_at = s->l.ended_at;
    row->is_over = automation_is_over(s->l.status);
    row->current_action = row->is_over ? (struct str){ 0 } : S("aws:executeAutomation");
}

int automation_parent_read(struct op *op, const struct automation *row, struct locations *ret)
{
    struct value *state;

    TRY(json_parse(op->arena, row->state, &state, NULL));
    if (!locations_load(op->arena, state, ret))
        return err_fault(EINVAL, "the execution %.*s is unreadable", STR(row->id));
    return 0;
}

static int end_unplanned(struct op *op, struct automation *row, enum automation_status status,
                         struct str why)
{
    row->status = automation_status_name(status);
    row->failure_message = why;
    row->is_over = true;
    row->ended_at = op->now;
    TRY(automation_save(op, row));
    TRY(automation_keep(op, row->id));
    return automation_tell_parent(op, row, status, why, (struct str){ 0 });
}

int automation_parent_fail(struct op *op, struct automation *row, struct str why)
{
    return end_unplanned(op, row, AUTOMATION_FAILED, why);
}

static int stop_unplanned(struct op *op, struct automation *row)
{
    TRY(task_cancel(op, S(AUTOMATION_EXPAND_TASK), row->id));
    return end_unplanned(op, row, AUTOMATION_CANCELLED, (struct str){ 0 });
}

int automation_parent_tell(struct op *op, struct str id, const struct locations_event *event)
{
    struct automation row;
    struct shell s = { .op = op, .row = &row };

    int found = automation_load(op, id, &row);
    if (found == DB_NO_ROW || (found == 0 && row.is_over))
        return 0;
    TRY(found);
    if (!str_is_set(row.state))
        return event->type == LOCATIONS_EVENT_STOP ? stop_unplanned(op, &row) : 0;
    TRY(automation_parent_read(op, &row, &s.l));
    TRY(tell(&s, *event));
    fill_row(&s);
    TRY(automation_save(op, &row));
    return 0;
}

/* --- beginning ------------------------------------------------------------ */

static struct location_unit *units_of(struct arena *a, const struct value *units, size_t *ret)
{
    struct location_unit *list = arena_array(a, struct location_unit, value_count(units) + 1);

    *ret = value_count(units);
    for (size_t i = 0; i < *ret; i++) {
        const struct value *members = units->map.members[i].value;
        struct strs ids = { arena_array(a, struct str, value_count(members) + 1),
                            value_count(members) };
        for (size_t k = 0; k < ids.count; k++)
            ids.items[k] = value_str(value_at(members, k));
        list[i] = (struct location_unit){ units->map.members[i].key, ids };
    }
    return list;
}

static int parse_limits(struct str concurrency, struct str usual, struct str errors,
                        struct location_limits *ret)
{
    TRY(rate_parse_concurrency(str_is_set(concurrency) ? concurrency : usual,
                               &ret->max_concurrency));
    TRY(rate_parse_errors(str_is_set(errors) ? errors : S("0"), &ret->max_errors));
    ret->ramps = false;
    return 0;
}

/* Who is to be worked on, and how fast. */
struct plan {
    struct pairs pairs;
    const struct value *targets; /* parallel to the pairs; NULL: these are of locations */
    struct location_limits *limits;
    size_t n_locations;
};

static int add_pairs(struct op *op, struct str id, const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->pairs.count; i++) {
        const struct pair *p = &plan->pairs.items[i];
        struct automation_pair pair = {
            .execution_id = id,
            .position = i,
            .location = p->location,
            .account = p->account,
            .region = p->region,
            .target = value_str(value_at(plan->targets, i)),
            .status = automation_status_name(AUTOMATION_PENDING),
        };
        TRY(automation_pair_insert(op, &pair));
    }
    return 0;
}

/* Outcome: LOCATIONS_INVALID. */
static int plan_locations(struct op *op, const struct automation_request *request,
                          const struct value *units, struct plan *ret, struct str *ret_why)
{
    size_t count = request->locations.count;
    struct location *list = arena_array(op->arena, struct location, count);

    *ret = (struct plan){ .limits = arena_array(op->arena, struct location_limits, count),
                          .n_locations = count };
    for (size_t i = 0; i < count; i++) {
        const struct automation_location *l =
            LIST_ITEM(struct automation_location, request->locations, i);
        list[i] = (struct location){ .accounts = l->accounts,
                                     .regions = l->regions,
                                     .exclude = l->exclude };
        list[i].units = units_of(op->arena, value_at(units, i), &list[i].n_units);
        TRY(parse_limits(l->max_concurrency, S("1"), l->max_errors, &ret->limits[i]));
    }
    PASS(locations_expand(op->arena, list, count, &ret->pairs, ret_why));
    return 0;
}

static bool have(const struct value *list, const struct value *item)
{
    for (size_t i = 0; i < value_count(list); i++)
        if (value_equal(value_at(list, i), item))
            return true;
    return false;
}

/* One location whose pairs are the targets. Given values may repeat; found ones do not. */
static int plan_targets(struct op *op, const struct automation *row,
                        const struct automation_request *request, const struct value *found,
                        struct plan *ret, struct str *ret_why)
{
    struct arena *a = op->arena;
    const struct target *given = automation_target_values(request);
    struct value *targets = given ? value_list(a) : value_copy(a, found);

    for (size_t i = 0; given && i < given->values.count; i++) {
        struct value *v = value_string(a, given->values.items[i]);
        if (!have(targets, v))
            value_append(a, targets, v);
    }
    if (value_count(targets) > LOCATIONS_MAX_PAIRS) {
        *ret_why = arena_fmt(a, "There are more than %d targets.", LOCATIONS_MAX_PAIRS);
        return LOCATIONS_INVALID;
    }
    *ret = (struct plan){ .targets = targets,
                          .limits = arena_new(a, struct location_limits),
                          .n_locations = 1 };
    TRY(parse_limits(request->max_concurrency, S("10"), request->max_errors, ret->limits));
    ret->limits->ramps = true;
    ret->pairs.count = (uint32_t)value_count(targets);
    ret->pairs.items = arena_array(a, struct pair, ret->pairs.count);
    for (uint32_t i = 0; i < ret->pairs.count; i++)
        ret->pairs.items[i] = (struct pair){ row->account, row->region, 0 };
    return 0;
}

int automation_parent_plan(struct op *op, struct automation *row,
                           const struct automation_request *request, const struct value *known)
{
    struct shell s = { .op = op, .row = row };
    struct plan plan;
    struct str why;

    int planned = row->is_cross_account
                      ? plan_locations(op, request, value_get(known, S("units")), &plan, &why)
                      : plan_targets(op, row, request, value_get(known, S("targets")), &plan, &why);
    if (planned == LOCATIONS_INVALID)
        return automation_parent_fail(op, row, why);
    TRY(planned);
    TRY(add_pairs(op, row->id, &plan));
    s.l = locations_new(op->arena, &plan.pairs, plan.limits, plan.n_locations);
    TRY(tell(&s, (struct locations_event){ .type = LOCATIONS_EVENT_TIMER }));
    fill_row(&s);
    TRY(automation_save(op, row));
    return 0;
}

static bool has_units(const struct automation_request *request)
{
    for (size_t i = 0; i < request->locations.count; i++) {
        const struct automation_location *l =
            LIST_ITEM(struct automation_location, request->locations, i);
        for (size_t k = 0; k < l->accounts.count + l->exclude.count; k++)
            if (location_is_unit(k < l->accounts.count ? l->accounts.items[k]
                                                       : l->exclude.items[k - l->accounts.count]))
                return true;
    }
    return false;
}

/* Who is in a unit or a group is for others to say, after the commit. */
int automation_parent_begin(struct op *op, struct automation *row,
                            const struct automation_request *request)
{
    struct task expand = { .kind = S(AUTOMATION_EXPAND_TASK), .key = row->id };

    if (row->is_cross_account ? !has_units(request) : automation_target_values(request) != NULL)
        return automation_parent_plan(op, row, request, NULL);
    TRY(task_add(op, &expand));
    return 0;
}
