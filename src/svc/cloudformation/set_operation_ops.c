/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on stack sets: watched and stopped. */
#include "svc/cloudformation/errors.h"
#include "svc/cloudformation/operations.h"
#include "svc/cloudformation/plan.h"
#include "svc/cloudformation/set_machine.h"
#include "svc/cloudformation/set_view.h"

struct of_operation {
    struct str name, operation, call_as, next_token;
    struct list filters;
    int64_t max_results;
};

struct update_in {
    struct str name, body, call_as, operation, admin_role, execution_role;
    struct list parameters, tags;
    struct strs capabilities;
    bool use_previous;
};

struct filter {
    struct str name, values;
};

struct details {
    int64_t n_failed;
};

struct operation_view {
    struct str id, set, action, status, admin_role, execution_role;
    struct preferences *preferences;
    struct details *details;
    enum tristate retain;
    msec created_at, ended_at;
};

struct operation_out {
    struct operation_view *operation;
};

struct result_view {
    struct str account, region, status, reason;
};

/* clang-format off */
static const char *const result_filters[] = { "OPERATION_RESULT_STATUS", NULL };

static const struct field describe_in_fields[] = {
    SET_NAME_FIELD(struct of_operation),
    OPERATION_ID_FIELD(struct of_operation, REQUIRED),
    CALL_AS_FIELD(struct of_operation),
};
static const struct shape describe_in_shape =
    SHAPE("DescribeStackSetOperationInput", struct of_operation, describe_in_fields);
static const struct shape stop_in_shape =
    SHAPE("StopStackSetOperationInput", struct of_operation, describe_in_fields);

static const struct field list_in_fields[] = {
    SET_NAME_FIELD(struct of_operation),
    SET_PAGING_FIELDS(struct of_operation),
    CALL_AS_FIELD(struct of_operation),
};
static const struct shape list_in_shape =
    SHAPE("ListStackSetOperationsInput", struct of_operation, list_in_fields);

static const struct field filter_fields[] = {
    STRING(struct filter, name,   "Name",   OPTIONAL, .values = result_filters),
    STRING(struct filter, values, "Values", OPTIONAL, LENGTH(6, 9)),
};
static const struct shape filter_shape =
    SHAPE("OperationResultFilter", struct filter, filter_fields);

static const struct field results_in_fields[] = {
    SET_NAME_FIELD(struct of_operation),
    OPERATION_ID_FIELD(struct of_operation, REQUIRED),
    SET_PAGING_FIELDS(struct of_operation),
    LIST(struct of_operation, filters, "Filters", OPTIONAL, filter_shape, LENGTH(0, 1)),
    CALL_AS_FIELD(struct of_operation),
};
static const struct shape results_in_shape =
    SHAPE("ListStackSetOperationResultsInput", struct of_operation, results_in_fields);

static const struct field update_in_fields[] = {
    SET_NAME_FIELD(struct update_in),
    STRING(struct update_in,  body,         "TemplateBody",        OPTIONAL, .min = 1),
    BOOLEAN(struct update_in, use_previous, "UsePreviousTemplate", OPTIONAL),
    LIST(struct update_in,    parameters,   "Parameters",          OPTIONAL, parameter_shape),
    STRINGS(struct update_in, capabilities, "Capabilities",        OPTIONAL, .values = capabilities),
    LIST(struct update_in,    tags,         "Tags",                OPTIONAL, cfn_tag_shape, LENGTH(0, 50)),
    STRING(struct update_in,  admin_role,     "AdministrationRoleARN", OPTIONAL, LENGTH(20, 2048)),
    STRING(struct update_in,  execution_role, "ExecutionRoleName",     OPTIONAL, LENGTH(1, 64)),
    OPERATION_ID_FIELD(struct update_in, OPTIONAL),
    CALL_AS_FIELD(struct update_in),
};
static const struct shape update_in_shape =
    SHAPE("UpdateStackSetInput", struct update_in, update_in_fields);

static const struct field details_fields[] = {
    INTEGER(struct details, n_failed, "FailedStackInstancesCount", OPTIONAL),
};
static const struct shape details_shape =
    SHAPE("StackSetOperationStatusDetails", struct details, details_fields);

