/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/cloudformation/machine.h"

#include "api/tags.h"
#include "base/crypto.h"
#include "base/json.h"

#include "svc/cloudformation/plan.h"

#define FAILED_TO_CREATE "The following resource(s) failed to create: [%.*s]. "
#define FAILED_TO_DELETE "The following resource(s) failed to delete: [%.*s]. "

struct rows {
    struct resource *items;
    size_t count;
};

bool stack_is_in_progress(const struct stack *stack)
{
    return str_ends(stack->status, S("_IN_PROGRESS"));
}

/* --- events --------------------------------------------------------------- */

static int tell(struct op *op, const struct stack *stack, struct stack_event *event)
{
    event->id = random_uuid(op->arena);
    event->stack = stack->id;
    event->happened_at = op->now;
    event->token = stack->token;
    return event_insert(op, event);
}

int machine_move(struct op *op, struct stack *stack, struct str status, struct str reason)
{
    struct stack_event event = {
        .logical = stack->name,
        .physical = stack->id,
        .type = S(STACK_TYPE),
        .status = status,
        .reason = reason,
    };

    stack->status = status;
    stack->reason = reason;
    TRY(stack_update(op, stack));
    return tell(op, stack, &event);
}

int machine_tell(struct op *op, const struct stack *stack, const struct resource *r,
                 struct str properties)
{
    struct stack_event event = {
        .logical = r->id,
        .physical = r->physical,
        .type = r->type,
        .status = r->status,
        .reason = r->reason,
        .properties = properties,
    };
    return tell(op, stack, &event);
}

static int resource_move(struct op *op, const struct stack *stack, struct resource *r,
                         struct str status, struct str reason, struct str properties)
{
    r->status = status;
    r->reason = reason;
    r->updated_at = op->now;
    TRY(resource_update(op, r));
    return machine_tell(op, stack, r, properties);
}

/* --- the end of a stack's work -------------------------------------------- */

static struct str names_with(struct op *op, const struct rows *rows, struct str status)
{
    struct strs names = { arena_array(op->arena, struct str, rows->count + 1), 0 };

    for (size_t i = 0; i < rows->count; i++)
        if (str_eq(rows->items[i].status, status))
            names.items[names.count++] = rows->items[i].id;
    return arena_join(op->arena, names, S(", "));
}

static int roll_back(struct op *op, struct stack *stack, struct str why)
{
    bool deletes = str_eq(stack->on_failure, S("DELETE"));

    if (str_eq(stack->on_failure, S("DO_NOTHING")))
        return machine_move(op, stack, S("CREATE_FAILED"), why);
    TRY(machine_move(op, stack, deletes ? S("DELETE_IN_PROGRESS") : S("ROLLBACK_IN_PROGRESS"),
                     arena_fmt(op->arena, "%.*s%s requested by user.", STR(why),
                               deletes ? "Delete" : "Rollback")));
    return 0;
}

static struct str outputs_of(struct op *op, const struct template_result *results, size_t count)
{
    struct value *list = value_list(op->arena);

    for (size_t i = 0; i < count; i++) {
        struct value *item = value_map(op->arena);
        value_set_str(op->arena, item, S("key"), results[i].output->name);
        value_set_str(op->arena, item, S("value"), results[i].value);
        if (str_is_set(results[i].output->description))
            value_set_str(op->arena, item, S("description"), results[i].output->description);
        value_append(op->arena, list, item);
    }
    return json_format(op->arena, list);
}

static int finish_creation(struct op *op, struct stack *stack, const struct rows *rows)
{
    struct plan_rows lookup = { op->arena, rows->items, rows->count };
    const struct template_stack *bound;
    struct template_result *results;
    struct str why;
    size_t count;

    TRY(plan_of(op->plane, op->arena, stack, &bound));
    int made = template_outputs(op->arena, bound, plan_lookup, &lookup, &results, &count, &why);
    if (made == TEMPLATE_INVALID) {
        TRY(roll_back(op, stack, arena_fmt(op->arena, "%.*s. ", STR(why))));
        return stack_is_in_progress(stack) ? machine_advance(op, stack) : 0;
    }
    TRY(made);
    stack->outputs = outputs_of(op, results, count);
    return machine_move(op, stack, S("CREATE_COMPLETE"), (struct str){ 0 });
}

static int finish_deletion(struct op *op, struct stack *stack, const struct rows *rows)
{
    bool is_rollback = str_starts(stack->status, S("ROLLBACK_"));
    struct str failed = names_with(op, rows, S("DELETE_FAILED"));
    struct str none = { 0 };

    if (failed.len > 0)
        return machine_move(op, stack, is_rollback ? S("ROLLBACK_FAILED") : S("DELETE_FAILED"),
                            arena_fmt(op->arena, FAILED_TO_DELETE, STR(failed)));
    if (is_rollback)
        return machine_move(op, stack, S("ROLLBACK_COMPLETE"), none);
    stack->deleted_at = op->now;
    TRY(tags_remove_all(op, stack->id));
    TRY(machine_move(op, stack, S("DELETE_COMPLETE"), none));
    return task_add(op, &(struct task){ .kind = S(MACHINE_FORGET),
                                        .key = stack->id,
                                        .account = stack->account,
                                        .region = stack->region,
                                        .due_at = op->now + STACK_KEPT });
}

int machine_forget(struct op *op, const struct task *task, const struct value *answer)
{
    (void)answer;
    return stack_forget(op, task->key);
}

