/* SPDX-License-Identifier: Apache-2.0 */
/* Stack instances: made and unmade by operations, and read. */
#include "base/crypto.h"

#include "svc/cloudformation/errors.h"
#include "svc/cloudformation/operations.h"
#include "svc/cloudformation/plan.h"
#include "svc/cloudformation/set_machine.h"
#include "svc/cloudformation/set_view.h"

struct change_in {
    struct str name, operation, call_as;
    struct strs accounts, regions;
    struct list overrides;
    struct preferences *preferences;
    bool retain;
};

struct operation_out {
    struct str operation;
};

struct describe_in {
    struct str name, account, region, call_as;
};

struct filter {
    struct str name, values;
};

struct list_in {
    struct str name, account, region, call_as, next_token;
    struct list filters;
    int64_t max_results;
};

struct detail {
    struct str status;
};

struct instance_view {
    struct str set, region, account, stack, status, reason, operation;
    struct list overrides;
    struct detail *detail;
};

struct describe_out {
    struct instance_view *instance;
};

/* clang-format off */
static const char *const filters[] = { "DETAILED_STATUS", "LAST_OPERATION_ID", NULL };

#define ACCOUNT_CHECK .matches = account_is_valid, .pattern = "^[0-9]{12}$"
#define REGION_CHECK  .matches = region_is_valid, .pattern = "^[a-zA-Z0-9-]{1,128}$"
#define CHANGE_FIELDS                                                                              \
    SET_NAME_FIELD(struct change_in),                                                              \
    STRINGS(struct change_in, accounts,    "Accounts",             OPTIONAL, ACCOUNT_CHECK),       \
    STRINGS(struct change_in, regions,     "Regions",              REQUIRED, REGION_CHECK),        \
    STRUCT(struct change_in,  preferences, "OperationPreferences", OPTIONAL, preferences_shape),   \
    OPERATION_ID_FIELD(struct change_in, OPTIONAL),                                                \
    CALL_AS_FIELD(struct change_in)

static const struct field create_in_fields[] = {
    CHANGE_FIELDS,
    LIST(struct change_in, overrides, "ParameterOverrides", OPTIONAL, parameter_shape),
};
static const struct shape create_in_shape =
    SHAPE("CreateStackInstancesInput", struct change_in, create_in_fields);

static const struct field delete_in_fields[] = {
    CHANGE_FIELDS,
    BOOLEAN(struct change_in, retain, "RetainStacks", REQUIRED),
};
static const struct shape delete_in_shape =
    SHAPE("DeleteStackInstancesInput", struct change_in, delete_in_fields);

static const struct field operation_out_fields[] = {
    STRING(struct operation_out, operation, "OperationId", OPTIONAL),
};
static const struct shape create_out_shape =
    SHAPE("CreateStackInstancesOutput", struct operation_out, operation_out_fields);
static const struct shape delete_out_shape =
    SHAPE("DeleteStackInstancesOutput", struct operation_out, operation_out_fields);

static const struct field describe_in_fields[] = {
    SET_NAME_FIELD(struct describe_in),
    STRING(struct describe_in, account, "StackInstanceAccount", REQUIRED, ACCOUNT_CHECK),
    STRING(struct describe_in, region,  "StackInstanceRegion",  REQUIRED, REGION_CHECK),
    CALL_AS_FIELD(struct describe_in),
};
static const struct shape describe_in_shape =
    SHAPE("DescribeStackInstanceInput", struct describe_in, describe_in_fields);

static const struct field filter_fields[] = {
    STRING(struct filter, name,   "Name",   OPTIONAL, .values = filters),
    STRING(struct filter, values, "Values", OPTIONAL, LENGTH(1, 128)),
};
static const struct shape filter_shape =
    SHAPE("StackInstanceFilter", struct filter, filter_fields);

static const struct field list_in_fields[] = {
    SET_NAME_FIELD(struct list_in),
    SET_PAGING_FIELDS(struct list_in),
    LIST(struct list_in,   filters, "Filters",              OPTIONAL, filter_shape, LENGTH(0, 2)),
    STRING(struct list_in, account, "StackInstanceAccount", OPTIONAL, ACCOUNT_CHECK),
    STRING(struct list_in, region,  "StackInstanceRegion",  OPTIONAL, REGION_CHECK),
    CALL_AS_FIELD(struct list_in),
};
static const struct shape list_in_shape =
    SHAPE("ListStackInstancesInput", struct list_in, list_in_fields);

