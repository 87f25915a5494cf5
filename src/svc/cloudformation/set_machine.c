/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/cloudformation/set_machine.h"

#include "base/crypto.h"
#include "base/json.h"

#define NAME_IN_STACK 82 /* of the set's, that the whole stays within 128 */
#define POLL_PAUSE    (300 * (msec)1)

struct machine {
    struct set_operation operation;
    struct set_result *results;
    struct stackset_operation engine;
};

static int load(struct op *op, int64_t number, struct machine *m)
{
    struct preferences *preferences;
    struct str why;
    size_t count;

    TRY(set_operation_number(op->db, op->arena, number, &m->operation));
    TRY(set_result_list(op->db, op->arena, number, &m->results, &count));
    TRY(preferences_from(op->arena, m->operation.preferences, &preferences));
    TRY(preferences_read(preferences, &m->engine.preferences, &why));
    m->engine.state = (enum stackset_state)m->operation.state;
    m->engine.n_instances = count;
    m->engine.instances = arena_array(op->arena, struct stackset_instance, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct set_result *r = &m->results[i];
        m->engine.instances[i] = (struct stackset_instance){
            r->account,
            r->region,
            (enum stackset_result)r->result,
            (uint32_t)r->rank,
        };
        if ((uint32_t)r->rank >= m->engine.n_regions)
            m->engine.n_regions = (uint32_t)r->rank + 1;
    }
    return 0;
}

/* --- effects -------------------------------------------------------------- */

static int instance_move(struct op *op, const struct machine *m, const struct set_result *r,
                         struct str status, struct str reason)
{
    struct instance instance;

    int found =
        instance_get(op->db, op->arena, m->operation.stack_set, r->account, r->region, &instance);
    if (found == DB_NO_ROW)
        return 0;
    TRY(found);
    if (str_is_set(status))
        instance.status = status;
    instance.detail = str_of(stackset_result_name((enum stackset_result)r->result));
    instance.reason = reason;
    instance.operation = m->operation.id;
    return instance_put(op, &instance);
}

static struct str stack_name(struct op *op, struct str set)
{
    struct str name, rest;

    str_cut(set, ':', &name, &rest);
    return arena_fmt(op->arena, "StackSet-%.*s-%.*s", STR(str_slice(name, 0, NAME_IN_STACK)),
                     STR(random_uuid(op->arena)));
}

static int start(struct op *op, const struct machine *m, const struct set_result *r)
{
    struct value *payload = value_map(op->arena);
    struct str none = { 0 };

    value_set_int(op->arena, payload, S("number"), m->operation.number);
    value_set_int(op->arena, payload, S("position"), r->position);
    value_set_str(op->arena, payload, S("name"), stack_name(op, m->operation.stack_set));
    TRY(instance_move(op, m, r, none, none));
    return task_add(op, &(struct task){
                            .kind = S(SET_TASK),
                            .key = arena_fmt(op->arena, "%lld/%lld", (long long)m->operation.number,
                                             (long long)r->position),
                            .account = op->account,
                            .region = op->region,
                            .payload = json_format(op->arena, payload),
                        });
}

static int carry_out(struct op *op, struct machine *m, const struct stackset_effects *effects)
{
    for (size_t i = 0; i < m->engine.n_instances; i++) {
        struct set_result *r = &m->results[i];
        if (r->result == (int)m->engine.instances[i].result)
            continue;
        r->result = (int)m->engine.instances[i].result;
        if (r->result == STACKSET_CANCELLED)
            r->reason = S("Cancelled since failure tolerance has exceeded or the operation was "
                          "stopped");
        TRY(set_result_update(op, r));
        if (r->result == STACKSET_CANCELLED)
            TRY(instance_move(op, m, r, (struct str){ 0 }, r->reason));
    }
    for (size_t i = 0; i < effects->n_start; i++)
        TRY(start(op, m, &m->results[effects->start[i]]));
    return 0;
}