#define VIEW_FIELDS                                                                                \
    STRING(struct operation_view,    id,          "OperationId",          OPTIONAL),               \
    STRING(struct operation_view,    action,      "Action",               OPTIONAL),               \
    STRING(struct operation_view,    status,      "Status",               OPTIONAL),               \
    STRUCT(struct operation_view,    preferences, "OperationPreferences", OPTIONAL, preferences_shape), \
    TIMESTAMP(struct operation_view, created_at,  "CreationTimestamp",    OPTIONAL),               \
    TIMESTAMP(struct operation_view, ended_at,    "EndTimestamp",         OPTIONAL),               \
    STRUCT(struct operation_view,    details,     "StatusDetails",        OPTIONAL, details_shape)

static const struct field view_fields[] = {
    VIEW_FIELDS,
    STRING(struct operation_view,   set,            "StackSetId",            OPTIONAL),
    TRISTATE(struct operation_view, retain,         "RetainStacks",          OPTIONAL),
    STRING(struct operation_view,   admin_role,     "AdministrationRoleARN", OPTIONAL),
    STRING(struct operation_view,   execution_role, "ExecutionRoleName",     OPTIONAL),
};
static const struct shape view_shape =
    SHAPE("StackSetOperation", struct operation_view, view_fields);

static const struct field summary_fields[] = { VIEW_FIELDS };
static const struct shape summary_shape =
    SHAPE("StackSetOperationSummary", struct operation_view, summary_fields);

static const struct field result_fields[] = {
    STRING(struct result_view, account, "Account",      OPTIONAL),
    STRING(struct result_view, region,  "Region",       OPTIONAL),
    STRING(struct result_view, status,  "Status",       OPTIONAL),
    STRING(struct result_view, reason,  "StatusReason", OPTIONAL),
};
static const struct shape result_shape =
    SHAPE("StackSetOperationResultSummary", struct result_view, result_fields);

static const struct field describe_out_fields[] = {
    STRUCT(struct operation_out, operation, "StackSetOperation", OPTIONAL, view_shape),
};
static const struct shape describe_out_shape =
    SHAPE("DescribeStackSetOperationOutput", struct operation_out, describe_out_fields);

static const struct field list_out_fields[] = {
    LIST(struct set_listing,   items,      "Summaries", OPTIONAL, summary_shape),
    STRING(struct set_listing, next_token, "NextToken", OPTIONAL),
};
static const struct shape list_out_shape =
    SHAPE("ListStackSetOperationsOutput", struct set_listing, list_out_fields);

static const struct field results_out_fields[] = {
    LIST(struct set_listing,   items,      "Summaries", OPTIONAL, result_shape),
    STRING(struct set_listing, next_token, "NextToken", OPTIONAL),
};
static const struct shape results_out_shape =
    SHAPE("ListStackSetOperationResultsOutput", struct set_listing, results_out_fields);
/* clang-format on */

static int find(struct op *op, const struct of_operation *in, struct stack_set *set,
                struct set_operation *ret)
{
    PASS(call_as_self(op, in->call_as));
    PASS(set_must(op, in->name, set));
    int found = set_operation_get(op->db, op->arena, set->id, in->operation, ret);
    if (found == DB_NO_ROW)
        return op_fail(op, CFN_OPERATION_NOT_FOUND, "Operation %.*s not found", STR(in->operation));
    TRY(found);
    return 0;
}

static int view_of(struct op *op, const struct set_operation *o, struct operation_view *ret)
{
    struct set_result *results;
    size_t count;

    *ret = (struct operation_view){
        .id = o->id,
        .set = o->stack_set,
        .action = o->action,
        .status = str_of(stackset_state_name((enum stackset_state)o->state)),
        .admin_role = o->admin_role,
        .execution_role = o->execution_role,
        .retain = o->retain ? TRISTATE_TRUE : TRISTATE_FALSE,
        .details = arena_new(op->arena, struct details),
        .created_at = o->created_at,
        .ended_at = o->ended_at ? o->ended_at : UNSET,
    };
    TRY(preferences_from(op->arena, o->preferences, &ret->preferences));
    TRY(set_result_list(op->db, op->arena, o->number, &results, &count));
    for (size_t i = 0; i < count; i++)
        ret->details->n_failed += results[i].result == STACKSET_FAILED;
    return 0;
}

static int describe_operation(struct op *op, const struct of_operation *in,
                              struct operation_out *out)
{
    struct set_operation operation;
    struct stack_set set;

    PASS(find(op, in, &set, &operation));
    out->operation = arena_new(op->arena, struct operation_view);
    return view_of(op, &operation, out->operation);
}
OP_HANDLER(describe_operation)