static const struct field detail_fields[] = {
    STRING(struct detail, status, "DetailedStatus", OPTIONAL),
};
static const struct shape detail_shape =
    SHAPE("StackInstanceComprehensiveStatus", struct detail, detail_fields);

#define VIEW_FIELDS                                                                                \
    STRING(struct instance_view, set,       "StackSetId",          OPTIONAL),                      \
    STRING(struct instance_view, region,    "Region",              OPTIONAL),                      \
    STRING(struct instance_view, account,   "Account",             OPTIONAL),                      \
    STRING(struct instance_view, stack,     "StackId",             OPTIONAL),                      \
    STRING(struct instance_view, status,    "Status",              OPTIONAL),                      \
    STRING(struct instance_view, reason,    "StatusReason",        OPTIONAL),                      \
    STRUCT(struct instance_view, detail,    "StackInstanceStatus", OPTIONAL, detail_shape),        \
    STRING(struct instance_view, operation, "LastOperationId",     OPTIONAL)

static const struct field view_fields[] = {
    VIEW_FIELDS,
    LIST(struct instance_view, overrides, "ParameterOverrides", OPTIONAL, parameter_shape),
};
static const struct shape view_shape = SHAPE("StackInstance", struct instance_view, view_fields);

static const struct field summary_fields[] = { VIEW_FIELDS };
static const struct shape summary_shape =
    SHAPE("StackInstanceSummary", struct instance_view, summary_fields);

static const struct field describe_out_fields[] = {
    STRUCT(struct describe_out, instance, "StackInstance", OPTIONAL, view_shape),
};
static const struct shape describe_out_shape =
    SHAPE("DescribeStackInstanceOutput", struct describe_out, describe_out_fields);

static const struct field list_out_fields[] = {
    LIST(struct set_listing,   items,      "Summaries", OPTIONAL, summary_shape),
    STRING(struct set_listing, next_token, "NextToken", OPTIONAL),
};
static const struct shape list_out_shape =
    SHAPE("ListStackInstancesOutput", struct set_listing, list_out_fields);
/* clang-format on */

/* --- CreateStackInstances, DeleteStackInstances --------------------------- */

struct change {
    const struct change_in *in;
    const char *action;
    struct stack_set set;
    struct set_operation operation;
    struct stackset_operation plan;
    struct str overrides; /* sealed; absent: none were given */
};

static int check_change(struct op *op, struct change *c)
{
    const struct change_in *in = c->in;
    struct set_operation old;
    bool running;

    PASS(call_as_self(op, in->call_as));
    PASS(set_must(op, in->name, &c->set));
    if (!str_eq(c->set.status, S("ACTIVE")))
        return op_fail(op, CFN_SET_NOT_FOUND, "StackSet %.*s not found", STR(in->name));
    if (in->accounts.count == 0 || in->regions.count == 0)
        return op_invalid(op, "Accounts and Regions must each have at least one entry.");
    if (in->accounts.count * in->regions.count > SET_MAX_INSTANCES)
        return op_invalid(op, "An operation can have at most %d stack instances.",
                          SET_MAX_INSTANCES);
    if (str_is_set(in->operation) &&
        set_operation_get(op->db, op->arena, c->set.id, in->operation, &old) == 0)
        return op_fail(op, CFN_OPERATION_EXISTS, "Operation %.*s already exists",
                       STR(in->operation));
    TRY(set_operation_running(op, c->set.id, &running));
    if (running)
        return op_fail(op, CFN_OPERATION_IN_PROGRESS,
                       "Another operation on StackSet %.*s is in progress", STR(c->set.id));
    return 0;
}