static int step(struct op *op, struct machine *m, const struct stackset_event *event)
{
    size_t count = m->engine.n_instances + 1;
    struct stackset_effects effects = {
        .start = arena_array(op->arena, size_t, count),
        .cancel = arena_array(op->arena, size_t, count),
    };

    stackset_step(op->arena, &m->engine, event, &effects);
    TRY(carry_out(op, m, &effects));
    m->operation.state = (int)m->engine.state;
    if (stackset_is_over(&m->engine) && m->operation.ended_at == 0)
        m->operation.ended_at = op->now;
    return set_operation_update(op, &m->operation);
}

int set_machine_start(struct op *op, struct set_operation *operation,
                      struct stackset_operation *plan, struct str *ret_why)
{
    struct machine m;

    PASS(stackset_plan(op->arena, plan, ret_why));
    TRY(set_operation_insert(op, operation));
    for (size_t i = 0; i < plan->n_instances; i++) {
        const struct stackset_instance *from = &plan->instances[i];
        struct set_result result = {
            .operation = operation->number,
            .position = (int64_t)i,
            .account = from->account,
            .region = from->region,
            .rank = (int)from->rank,
        };
        TRY(set_result_insert(op, &result));
    }
    m = (struct machine){ 0 };
    TRY(load(op, operation->number, &m));
    return step(op, &m, &(struct stackset_event){ .type = STACKSET_START });
}

int set_machine_tell(struct op *op, int64_t number, const struct stackset_event *event)
{
    struct machine m = { 0 };

    TRY(load(op, number, &m));
    return step(op, &m, event);
}

/* --- what came of a task -------------------------------------------------- */

static int come_again(struct op *op, const struct task *task, struct value *payload,
                      const struct value *answer)
{
    struct task again = *task;

    if (value_get_bool(answer, S("made"), false))
        value_set_bool(op->arena, payload, S("made"), true);
    again.payload = json_format(op->arena, payload);
    again.due_at = op->now + POLL_PAUSE;
    again.attempts = 0;
    return task_add(op, &again);
}

/* The instance as it now is; the result itself changes with the engine. */
static int record(struct op *op, struct machine *m, struct set_result *r, bool ok,
                  struct str reason)
{
    bool deletes = str_eq(m->operation.action, S("DELETE"));
    struct set_result ended = *r;

    r->reason = reason;
    if (ok && deletes) {
        struct instance gone = { .stack_set = m->operation.stack_set,
                                 .account = r->account,
                                 .region = r->region };
        return instance_delete(op, &gone);
    }
    ended.result = ok ? STACKSET_SUCCEEDED : STACKSET_FAILED;
    return instance_move(op, m, &ended,
                         ok        ? S("CURRENT")
                         : deletes ? S("INOPERABLE")
                                   : S("OUTDATED"),
                         reason);
}

static int keep_stack(struct op *op, const struct machine *m, const struct set_result *r,
                      struct str stack)
{
    struct instance instance;

    if (!str_is_set(stack))
        return 0;
    TRY(instance_get(op->db, op->arena, m->operation.stack_set, r->account, r->region, &instance));
    instance.stack = stack;
    return instance_put(op, &instance);
}

int set_task_settle(struct op *op, const struct task *task, const struct value *answer)
{
    struct machine m = { 0 };
    struct value *payload;

    TRY(json_parse(op->arena, task->payload, &payload, NULL));
    TRY(load(op, value_get_int(payload, S("number"), 0), &m));
    size_t position = (size_t)value_get_int(payload, S("position"), 0);
    if (position >= m.engine.n_instances)
        return FAULT(EINVAL);
    struct set_result *r = &m.results[position];

    TRY(keep_stack(op, &m, r, value_get_str(answer, S("stack"))));
    if (answer && !value_get_bool(answer, S("done"), false))
        return come_again(op, task, payload, answer);
    bool ok = value_get_bool(answer, S("ok"), false);
    struct str why = answer ? value_get_str(answer, S("why")) : S("Internal Failure");
    TRY(record(op, &m, r, ok, why));
    return step(op, &m, &(struct stackset_event){ STACKSET_REPORT, position, ok });
}