static int list_operations(struct op *op, const struct of_operation *in, struct set_listing *out)
{
    struct set_operation *operations;
    struct stack_set set;
    int64_t before;
    size_t count, limit = (size_t)in->max_results;

    PASS(call_as_self(op, in->call_as));
    PASS(set_must(op, in->name, &set));
    PASS(page_below(op, in->next_token, &before));
    TRY(set_operation_list(op, set.id, before, in->max_results + 1, &operations, &count));
    if (count > limit) {
        count = limit;
        out->next_token =
            page_token(op, arena_fmt(op->arena, "%lld", (long long)operations[count - 1].number));
    }
    struct operation_view *views = arena_array(op->arena, struct operation_view, count + 1);
    for (size_t i = 0; i < count; i++)
        TRY(view_of(op, &operations[i], &views[i]));
    out->items = (struct list){ views, count };
    return 0;
}
OP_HANDLER(list_operations)

static bool is_wanted(const struct of_operation *in, struct str status)
{
    for (size_t i = 0; i < in->filters.count; i++)
        if (!str_eq(LIST_ITEM(struct filter, in->filters, i)->values, status))
            return false;
    return true;
}

static int list_results(struct op *op, const struct of_operation *in, struct set_listing *out)
{
    struct set_operation operation;
    struct set_result *results;
    struct stack_set set;
    struct str position;
    int64_t from = 0;
    size_t count;

    PASS(find(op, in, &set, &operation));
    PASS(page_open(op, in->next_token, &position));
    if (str_is_set(position) && (!str_to_int(position, &from) || from < 0))
        return op_invalid(op, "Invalid NextToken.");
    TRY(set_result_list(op->db, op->arena, operation.number, &results, &count));
    struct result_view *views =
        arena_array(op->arena, struct result_view, (size_t)in->max_results + 1);
    out->items.items = views;
    for (size_t i = (size_t)from; i < count; i++) {
        const struct set_result *r = &results[i];
        struct str status = str_of(stackset_result_name((enum stackset_result)r->result));
        if (!is_wanted(in, status))
            continue;
        if (out->items.count == (size_t)in->max_results) {
            out->next_token = page_token(op, arena_fmt(op->arena, "%zu", i));
            break;
        }
        views[out->items.count++] =
            (struct result_view){ r->account, r->region, status, r->reason };
    }
    return 0;
}
OP_HANDLER(list_results)

static int stop_operation(struct op *op, const struct of_operation *in, struct nothing *out)
{
    struct set_operation operation;
    struct stack_set set;
    (void)out;

    PASS(find(op, in, &set, &operation));
    if (operation.ended_at || operation.state == STACKSET_OP_STOPPING)
        return op_fail(op, CFN_INVALID_OPERATION, "Operation %.*s is not running",
                       STR(operation.id));
    return set_machine_tell(op, operation.number,
                            &(struct stackset_event){ .type = STACKSET_STOP });
}
OP_HANDLER(stop_operation)

static int update_set(struct op *op, const struct update_in *in, struct nothing *out)
{
    (void)in;
    (void)out;
    return op_fail(op, OP_UNSUPPORTED,
                   "UpdateStackSet is not supported yet: delete the instances and the stack set, "
                   "and create them anew.");
}
OP_HANDLER(update_set)

static struct str resource_of(struct op *op, const void *in)
{
    return set_resource(op, *(const struct str *)in); /* every request here begins with it */
}

/* clang-format off */
const struct operation set_operation_operations[] = {
    OP("DescribeStackSetOperation", describe_operation, describe_in_shape, describe_out_shape,
       OP_READS, RAISES(CFN_SET_NOT_FOUND, CFN_OPERATION_NOT_FOUND), .resource = resource_of),
    OP("ListStackSetOperations", list_operations, list_in_shape, list_out_shape, OP_READS,
       RAISES(CFN_SET_NOT_FOUND), .resource = resource_of),
    OP("ListStackSetOperationResults", list_results, results_in_shape, results_out_shape,
       OP_READS, RAISES(CFN_SET_NOT_FOUND, CFN_OPERATION_NOT_FOUND), .resource = resource_of),
    OP("StopStackSetOperation", stop_operation, stop_in_shape, shape_nothing, OP_WRITES,
       RAISES(CFN_SET_NOT_FOUND, CFN_OPERATION_NOT_FOUND, CFN_INVALID_OPERATION),
       .resource = resource_of),
    OP("UpdateStackSet", update_set, update_in_shape, shape_nothing, OP_WRITES, RAISES_NOTHING,
       .resource = resource_of),
    OP_END,
};
/* clang-format on */