/* The overrides name parameters of the template, and fit together with the set's own. */
static int check_overrides(struct op *op, struct change *c)
{
    struct value *given = parameters_map(op->arena, &c->in->overrides), *merged;
    struct stack trial = { .account = op->account,
                           .region = op->region,
                           .name = c->set.name,
                           .id = op_arn(op, "cloudformation", "stack/trial/trial") };
    const struct template_stack *bound;
    const struct template *t;
    struct str why;

    c->overrides = parameters_seal(op->plane, op->arena, c->set.id, given);
    if (value_count(given) == 0)
        return 0;
    TRY(parameters_open(op->plane, op->arena, c->set.id, c->set.parameters, &merged));
    for (size_t i = 0; i < value_count(given); i++)
        value_set(op->arena, merged, given->map.members[i].key, given->map.members[i].value);
    PASS(plan_read(op, c->set.body, &t));
    int result = plan_bind(op->arena, t, merged, &trial, &bound, &why);
    if (result == PLAN_INVALID)
        return op_invalid(op, "%.*s", STR(why));
    TRY(result);
    return 0;
}

/* The rows of the instances that the operation is about, and its plan. A deletion is about
 * those that there are. */
static int add_instance(struct op *op, struct change *c, struct str account, struct str region)
{
    bool deletes = strcmp(c->action, "DELETE") == 0;
    struct instance i;

    int found = instance_get(op->db, op->arena, c->set.id, account, region, &i);
    if (found == DB_NO_ROW && deletes)
        return 0;
    if (found == DB_NO_ROW)
        i = (struct instance){ .stack_set = c->set.id,
                               .account = account,
                               .region = region,
                               .status = S("OUTDATED"),
                               .overrides = c->overrides };
    else
        TRY(found);
    i.operation = c->operation.id;
    i.detail = S("PENDING");
    i.reason = (struct str){ 0 };
    if (c->in->overrides.count > 0)
        i.overrides = c->overrides;
    TRY(instance_put(op, &i));
    c->plan.instances[c->plan.n_instances++] =
        (struct stackset_instance){ .account = account, .region = region };
    return 0;
}

static bool repeats(struct strs list, size_t index)
{
    return strs_have((struct strs){ list.items, index }, list.items[index]);
}

static int add_instances(struct op *op, struct change *c)
{
    struct strs accounts = c->in->accounts, regions = c->in->regions;

    c->plan.instances =
        arena_array(op->arena, struct stackset_instance, accounts.count * regions.count + 1);
    for (size_t r = 0; r < regions.count; r++)
        for (size_t a = 0; a < accounts.count; a++)
            if (!repeats(regions, r) && !repeats(accounts, a))
                TRY(add_instance(op, c, accounts.items[a], regions.items[r]));
    return 0;
}

static struct set_operation operation_of(struct op *op, const struct change *c)
{
    return (struct set_operation){
        .stack_set = c->set.id,
        .id = str_is_set(c->in->operation) ? c->in->operation : random_uuid(op->arena),
        .action = str_of(c->action),
        .preferences = preferences_to(op->arena, c->in->preferences),
        .retain = c->in->retain,
        .admin_role = str_is_set(c->set.admin_role)
                          ? c->set.admin_role
                          : op_global_arn(op, "iam", "role/%s", SET_DEFAULT_ADMIN),
        .execution_role =
            str_is_set(c->set.execution_role) ? c->set.execution_role : S(SET_DEFAULT_EXECUTION),
        .created_at = op->now,
    };
}

static int change_instances(struct op *op, struct change *c, struct operation_out *out)
{
    struct str why;

    PASS(check_change(op, c));
    PASS(check_overrides(op, c));
    c->operation = operation_of(op, c);
    int read = preferences_read(c->in->preferences, &c->plan.preferences, &why);
    if (read == STACKSET_INVALID)
        return op_invalid(op, "%.*s", STR(why));
    TRY(read);
    TRY(add_instances(op, c));
    int started = set_machine_start(op, &c->operation, &c->plan, &why);
    if (started == STACKSET_INVALID)
        return op_invalid(op, "%.*s", STR(why));
    TRY(started);
    out->operation = c->operation.id;
    return 0;
}

static int create_instances(struct op *op, const struct change_in *in, struct operation_out *out)
{
    return change_instances(op, &(struct change){ .in = in, .action = "CREATE" }, out);
}
OP_HANDLER(create_instances)

static int delete_instances(struct op *op, const struct change_in *in, struct operation_out *out)
{
    return change_instances(op, &(struct change){ .in = in, .action = "DELETE" }, out);
}
OP_HANDLER(delete_instances)

/* --- reads ---------------------------------------------------------------- */