/* --- what is next --------------------------------------------------------- */

static struct resource *next_to_create(const struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        if (rows->items[i].status.len == 0)
            return &rows->items[i];
    return NULL;
}

/* Whether something that is still there needs it. */
static bool is_needed(struct op *op, const struct rows *rows, const struct resource *r)
{
    struct value *needs;

    for (size_t i = 0; i < rows->count; i++) {
        const struct resource *other = &rows->items[i];
        if (other->made == MADE_NOT || json_parse(op->arena, other->needs, &needs, NULL) != 0)
            continue;
        for (size_t k = 0; k < value_count(needs); k++)
            if (str_eq(value_str(value_at(needs, k)), r->id))
                return true;
    }
    return false;
}

static bool is_kept(const struct stack *stack, const struct resource *r)
{
    bool is_creation = str_starts(stack->status, S("ROLLBACK_"));

    return r->policy == TEMPLATE_RETAIN ||
           (r->policy == TEMPLATE_RETAIN_EXCEPT_ON_CREATE && !is_creation);
}

/* The last one that may go; those that are kept are passed over on the way. */
static int next_to_delete(struct op *op, const struct stack *stack, const struct rows *rows,
                          struct resource **ret)
{
    struct str none = { 0 };

    *ret = NULL;
    for (size_t i = rows->count; i-- > 0;) {
        struct resource *r = &rows->items[i];
        if (r->made == MADE_NOT || str_eq(r->status, S("DELETE_FAILED")))
            continue;
        if (is_kept(stack, r)) {
            r->made = MADE_NOT;
            TRY(resource_move(op, stack, r, S("DELETE_SKIPPED"), none, none));
            continue;
        }
        if (is_needed(op, rows, r))
            continue;
        *ret = r;
        return 0;
    }
    return 0;
}

int machine_advance(struct op *op, struct stack *stack)
{
    bool creates = str_eq(stack->status, S("CREATE_IN_PROGRESS"));
    struct str none = { 0 };
    struct resource *next;
    struct rows rows;

    TRY(resource_list(op->db, op->arena, stack->id, &rows.items, &rows.count));
    if (creates)
        next = next_to_create(&rows);
    else
        TRY(next_to_delete(op, stack, &rows, &next));
    if (!next)
        return creates ? finish_creation(op, stack, &rows) : finish_deletion(op, stack, &rows);

    if (creates)
        next->made = MADE_PERHAPS; /* from now on */
    TRY(resource_move(op, stack, next, creates ? S("CREATE_IN_PROGRESS") : S("DELETE_IN_PROGRESS"),
                      none, none));
    return task_add(op, &(struct task){ .kind = S(MACHINE_TASK),
                                        .key = stack->id,
                                        .account = stack->account,
                                        .region = stack->region });
}

/* --- recording what came of the last -------------------------------------- */

static struct resource *in_progress(const struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        if (str_ends(rows->items[i].status, S("_IN_PROGRESS")))
            return &rows->items[i];
    return NULL;
}

static struct str reason_of(const struct value *answer)
{
    struct str why = value_get_str(answer, S("why"));
    return str_is_set(why) ? why : S("Internal Failure");
}

static int record_creation(struct op *op, struct stack *stack, struct resource *r,
                           const struct value *answer)
{
    struct str properties = value_get_str(answer, S("properties")), none = { 0 };

    if (value_get_bool(answer, S("ok"), false)) {
        r->made = MADE_SURELY;
        r->physical = value_get_str(answer, S("physical"));
        r->attributes = json_format(op->arena, value_get(answer, S("attributes")));
        TRY(resource_move(op, stack, r, S("CREATE_IN_PROGRESS"), S("Resource creation Initiated"),
                          properties));
        return resource_move(op, stack, r, S("CREATE_COMPLETE"), none, properties);
    }
    /* Else an earlier attempt may have made it: what is under its name will be looked at. */
    if (value_get_bool(answer, S("made"), false)) {
        r->made = MADE_SURELY;
        r->physical = value_get_str(answer, S("physical"));
    }
    TRY(resource_move(op, stack, r, S("CREATE_FAILED"), reason_of(answer), properties));
    if (!str_eq(stack->status, S("CREATE_IN_PROGRESS")))
        return 0; /* it is being deleted meanwhile */
    return roll_back(op, stack, arena_fmt(op->arena, FAILED_TO_CREATE, STR(r->id)));
}

static int record_deletion(struct op *op, struct stack *stack, struct resource *r,
                           const struct value *answer)
{
    struct str none = { 0 };

    if (!value_get_bool(answer, S("ok"), false))
        return resource_move(op, stack, r, S("DELETE_FAILED"), reason_of(answer), none);
    r->made = MADE_NOT;
    return resource_move(op, stack, r, S("DELETE_COMPLETE"), none, none);
}

int machine_settle(struct op *op, const struct task *task, const struct value *answer)
{
    struct stack stack;
    struct rows rows;

    TRY(stack_get(op->db, op->arena, task->key, &stack));
    TRY(resource_list(op->db, op->arena, stack.id, &rows.items, &rows.count));
    struct resource *r = in_progress(&rows);
    if (r && str_starts(r->status, S("CREATE")))
        TRY(record_creation(op, &stack, r, answer));
    else if (r)
        TRY(record_deletion(op, &stack, r, answer));
    return stack_is_in_progress(&stack) ? machine_advance(op, &stack) : 0;
}