static struct instance_view view_of(struct op *op, const struct instance *i)
{
    struct instance_view view = {
        .set = i->stack_set,
        .region = i->region,
        .account = i->account,
        .stack = i->stack,
        .status = i->status,
        .reason = i->reason,
        .operation = i->operation,
        .detail = arena_new(op->arena, struct detail),
    };
    view.detail->status = i->detail;
    return view;
}

static int describe_instance(struct op *op, const struct describe_in *in, struct describe_out *out)
{
    const struct template *t;
    struct value *overrides;
    struct stack_set set;
    struct instance i;

    PASS(call_as_self(op, in->call_as));
    PASS(set_must(op, in->name, &set));
    int found = instance_get(op->db, op->arena, set.id, in->account, in->region, &i);
    if (found == DB_NO_ROW)
        return op_fail(op, CFN_INSTANCE_NOT_FOUND,
                       "Stack instance for account %.*s in Region %.*s not found", STR(in->account),
                       STR(in->region));
    TRY(found);
    out->instance = arena_new(op->arena, struct instance_view);
    *out->instance = view_of(op, &i);
    TRY(parameters_open(op->plane, op->arena, set.id, i.overrides, &overrides));
    TRY(plan_read(op, set.body, &t));
    out->instance->overrides = parameters_view(op->arena, t, overrides, false);
    return 0;
}
OP_HANDLER(describe_instance)

static bool is_wanted(const struct list_in *in, const struct instance *i)
{
    if (str_is_set(in->account) && !str_eq(in->account, i->account))
        return false;
    if (str_is_set(in->region) && !str_eq(in->region, i->region))
        return false;
    for (size_t k = 0; k < in->filters.count; k++) {
        const struct filter *f = LIST_ITEM(struct filter, in->filters, k);
        bool by_status = str_eq(f->name, S("DETAILED_STATUS"));
        if (!str_eq(f->values, by_status ? i->detail : i->operation))
            return false;
    }
    return true;
}

/* A page is of what is looked at, so with filters it can be short, or empty. */
static int list_instances(struct op *op, const struct list_in *in, struct set_listing *out)
{
    struct instance *instances;
    struct stack_set set;
    struct str after;
    size_t count, limit = (size_t)in->max_results;

    PASS(call_as_self(op, in->call_as));
    PASS(set_must(op, in->name, &set));
    PASS(page_open(op, in->next_token, &after));
    TRY(instance_list(op, set.id, str_or_empty(after), in->max_results + 1, &instances, &count));
    if (count > limit) {
        count = limit;
        out->next_token =
            page_token(op, arena_fmt(op->arena, "%.*s %.*s", STR(instances[count - 1].account),
                                     STR(instances[count - 1].region)));
    }
    struct instance_view *views = arena_array(op->arena, struct instance_view, count + 1);
    out->items.items = views;
    for (size_t i = 0; i < count; i++)
        if (is_wanted(in, &instances[i]))
            views[out->items.count++] = view_of(op, &instances[i]);
    return 0;
}
OP_HANDLER(list_instances)

static struct str resource_of(struct op *op, const void *in)
{
    return set_resource(op, *(const struct str *)in); /* every request here begins with it */
}

/* clang-format off */
const struct operation instance_operations[] = {
    OP("CreateStackInstances", create_instances, create_in_shape, create_out_shape, OP_WRITES,
       RAISES(CFN_SET_NOT_FOUND, CFN_OPERATION_EXISTS, CFN_OPERATION_IN_PROGRESS),
       .resource = resource_of),
    OP("DeleteStackInstances", delete_instances, delete_in_shape, delete_out_shape, OP_WRITES,
       RAISES(CFN_SET_NOT_FOUND, CFN_OPERATION_EXISTS, CFN_OPERATION_IN_PROGRESS),
       .resource = resource_of),
    OP("DescribeStackInstance", describe_instance, describe_in_shape, describe_out_shape,
       OP_READS, RAISES(CFN_SET_NOT_FOUND, CFN_INSTANCE_NOT_FOUND), .resource = resource_of),
    OP("ListStackInstances", list_instances, list_in_shape, list_out_shape, OP_READS,
       RAISES(CFN_SET_NOT_FOUND), .resource = resource_of),
    OP_END,
};
/* clang-format on */
